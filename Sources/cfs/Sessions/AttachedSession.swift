import CFSCore
import CFSLinux
import Glibc

/// A command that runs in front of the caller: keys, signals and the size of the terminal go to it until it ends, or until
/// the keys that detach are typed.
struct AttachedSession {
    /// Those that the command gets instead of cfs: all that people and supervisors send, without those that tell cfs about
    /// its own children, pipes and terminal stops. Two real-time signals belong to glibc.
    static let forwarded: [Int32] =
        [SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGWINCH, SIGPWR] + Array(34...64)

    /// Whether the command has a terminal of its own.
    let terminal: Bool
    /// Whether it reads our input. With a terminal too, ours is in raw mode meanwhile, and as it was on every way out.
    let interactive: Bool
    /// The bytes of the keys that leave it to itself, where our terminal is in raw mode; empty for none.
    let detachKeys: [UInt8]
    /// Whether the command gets our signals; else those that end programs end the session.
    var passesSignals = true

    /// How a session has ended.
    enum End {
        /// The command has ended.
        case ended(ExitStatus)
        /// The command runs on.
        case detached
        /// A signal has ended the session; the command runs on.
        case interrupted(Int32)

        /// Says what the caller should know.
        ///
        /// - Returns: the exit status.
        func tell() -> Int32 {
            switch self {
            case .detached: return 0
            case .interrupted(let number): return 128 + number
            case .ended(let status):
                for warning in status.warnings { StandardError.warn(warning) }
                if let reason = status.reason { StandardError.write("cfs: \(Printable.text(reason))\n") }
                return status.code
            }
        }
    }

    /// Starts the command and stays until it has ended.
    ///
    /// - Parameters:
    ///   - signals: taken since before the start.
    ///   - start: starts it with streams.
    /// - Returns: how it ended. A command that ended well, but whose output could not be written, has not: the status is
    ///   125 then, and standard error says why.
    func run(
        _ signals: StartSignals, _ start: (Streams) throws(CFSError) -> Session
    ) throws(CFSError) -> End {
        let keys = CallerTerminal(isRaw: terminal && interactive)
        defer { keys.leave() }
        try keys.enter()
        guard terminal, interactive else {
            return try SessionLoop(self, try start(.inherited), signals, keys).run()
        }
        // What is typed comes by here, for the keys that detach.
        let typed = try Pipe()
        let session = try start(.descriptors(input: typed.reading.raw, output: 1, error: 2))
        return try SessionLoop(self, session, signals, keys, input: typed.writing).run()
    }

    /// Joins a container that runs, and stays until it has ended.
    ///
    /// - Parameter signals: taken since before.
    func run(_ signals: StartSignals, _ attachment: Attachment) throws(CFSError) -> End {
        let keys = CallerTerminal(isRaw: terminal && interactive && Terminal.isTerminal(0))
        defer { keys.leave() }
        try keys.enter()
        let loop = try SessionLoop(
            self, attachment.session, signals, keys, input: interactive ? attachment.inputEnd : nil,
            outputs: attachment.ends)
        return try loop.run()
    }
}
