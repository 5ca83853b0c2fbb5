import CFSModel

/// What somebody asks a limit by, so that an error can name it. The raw value is the field's place in the OCI
/// configuration's `linux.resources`; what only cgroup v2 has bears its file's name there, below `unified`.
public enum LimitField: String, Sendable, Hashable, CaseIterable {
    case cpuQuota = "cpu.quota"
    case cpuPeriod = "cpu.period"
    case cpuBurst = "cpu.burst"
    case cpuShares = "cpu.shares"
    case cpuWeight = "unified.cpu.weight"
    case cpuIdle = "cpu.idle"
    case cpuRealtimeRuntime = "cpu.realtimeRuntime"
    case cpuRealtimePeriod = "cpu.realtimePeriod"
    case cpusetCPUs = "cpu.cpus"
    case cpusetMems = "cpu.mems"
    case memoryLimit = "memory.limit"
    case memoryReservation = "memory.reservation"
    case memorySwap = "memory.swap"
    case memoryHigh = "unified.memory.high"
    case memoryMin = "unified.memory.min"
    case memoryZswap = "unified.memory.zswap.max"
    case memoryGroupKill = "unified.memory.oom.group"
    case memoryKernel = "memory.kernel"
    case memoryKernelTCP = "memory.kernelTCP"
    case memorySwappiness = "memory.swappiness"
    case memoryOOMKiller = "memory.disableOOMKiller"
    case memoryHierarchy = "memory.useHierarchy"
    case ioWeight = "blockIO.weight"
    case ioUnifiedWeight = "unified.io.weight"
    case ioLeafWeight = "blockIO.leafWeight"
    case ioDeviceWeight = "blockIO.weightDevice"
    case ioReadBytes = "blockIO.throttleReadBpsDevice"
    case ioWriteBytes = "blockIO.throttleWriteBpsDevice"
    case ioReadOperations = "blockIO.throttleReadIOPSDevice"
    case ioWriteOperations = "blockIO.throttleWriteIOPSDevice"
    case pidsLimit = "pids.limit"
    case hugepageLimits = "hugepageLimits"
    case rdma = "rdma"
    case misc = "unified.misc.max"
    case networkClass = "network.classID"
    case networkPriorities = "network.priorities"
    case devices = "devices"
    case unified = "unified"
}

/// The name that an error gives a field: of the OCI configuration by default, of a command's flag where one was used.
public typealias LimitNaming = (LimitField) -> String

extension LimitField {
    /// That of a file below `unified` which is asked for by a name of its own, too. Not by the raw value: with the first of those
    /// Swift makes a table of all.
    ///
    /// Nil for a value that a flag would have refused: it can only have come by the file's name.
    init?(_ file: RuntimeSpec.UnifiedFile) {
        switch file.key {
        case "cpu.weight" where Self.isWeight(file.value): self = .cpuWeight
        case "memory.high" where file.value == "max" || UInt64(file.value) != nil: self = .memoryHigh
        case "memory.min": self = .memoryMin
        case "memory.zswap.max": self = .memoryZswap
        case "memory.oom.group": self = .memoryGroupKill
        case "io.weight" where file.value.hasPrefix("default ") && Self.isWeight(String(file.value.dropFirst(8))):
            self = .ioUnifiedWeight
        case "misc.max": self = .misc
        default: return nil
        }
    }

    private static func isWeight(_ text: String) -> Bool {
        guard let weight = UInt64(text) else { return false }
        return CPUWeight.range.contains(weight)
    }

    /// `linux.resources.memory.limit`.
    public static func inConfiguration(_ field: LimitField) -> String { "linux.resources.\(field.rawValue)" }
}
