import CFSLinux
import CFSModel
import Glibc

/// Moves bytes from one descriptor to another, through at most one buffer: while that is not written, nothing more is
/// read, so a slow reader slows the writer down and memory stays flat.
package final class StreamPump {
    /// Where bytes come from, or nil once it was closed.
    private(set) var source: SharedFD?
    /// Where bytes go, or nil when nobody takes them any more.
    private(set) var sink: SharedFD?
    private let sourceToken: UInt64
    private let sinkToken: UInt64
    /// Sees every byte before it goes on.
    private let observe: (UnsafeRawBufferPointer) -> Void

    private var pending: [UInt8] = []
    private var written = 0
    package private(set) var isFinished = false
    /// How much may still be read; nil while the writer lives.
    private var allowance: Int?
    /// Descriptors that epoll(7) does not take (regular files) are always ready.
    private(set) var sourceAlwaysReady = false
    private var sinkAlwaysReady = false
    private var sourceWatched = false
    private var sinkWatched = false
    /// Why the sink took no more.
    private var failure: Int32?
    /// Whether the sink ends with the source: closing a pipe is how its reader sees the end.
    private let closesSink: Bool

    package init(
        from source: SharedFD, to sink: SharedFD?, tokens: (source: UInt64, sink: UInt64), closesSink: Bool,
        observe: @escaping (UnsafeRawBufferPointer) -> Void = { _ in }
    ) {
        self.source = source
        self.sink = sink
        (sourceToken, sinkToken) = tokens
        self.closesSink = closesSink
        self.observe = observe
    }

    package var hasPending: Bool { written < pending.count }

    /// Asks for the events that are of use now.
    package func watch(_ poll: borrowing EventPoll) throws(CFSError) {
        let wantsSource = !isFinished && !hasPending
        if let source {
            if wantsSource && !sourceWatched {
                sourceAlwaysReady = !(try poll.add(source.raw, .readable, token: sourceToken))
                sourceWatched = !sourceAlwaysReady
            } else if !wantsSource && sourceWatched {
                poll.remove(source.raw)
                sourceWatched = false
            }
        }
        if isFinished, closesSink, !hasPending { dropSink(poll) }
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
    package var isReadyWithoutEvent: Bool {
        (sourceAlwaysReady && !isFinished && !hasPending) || (sinkAlwaysReady && hasPending)
    }

    /// Reads once and writes what can be written; false at the end of the source or when nothing is there.
    @discardableResult
    package func move() -> Bool {
        if hasPending {
            flush()
            return true
        }
        guard !isFinished, let source else { return false }
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
            if closesSink, !sinkWatched { sink = nil }
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

    package func flush() {
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
                // What that means for the writer is for the pump's owner to say.
                failure = count < 0 ? Int32(-count) : EIO
                (pending, written) = ([], 0)
                return
            }
            written += count
        }
        (pending, written) = ([], 0)
    }

    /// The error number with which the sink refused bytes; it is forgotten then. Nil when it took them all.
    package func takeFailure(_ poll: borrowing EventPoll) -> Int32? {
        guard let number = failure else { return nil }
        failure = nil
        dropSink(poll)
        return number
    }

    /// Forgets the receiver, with what it has not taken.
    package func dropSink(_ poll: borrowing EventPoll) {
        // By hand: closing does not end the watching of an open file that somebody else has open as well (epoll(7)).
        if let sink, sinkWatched { poll.remove(sink.raw) }
        sink = nil
        sinkWatched = false
        (pending, written) = ([], 0)
    }

    /// Ends reading.
    func stop(_ poll: borrowing EventPoll) {
        if let source, sourceWatched { poll.remove(source.raw) }
        sourceWatched = false
        isFinished = true
    }

    /// Ends reading for good: the writer of a pipe finds out when it writes again (SIGPIPE, EPIPE; pipe(7)).
    func closeSource(_ poll: borrowing EventPoll) {
        stop(poll)
        source = nil
    }
}
