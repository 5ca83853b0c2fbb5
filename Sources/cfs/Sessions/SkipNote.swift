import CFSCore
import CFSMonitor

/// What an attached client did not get, said once a second at most.
struct SkipNote {
    /// In nanoseconds.
    private static let interval: UInt64 = 1_000_000_000

    private var bytes = 0
    /// On the monotonic clock.
    private var due: UInt64 = 0

    mutating func add(_ skipped: SkippedOutput) { bytes += skipped.total }

    /// The milliseconds until there is something to say; -1 for never.
    func patience(now: UInt64) -> Int32 {
        guard bytes > 0 else { return -1 }
        return now >= due ? 0 : Int32(clamping: (due - now + 999_999) / 1_000_000)
    }

    /// What to say now; nil for nothing.
    ///
    /// - Parameter last: whether there is no other time for it.
    mutating func take(now: UInt64, last: Bool = false) -> String? {
        guard bytes > 0, last || now >= due else { return nil }
        defer { bytes = 0 }
        due = now + Self.interval
        return "\(ByteCount(UInt64(bytes))) of output skipped: it was not read as fast as it came (cfs logs has it)"
    }
}
