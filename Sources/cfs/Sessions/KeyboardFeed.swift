import CFSCore
import CFSLinux
import CFSMonitor
import Glibc

/// Carries what is typed to a command, and looks for the keys that detach. While the command does not read, nothing more is
/// read here, as on a terminal.
final class KeyboardFeed {
    private let source: Int32
    private var sink: SharedFD?
    private var filter: DetachFilter
    private let tokens: (source: UInt64, sink: UInt64)
    private var pending: ArraySlice<UInt8> = []
    private var hasEnded = false
    private var isSourceWatched = false
    private var isSinkWatched = false
    /// Whether the command takes no more.
    private var isBroken = false
    /// Whether the source is of a kind that has no events: a regular file.
    private var isAlwaysReady = false

    /// - Parameters:
    ///   - source: the descriptor that is typed on.
    ///   - sink: the writing end of a pipe to the command.
    ///   - keys: the bytes that detach.
    ///   - tokens: of the poll's events.
    init(
        from source: Int32 = 0, to sink: SharedFD, keys: [UInt8], tokens: (source: UInt64, sink: UInt64)
    ) throws(CFSError) {
        try StandardStreams.setNonBlocking(sink.raw)
        self.source = source
        self.sink = sink
        self.tokens = tokens
        filter = DetachFilter(keys)
    }

    /// Asks for the events that are of use now.
    func watch(_ poll: borrowing EventPoll) throws(CFSError) {
        let wantsSource = !hasEnded && pending.isEmpty
        if wantsSource, !isSourceWatched, !isAlwaysReady {
            isSourceWatched = try poll.add(source, .readable, token: tokens.source)
            isAlwaysReady = !isSourceWatched
        } else if !wantsSource, isSourceWatched {
            poll.remove(source)
            isSourceWatched = false
        }
        guard let sink else { return }
        if !pending.isEmpty, !isSinkWatched {
            isSinkWatched = try poll.add(sink.raw, .writable, token: tokens.sink)
        } else if pending.isEmpty, isSinkWatched {
            // By hand: others may have it open as well, and then closing does not end the watching (epoll(7)).
            poll.remove(sink.raw)
            isSinkWatched = false
        }
        // The command sees the end when all is written.
        if isBroken || hasEnded && pending.isEmpty { self.sink = nil }
    }

    /// Whether there is something to do that no event will announce.
    var isReadyWithoutEvent: Bool { isAlwaysReady && !hasEnded && pending.isEmpty }

    /// Reads once, or writes what waits.
    ///
    /// - Returns: whether the keys that detach were typed.
    func move() throws(CFSError) -> Bool {
        guard pending.isEmpty, !hasEnded else {
            flush()
            return false
        }
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, filled in
            count = File.read(source, into: UnsafeMutableRawBufferPointer(buffer))
            filled = max(0, count)
        }
        if count == -ErrorCode.again { return false }
        let (passed, detaches) = filter.take(bytes)
        pending = passed[...]
        // A terminal that was hung up answers EIO.
        if count <= 0 {
            hasEnded = true
            pending += filter.finish()
        }
        flush()
        return detaches
    }

    private func flush() {
        while !pending.isEmpty, !isBroken, let sink {
            let count = pending.withUnsafeBytes { File.write(sink.raw, $0) }
            if count == -ErrorCode.again { return }
            guard count > 0 else {
                // The keys that detach are still looked for.
                isBroken = true
                hasEnded = !filter.isActive
                break
            }
            pending = pending.dropFirst(count)
        }
        pending = []
    }
}
