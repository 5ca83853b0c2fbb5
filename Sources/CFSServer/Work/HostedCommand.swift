import CFSCore
import CFSLinux
import Glibc
import Synchronization

/// A `cfs` that runs for somebody at the Unix socket. It never outlives the daemon, as it would not outlive a `kill -9` of its
/// caller; containers do.
final class HostedCommand: Sendable {
    private let pidfd: SharedFD
    /// The caller's signals come out of it, and its end when he is gone.
    private let signals: SharedFD

    /// Takes what the caller has open, and starts the command with it.
    ///
    /// - Parameters:
    ///   - process: the caller's.
    ///   - user: whom the history names.
    /// - Throws: `invalidRequest` when that process has not asked for this: the connection may be another program's, which carries
    ///   it from elsewhere.
    init(_ request: CommandRequest, of process: Int32, user: UInt32, _ engine: EngineOptions) throws {
        guard let caller = try ProcessControl.open(pid: process) else { throw Self.foreign }
        var taken: [SharedFD] = []
        for number in request.descriptors {
            do throws(CFSError) {
                taken.append(SharedFD(try ProcessControl.take(number, ofProcessBehind: caller.raw)))
            } catch {
                guard error.errno == EBADF || error.errno == ESRCH else { throw error }
                throw Self.foreign
            }
        }
        signals = taken[4]
        guard PipeEnd.isReadable(signals.raw), try Self.word(signals) == Array(request.token.utf8) else {
            throw Self.foreign
        }
        var environment = request.variables + ["CFS_CALLER=\(user):\(request.mask):\(getpid())"]
        if let runtime = engine.runtime { environment.append("CFS_RUNTIME=\(runtime)") }
        let pid = try Spawn.start(
            try Self.executable(), ["cfs", "--root", engine.root, "--run", engine.run] + request.arguments,
            environment: environment, descriptors: taken[..<4].enumerated().map { (Int32($0), from: $1.raw) },
            newSession: true)
        guard let opened = try ProcessControl.open(pid: pid) else { throw Self.foreign }
        pidfd = SharedFD(opened)
    }

    private static let foreign = ServerError(
        .invalidRequest, "the connection belongs to another process than the command line",
        hint: "a forwarded socket cannot carry it: run cfs where the daemon is, for example with ssh")

    /// What has come: nil for whatever is no message.
    private static func word(_ socket: SharedFD) throws(CFSError) -> [UInt8]? {
        do throws(CFSError) {
            return try MessageSocket.receive(socket.raw, atMost: 64)?.bytes
        } catch {
            guard error.errno == ENOTSOCK || error.code == .limitExceeded else { throw error }
            return nil
        }
    }

    private static func executable() throws(CFSError) -> String {
        let own = try File.readLink("/proc/self/exe")
        let beside = own.lastIndex(of: "/").map { String(own[..<$0]) } ?? ""
        for folder in [beside, "/usr/local/bin", "/usr/bin"] where access("\(folder)/cfs", X_OK) == 0 {
            return "\(folder)/cfs"
        }
        throw CFSError(
            .invalidConfiguration, .starting, "the executable cfs is not found", hint: "it belongs beside cfsd")
    }

    /// Waits for its end, and passes the caller's signals on meanwhile. Holds no thread.
    ///
    /// - Throws: `CancellationError` when the daemon stops: it is killed then.
    func end(_ watch: DescriptorWatch, _ work: WorkPool) async throws -> ProcessEnd {
        do {
            var isHeard = true
            while true {
                try await watch.wait(reading: isHeard ? [pidfd.raw, signals.raw] : [pidfd.raw])
                if let end = try ProcessControl.reap(pidfd.raw, wait: false) { return end }
                while isHeard, PipeEnd.isReadable(signals.raw) { isHeard = try pass() }
            }
        } catch {
            try ProcessControl.signal(pidfd.raw, SIGKILL)
            _ = try await work.long { [self] in try ProcessControl.reap(pidfd.raw, wait: true) }
            throw error
        }
    }

    /// One message of the caller's: numbers of signals.
    ///
    /// - Returns: false when he is gone: then nobody is there for whom the command should go on.
    private func pass() throws(CFSError) -> Bool {
        guard let numbers = try Self.word(signals) else {
            try ProcessControl.signal(pidfd.raw, SIGKILL)
            return false
        }
        for number in numbers where (1...64).contains(number) {
            try ProcessControl.signal(pidfd.raw, Int32(number))
        }
        return true
    }
}
