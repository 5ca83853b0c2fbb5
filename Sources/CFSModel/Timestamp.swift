/// Times as text (RFC 3339, UTC, nanoseconds).
public enum Timestamp {
    /// `2026-11-24T08:26:10.123456789Z` for nanoseconds since 1970.
    public static func text(_ nanoseconds: UInt64) -> String {
        let seconds = Int(nanoseconds / 1_000_000_000)
        let (year, month, day) = date(daysSince1970: seconds / 86400)
        let second = seconds % 86400
        var digits: [UInt8] = []
        digits.reserveCapacity(30)
        func append(_ value: Int, _ width: Int, _ separator: Character) {
            let text = String(value)
            digits.append(contentsOf: repeatElement(0x30, count: max(0, width - text.utf8.count)))
            digits += text.utf8
            digits += String(separator).utf8
        }
        append(year, 4, "-")
        append(month, 2, "-")
        append(day, 2, "T")
        append(second / 3600, 2, ":")
        append(second / 60 % 60, 2, ":")
        append(second % 60, 2, ".")
        append(Int(nanoseconds % 1_000_000_000), 9, "Z")
        return String(decoding: digits, as: UTF8.self)
    }

    /// Reads what ``text(_:)`` writes, with zero to nine digits of a fraction; nil for anything else, and
    /// for what 64 bits do not reach.
    public static func parse(_ text: some StringProtocol) -> UInt64? {
        let utf8 = Array(text.utf8)
        guard utf8.count >= 20, utf8.last == 0x5a else { return nil }
        for (place, separator) in zip([4, 7, 10, 13, 16], "--T::".utf8) where utf8[place] != separator { return nil }
        func number(_ range: Range<Int>) -> Int? {
            guard utf8[range].allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            return Int(String(decoding: utf8[range], as: UTF8.self))
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19), (1...12).contains(month), day >= 1,
            day <= days(year + month / 12, month % 12 + 1, 1) - days(year, month, 1), hour < 24, minute < 60,
            second < 60,
            year >= 1970
        else { return nil }
        var fraction = 0
        if utf8.count > 20 {
            let digits = utf8.count - 21
            guard utf8[19] == 0x2e, (1...9).contains(digits), let value = number(20..<20 + digits) else { return nil }
            fraction = value
            for _ in digits..<9 { fraction *= 10 }
        }
        let seconds = days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second
        // An image may claim to be from a year that nanoseconds of 64 bits do not reach (after 2554).
        let (nanoseconds, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowOfSum) = nanoseconds.addingReportingOverflow(UInt64(fraction))
        return overflow || overflowOfSum ? nil : sum
    }

    /// The civil date of a day number. Counts in eras of 400 years that begin in March, so that leap days come last.
    private static func date(daysSince1970 days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
