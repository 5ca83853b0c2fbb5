import CFSCore
import CFSLinux
import Glibc

/// A command line that a daemon carries out, with the streams, the working folder, the environment and the signals of this process.
struct RemoteCommand {
    private enum Token {
        static let answer: UInt64 = 1
        static let signals: UInt64 = 2
    }

    let address: HostAddress
    let arguments: [String]

    /// Waits for its end.
    ///
    /// - Returns: the exit status.
    /// - Throws: `networkFailed` when there is no daemon, or none any more; what the daemon says.
    func run() throws(CFSError) -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        let signals = try SignalDescriptor(AttachedSession.forwarded + [SIGCONT, SIGTSTP])
        let terminal = TerminalState(0)
        let connection = try connect()
        let pair = try SocketPair()
        let folder = try Directory.open(".")
        let token = Self.token()
        try MessageSocket.send(pair.ours, Array(token.utf8))
        let body = document(token, folder: folder.raw, signals: pair.theirs).bytes()
        let head =
            "POST /command HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.count)\r\nConnection: close\r\n\r\n"
        try Self.send(Array(head.utf8) + body, connection.raw)
        let poll = try EventPoll()
        try poll.add(connection.raw, [.readable], token: Token.answer)
        try poll.add(signals.fd.raw, [.readable], token: Token.signals)
        var answer: [UInt8] = []
        while true {
            for event in try poll.wait() {
                if event.token == Token.signals {
                    for number in try signals.pending() { try Self.pass(number, pair) }
                    continue
                }
                let piece = try receive(connection.raw)
                answer += piece
                guard piece.isEmpty else { continue }
                extendLifetime(pair)
                extendLifetime(folder)
                return try status(answer, terminal)
            }
        }
    }

    private func connect() throws(CFSError) -> OwnedFD {
        do throws(CFSError) {
            return try StreamSocket.connect(to: address.path)
        } catch {
            switch error.errno {
            case ENOENT?, ECONNREFUSED?, ENOTDIR?:
                throw CFSError(
                    .networkFailed, .looking, "no daemon listens at \(address.path)", path: address.path,
                    errno: error.errno,
                    hint: "start one: cfs server")
            case EACCES?, EPERM?:
                throw CFSError(
                    .notPermitted, .looking, "you may not call the daemon at \(address.path)", path: address.path,
                    errno: error.errno, hint: "become root, or ask for its group: usermod -a -G cfs USER")
            default: throw error
            }
        }
    }

    /// A number that nobody can guess: it shows the daemon that it has found this very process.
    private static func token() -> String {
        (0..<16).map { _ in
            let byte = UInt8.random(in: 0...255)
            return (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    private func document(_ token: String, folder: Int32, signals: Int32) -> JSON {
        let mask = umask(0)
        umask(mask)
        var variables: [String] = []
        var place = environ
        while let variable = place.pointee {
            variables.append(String(cString: variable))
            place += 1
        }
        return [
            "arguments": JSON(arguments), "environment": JSON(variables), "umask": .integer(Int64(mask)),
            "token": .string(token),
            "descriptors": [
                "input": 0, "output": 1, "error": 2, "directory": .integer(Int64(folder)),
                "signals": .integer(Int64(signals)),
            ],
        ]
    }

    private static func send(_ bytes: [UInt8], _ socket: Int32) throws(CFSError) {
        do throws(CFSError) {
            try File.writeAll(socket, bytes)
        } catch {
            // It has answered before it has read all, and says why.
            guard error.errno == EPIPE || error.errno == ECONNRESET else { throw error }
        }
    }

    /// What has come of the answer; nothing at its end.
    private func receive(_ socket: Int32) throws(CFSError) -> [UInt8] {
        do throws(CFSError) {
            return try File.read(socket, atMost: 64 << 10)
        } catch {
            guard error.errno == ECONNRESET else { throw error }
            return []
        }
    }

    private static func pass(_ number: Int32, _ pair: SocketPair) throws(CFSError) {
        try tell(number == SIGTSTP ? SIGSTOP : number, pair)
        // The command stands still now, and with it this process, which its shell has in front.
        if number == SIGTSTP { raise(SIGSTOP) }
    }

    private static func tell(_ number: Int32, _ pair: SocketPair) throws(CFSError) {
        do throws(CFSError) {
            try MessageSocket.send(pair.ours, [UInt8(number)], waits: false)
        } catch {
            // Either the command has ended, or it heeds no signal.
            guard error.errno == EPIPE || error.errno == ECONNRESET || error.errno == EAGAIN else { throw error }
        }
    }

    // MARK: The answer

    private func status(_ answer: [UInt8], _ terminal: TerminalState?) throws(CFSError) -> Int32 {
        guard let end = answer.firstRange(of: [13, 10, 13, 10]) else {
            terminal?.restore()
            throw CFSError(
                .networkFailed, .running, "the daemon at \(address.path) has ended before the command",
                path: address.path, hint: "containers run on without it: see cfs ps")
        }
        let document = try JSON(parsing: Array(answer[end.upperBound...]), what: "the daemon's answer")
        if let code = document["exitCode"]?.integer { return Int32(truncatingIfNeeded: code) }
        terminal?.restore()
        let isForbidden = document["code"]?.string == "notPermitted"
        throw CFSError(
            isForbidden ? .notPermitted : .networkFailed, .running,
            "the daemon at \(address.path) says: \(document["message"]?.string ?? "nothing that is understood")",
            hint: document["hint"]?.string)
    }
}

/// A terminal's settings at one moment: a command that was killed leaves them as it had made them.
struct TerminalState {
    private let descriptor: Int32
    private var settings: termios

    /// Nil for what is no terminal.
    init?(_ descriptor: Int32) {
        settings = termios()
        guard tcgetattr(descriptor, &settings) == 0 else { return nil }
        self.descriptor = descriptor
    }

    func restore() {
        var settings = settings
        tcsetattr(descriptor, TCSANOW, &settings)
    }
}
