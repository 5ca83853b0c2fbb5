import CFSModel

/// Decides when a container that has ended runs again: 100 ms after its end, and twice as long each time, at most a minute;
/// from the beginning after a run of ten seconds.
struct RestartBackoff {
    private static let first: UInt64 = 100_000_000
    private static let last: UInt64 = 60_000_000_000
    /// A run of this length counts as a good one.
    private static let good: UInt64 = 10_000_000_000

    /// May change between two runs.
    var policy: RestartPolicy
    private var next = RestartBackoff.first
    /// How often it was started again.
    private(set) var count = 0

    init(_ policy: RestartPolicy) { self.policy = policy }

    /// How long to wait after an end, in nanoseconds; nil when that was the last one.
    mutating func delay(after status: Int32, ranFor time: UInt64, isStopped: Bool) -> UInt64? {
        if isStopped { return nil }
        switch policy {
        case .no: return nil
        case .always, .unlessStopped: break
        case .onFailure(let maximum):
            guard status != 0, maximum.map({ count < $0 }) ?? true else { return nil }
        }
        if time >= Self.good { next = Self.first }
        defer { next = min(next * 2, Self.last) }
        count += 1
        return next
    }
}
