import Testing

@testable import cfs

@Suite("Spans of time")
struct ElapsedTests {
    private static let second: UInt64 = 1_000_000_000

    @Test(
        "a span is said as Docker says it",
        arguments: [
            (0, "Less than a second"), (1, "1 second"), (59, "59 seconds"), (60, "About a minute"),
            (119, "About a minute"),
            (180, "3 minutes"), (3600, "About an hour"), (7200, "2 hours"), (47 * 3600, "47 hours"),
            (48 * 3600, "2 days"),
            (1_209_600, "2 weeks"), (7_776_000, "3 months"), (69_120_000, "2 years"),
        ] as [(UInt64, String)])
    func words(seconds: UInt64, text: String) {
        #expect(Elapsed.text(seconds * Self.second) == text)
    }

    @Test("a time that has not come yet is now")
    func future() {
        #expect(Elapsed.ago(10 * Self.second, now: 4 * Self.second) == "Less than a second ago")
        #expect(Elapsed.ago(4 * Self.second, now: 64 * Self.second) == "About a minute ago")
    }

    @Test(
        "a measured span has three digits that count",
        arguments: [
            (7, "7 ns"), (1_234, "1.234 µs"), (12_345, "12.34 µs"), (123_456, "123.4 µs"), (1_002_000, "1.002 ms"),
            (2_500_000_000, "2.500 s"),
        ] as [(UInt64, String)])
    func precise(nanoseconds: UInt64, text: String) {
        #expect(Elapsed.precise(nanoseconds) == text)
    }
}
