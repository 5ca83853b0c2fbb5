import CFSCore
import CFSLinux
import CFSMonitor
import Glibc

/// Carries what goes between the caller and a command in front of it, until one of them has enough.
final class SessionLoop {
    private enum Token {
        static let session: UInt64 = 1
        static let signals: UInt64 = 2
        static let keyboard: UInt64 = 3
        static let typed: UInt64 = 4
        static let outputs: ClosedRange<UInt64> = 10...13
    }

    /// What people and supervisors send to end a program.
    private static let ending = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]

    private let front: AttachedSession
    private let session: Session
    private let signals: StartSignals
    private let keys: CallerTerminal
    private let poll: EventPoll
    private var feed: KeyboardFeed?
    private var outputs: [(pump: StreamPump, stream: LogStream)] = []
    private var interrupts = InterruptCount()
    private var skipped = SkipNote()
    private var isWritten = true
    private var ended: ExitStatus?

    /// - Parameters:
    ///   - input: where what is typed goes; nil when the command reads it by itself, or not at all.
    ///   - outputs: what the command writes, where it is carried from here to our own streams.
    init(
        _ front: AttachedSession, _ session: Session, _ signals: StartSignals, _ keys: CallerTerminal,
        input: SharedFD? = nil, outputs: (output: SharedFD, error: SharedFD)? = nil
    ) throws(CFSError) {
        self.front = front
        self.session = session
        self.signals = signals
        self.keys = keys
        poll = try EventPoll()
        try poll.add(session.descriptor, [.readable], token: Token.session)
        try poll.add(signals.descriptor, [.readable], token: Token.signals)
        // A reader that has gone is an error number here, which is handled where it comes.
        if input != nil || outputs != nil { signal(SIGPIPE, SIG_IGN) }
        if let input {
            feed = try KeyboardFeed(
                to: input, keys: keys.isRaw ? front.detachKeys : [], tokens: (Token.keyboard, Token.typed))
        }
        guard let outputs else { return }
        for (source, number, stream) in [(outputs.output, Int32(1), LogStream.stdout), (outputs.error, 2, .stderr)] {
            try StandardStreams.setNonBlocking(source.raw)
            let token = Token.outputs.lowerBound + UInt64(self.outputs.count) * 2
            let pump = StreamPump(
                from: source, to: StandardStreams.ownCopy(of: number, writing: true), tokens: (token, token + 1),
                closesSink: false)
            self.outputs.append((pump, stream))
        }
    }

    func run() throws(CFSError) -> AttachedSession.End {
        if front.terminal { try sayWindowSize() }
        for number in signals.takeEarly() { if let end = try pass(number) { return end } }
        while true {
            if let ended, outputs.allSatisfy({ $0.pump.isFinished && !$0.pump.hasPending }) { return finish(ended) }
            for (pump, _) in outputs { try pump.watch(poll) }
            try feed?.watch(poll)
            for event in try poll.wait(milliseconds: patience) {
                switch event.token {
                case Token.session: if ended == nil { try hear() }
                case Token.signals:
                    for number in try signals.pending() { if let end = try pass(number) { return end } }
                case Token.keyboard, Token.typed: if try feed?.move() == true { return .detached }
                case Token.outputs: outputs[Int(event.token - Token.outputs.lowerBound) / 2].pump.move()
                default: continue
                }
            }
            for (pump, _) in outputs where pump.isReadyWithoutEvent { pump.move() }
            if let feed, feed.isReadyWithoutEvent, try feed.move() { return .detached }
            try checkOutputs()
            if let text = skipped.take(now: SystemClock.monotonic) { say(text) }
        }
    }

    private var patience: Int32 {
        let isReady = feed?.isReadyWithoutEvent == true || outputs.contains { $0.pump.isReadyWithoutEvent }
        return isReady ? 0 : skipped.patience(now: SystemClock.monotonic)
    }

    // MARK: From the command

    private func hear() throws(CFSError) {
        switch try session.receive() {
        case .unwritten(let output): tell(output)
        case .skipped(let output): skipped.add(output)
        case .ended(let status):
            ended = status
            // Its closed end would be an event for ever.
            poll.remove(session.descriptor)
            feed = nil
        case nil: return
        }
    }

    private func finish(_ status: ExitStatus) -> AttachedSession.End {
        if let text = skipped.take(now: SystemClock.monotonic, last: true) { say(text) }
        var status = status
        if !isWritten, status.code == 0 { status.code = 125 }
        return .ended(status)
    }

    private func checkOutputs() throws(CFSError) {
        for (pump, stream) in outputs {
            guard let number = pump.takeFailure(poll) else { continue }
            let output = UnwrittenOutput(stream: stream, errno: number)
            // Whoever read has enough, as in any pipeline.
            guard number != EPIPE, number != ECONNRESET else { throw Self.failure(output) }
            tell(output)
        }
    }

    private func tell(_ output: UnwrittenOutput) {
        isWritten = false
        write(ErrorText.text(Self.failure(output), style: StandardError.style))
    }

    private static func failure(_ output: UnwrittenOutput) -> CFSError {
        let name = output.stream == .stdout ? StandardOutput.name : StandardError.name
        let isClosed = output.errno == EPIPE || output.errno == ECONNRESET
        return CFSError(
            .systemCallFailed, .running, "\(name) could not be written: \(ErrorNumber.text(output.errno))",
            path: isClosed ? name : nil, errno: isClosed ? EPIPE : nil)
    }

    private func say(_ text: String) { write(ErrorText.warning(text, style: StandardError.style)) }

    /// Writes to standard error, which may be a terminal in raw mode.
    private func write(_ text: String) {
        guard keys.isRaw else { return StandardError.write(text) }
        StandardError.write("\r" + text.split(separator: "\n").map { "\($0)\r\n" }.joined())
    }

    // MARK: To the command

    /// - Returns: the end of the session, when the signal is that.
    private func pass(_ number: Int32) throws(CFSError) -> AttachedSession.End? {
        switch number {
        case SIGWINCH where front.terminal: try sayWindowSize()
        case SIGCONT:
            // A shell that let us go on after a stop has set the terminal as it likes it.
            try keys.enter()
        case _ where !front.passesSignals || ended != nil:
            guard Self.ending.contains(number) else { return nil }
            // All that is missing then is a reader of what the command has written.
            return ended.map { finish($0) } ?? .interrupted(number)
        // With -t alone too: the keys of a terminal that is not raw come as signals, and there are no keys that detach.
        case SIGINT where !keys.isRaw: try interrupt()
        default: try session.signal(number)
        }
        return nil
    }

    private func interrupt() throws(CFSError) {
        switch interrupts.take(now: SystemClock.monotonic) {
        case .pass: try session.signal(SIGINT)
        case .warn:
            try session.signal(SIGINT)
            say("the command has not ended: Ctrl-C once more to kill it")
        case .kill: try session.signal(SIGKILL)
        }
    }

    private func sayWindowSize() throws(CFSError) {
        guard front.interactive || outputs.isEmpty, let size = Terminal.size(0) ?? Terminal.size(1) else { return }
        try session.resize(size)
    }
}
