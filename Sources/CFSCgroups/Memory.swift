import CFSModel

/// The controller `memory` (cgroup-v2.rst, Memory).
public struct MemoryLimits: Sendable, Hashable {
    /// `memory.max`: over it the kernel reclaims, and then kills.
    public var max: CgroupLimit<ByteCount>?
    /// `memory.high`: over it the group is slowed down, and nobody is killed.
    public var high: CgroupLimit<ByteCount>?
    /// `memory.low`: below it memory is reclaimed only when there is none elsewhere.
    public var low: CgroupLimit<ByteCount>?
    /// `memory.min`: below it memory is never reclaimed.
    public var min: CgroupLimit<ByteCount>?
    /// `memory.swap.max`: swap alone, unlike cgroup v1's sum.
    public var swapMax: CgroupLimit<ByteCount>?
    /// `memory.zswap.max` (Linux 5.19).
    public var zswapMax: CgroupLimit<ByteCount>?
    /// `memory.oom.group`: when one process must be killed, all are (Linux 4.19).
    public var killsGroup: Bool?

    public init() {}

    init(_ asked: RuntimeSpec.Memory, _ naming: LimitNaming) throws(CFSError) {
        try Self.refuseWhatVersion2HasNot(asked, naming)
        max = try Self.bytes(asked.limit, naming(.memoryLimit))
        low = try Self.bytes(asked.reservation, naming(.memoryReservation))
        if case .at(let limit) = max, case .at(let reservation) = low, reservation > limit {
            throw CFSError.limit(
                naming(.memoryReservation), Self.text(reservation),
                "is more than \(naming(.memoryLimit)): at most \(Self.text(limit)) are possible")
        }
        guard let total = try Self.bytes(asked.swap, naming(.memorySwap)) else {
            // In cgroup v1 no limit of memory is none of the sum either.
            if max == .unlimited { swapMax = .unlimited }
            return
        }
        guard case .at(let sum) = total else {
            swapMax = .unlimited
            return
        }
        guard case .at(let limit) = max else {
            throw CFSError.limit(
                naming(.memorySwap), Self.text(sum),
                "says nothing by itself: it is memory and swap together, and \(naming(.memoryLimit)) is not limited",
                hint: "set \(naming(.memoryLimit)) too, or -1 here for swap without limit")
        }
        guard sum >= limit else {
            throw CFSError.limit(
                naming(.memorySwap), Self.text(sum),
                "is below \(naming(.memoryLimit)) of \(Self.text(limit)): it is memory and swap together",
                hint: "the same value as \(naming(.memoryLimit)) means no swap, -1 swap without limit")
        }
        swapMax = .at(ByteCount(sum.bytes - limit.bytes))
    }

    private static func refuseWhatVersion2HasNot(_ asked: RuntimeSpec.Memory, _ naming: LimitNaming) throws(CFSError) {
        if let kernel = asked.kernel, kernel != 0, kernel != -1 {
            throw CFSError.limit(
                naming(.memoryKernel), "\(kernel)", "is not possible: cgroup v2 counts kernel memory in memory.max",
                hint: "leave it out")
        }
        if let kernel = asked.kernelTCP, kernel != 0, kernel != -1 {
            throw CFSError.limit(
                naming(.memoryKernelTCP), "\(kernel)", "is not possible: cgroup v2 counts socket buffers in memory.max",
                hint: "leave it out")
        }
        if let swappiness = asked.swappiness {
            throw CFSError.limit(
                naming(.memorySwappiness), "\(swappiness)", "is not possible: cgroup v2 has no swappiness of a group",
                hint: "\(naming(.memorySwap)) says how much may be swapped; the same as the memory limit means nothing")
        }
        if asked.disableOOMKiller == true {
            throw CFSError.limit(
                naming(.memoryOOMKiller), nil,
                "is not possible: cgroup v2 always kills when memory.max is reached and nothing can be reclaimed",
                hint: "memory.high slows a group down instead of killing")
        }
        if asked.useHierarchy == false {
            throw CFSError.limit(
                naming(.memoryHierarchy), "false", "is not possible: cgroup v2 always counts what lives below a group",
                hint: "leave it out")
        }
    }

    private static func bytes(_ value: Int64?, _ name: String) throws(CFSError) -> CgroupLimit<ByteCount>? {
        switch value {
        case nil, 0: return nil
        case -1: return .unlimited
        case .some(let value):
            guard let bytes = UInt64(exactly: value) else {
                throw CFSError.limit(name, "\(value)", "is out of range: bytes, or -1 for without limit, are possible")
            }
            return .at(ByteCount(bytes))
        }
    }

    /// Exact, and readable where that is the same.
    private static func text(_ value: ByteCount) -> String {
        value.bytes % 1024 == 0 ? "\(value)" : "\(value.bytes) bytes"
    }

    func add(to settings: inout CgroupSettings, _ name: (LimitField, String) -> String) {
        func add(
            _ limit: CgroupLimit<ByteCount>?, _ file: String, _ field: LimitField,
            _ absence: CgroupSetting.Absence = .fails
        ) {
            guard let limit else { return }
            settings.add(CgroupSetting(file, limit.fileValue, name(field, file), absence: absence))
        }
        add(min, "memory.min", .memoryMin)
        add(low, "memory.low", .memoryReservation)
        add(high, "memory.high", .memoryHigh)
        if let killsGroup {
            settings.add(
                CgroupSetting(
                    "memory.oom.group", killsGroup ? "1" : "0", name(.memoryGroupKill, "memory.oom.group")))
        }
        add(zswapMax, "memory.zswap.max", .memoryZswap)
        // A kernel without swap accounting limits none: fine where none is asked for.
        add(swapMax, "memory.swap.max", .memorySwap, swapMax == .unlimited ? .isFine : .isFineWithoutSwap)
        add(max, "memory.max", .memoryLimit)
    }
}

extension CgroupLimit<ByteCount> {
    var fileValue: String {
        switch self {
        case .unlimited: "max"
        case .at(let amount): "\(amount.bytes)"
        }
    }
}

extension CgroupLimit<UInt64> {
    var fileValue: String {
        switch self {
        case .unlimited: "max"
        case .at(let amount): "\(amount)"
        }
    }
}
