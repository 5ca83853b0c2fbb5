import CFSCgroups

/// What people write for a limit: the flags of `cfs run` and `cfs update`, for errors.
public enum LimitFlag {
    /// The flag of a field; what has none is asked for as a file of the cgroup.
    public static func name(_ field: LimitField) -> String {
        switch field {
        case .cpuQuota: "--cpus"
        case .cpuPeriod: "--cpu-period"
        case .cpuBurst: "--cpu-burst"
        case .cpuShares: "--cpu-shares"
        case .cpuWeight: "--cpu-weight"
        case .cpuIdle: "--cgroup-conf cpu.idle"
        case .cpuRealtimeRuntime: "--cpu-rt-runtime"
        case .cpuRealtimePeriod: "--cpu-rt-period"
        case .cpusetCPUs: "--cpuset-cpus"
        case .cpusetMems: "--cpuset-mems"
        case .memoryLimit: "--memory"
        case .memoryReservation: "--memory-reservation"
        case .memorySwap: "--memory-swap"
        case .memoryHigh: "--memory-high"
        case .memoryOOMKiller: "--oom-kill-disable"
        case .memorySwappiness: "--memory-swappiness"
        case .ioWeight: "--blkio-weight"
        case .ioUnifiedWeight: "--io-weight"
        case .ioReadBytes: "--device-read-bps"
        case .ioWriteBytes: "--device-write-bps"
        case .ioReadOperations: "--device-read-iops"
        case .ioWriteOperations: "--device-write-iops"
        case .pidsLimit: "--pids-limit"
        case .hugepageLimits: "--hugetlb"
        case .devices: "--device-cgroup-rule"
        case .unified: "--cgroup-conf"
        case .memoryMin: "--cgroup-conf memory.min"
        case .memoryZswap: "--cgroup-conf memory.zswap.max"
        case .memoryGroupKill: "--cgroup-conf memory.oom.group"
        case .misc: "--cgroup-conf misc.max"
        default: LimitField.inConfiguration(field)
        }
    }
}
