import CFSLinux
import CFSModel
import Glibc

/// Moves bytes from one descriptor to another, through at most one buffer: while that is not written, nothing more is
/// read, so a slow reader slows the writer down and memory stays flat.
final class StreamPump {
    let source: SharedFD
    /// Where bytes go, or nil when nobody takes them any more.
    private(set) var sink: SharedFD?
    private let sourceToken: UInt64
    private let sinkToken: UInt64
    /// Sees every byte before it goes on.
    private let observe: (UnsafeRawBufferPointer) -> Void

    private var pending: [UInt8] = []
    private var written = 0
    private(set) var isFinished = false
    /// How much may still be read; nil while the writer lives.
    private var allowance: Int?
    /// Descriptors that epoll(7) does not take (regular files) are always ready.
    private(set) var sourceAlwaysReady = false
    private var sinkAlwaysReady = false
    private var sourceWatched = false
    private var sinkWatched = false
    /// Whether the sink ends with the source: closing a pipe is how its reader sees the end.
    private let closesSink: Bool

    init(
        from source: SharedFD, to sink: SharedFD?, tokens: (source: UInt64, sink: UInt64), closesSink: Bool,
        observe: @escaping (UnsafeRawBufferPointer) -> Void = { _ in }
    ) {
        self.source = source
        self.sink = sink
        (sourceToken, sinkToken) = tokens
        self.closesSink = closesSink
        self.observe = observe
    }

    var hasPending: Bool { written < pending.count }

    /// Asks for the events that are of use now.
    func watch(_ poll: borrowing EventPoll) throws(CFSError) {
        let wantsSource = !isFinished && !hasPending
        if wantsSource && !sourceWatched {
            sourceAlwaysReady = !(try poll.add(source.raw, .readable, token: sourceToken))
            sourceWatched = !sourceAlwaysReady
        } else if !wantsSource && sourceWatched {
            poll.remove(source.raw)
            sourceWatched = false
        }
        guard let sink else { return }
        if hasPending && !sinkWatched {
            sinkAlwaysReady = !(try poll.add(sink.raw, .writable, token: sinkToken))
            sinkWatched = !sinkAlwaysReady
        } else if !hasPending && sinkWatched {
            poll.remove(sink.raw)
            sinkWatched = false
        }
    }

    /// Whether work waits that no event will announce.
    var isReadyWithoutEvent: Bool {
        (sourceAlwaysReady && !isFinished && !hasPending) || (sinkAlwaysReady && hasPending)
    }

    /// Reads once and writes what can be written; false at the end of the source or when nothing is there.
    @discardableResult
    func move() -> Bool {
        if hasPending {
            flush()
            return true
        }
        guard !isFinished else { return false }
        let size = min(32 << 10, allowance ?? Int.max)
        var count = 0
        pending = [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            count = File.read(source.raw, into: UnsafeMutableRawBufferPointer(buffer))
            filled = max(0, count)
        }
        written = 0
        if count == -ErrorCode.again { return false }
        // A pty answers EIO once its other side has closed: its way of saying the end.
        guard count > 0 else {
            pending = []
            isFinished = true
            if closesSink { sink = nil }
            return false
        }
        if let allowance { self.allowance = allowance - count }
        pending.withUnsafeBytes { observe($0) }
        flush()
        return true
    }

    /// The writer has ended. What it left is read, and no more than a pipe can hold (pipe(7)): somebody else may have
    /// inherited the other end and write without end.
    func expectEnd() { allowance = 1 << 20 }

    /// Reads what is there now, as far as it can be passed on.
    func drain() { while !hasPending, move() {} }

    func flush() {
        guard let sink else {
            (pending, written) = ([], 0)
            return
        }
        while hasPending {
            let count = pending.withUnsafeBytes {
                File.write(sink.raw, UnsafeRawBufferPointer(rebasing: $0[written...]))
            }
            if count == -ErrorCode.again { return }
            guard count > 0 else {
                // Nobody reads any more. The container need not know, as with a closed log reader.
                dropSink()
                return
            }
            written += count
        }
        (pending, written) = ([], 0)
    }

    /// Forgets the receiver, with what it has not taken.
    func dropSink() {
        sink = nil
        sinkWatched = false
        (pending, written) = ([], 0)
    }

    func dropSink(_ poll: borrowing EventPoll) {
        if let sink, sinkWatched { poll.remove(sink.raw) }
        dropSink()
    }

    /// Ends reading.
    func stop(_ poll: borrowing EventPoll) {
        if sourceWatched { poll.remove(source.raw) }
        sourceWatched = false
        isFinished = true
    }
}
