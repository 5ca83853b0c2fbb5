import CFSCore
import CFSLinux
import Glibc

/// A command that runs in front of the caller: signals and the size of the terminal go to it until it ends.
enum AttachedSession {
    /// Those that the command gets instead of cfs: all that people and supervisors send, without those that tell cfs about
    /// its own children, pipes and terminal stops. Two real-time signals belong to glibc.
    static let forwarded: [Int32] =
        [SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGWINCH, SIGPWR] + Array(34...64)

    private enum Token {
        static let session: UInt64 = 1
        static let signals: UInt64 = 2
    }

    /// Starts the command and stays until it has ended.
    ///
    /// - Parameters:
    ///   - terminal: whether it has a terminal of its own.
    ///   - interactive: whether it reads ours. With both, ours is in raw mode meanwhile, and as it was on every way out.
    ///   - signals: taken since before the start.
    ///   - start: starts it with the streams of this process.
    /// - Returns: how it ended. A command that ended well, but whose output could not be written, has not: the status is
    ///   125 then, and standard error says why.
    static func run(
        terminal: Bool, interactive: Bool, _ signals: StartSignals, _ start: () throws(CFSError) -> Session
    ) throws(CFSError) -> ExitStatus {
        let keys = CallerTerminal(isRaw: terminal && interactive)
        defer { keys.leave() }
        try keys.enter()
        let session = try start()
        let poll = try EventPoll()
        try poll.add(session.descriptor, [.readable], token: Token.session)
        try poll.add(signals.descriptor, [.readable], token: Token.signals)
        if terminal { try resize(session) }
        var isWritten = true
        for number in signals.takeEarly() { try pass(number, on: session, keys, terminal: terminal) }
        while true {
            let events = try poll.wait()
            if events.contains(where: { $0.token == Token.session }) {
                switch try session.next() {
                case .unwritten(let output):
                    isWritten = false
                    StandardError.tell(failure(output))
                case .ended(var status):
                    if !isWritten, status.code == 0 { status.code = 125 }
                    return status
                case nil:
                    throw CFSError(
                        .monitorFailed, .running, "the monitor of the container has gone",
                        hint: "cfs system recover puts right what it left")
                }
            }
            for number in try signals.pending() { try pass(number, on: session, keys, terminal: terminal) }
        }
    }

    private static func pass(
        _ number: Int32, on session: Session, _ keys: CallerTerminal, terminal: Bool
    ) throws(CFSError) {
        switch number {
        case SIGWINCH where terminal: try resize(session)
        case SIGCONT:
            // A shell that let us go on after a stop has set the terminal as it likes it.
            try keys.enter()
        default: try forward(number, session)
        }
    }

    private static func failure(_ output: UnwrittenOutput) -> CFSError {
        let name = output.stream == .stdout ? StandardOutput.name : StandardError.name
        return CFSError(
            .systemCallFailed, .running, "\(name) could not be written: \(ErrorNumber.text(output.errno))")
    }

    private static func forward(_ number: Int32, _ session: Session) throws(CFSError) {
        do throws(CFSError) {
            try session.signal(number)
        } catch {
            // It may just have ended: the next event says how.
            guard error.code == .containerNotRunning else { throw error }
        }
    }

    private static func resize(_ session: Session) throws(CFSError) {
        guard let size = Terminal.size(0) ?? Terminal.size(1) else { return }
        do throws(CFSError) {
            try session.resize(size)
        } catch {
            guard error.code == .containerNotRunning else { throw error }
        }
    }
}
