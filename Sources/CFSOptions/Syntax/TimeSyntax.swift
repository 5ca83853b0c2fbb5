import CFSCore

/// Reads `--since` and `--until`: a time, or how long ago.
package enum TimeSyntax {
    /// Reads `2026-11-24T08:26:10Z`, the same with an offset (`+02:00`), without a zone (UTC) or without a time of day,
    /// seconds since 1970 (`1764000000.5`), or a span before now (`10m`, `1h30m`).
    ///
    /// - Returns: nanoseconds since 1970.
    package static func time(_ text: String, now: UInt64) throws(CFSError) -> UInt64 {
        if let time = timestamp(text) ?? seconds(text) { return time }
        if let span = span(text) { return now > span ? now - span : 0 }
        throw CFSError(
            .invalidArgument, .parsing, "\"\(text)\" is not a time",
            hint: "write 2026-11-24T08:26:10Z, seconds since 1970, or a span such as 10m or 1h30m")
    }

    /// Throws for a span of time that ends before it begins.
    package static func checkOrder(since: UInt64?, until: UInt64?) throws(CFSError) {
        guard let since, let until, since > until else { return }
        throw CFSError(
            .invalidArgument, .parsing, "--until lies before --since: nothing happened between them",
            hint: "write the earlier time as --since")
    }

    private static func timestamp(_ text: String) -> UInt64? {
        // Nanoseconds in 64 bits end in the year 2554.
        guard text.utf8.count >= 10, let year = whole(text.prefix(4)), year <= 2500 else { return nil }
        if text.count == 10, let midnight = Timestamp.parse("\(text)T00:00:00Z") { return midnight }
        if let time = Timestamp.parse(text) ?? Timestamp.parse("\(text)Z") { return time }
        guard text.count > 6, let sign = text.dropLast(5).last, sign == "+" || sign == "-" else { return nil }
        let offset = text.suffix(5).split(separator: ":", omittingEmptySubsequences: false)
        guard offset.count == 2, offset.allSatisfy({ $0.count == 2 }), let hours = whole(offset[0]),
            let minutes = whole(offset[1]), hours < 24, minutes < 60,
            let local = Timestamp.parse("\(text.dropLast(6))Z")
        else { return nil }
        let shift = (hours * 60 + minutes) * 60_000_000_000
        return sign == "+" ? (local > shift ? local - shift : 0) : local + shift
    }

    private static func seconds(_ text: String) -> UInt64? { decimal(text[...], unit: 1_000_000_000) }

    /// Reads `10m`, `1h30m` or `500ms` as nanoseconds; nil for anything else.
    package static func span(_ text: String) -> UInt64? {
        let units: [(String, UInt64)] = [
            ("ns", 1), ("us", 1000), ("µs", 1000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
            ("h", 3_600_000_000_000),
        ]
        var rest = text[...]
        var sum: UInt64 = 0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(number.count)
            let name = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(name.count)
            guard let unit = units.first(where: { $0.0 == name })?.1, let part = decimal(number, unit: unit) else {
                return nil
            }
            let (total, overflow) = sum.addingReportingOverflow(part)
            guard !overflow else { return nil }
            sum = total
        }
        return text.isEmpty ? nil : sum
    }

    /// A number with or without a fraction, in units of `unit`.
    private static func decimal(_ text: Substring, unit: UInt64) -> UInt64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let integer = whole(first) else { return nil }
        let (scaled, overflow) = integer.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        guard parts.count == 2 else { return scaled }
        guard (1...9).contains(parts[1].count), let fraction = whole(parts[1]) else { return nil }
        let divisor = (0..<parts[1].count).reduce(into: UInt64(1)) { value, _ in value *= 10 }
        let (more, isTooMuch) = fraction.multipliedReportingOverflow(by: unit)
        let (sum, isTooLate) = scaled.addingReportingOverflow(more / divisor)
        return isTooMuch || isTooLate ? nil : sum
    }

    private static func whole(_ text: Substring) -> UInt64? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt64(text) : nil
    }
}
