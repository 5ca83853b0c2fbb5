import CFSModel
import Testing

@Suite("Times as text")
struct TimestampTests {
    // Seconds as `date -u +%s -d TEXT` gives them.
    private static let known: [(String, UInt64)] = [
        ("1970-01-01T00:00:00.000000000Z", 0), ("2000-02-29T12:00:00.000000001Z", 951_825_600_000_000_001),
        ("1999-12-31T23:59:59.999999999Z", 946_684_799_999_999_999),
        ("2024-02-29T23:59:59.500000000Z", 1_709_251_199_500_000_000),
        ("2100-03-01T00:00:00.000000000Z", 4_107_542_400_000_000_000), ("2554-07-21T23:34:33.709551615Z", UInt64.max),
    ]

    @Test("a time is written with nanoseconds in UTC, and reads back", arguments: known)
    func roundTrip(text: String, nanoseconds: UInt64) {
        #expect(Timestamp.text(nanoseconds) == text)
        #expect(Timestamp.parse(text) == nanoseconds)
    }

    @Test("every day of 400 years reads back")
    func days() {
        for day in 0..<UInt64(146_097) {
            let time = day * 86_400_000_000_000
            if Timestamp.parse(Timestamp.text(time)) != time { Issue.record("day \(day)") }
        }
    }

    @Test(
        "a fraction may be short or missing",
        arguments: [
            ("1970-01-01T00:00:01Z", 1_000_000_000), ("1970-01-01T00:00:01.5Z", 1_500_000_000),
            ("1970-01-01T00:00:01.05Z", 1_050_000_000),
        ] as [(String, UInt64)])
    func fractions(text: String, nanoseconds: UInt64) {
        #expect(Timestamp.parse(text) == nanoseconds)
    }

    @Test(
        "what is no such time is none, and never a crash",
        arguments: [
            "", "Z", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01T00:00:00+00:00", "1969-12-31T23:59:59Z",
            "1970-13-01T00:00:00Z",
            "1970-00-01T00:00:00Z", "1970-01-32T00:00:00Z", "1970-01-00T00:00:00Z", "2023-02-29T00:00:00Z",
            "1970-04-31T00:00:00Z",
            "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z", "1970-01-01T00:00:60Z", "1970x01-01T00:00:00Z",
            "1970-01-01 00:00:00Z",
            "1970-01-01T00-00:00Z", "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00.0000000000Z",
            "1970-01-01T00:00:00,5Z", "+970-01-01T00:00:00Z",
            "1970-01-01T00:00:00.-5Z", "9999-12-31T23:59:59.999999999Z", "2554-07-21T23:34:33.709551616Z",
            "2554-07-21T23:34:34Z",
            "١٩٧٠-01-01T00:00:00Z",
        ])
    func refuses(text: String) {
        #expect(Timestamp.parse(text) == nil)
    }
}
