extension RuntimeSpec {
    /// The `process` object (runtime-spec 1.3.0, config.md, process).
    public struct Process: Sendable, Hashable {
        public var terminal = false
        public var consoleSize: ConsoleSize?
        public var user = User()
        public var args: [String]
        public var env: [String] = []
        public var cwd = "/"
        public var capabilities: Capabilities?
        public var rlimits: [Rlimit] = []
        public var noNewPrivileges = false
        public var oomScoreAdj: Int?
        public var apparmorProfile: String?
        public var selinuxLabel: String?
        public var scheduler: Scheduler?
        public var ioPriority: IOPriority?
        public var execCPUAffinity: CPUAffinity?

        public init(args: [String]) { self.args = args }
    }

    public struct ConsoleSize: Sendable, Hashable {
        public var height: UInt16
        public var width: UInt16
        public init(height: UInt16, width: UInt16) {
            self.height = height
            self.width = width
        }
    }

    public struct User: Sendable, Hashable {
        public var uid: UInt32 = 0
        public var gid: UInt32 = 0
        public var umask: UInt32?
        public var additionalGids: [UInt32] = []
        public init() {}
    }

    /// Names with `CAP_`.
    public struct Capabilities: Sendable, Hashable {
        public var bounding: [String] = []
        public var effective: [String] = []
        public var permitted: [String] = []
        public var inheritable: [String] = []
        public var ambient: [String] = []
        public init() {}
    }

    public struct Rlimit: Sendable, Hashable {
        /// `RLIMIT_NOFILE`.
        public var type: String
        public var soft: UInt64
        public var hard: UInt64
        public init(type: String, soft: UInt64, hard: UInt64) {
            self.type = type
            self.soft = soft
            self.hard = hard
        }
    }

    /// What sched_setattr(2) takes.
    public struct Scheduler: Sendable, Hashable {
        /// `SCHED_BATCH`.
        public var policy: String
        public var nice: Int32?
        public var priority: Int32?
        /// `SCHED_FLAG_RESET_ON_FORK`.
        public var flags: [String] = []
        /// Nanoseconds.
        public var runtime: UInt64?
        /// Nanoseconds.
        public var deadline: UInt64?
        /// Nanoseconds.
        public var period: UInt64?
        public init(policy: String) { self.policy = policy }
    }

    /// What ioprio_set(2) takes.
    public struct IOPriority: Sendable, Hashable {
        /// `IOPRIO_CLASS_RT`, `IOPRIO_CLASS_BE` or `IOPRIO_CLASS_IDLE`.
        public var `class`: String
        /// 0 (first) to 7.
        public var priority: Int32?
        public init(class: String, priority: Int32? = nil) {
            self.class = `class`
            self.priority = priority
        }
    }

    /// The processors that a further process may run on, as lists such as `0-3,7`.
    public struct CPUAffinity: Sendable, Hashable {
        /// Until it is in the container's cgroup.
        public var initial: String?
        /// From then on.
        public var final: String?
        public init(initial: String? = nil, final: String? = nil) {
            self.initial = initial
            self.final = final
        }
    }
}
