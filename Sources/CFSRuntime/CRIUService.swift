import CFSLinux
import CFSModel
import Glibc

/// CRIU, which writes down what processes are and makes them again (criu.org), started for one request. It is asked over a
/// socket (`criu swrk`; the messages are those of its `rpc.proto`, version 3).
struct CRIUService {
    /// What CRIU tells while it works.
    struct Notification {
        /// The point that it has reached: `setup-namespaces`, `orphan-pts-master`.
        let script: String
        /// The first process of the container, as this pid namespace numbers it; 0 where there is none yet.
        let pid: Int32
        /// What came with it; gone afterwards.
        let descriptors: [Int32]
    }

    enum Kind: Int {
        case dump = 1
        case restore = 2
        case preDump = 4

        var name: String {
            switch self {
            case .dump: "dump"
            case .restore: "restore"
            case .preDump: "pre-dump"
            }
        }
        /// In the working folder.
        var log: String { "\(name).log" }
    }

    /// Of messages that go both ways.
    private static let notify = 6

    let kind: Kind
    let options: ProtobufMessage
    /// Absolute.
    let program: String
    /// Where CRIU writes its log.
    let workFolder: String
    /// What CRIU gets: the number there, the descriptor here.
    var descriptors: [(Int32, from: Int32)] = []
    /// Whether it waits for somebody who wants the memory, when it has written the rest.
    var isLazy = false
    /// What CRIU does not write down, and those that it restores have of it.
    var own: Spawn.Own = []
    /// What holds ``descriptors`` open until CRIU has them.
    var kept = InheritedDescriptors()

    /// The number of the socket in CRIU, and of the first of ``descriptors``: far from what either has open by itself.
    private static let socket: Int32 = 200
    static let firstDescriptor: Int32 = 201

    /// `criu` of the search path, or the program that a caller names.
    ///
    /// - Throws: `commandNotFound` when there is none.
    static func find(_ named: String?) throws(CFSError) -> String {
        let name = named.flatMap { $0.isEmpty ? nil : $0 } ?? "criu"
        if name.hasSlash { return try HostPath.absolute(name) }
        if let path = HostProgram.path(of: name) { return try HostPath.absolute(path) }
        throw CFSError(
            .kernelUnsupported, .looking, "\(name) is not installed: checkpoint and restore are done by CRIU",
            hint: "install it (Debian: criu), or name the program with --criu FILE")
    }

    /// CRIU at work.
    struct Started: ~Copyable {
        fileprivate let service: CRIUService
        fileprivate let socket: SocketPair
        fileprivate let process: OwnedFD

        /// Serves CRIU until it has done what it was asked for.
        ///
        /// - Parameter told: answers each notification; an error ends the work.
        /// - Returns: the fields of its answer.
        func finish(_ told: (Notification) throws(CFSError) -> Void) throws(CFSError) -> ProtobufFields {
            let answer: ProtobufFields
            do throws(CFSError) {
                answer = try service.converse(socket.ours, told)
            } catch {
                // What it has made so far it takes apart itself when its caller is gone.
                socket.closeOurs()
                try end()
                throw error
            }
            socket.closeOurs()
            try end()
            return answer
        }

        fileprivate func end() throws(CFSError) {
            let poll = try EventPoll()
            try poll.add(process.raw, .readable, token: 0)
            // One that waits for others does not look whether its caller is there.
            if try poll.wait(milliseconds: service.isLazy ? 2_000 : 30_000).isEmpty {
                try ProcessControl.signal(process.raw, SIGKILL)
            }
            _ = try ProcessControl.reap(process.raw, wait: true)
        }
    }

