import CFSLinux
import CFSModel
import Glibc

/// Connects a process's streams with the client's.
final class StreamRelay {
    /// Tokens of the poll that belong to streams lie in this range.
    static let tokens: ClosedRange<UInt64> = 10...19

    /// Those who have joined the streams meanwhile.
    let attachments: Attachments
    var sizes = ClientSizes()
    private let outputs: [(pump: StreamPump, stream: LogStream)]
    private var input: StreamPump?
    /// The process's input, as long as a client may write there.
    private(set) var inputEnd: SharedFD?
    private let keepsInput: Bool
    private let terminal: SharedFD?
    private let endsWithReader: Bool
    private var hasEnded = false

    /// - Parameters:
    ///   - log: gets all output, or nil.
    ///   - client: the client's side; its input is there when it is to be passed on.
    ///   - endsWithReader: whether an output that nobody reads any more ends for the process too, as in a pipeline of a
    ///     shell. A terminal's never does.
    init(
        _ streams: StandardStreams, log: LogWriter?, client: StandardStreams.Client, isTerminal: Bool,
        endsWithReader: Bool
    ) {
        let ends = streams.take()
        let attachments = Attachments()
        self.attachments = attachments
        var outputs: [(pump: StreamPump, stream: LogStream)] = []
        if let output = ends.output {
            let pump = StreamPump(
                from: output, to: client.output, tokens: (10, 11), closesSink: true,
                observe: {
                    log?.append($0, .stdout)
                    attachments.take($0, .stdout)
                })
            outputs.append((pump, .stdout))
        }
        if let error = ends.error {
            let pump = StreamPump(
                from: error, to: client.error, tokens: (12, 13), closesSink: true,
                observe: {
                    log?.append($0, .stderr)
                    attachments.take($0, .stderr)
                })
            outputs.append((pump, .stderr))
        }
        self.outputs = outputs
        terminal = isTerminal ? ends.output : nil
        self.endsWithReader = endsWithReader
        // With nobody who ends it, and on a terminal, it is open to the end.
        keepsInput = client.keepsInput || isTerminal
        if client.input != nil || client.keepsInput { inputEnd = ends.input }
        if let sink = ends.input, let source = client.input {
            // The end of input closes a pipe; a terminal's other user decides for itself what ^D means.
            input = StreamPump(from: source, to: sink, tokens: (14, 15), closesSink: true)
        }
    }

    private var all: [StreamPump] { outputs.map(\.pump) + (input.map { [$0] } ?? []) }

    var hasTerminal: Bool { terminal != nil }

    func watch(_ poll: borrowing EventPoll) throws(CFSError) {
        for pump in all { try pump.watch(poll) }
        try attachments.watch(poll)
    }

    var isReadyWithoutEvent: Bool { all.contains { $0.isReadyWithoutEvent } }

    /// Takes an event of the poll.
    func handle(_ token: UInt64) {
        switch token {
        case 10: outputs.first?.pump.move()
        case 11: outputs.first?.pump.flush()
        case 12: outputs.last?.pump.move()
        case 13: outputs.last?.pump.flush()
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

    /// Sees to outputs that the client's side has refused.
    ///
    /// - Parameter hasCaller: asked where nobody reads an output any more: a caller that was killed takes its pipes along,
    ///   and what it started goes on without it.
    /// - Returns: what a client must be told, because it did not get all of an output that it waits for.
    func settle(_ poll: borrowing EventPoll, hasCaller: () -> Bool) -> [UnwrittenOutput] {
        // A process that does not read its input knows that itself.
        _ = input?.takeFailure(poll)
        if let input, input.isFinished, !input.hasPending { dropInput(poll) }
        var unwritten: [UnwrittenOutput] = []
        for (pump, stream) in outputs {
            guard let number = pump.takeFailure(poll), terminal == nil else { continue }
            if number != EPIPE && number != ECONNRESET {
                unwritten.append(UnwrittenOutput(stream: stream, errno: number))
            } else if endsWithReader, hasCaller() {
                pump.closeSource(poll)
            }
        }
        for (pump, stream) in outputs where pump.isFinished && !pump.hasPending { attachments.end(stream, poll) }
        return unwritten
    }

    /// The client's input is over, and with it the process's, unless that is kept for others.
    private func dropInput(_ poll: borrowing EventPoll) {
        input?.stop(poll)
        input?.dropSink(poll)
        input = nil
        guard !keepsInput else { return }
        inputEnd = nil
        attachments.endInput(poll)
    }

    /// The process has ended: what lies in its pipes is still read, its input is over.
    func processEnded(_ poll: borrowing EventPoll) {
        dropInput(poll)
        inputEnd = nil
        attachments.endInput(poll)
        hasEnded = true
        for (pump, _) in outputs { pump.expectEnd() }
        drainAfterEnd()
    }

    /// After the end no event says that more lies in a pipe behind what a slow client has taken by now.
    private func drainAfterEnd() { if hasEnded { for (pump, _) in outputs { pump.drain() } } }

    /// Whether the client has got everything that was read; after the end, everything.
    var isFlushed: Bool { !outputs.contains { $0.pump.hasPending } }

    /// The run is over: the poll forgets these streams, and goes on without them.
    func leave(_ poll: borrowing EventPoll) {
        for (pump, _) in outputs {
            pump.stop(poll)
            pump.dropSink(poll)
        }
        dropInput(poll)
    }

    /// The client is gone.
    func dropClient(_ poll: borrowing EventPoll) {
        for (pump, _) in outputs { pump.dropSink(poll) }
        // On a terminal a client may go on purpose, straight after it has written.
        if hasTerminal { input?.moveLast() }
        dropInput(poll)
        StandardStreams.leaveClients()
    }

    func resize(_ size: WindowSize) throws(CFSError) { if let terminal { try Terminal.setSize(terminal.raw, size) } }
}

/// An output of a process that could not be written where its client wants it. What was read of it later is not there
/// either; a container's log has it.
public struct UnwrittenOutput: Sendable, Hashable {
    public var stream: LogStream
    /// Why: the kernel's error number (errno(3)).
    public var errno: Int32

    public init(stream: LogStream, errno: Int32) {
        self.stream = stream
        self.errno = errno
    }
}
