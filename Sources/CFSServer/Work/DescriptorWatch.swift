import CFSCore
import CFSLinux
import Dispatch
import ServiceLifecycle
import Synchronization

/// One thread that waits for any number of descriptors (epoll(7)), for tasks that wait for a container without a thread of
/// their own.
final class DescriptorWatch: Sendable {
    private struct Waiter {
        var descriptors: [Int32]
        var deadline: UInt64?
        var continuation: CheckedContinuation<Bool, any Error>
    }

    private struct State {
        var waiters: [UInt64: Waiter] = [:]
        var last: UInt64 = 0
        /// Of all waiters: on the monotonic clock, or earlier.
        var nextDeadline = UInt64.max
    }

    private let poll: SharedPoll
    private let state = Mutex(State())

    init() throws(CFSError) {
        poll = try SharedPoll()
        let thread = DispatchQueue(label: "cfsd.descriptors")
        // Lets go of the watch between two rounds, so that one that nobody has any more ends.
        let (poll, weak) = (poll, Weak(self))
        thread.async { Self.look(poll, weak) }
    }

    private final class Weak: @unchecked Sendable {
        weak var watch: DescriptorWatch?
        init(_ watch: DescriptorWatch) { self.watch = watch }
    }

    private static func look(_ poll: SharedPoll, _ weak: Weak) {
        var lastReaping = SystemClock.monotonic
        while true {
            let ready: [EventPoll.Event]
            do throws(CFSError) { ready = try poll.events.wait(milliseconds: 5_000) } catch { continue }
            guard let watch = weak.watch else { return }
            for event in ready { watch.finish(event.token, .success(true)) }
            watch.finishLate()
            let now = SystemClock.monotonic
            if now - lastReaping >= 5_000_000_000 {
                lastReaping = now
                Engine.reapHelpers()
            }
        }
    }

    /// Ends the waits whose patience is over. No timers, of which there would be one for each line of a log: it looks whenever
    /// something happens, and every five seconds.
    private func finishLate() {
        let now = SystemClock.monotonic
        let late = state.withLock { state -> [UInt64] in
            guard now >= state.nextDeadline else { return [] }
            state.nextDeadline = state.waiters.values.compactMap(\.deadline).filter { $0 > now }.min() ?? .max
            return state.waiters.filter { $0.value.deadline ?? .max <= now }.map(\.key)
        }
        for token in late { finish(token, .success(false)) }
    }

    /// Waits until one of these has something to read, or room to write.
    ///
    /// They stay the caller's, who keeps them open meanwhile; of one descriptor one task may wait at a time.
    ///
    /// - Parameters:
    ///   - patience: after which it has waited enough, or up to five seconds later; nil for no end.
    ///   - hangup: after which nobody waits any more.
    /// - Returns: false when nothing has happened in that time.
    /// - Throws: `CancellationError` when the task is cancelled, when the daemon stops, and after `hangup`.
    @discardableResult
    func wait(
        reading: [Int32] = [], writing: [Int32] = [], patience: Duration? = nil, until hangup: Hangup? = nil
    ) async throws -> Bool {
        let deadline = patience.map { SystemClock.monotonic + UInt64($0.components.seconds) * 1_000_000_000 }
        return try await cancelWhenGracefulShutdown { [self] in try await watch(reading, writing, deadline, hangup) }
    }

    private func watch(
        _ reading: [Int32], _ writing: [Int32], _ deadline: UInt64?, _ hangup: Hangup?
    ) async throws -> Bool {
        let token = state.withLock { state in
            state.last += 1
            return state.last
        }
        if hangup?.hasHappened == true { throw CancellationError() }
        let end = hangup?.whenItHappens { [self] in finish(token, .failure(CancellationError())) }
        defer { if let end { hangup?.forget(end) } }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                begin(token, reading, writing, deadline, continuation)
                // It may have happened before there was anything to end.
                if hangup?.hasHappened == true { finish(token, .failure(CancellationError())) }
            }
        } onCancel: {
            finish(token, .failure(CancellationError()))
        }
    }

    private func begin(
        _ token: UInt64, _ reading: [Int32], _ writing: [Int32], _ deadline: UInt64?,
        _ continuation: CheckedContinuation<Bool, any Error>
    ) {
        // Under the lock: an event of the first descriptor must not end the wait while the second is not there yet.
        let failure: (any Error)? = state.withLock { state in
            do throws(CFSError) {
                for descriptor in reading { try poll.events.add(descriptor, .readable, token: token) }
                for descriptor in writing { try poll.events.add(descriptor, .writable, token: token) }
            } catch {
                for descriptor in reading + writing { poll.events.remove(descriptor) }
                return error
            }
            state.waiters[token] = Waiter(
                descriptors: reading + writing, deadline: deadline, continuation: continuation)
            state.nextDeadline = min(state.nextDeadline, deadline ?? .max)
            return nil
        }
        if let failure { return continuation.resume(throwing: failure) }
        // It was cancelled before it was there to be told.
        if Task.isCancelled { finish(token, .failure(CancellationError())) }
    }

    private func finish(_ token: UInt64, _ result: Result<Bool, any Error>) {
        let waiter = state.withLock { state in
            let waiter = state.waiters.removeValue(forKey: token)
            for descriptor in waiter?.descriptors ?? [] { poll.events.remove(descriptor) }
            return waiter
        }
        waiter?.continuation.resume(with: result)
    }
}

/// An epoll instance that several places hold.
final class SharedPoll: Sendable {
    let events: EventPoll
    init() throws(CFSError) { events = try EventPoll() }
}