    /// Starts CRIU, away from the caller's terminal while it writes: a Ctrl-C there would end it with the container half stopped. What it
    /// restores may be of the caller's session. In the namespaces and the cgroup of this process, and asks it.
    func start() throws(CFSError) -> Started {
        let pair = try SocketPair()
        let environment = Self.environment()
        // What is told of a failure is of this one.
        _ = unlink("\(workFolder)/\(kind.log)")
        // What the programs that it calls say is in its log as far as it matters.
        let nowhere = try File.open("/dev/null", .write, phase: .starting)
        let streams = [(Int32(1), from: nowhere.raw), (2, from: nowhere.raw)]
        let pid: Int32
        do throws(CFSError) {
            pid = try Spawn.start(
                program, ["criu", "swrk", "\(Self.socket)"], environment: environment,
                descriptors: [(Self.socket, from: pair.theirs)] + descriptors + streams, newSession: kind != .restore,
                own: own)
        } catch {
            throw CFSError(
                .commandNotExecutable, .starting, "\(program) cannot be run", path: program, errno: error.errno)
        }
        pair.closeTheirs()
        guard let process = try ProcessControl.open(pid: pid) else {
            throw CFSError(.conflict, .starting, "\(program) is gone before it could be waited for")
        }
        var request = ProtobufMessage()
        request.set(1, kind.rawValue)
        request.set(2, options)
        let started = Started(service: self, socket: pair, process: process)
        do throws(CFSError) {
            try MessageSocket.send(pair.ours, request.bytes)
        } catch {
            // It has ended before it was asked, and its log may say why.
            try started.end()
            throw failure(nil, nil)
        }
        return started
    }

    private static func environment() -> [String] {
        var words: [String] = []
        var entry = environ
        while let text = entry.pointee {
            words.append(String(cString: text))
            entry += 1
        }
        return words
    }

    private func converse(
        _ socket: Int32, _ told: (Notification) throws(CFSError) -> Void
    ) throws(CFSError) -> ProtobufFields {
        let signals = try SignalDescriptor([SIGHUP, SIGINT, SIGTERM])
        let poll = try EventPoll()
        try poll.add(socket, .readable, token: 0)
        try poll.add(signals.fd.raw, .readable, token: 1)
        while true {
            let events = try poll.wait()
            if events.contains(where: { $0.token == 1 }), let number = try signals.pending().first {
                throw CFSError(
                    .conflict, .running, "the \(kind.name) was interrupted by \(Signal.name(number))",
                    hint: isLazy ? "CRIU was ended while the container stood still: delete it" : nil)
            }
            guard events.contains(where: { $0.token == 0 }) else { continue }
            guard let (bytes, descriptors) = try MessageSocket.receive(socket) else { throw failure(nil, nil) }
            defer { for descriptor in descriptors { _ = close(descriptor) } }
            let answer = try ProtobufFields(bytes)
            if answer.number(1) == Self.notify {
                let fields = try answer.message(5)
                try told(
                    Notification(
                        script: fields?.text(1) ?? "", pid: Int32(clamping: fields?.number(2) ?? 0),
                        descriptors: descriptors))
                var reply = ProtobufMessage()
                reply.set(1, Self.notify)
                reply.set(3, true)
                try MessageSocket.send(socket, reply.bytes)
                continue
            }
            guard answer.number(2) == 1 else { throw failure(answer.text(9), answer.number(7)) }
            return answer
        }
    }

    /// The last errors of CRIU's log. Its answer quotes the first, which may be that of a look at what the kernel can.
    private func failure(_ message: String?, _ number: Int?) -> CFSError {
        let path = "\(workFolder)/\(kind.log)"
        let said = Self.lastErrors(path) ?? message?.split(separator: "\n").first.map(String.init) ?? ""
        return CFSError(
            .conflict, .running, "CRIU cannot \(kind.name) the container" + (said.isEmpty ? "" : ": \(said)"),
            errno: number.flatMap { $0 == 0 ? nil : Int32(clamping: $0.magnitude) },
            hint: "all that it did is in \(path)")
    }

    /// Each without the time and the place in CRIU's source: `(00.265554) Error (criu/files-reg.c:1710): text`. Nil when there is none,
    /// or no log: that CRIU failed is what is told then.
    private static func lastErrors(_ path: String) -> String? {
        let opened = File.tryOpen(path, [.read, .noFollow])
        guard opened >= 0 else { return nil }
        let file = OwnedFD(opened)
        let bytes: [UInt8]
        do throws(CFSError) { bytes = try File.readAll(file.raw) } catch { return nil }
        var errors: [String] = []
        for line in bytes.split(separator: 0x0a) {
            let text = String(decoding: line, as: UTF8.self)
            let words = text.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: true)
            // `Dumping FAILED.` says what its caller knows.
            if words.count == 4, words[1] == "Error", !words[3].hasSuffix("FAILED.") { errors.append(String(words[3])) }
        }
        return errors.isEmpty ? nil : errors.suffix(3).map { $0 }.text(separator: "; ")
    }
}
