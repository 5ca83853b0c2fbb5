import CFSLinux
import CFSModel
import Glibc

/// Connects a process's streams with the client's, which are this process's own descriptors 0, 1 and 2.
final class StreamRelay {
    /// Tokens of the poll that belong to streams lie in this range.
    static let tokens: ClosedRange<UInt64> = 10...19

    private let outputs: [StreamPump]
    private var input: StreamPump?
    private let terminal: SharedFD?
    private var hasEnded = false

    /// - Parameters:
    ///   - log: gets all output, or nil.
    ///   - interactive: whether the client's input is passed on.
    init(_ streams: StandardStreams, log: LogWriter?, interactive: Bool, isTerminal: Bool) {
        let ends = streams.take()
        var outputs: [StreamPump] = []
        if let output = ends.output {
            outputs.append(
                StreamPump(
                    from: output, to: StandardStreams.ownCopy(of: 1, writing: true), tokens: (10, 11), closesSink: true,
                    observe: { log?.append($0, .stdout) }))
        }
        if let error = ends.error {
            outputs.append(
                StreamPump(
                    from: error, to: StandardStreams.ownCopy(of: 2, writing: true), tokens: (12, 13), closesSink: true,
                    observe: { log?.append($0, .stderr) }))
        }
        self.outputs = outputs
        terminal = isTerminal ? ends.output : nil
        if interactive, let sink = ends.input, let source = StandardStreams.ownCopy(of: 0, writing: false) {
            // The end of input closes a pipe; a terminal's other user decides for itself what ^D means.
            input = StreamPump(from: source, to: sink, tokens: (14, 15), closesSink: true)
        }
    }

    private var all: [StreamPump] { outputs + (input.map { [$0] } ?? []) }

    func watch(_ poll: borrowing EventPoll) throws(CFSError) { for pump in all { try pump.watch(poll) } }

    var isReadyWithoutEvent: Bool { all.contains { $0.isReadyWithoutEvent } }

    /// Takes an event of the poll.
    func handle(_ token: UInt64) {
        switch token {
        case 10: outputs.first?.move()
        case 11: outputs.first?.flush()
        case 12: outputs.last?.move()
        case 13: outputs.last?.flush()
        case 14: input?.move()
        case 15: input?.flush()
        default: break
        }
        drainAfterEnd()
    }

    func moveWhatNeedsNoEvent() {
        for pump in all where pump.isReadyWithoutEvent { pump.move() }
        drainAfterEnd()
    }

    /// The process has ended: what lies in its pipes is still read, its input is over.
    func processEnded(_ poll: borrowing EventPoll) {
        input?.stop(poll)
        input?.dropSink(poll)
        input = nil
        hasEnded = true
        for pump in outputs { pump.expectEnd() }
        drainAfterEnd()
    }

    /// After the end no event says that more lies in a pipe behind what a slow client has taken by now.
    private func drainAfterEnd() { if hasEnded { for pump in outputs { pump.drain() } } }

    /// Whether the client has got everything that was read; after the end, everything.
    var isFlushed: Bool { !outputs.contains { $0.hasPending } }

    /// The client is gone.
    func dropClient(_ poll: borrowing EventPoll) {
        for pump in outputs { pump.dropSink(poll) }
        input?.stop(poll)
        input = nil
        StandardStreams.leaveClients()
    }

    func resize(_ size: WindowSize) throws(CFSError) { if let terminal { try Terminal.setSize(terminal.raw, size) } }
}
