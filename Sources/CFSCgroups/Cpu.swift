import CFSModel
import Glibc

/// A share of processor time beside siblings, when all want to run: 1 to 10,000, 100 by default (cgroup-v2.rst,
/// cpu.weight).
public struct CPUWeight: Sendable, Hashable {
    public let value: UInt64
    public static let range: ClosedRange<UInt64> = 1...10_000

    /// - Throws: `invalidArgument` outside 1 to 10,000.
    public init(_ value: UInt64) throws(CFSError) {
        guard Self.range.contains(value) else {
            throw CFSError(
                .invalidArgument, .parsing, "a weight of \(value) is out of range: 1 to 10000 are possible",
                hint: "100 is the default")
        }
        self.value = value
    }

    /// The weight for cgroup v1's shares: 2, 1,024 and 262,144 become 1, 100 and 10,000, and what lies between goes
    /// along a parabola through these three, in the logarithms (runc 1.3.2, crun 1.23). Shares outside are taken as the
    /// nearest, as the kernel took them.
    public init(shares: UInt64) {
        guard shares > 2 else {
            value = 1
            return
        }
        guard shares < 262_144 else {
            value = 10_000
            return
        }
        let power = log2(Double(shares))
        let exponent = (power * power + 125 * power) / 612 - 7.0 / 34
        value = UInt64(pow(10, exponent).rounded(.up))
    }
}

/// The controller `cpu` (cgroup-v2.rst, CPU).
public struct CPULimits: Sendable, Hashable {
    /// `cpu.max`.
    public var quota: CgroupLimit<CPUQuota>?
    /// `cpu.max.burst`, microseconds that may be saved up while less than the quota was used (Linux 5.14).
    public var burst: UInt64?
    /// `cpu.weight`.
    public var weight: CPUWeight?
    /// `cpu.idle`: runs only when nobody else wants the processor (Linux 5.15).
    public var isIdle: Bool?

    /// Microseconds of the period that goes with no quota.
    var periodWithoutQuota = CPUQuota.defaultPeriod

    public init() {}

    init(_ asked: RuntimeSpec.CPU, _ naming: LimitNaming) throws(CFSError) {
        if asked.realtimeRuntime ?? 0 != 0 || asked.realtimePeriod ?? 0 != 0 {
            let field: LimitField = asked.realtimeRuntime ?? 0 != 0 ? .cpuRealtimeRuntime : .cpuRealtimePeriod
            throw CFSError.limit(
                naming(field), nil, "has no counterpart in cgroup v2, which gives no group a realtime budget",
                hint: "leave it out")
        }
        if let shares = asked.shares, shares != 0 { weight = CPUWeight(shares: shares) }
        try readQuota(asked, naming)
        if let burst = asked.burst {
            if case .at(let quota) = quota, burst > quota.quota {
                throw CFSError.limit(
                    naming(.cpuBurst), "\(burst) us", "is more than the quota: 0 to \(quota.quota) us are possible")
            }
            self.burst = burst
        }
        if let idle = asked.idle {
            guard idle == 0 || idle == 1 else {
                throw CFSError.limit(naming(.cpuIdle), "\(idle)", "is out of range: 0 and 1 are possible")
            }
            if idle == 1, weight != nil {
                throw CFSError.limit(
                    naming(.cpuIdle), "1", "contradicts \(naming(.cpuShares)): what is idle has no weight",
                    hint: "leave one of them out")
            }
            isIdle = idle == 1
        }
    }

    private mutating func readQuota(_ asked: RuntimeSpec.CPU, _ naming: LimitNaming) throws(CFSError) {
        let period = asked.period.flatMap { $0 == 0 ? nil : $0 }
        if let period {
            guard CPUQuota.periods.contains(period) else {
                throw CFSError.limit(
                    naming(.cpuPeriod), "\(period) us", "is out of range: 1000 to 1000000 us are possible")
            }
            periodWithoutQuota = period
        }
        guard let quota = asked.quota, quota != 0 else {
            if period != nil { self.quota = .unlimited }
            return
        }
        guard quota > 0 else {
            self.quota = .unlimited
            return
        }
        guard let value = CPUQuota(quota: UInt64(quota), period: period ?? CPUQuota.defaultPeriod) else {
            throw CFSError.limit(
                naming(.cpuQuota), "\(quota) us", "is out of range: 1000 us is the least, -1 means without limit")
        }
        self.quota = .at(value)
    }

    func add(to settings: inout CgroupSettings, _ name: (LimitField, String) -> String) throws(CFSError) {
        switch quota {
        case nil: break
        case .unlimited:
            settings.add(CgroupSetting("cpu.max", "max \(periodWithoutQuota)", name(.cpuQuota, "cpu.max")))
        case .at(let value):
            if let burst, burst > value.quota {
                throw CFSError.limit(
                    name(.cpuBurst, "cpu.max.burst"), "\(burst) us",
                    "is more than the quota: 0 to \(value.quota) us are possible")
            }
            settings.add(CgroupSetting("cpu.max", "\(value.quota) \(value.period)", name(.cpuQuota, "cpu.max")))
        }
        if let burst { settings.add(CgroupSetting("cpu.max.burst", "\(burst)", name(.cpuBurst, "cpu.max.burst"))) }
        // A weight is refused while the group is idle, so that goes first.
        if let isIdle {
            settings.add(CgroupSetting("cpu.idle", isIdle ? "1" : "0", name(.cpuIdle, "cpu.idle")))
        }
        if let weight {
            settings.add(CgroupSetting("cpu.weight", "\(weight.value)", name(.cpuShares, "cpu.weight")))
        }
    }
}
