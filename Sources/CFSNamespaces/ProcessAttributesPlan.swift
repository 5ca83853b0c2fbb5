import CFSLinux
import CFSModel

extension ProcessAttributes {
    /// What a configuration asks for.
    ///
    /// - Parameters:
    ///   - linux: of the container; nil for one more process in it, which has the personality and the policy of its own start.
    /// - Throws: `invalidConfiguration` that names the field, for what is not known or not possible together.
    public init(_ process: RuntimeSpec.Process, _ linux: RuntimeSpec.Linux?) throws(CFSError) {
        scheduler = try process.scheduler.map { asked throws(CFSError) in try Scheduler(asked) }
        ioPriority = try process.ioPriority.map { asked throws(CFSError) in try Self.ioPriority(asked) }
        appArmorProfile = process.apparmorProfile.flatMap { $0.isEmpty ? nil : $0 }
        selinuxLabel = process.selinuxLabel.flatMap { $0.isEmpty ? nil : $0 }
        if let asked = linux?.personality {
            guard asked.flags.isEmpty else {
                throw Self.fault("linux.personality.flags", "must be empty: the specification knows none")
            }
            switch asked.domain {
            case "LINUX": personality = 0
            case "LINUX32": personality = 8
            default: throw Self.fault("linux.personality.domain", "does not know \"\(asked.domain)\"")
            }
        }
        memoryPolicy = try linux?.memoryPolicy.map { asked throws(CFSError) in try MemoryPolicy(asked) }
    }

    /// The numbers of a list such as `0-3,7`.
    ///
    /// - Parameter field: the name for errors.
    public static func processors(_ list: String, field: String) throws(CFSError) -> [UInt32] {
        let numbers: IndexList
        do throws(CFSError) {
            numbers = try IndexList(list.split(separator: " ").map(String.init).text(separator: ""))
        } catch {
            throw fault(field, "\(error.message)")
        }
        let found = numbers.ranges.flatMap { $0 }.map { UInt32($0) }
        guard !found.isEmpty else { throw fault(field, "names no processor") }
        return found
    }

    private static func ioPriority(_ asked: RuntimeSpec.IOPriority) throws(CFSError) -> UInt32 {
        let classes = ["IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"]
        guard let index = classes.firstIndex(of: asked.class) else {
            throw fault("process.ioPriority.class", "does not know \"\(asked.class)\"")
        }
        let level = asked.priority ?? 0
        guard (0...7).contains(level) else { throw fault("process.ioPriority.priority", "must be 0 to 7") }
        return UInt32(index + 1) << 13 | UInt32(level)
    }

    fileprivate static func fault(_ field: String, _ what: String) -> CFSError {
        CFSError(.invalidConfiguration, .parsing, "\(field) \(what)")
    }
}

extension ProcessAttributes.Scheduler {
    /// By the number of linux/sched.h.
    private static let policies = [
        "SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "SCHED_ISO", "SCHED_IDLE", "SCHED_DEADLINE",
    ]
    /// By the bit.
    private static let flagNames = [
        "SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN", "SCHED_FLAG_KEEP_POLICY",
        "SCHED_FLAG_KEEP_PARAMS", "SCHED_FLAG_UTIL_CLAMP_MIN", "SCHED_FLAG_UTIL_CLAMP_MAX",
    ]

    init(_ asked: RuntimeSpec.Scheduler) throws(CFSError) {
        guard let number = Self.policies.firstIndex(of: asked.policy) else {
            throw ProcessAttributes.fault("process.scheduler.policy", "does not know \"\(asked.policy)\"")
        }
        policy = UInt32(number)
        flags = 0
        for name in asked.flags {
            guard let bit = Self.flagNames.firstIndex(of: name) else {
                throw ProcessAttributes.fault("process.scheduler.flags", "does not know \"\(name)\"")
            }
            flags |= 1 << UInt64(bit)
        }
        nice = asked.nice ?? 0
        guard (-20...19).contains(nice) else {
            throw ProcessAttributes.fault("process.scheduler.nice", "must be -20 to 19")
        }
        priority = UInt32(max(0, asked.priority ?? 0))
        let isRealTime = asked.policy == "SCHED_FIFO" || asked.policy == "SCHED_RR"
        guard (asked.priority ?? 0) == 0 || isRealTime else {
            throw ProcessAttributes.fault(
                "process.scheduler.priority", "belongs to SCHED_FIFO and SCHED_RR, not to \(asked.policy)")
        }
        (runtime, deadline, period) = (asked.runtime ?? 0, asked.deadline ?? 0, asked.period ?? 0)
        guard asked.policy == "SCHED_DEADLINE" || (runtime, deadline, period) == (0, 0, 0) else {
            throw ProcessAttributes.fault(
                "process.scheduler", "has runtime, deadline or period, which belong to SCHED_DEADLINE")
        }
    }
}

extension ProcessAttributes.MemoryPolicy {
    /// By the number of linux/mempolicy.h.
    private static let modes = [
        "MPOL_DEFAULT", "MPOL_PREFERRED", "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_LOCAL", "MPOL_PREFERRED_MANY",
        "MPOL_WEIGHTED_INTERLEAVE",
    ]

    init(_ asked: RuntimeSpec.MemoryPolicy) throws(CFSError) {
        guard let number = Self.modes.firstIndex(of: asked.mode) else {
            throw ProcessAttributes.fault("linux.memoryPolicy.mode", "does not know \"\(asked.mode)\"")
        }
        mode = number
        for flag in asked.flags {
            switch flag {
            case "MPOL_F_STATIC_NODES": mode |= 1 << 15
            case "MPOL_F_RELATIVE_NODES": mode |= 1 << 14
            case "MPOL_F_NUMA_BALANCING": mode |= 1 << 13
            default: throw ProcessAttributes.fault("linux.memoryPolicy.flags", "does not know \"\(flag)\"")
            }
        }
        nodes =
            if let list = asked.nodes, !list.isEmpty {
                try ProcessAttributes.processors(list, field: "linux.memoryPolicy.nodes")
            } else { [] }
    }
}
