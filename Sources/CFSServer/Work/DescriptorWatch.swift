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
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var waiters: [UInt64: Waiter] = [:]
        var last: UInt64 = 0
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
        while true {
            let ready: [EventPoll.Event]
            do throws(CFSError) { ready = try poll.events.wait(milliseconds: 5_000) } catch { continue }
            guard let watch = weak.watch else { return }
            for event in ready { watch.finish(event.token, .success(())) }
        }
    }

    /// Waits until one of these has something to read, or room to write.
    ///
    /// They stay the caller's, who keeps them open meanwhile; of one descriptor one task may wait at a time.
    ///
    /// - Throws: `CancellationError` when the task is cancelled, and when the daemon stops.
    func wait(reading: [Int32] = [], writing: [Int32] = []) async throws {
        try await cancelWhenGracefulShutdown { [self] in try await watch(reading, writing) }
    }

    private func watch(_ reading: [Int32], _ writing: [Int32]) async throws {
        let token = state.withLock { state in
            state.last += 1
            return state.last
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                begin(token, reading, writing, continuation)
            }
        } onCancel: {
            finish(token, .failure(CancellationError()))
        }
    }

    private func begin(
        _ token: UInt64, _ reading: [Int32], _ writing: [Int32], _ continuation: CheckedContinuation<Void, any Error>
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
            state.waiters[token] = Waiter(descriptors: reading + writing, continuation: continuation)
            return nil
        }
        if let failure { return continuation.resume(throwing: failure) }
        // It was cancelled before it was there to be told.
        if Task.isCancelled { finish(token, .failure(CancellationError())) }
    }

    private func finish(_ token: UInt64, _ result: Result<Void, any Error>) {
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
