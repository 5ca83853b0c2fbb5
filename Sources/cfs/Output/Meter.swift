/// A share as a small bar, and how near it is to its limit.
enum Meter {
    /// How much is left.
    enum Level: Equatable {
        case plenty
        /// Over 80 per cent.
        case near
        /// Over 95 per cent.
        case reached

        init(_ share: Double) { self = share > 0.95 ? .reached : share > 0.8 ? .near : .plenty }
    }

    /// `[|||     ]`; what is more than nothing has one stroke at least, and only what is whole is full.
    static func bar(_ share: Double, cells: Int = 8) -> String {
        let bounded = min(max(share, 0), 1)
        var strokes = Int((bounded * Double(cells)).rounded())
        if bounded > 0 { strokes = max(strokes, 1) }
        if bounded < 1 { strokes = min(strokes, cells - 1) }
        return "[" + String(repeating: "|", count: strokes) + String(repeating: " ", count: cells - strokes) + "]"
    }

    /// `12.34%`.
    static func percent(_ share: Double) -> String {
        let hundredths = UInt64((min(max(share, 0), 1e9) * 10_000).rounded())
        let decimals = String(hundredths % 100 + 100).dropFirst()
        return "\(hundredths / 100).\(decimals)%"
    }

    static func paint(_ text: String, _ level: Level, _ style: Style) -> String {
        switch level {
        case .plenty: text
        case .near: style.yellow(text)
        case .reached: style.red(text)
        }
    }
}
