import CFSLinux
import CFSModel
import CLinux
import Glibc

/// One client that has joined a container's streams.
final class AttachedClient {
    /// The token of its connection.
    let connection: UInt64
    private let output: AttachedOutput
    private let error: AttachedOutput
    private var input: StreamPump?
    private let firstToken: UInt64

    /// - Parameters:
    ///   - files: the writing ends of two pipes, and the reading end of one more for input.
    ///   - firstToken: of four for events of the poll.
    ///   - sink: where its input goes; nil when none is taken.
    init(
        _ connection: UInt64, _ files: [SharedFD], firstToken: UInt64, sink: SharedFD?
    ) throws(CFSError) {
        self.connection = connection
        self.firstToken = firstToken
        output = try AttachedOutput(files[0], token: firstToken)
        error = try AttachedOutput(files[1], token: firstToken + 1)
        guard files.count > 2, let sink else { return }
        try Self.checkPipe(files[2])
        // A descriptor of its own for the sink: a poll knows each only once. Its end is not that of the command's input,
        // which others have open as well.
        input = StreamPump(
            from: files[2], to: SharedFD(try sink.duplicate()), tokens: (firstToken + 2, firstToken + 3),
            closesSink: true)
    }

    /// Throws unless a descriptor is that of a pipe; it does not block from then on.
    static func checkPipe(_ pipe: SharedFD) throws(CFSError) {
        guard try File.status(at: pipe.raw).mode & S_IFMT == S_IFIFO else {
            throw CFSError(.invalidArgument, .running, "the streams of a client must be pipes")
        }
        try StandardStreams.setNonBlocking(pipe.raw)
    }

    func output(_ stream: LogStream) -> AttachedOutput { stream == .stdout ? output : error }

    func watch(_ poll: borrowing EventPoll) throws(CFSError) {
        try output.watch(poll)
        try error.watch(poll)
        try input?.watch(poll)
    }

    func handle(_ token: UInt64, _ poll: borrowing EventPoll) {
        switch token - firstToken {
        case 0: output.catchUp(poll)
        case 1: error.catchUp(poll)
        case 2: input?.move()
        default: input?.flush()
        }
        guard let input else { return }
        // A process that does not read its input knows that itself.
        _ = input.takeFailure(poll)
        if input.isFinished, !input.hasPending { closeInput(poll) }
    }

    func closeInput(_ poll: borrowing EventPoll) {
        input?.stop(poll)
        input?.dropSink(poll)
        input = nil
    }

    /// Its connection has ended.
    func leave(_ poll: borrowing EventPoll) {
        input?.moveLast()
        closeInput(poll)
        output.close(poll)
        error.close(poll)
    }

    /// What it did not get and has not heard of; nothing while it is further behind, unless that is the `last` chance.
    func takeSkipped(last: Bool = false) -> SkippedOutput? {
        let count = { (output: AttachedOutput) in output.isBehind && !last ? 0 : output.takeSkipped() }
        let skipped = SkippedOutput(output: count(output), error: count(error))
        return skipped.total > 0 ? skipped : nil
    }

    func putBack(_ skipped: SkippedOutput) {
        output.putBack(skipped.output)
        error.putBack(skipped.error)
    }
}

extension StreamPump {
    /// Reads what its writer wrote before it went, as far as it can be passed on at once, and no more than a pipe holds as a
    /// rule (pipe(7)): others may write there without end.
    func moveLast() { for _ in 0..<2 where !hasPending { move() } }
}
