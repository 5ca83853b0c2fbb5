import Synchronization

/// The moment in which the other side of a connection will send nothing more: it has closed the connection, or its half of
/// it, which cannot be told apart before something is sent there. Whoever only waits and sends nothing gives up then, and
/// holds nothing for somebody who has gone.
final class Hangup: Sendable {
    private struct State {
        var isOver = false
        var last: UInt64 = 0
        var waiters: [UInt64: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())

    var hasHappened: Bool { state.withLock(\.isOver) }

    func happen() {
        let waiters = state.withLock { state in
            state.isOver = true
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter() }
    }

    /// - Parameter body: called once, at that moment; never when it has passed.
    /// - Returns: for ``forget(_:)``.
    func whenItHappens(_ body: @escaping @Sendable () -> Void) -> UInt64 {
        state.withLock { state in
            state.last += 1
            if !state.isOver { state.waiters[state.last] = body }
            return state.last
        }
    }

    func forget(_ waiter: UInt64) { state.withLock { $0.waiters[waiter] = nil } }
}
