extension RuntimeSpec {
    /// The `linux.resources` object (runtime-spec 1.3.0, config-linux.md, Control groups), whole: what cgroup v2 cannot do
    /// is held here too, and refused where it is converted, with the reason. Property names are those of the JSON; nil
    /// and empty mean that the document does not say.
    public struct Resources: Sendable, Hashable {
        /// Which device nodes may be used, in order: of several rules that match, the last one counts.
        public var devices: [DeviceRule] = []
        public var memory: Memory?
        public var cpu: CPU?
        public var pids: Pids?
        public var blockIO: BlockIO?
        public var hugepageLimits: [HugepageLimit] = []
        public var network: Network?
        /// In the order of the document.
        public var rdma: [RDMA] = []
        /// cgroup v2 files by name, in the order of the document.
        public var unified: [UnifiedFile] = []

        public init() {}
    }

    /// An entry of `devices`.
    public struct DeviceRule: Sendable, Hashable {
        public var allow: Bool
        /// `a` (all), `c` (characters) or `b` (blocks); nil means `a`.
        public var type: String?
        /// Nil and -1 mean every number.
        public var major: Int64?
        public var minor: Int64?
        /// Letters of `rwm` (read, write, mknod); nil means all three.
        public var access: String?

        public init(
            allow: Bool, type: String? = nil, major: Int64? = nil, minor: Int64? = nil, access: String? = nil
        ) {
            self.allow = allow
            self.type = type
            self.major = major
            self.minor = minor
            self.access = access
        }
    }

    /// Bytes; -1 means without limit.
    public struct Memory: Sendable, Hashable {
        public var limit: Int64?
        /// A soft limit.
        public var reservation: Int64?
        /// Memory and swap together, as cgroup v1 counts.
        public var swap: Int64?
        public var kernel: Int64?
        public var kernelTCP: Int64?
        public var swappiness: UInt64?
        public var disableOOMKiller: Bool?
        public var useHierarchy: Bool?
        /// Whether a limit below what is in use is refused on an update.
        public var checkBeforeUpdate: Bool?
        public init() {}
    }

    public struct CPU: Sendable, Hashable {
        /// A share beside others, 2 to 262,144; 1,024 is the usual one.
        public var shares: UInt64?
        /// Microseconds in each period; 0 and less mean without limit.
        public var quota: Int64?
        /// Microseconds that may be saved up.
        public var burst: UInt64?
        /// Microseconds.
        public var period: UInt64?
        public var realtimeRuntime: Int64?
        public var realtimePeriod: UInt64?
        /// A list such as `0-3,6` (cpuset(7), List format).
        public var cpus: String?
        /// Memory nodes, as a list.
        public var mems: String?
        /// 1: runs only when nobody else wants the processor.
        public var idle: Int64?
        public init() {}
    }

    public struct Pids: Sendable, Hashable {
        /// Processes and threads; -1 means without limit.
        public var limit: Int64
        public init(limit: Int64) { self.limit = limit }
    }

    public struct BlockIO: Sendable, Hashable {
        /// 10 to 1,000.
        public var weight: UInt16?
        public var leafWeight: UInt16?
        public var weightDevice: [WeightDevice] = []
        public var throttleReadBpsDevice: [ThrottleDevice] = []
        public var throttleWriteBpsDevice: [ThrottleDevice] = []
        public var throttleReadIOPSDevice: [ThrottleDevice] = []
        public var throttleWriteIOPSDevice: [ThrottleDevice] = []
        public init() {}
    }

    public struct WeightDevice: Sendable, Hashable {
        public var major: Int64
        public var minor: Int64
        public var weight: UInt16?
        public var leafWeight: UInt16?
        public init(major: Int64, minor: Int64, weight: UInt16? = nil, leafWeight: UInt16? = nil) {
            self.major = major
            self.minor = minor
            self.weight = weight
            self.leafWeight = leafWeight
        }
    }

    public struct ThrottleDevice: Sendable, Hashable {
        public var major: Int64
        public var minor: Int64
        /// Bytes, or operations, a second; 0 means without limit.
        public var rate: UInt64
        public init(major: Int64, minor: Int64, rate: UInt64) {
            self.major = major
            self.minor = minor
            self.rate = rate
        }
    }

    public struct HugepageLimit: Sendable, Hashable {
        /// `2MB`, `64KB`, `1GB`: a binary multiple.
        public var pageSize: String
        /// Bytes.
        public var limit: UInt64
        public init(pageSize: String, limit: UInt64) {
            self.pageSize = pageSize
            self.limit = limit
        }
    }

    public struct Network: Sendable, Hashable {
        public var classID: UInt32?
        public var priorities: [InterfacePriority] = []
        public init() {}
    }

    public struct InterfacePriority: Sendable, Hashable {
        public var name: String
        public var priority: UInt32
        public init(name: String, priority: UInt32) {
            self.name = name
            self.priority = priority
        }
    }

    public struct RDMA: Sendable, Hashable {
        /// The host channel adapter, `mlx5_1`.
        public var device: String
        public var hcaHandles: UInt32?
        public var hcaObjects: UInt32?
        public init(device: String, hcaHandles: UInt32? = nil, hcaObjects: UInt32? = nil) {
            self.device = device
            self.hcaHandles = hcaHandles
            self.hcaObjects = hcaObjects
        }
    }

    public struct UnifiedFile: Sendable, Hashable {
        /// `memory.high`.
        public var key: String
        public var value: String
        public init(_ key: String, _ value: String) {
            self.key = key
            self.value = value
        }
    }
}
