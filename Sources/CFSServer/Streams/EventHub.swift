import CFSCore
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Reads the journal once for all who listen to events, and hands each event to those who asked for such.
///
/// Each listener has room for some events; what comes while that is full is counted, and he is told how many he missed. So one
/// who never reads costs a bounded piece of memory and nobody's time.
final class EventHub: Sendable {
    private struct State {
        var listeners: [UInt64: EventListener] = [:]
        var last: UInt64 = 0
        var isOver = false
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.listeners.count } }

    /// Hands out events until the task is cancelled or the daemon stops; then every listener has ended.
    func run(_ engine: Engine, _ logger: Logger) async throws {
        defer { close() }
        try await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                do {
                    for try await event in try engine.events() { publish(event) }
                } catch {
                    logger.error("the journal of events cannot be read", metadata: ["error": "\(error)"])
                    try await Patience.pause(.seconds(1))
                }
            }
        }
    }

    func publish(_ event: EngineEvent) {
        let listeners = state.withLock { Array($0.listeners.values) }
        var bytes: ByteBuffer?
        for listener in listeners where listener.filter.takes(event) {
            let message = bytes ?? EventMessage.event(event)
            bytes = message
            listener.offer(event, message)
        }
    }

    /// A new listener, who hears what happens from now on until it is let go with ``remove(_:)``.
    func listen(_ filter: EventFilter) -> (id: UInt64, listener: EventListener) {
        let listener = EventListener(filter)
        return state.withLock { state in
            state.last += 1
            if state.isOver { listener.close() } else { state.listeners[state.last] = listener }
            return (state.last, listener)
        }
    }

    func remove(_ id: UInt64) { state.withLock { $0.listeners[id] = nil } }

    private func close() {
        let listeners = state.withLock { state in
            state.isOver = true
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.close() }
    }
}

/// One who listens to events: a queue with an end.
final class EventListener: Sendable {
    /// Events that wait for their reader.
    static let room = 256

    enum Item: Sendable {
        case event(EngineEvent, ByteBuffer)
        /// So many were left out here.
        case skipped(Int)
        /// Nothing has come for a while.
        case silence
        case over
    }

    private struct State {
        var queue: CircularBuffer<(EngineEvent, ByteBuffer)> = []
        var skipped = 0
        var isOver = false
        var waiter: CheckedContinuation<Void, Never>?
        /// When the waiter has waited enough, and when the timer looks.
        var deadline: ContinuousClock.Instant?
        var timer: ContinuousClock.Instant?
    }

    let filter: EventFilter
    private let state = Mutex(State())

    init(_ filter: EventFilter) { self.filter = filter }

    func offer(_ event: EngineEvent, _ message: ByteBuffer) {
        wake { state in
            if state.queue.count < Self.room, state.skipped == 0 {
                state.queue.append((event, message))
            } else {
                state.skipped += 1
            }
        }
    }

    func close() { wake { $0.isOver = true } }

    private func wake(_ change: (inout sending State) -> Void) {
        let waiter = state.withLock { state in
            change(&state)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// The next item, in the order in which things happened. For one task at a time.
    func next(patience: Duration) async -> Item {
        if let item = take() { return item }
        let deadline = ContinuousClock.now + patience
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (isReady, needsTimer) = state.withLock { state -> (Bool, Bool) in
                    if !state.queue.isEmpty || state.skipped > 0 || state.isOver || Task.isCancelled {
                        return (true, false)
                    }
                    state.waiter = continuation
                    state.deadline = deadline
                    guard state.timer.map({ deadline < $0 }) ?? true else { return (false, false) }
                    state.timer = deadline
                    return (false, true)
                }
                if isReady { continuation.resume() }
                if needsTimer { setTimer(deadline) }
            }
        } onCancel: {
            close()
        }
        return take() ?? .silence
    }

    /// One timer at a time, which looks again when it was early: a sleep that is cancelled keeps its memory until its time is over,
    /// and with one for each event that was a megabyte for a thousand of them.
    private func setTimer(_ time: ContinuousClock.Instant) {
        Task { [weak self] in
            do { try await Patience.pause(time - .now) } catch { return }
            self?.ring(time)
        }
    }

    private func ring(_ time: ContinuousClock.Instant) {
        let (waiter, next) = state.withLock { state -> (CheckedContinuation<Void, Never>?, ContinuousClock.Instant?) in
            // Another one was set, which is earlier.
            guard state.timer == time else { return (nil, nil) }
            state.timer = nil
            guard let waiter = state.waiter, let deadline = state.deadline else { return (nil, nil) }
            guard deadline <= .now else {
                state.timer = deadline
                return (nil, deadline)
            }
            state.waiter = nil
            return (waiter, nil)
        }
        waiter?.resume()
        if let next { setTimer(next) }
    }

    private func take() -> Item? {
        state.withLock { state in
            if let (event, message) = state.queue.popFirst() { return .event(event, message) }
            if state.skipped > 0 {
                defer { state.skipped = 0 }
                return .skipped(state.skipped)
            }
            return state.isOver ? .over : nil
        }
    }
}
