/// How long a poll may wait.
enum LoopPatience {
    /// Rounded up, so that what is waited for is due; 0 when it is, and -1 (without end) when `deadline` is `UInt64.max`.
    static func milliseconds(until deadline: UInt64, now: UInt64) -> Int32 {
        if deadline == .max { return -1 }
        return deadline <= now ? 0 : Int32(clamping: (deadline - now + 999_999) / 1_000_000)
    }
}
