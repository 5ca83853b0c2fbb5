import Synchronization

/// How many connections there are.
final class ConnectionLoad: Sendable {
    private let open = Atomic<Int>(0)

    var count: Int { open.load(ordering: .relaxed) }

    /// One more; false when that is one too many. It leaves in either case.
    func enter(_ limit: Int) -> Bool { open.add(1, ordering: .relaxed).newValue <= limit }

    func leave() { open.subtract(1, ordering: .relaxed) }
}
