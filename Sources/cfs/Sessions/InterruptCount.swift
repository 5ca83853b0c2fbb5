/// Counts the Ctrl-C that a command does not heed.
struct InterruptCount {
    enum Answer: Equatable {
        /// It is the command's.
        case pass
        /// The command's, and the next one kills it.
        case warn
        case kill
    }

    /// Within this time, in nanoseconds, the third one kills.
    static let window: UInt64 = 2_000_000_000

    private var times: [UInt64] = []

    /// - Parameter now: on the monotonic clock.
    mutating func take(now: UInt64) -> Answer {
        times.removeAll { now - min(now, $0) > Self.window }
        times.append(now)
        switch times.count {
        case 1: return .pass
        case 2: return .warn
        default: return .kill
        }
    }
}
