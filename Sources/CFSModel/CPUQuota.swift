/// Processor time as a share of time: `1.5` is as much as one and a half processors give (cgroup-v2.rst, cpu.max).
public struct CPUQuota: Hashable, Sendable, CustomStringConvertible {
    /// Microseconds of processor time in each period, over all processors; at least 1,000.
    public let quota: UInt64
    /// Microseconds; 1,000 to 1,000,000.
    public let period: UInt64

    public static let defaultPeriod: UInt64 = 100_000
    public static let periods: ClosedRange<UInt64> = 1_000...1_000_000
    /// The kernel's bounds (tg_set_cfs_bandwidth of kernel/sched/core.c): 1 ms, and 2^44 - 1 us.
    public static let quotas: ClosedRange<UInt64> = 1_000...17_592_186_044_415

    /// Nil when the kernel would refuse the quota or the period.
    public init?(quota: UInt64, period: UInt64 = defaultPeriod) {
        guard Self.quotas.contains(quota), Self.periods.contains(period) else { return nil }
        self.quota = quota
        self.period = period
    }

    /// Reads a number of processors: `2`, `0.5`. In periods of 100 ms, so 0.01 is the least.
    public init(_ text: String) throws(CFSError) {
        let plain = !text.isEmpty && text.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2e }
        guard plain, let cores = Double(text), cores < 1_000_000 else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(text)\" is not a number of processors",
                hint: "write a number such as 2 or 0.5")
        }
        let quota = UInt64((cores * Double(Self.defaultPeriod)).rounded())
        guard let value = CPUQuota(quota: quota) else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(text)\" processors are too few: 0.01 is the least",
                hint: "a weight, which binds only when others want to run, can be lower")
        }
        self = value
    }

    public var cores: Double { Double(quota) / Double(period) }

    /// The number of processors, with at most four decimals: `1.5`.
    public var description: String {
        let parts = UInt64((cores * 10_000).rounded())
        var decimals = String(parts % 10_000 + 10_000).dropFirst()
        while decimals.hasSuffix("0") { decimals = decimals.dropLast() }
        return decimals.isEmpty ? "\(parts / 10_000)" : "\(parts / 10_000).\(decimals)"
    }
}
