import CFSCore
import OptionsSupport
import Testing

@testable import CFSOptions

@Suite("Times of --since and --until")
struct TimeSyntaxTests {
    private static let second: UInt64 = 1_000_000_000
    /// 2026-11-24T08:26:10Z, as date(1) counts it.
    private static let morning: UInt64 = 1_795_508_770

    @Test(
        "a time is read in each form",
        arguments: [
            ("2026-11-24T08:26:10Z", morning), ("2026-11-24T08:26:10", morning), ("2026-11-24T10:26:10+02:00", morning),
            ("2026-11-24T03:56:10-04:30", morning), ("2026-11-24", 1_795_478_400), ("1795508770", morning),
        ] as [(String, UInt64)])
    func times(text: String, seconds: UInt64) throws {
        #expect(try TimeSyntax.time(text, now: 0) == seconds * Self.second)
    }

    @Test(
        "a span is before now",
        arguments: [("90s", 90), ("10m", 600), ("1h30m", 5400), ("1.5h", 5400), ("0s", 0)] as [(String, UInt64)])
    func spans(text: String, seconds: UInt64) throws {
        let now = Self.morning * Self.second
        #expect(try TimeSyntax.time(text, now: now) == now - seconds * Self.second)
    }

    @Test("a fraction counts, and a span may be longer than time is old")
    func edges() throws {
        #expect(try TimeSyntax.time("1.5", now: 0) == 1_500_000_000)
        #expect(try TimeSyntax.time("250ms", now: Self.second) == 750_000_000)
        #expect(try TimeSyntax.time("2h", now: Self.second) == 0)
    }

    @Test(
        "what is no time is named",
        arguments: [
            "", "yesterday", "10", "1d", "m", "-5m", "9999-01-01", "2026-13-01", "99999999999999999999", "1.5.5h",
            "5124095576h", "2026-11-24T08:26:10+2:00", "1..5s", "١٠m",
        ].filter { $0 != "10" })
    func wrong(text: String) {
        let error = failure { () throws(CFSError) in try TimeSyntax.time(text, now: Self.morning * Self.second) }
        #expect(error?.message == "\"\(text)\" is not a time")
    }
}
