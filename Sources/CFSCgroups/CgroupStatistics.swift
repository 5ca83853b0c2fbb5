import CFSModel

/// What a cgroup uses and has used, by the controller's own files (cgroup-v2.rst). What is not measured, because the
/// controller was not handed down or the kernel is older, is nil, never zero.
public struct CgroupStatistics: Sendable, Hashable {
    public var cpu: CPUUse?
    public var memory: MemoryUse?
    /// For each disk that was used.
    public var io: [IOUse]?
    public var pids: PidsUse?
    public var hugetlb: [HugeTLBUse]?
    /// How long work waited for a processor, for memory and for disks (Documentation/accounting/psi.rst).
    public var cpuPressure: Pressure?
    public var memoryPressure: Pressure?
    public var ioPressure: Pressure?

    public init() {}

    /// `cpu.stat`, microseconds.
    public struct CPUUse: Sendable, Hashable {
        public var usage: UInt64 = 0
        public var user: UInt64 = 0
        public var system: UInt64 = 0
        /// Nil without the controller.
        public var throttling: Throttling?
        /// `cpu.max`; nil without the controller.
        public var quota: CgroupLimit<CPUQuota>?
        public init() {}
    }

    public struct Throttling: Sendable, Hashable {
        /// Periods in which something ran.
        public var periods: UInt64 = 0
        /// Periods in which the quota was used up.
        public var throttledPeriods: UInt64 = 0
        /// Microseconds that were waited for that, over all processors.
        public var throttledTime: UInt64 = 0
        public init() {}
    }

    /// Bytes.
    public struct MemoryUse: Sendable, Hashable {
        /// `memory.current`, page cache and kernel memory included.
        public var current: UInt64 = 0
        /// `memory.peak` (Linux 5.19).
        public var peak: UInt64?
        /// Memory of processes without a file behind it.
        public var anonymous: UInt64 = 0
        /// Page cache, tmpfs included.
        public var file: UInt64 = 0
        /// Of the page cache what was not used lately, and is the first to go.
        public var inactiveFile: UInt64 = 0
        /// Kernel memory (Linux 5.18).
        public var kernel: UInt64?
        /// `memory.swap.current`; nil on a kernel without swap.
        public var swap: UInt64?
        public var events = MemoryEvents()
        /// `memory.max`, `memory.high`, `memory.swap.max`.
        public var max: CgroupLimit<ByteCount>?
        public var high: CgroupLimit<ByteCount>?
        public var swapMax: CgroupLimit<ByteCount>?
        public init() {}

        /// What cannot be had back at once: all but the inactive page cache.
        public var workingSet: UInt64 { current - Swift.min(current, inactiveFile) }
    }

    /// `io.stat` of one disk.
    public struct IOUse: Sendable, Hashable {
        public var device: DeviceNumber
        public var readBytes: UInt64 = 0
        public var writtenBytes: UInt64 = 0
        public var readOperations: UInt64 = 0
        public var writeOperations: UInt64 = 0
        public init(device: DeviceNumber) { self.device = device }
    }

    public struct PidsUse: Sendable, Hashable {
        /// Processes and threads.
        public var current: UInt64 = 0
        /// `pids.max`.
        public var max: CgroupLimit<UInt64>?
        /// How often a clone was refused for the limit.
        public var refused: UInt64 = 0
        public init() {}
    }

    /// Bytes of huge pages of one size.
    public struct HugeTLBUse: Sendable, Hashable {
        /// `2MB`.
        public var pageSize: String
        public var current: UInt64
        public var max: CgroupLimit<ByteCount>?
        public init(pageSize: String, current: UInt64, max: CgroupLimit<ByteCount>?) {
            self.pageSize = pageSize
            self.current = current
            self.max = max
        }
    }

    public struct Pressure: Sendable, Hashable {
        /// Some task waited.
        public var some = Share()
        /// All of them did; nil where the kernel does not say.
        public var full: Share?
        public init() {}
    }

    public struct Share: Sendable, Hashable {
        /// Per cent of the time, over 10, 60 and 300 seconds.
        public var average10 = 0.0
        public var average60 = 0.0
        public var average300 = 0.0
        /// Microseconds since the cgroup was made.
        public var total: UInt64 = 0
        public init() {}
    }
}
