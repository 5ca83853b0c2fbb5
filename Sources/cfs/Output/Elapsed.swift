/// Spans of time as people say them, with the words of Docker.
enum Elapsed {
    /// `3 minutes` for nanoseconds.
    static func text(_ nanoseconds: UInt64) -> String {
        let seconds = nanoseconds / 1_000_000_000
        let minutes = seconds / 60
        let hours = minutes / 60
        let days = hours / 24
        return switch true {
        case _ where seconds < 1: "Less than a second"
        case _ where seconds == 1: "1 second"
        case _ where seconds < 60: "\(seconds) seconds"
        case _ where minutes == 1: "About a minute"
        case _ where minutes < 60: "\(minutes) minutes"
        case _ where hours == 1: "About an hour"
        case _ where hours < 48: "\(hours) hours"
        case _ where days < 14: "\(days) days"
        case _ where days < 60: "\(days / 7) weeks"
        case _ where days < 730: "\(days / 30) months"
        default: "\(days / 365) years"
        }
    }

    /// `3 minutes ago`; a time that has not come yet is now.
    static func ago(_ time: UInt64, now: UInt64) -> String { text(now > time ? now - time : 0) + " ago" }

    /// `1.234 ms`, `12.3 µs`: with three digits that count.
    static func precise(_ nanoseconds: UInt64) -> String {
        let units: [(UInt64, String)] = [(1_000_000_000, "s"), (1_000_000, "ms"), (1000, "µs")]
        guard let (unit, name) = units.first(where: { nanoseconds >= $0.0 }) else { return "\(nanoseconds) ns" }
        let whole = nanoseconds / unit
        let thousandths = nanoseconds % unit / (unit / 1000)
        var digits = "000\(thousandths)".suffix(3)
        digits.removeLast(whole >= 100 ? 2 : whole >= 10 ? 1 : 0)
        return "\(whole).\(digits) \(name)"
    }
}
