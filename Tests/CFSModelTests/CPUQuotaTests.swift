import CFSModel
import Testing

@Suite("Processor time")
struct CPUQuotaTests {
    @Test(
        "a number of processors becomes microseconds in periods of 100 ms",
        arguments: [
            ("2", 200_000), ("0.5", 50_000), ("1.5", 150_000), (".25", 25_000), ("0.01", 1000), ("0.333", 33_300),
            ("128", 12_800_000),
        ] as [(String, UInt64)])
    func reading(text: String, quota: UInt64) throws {
        let value = try CPUQuota(text)
        #expect(value.quota == quota)
        #expect(value.period == 100_000)
    }

    @Test(
        "what is no number of processors, or too few, is refused",
        arguments: ["", "-1", "0", "0.001", "x", "1e3", "0x10", "inf", "nan", "1,5", "1.2.3", "1000000", " 1"])
    func refusal(text: String) {
        let error = #expect(throws: CFSError.self) { try CPUQuota(text) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("\"\(text)\"") == true)
    }

    @Test(
        "the kernel's bounds hold",
        arguments: [
            (1000, 1000, true), (999, 1000, false), (1000, 999, false), (1000, 1_000_000, true),
            (1000, 1_000_001, false),
        ] as [(UInt64, UInt64, Bool)])
    func bounds(quota: UInt64, period: UInt64, isPossible: Bool) {
        let value = CPUQuota(quota: quota, period: period)
        #expect((value != nil) == isPossible)
    }

    @Test(
        "it is written as a number of processors",
        arguments: [
            ("1.50", "1.5"), ("2", "2"), ("0.01", "0.01"), ("0.3333", "0.3333"),
        ])
    func description(text: String, written: String) throws {
        #expect(try "\(CPUQuota(text))" == written)
    }
}
