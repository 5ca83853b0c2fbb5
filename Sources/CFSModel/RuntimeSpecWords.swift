extension RuntimeSpec {
    /// What runtime-spec 1.3.0 allows where a member is one of some words (defs-linux.json, config-schema.json).
    package enum Words {
        package static let namespaces = ["mount", "pid", "network", "uts", "ipc", "user", "cgroup", "time"]
        package static let devices = ["c", "b", "u", "p"]
        package static let clocks = ["monotonic", "boottime"]
        /// Those with an `r` are not in the schema, but callers write them and runc takes them.
        package static let propagations = [
            "private", "shared", "slave", "unbindable", "rprivate", "rshared", "rslave", "runbindable",
        ]
        package static let domains = ["LINUX", "LINUX32"]
        package static let memoryModes = [
            "MPOL_DEFAULT", "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE", "MPOL_PREFERRED",
            "MPOL_PREFERRED_MANY", "MPOL_LOCAL",
        ]
        package static let memoryFlags = ["MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES"]
        package static let schedulers = [
            "SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "SCHED_ISO", "SCHED_IDLE", "SCHED_DEADLINE",
        ]
        package static let schedulerFlags = [
            "SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN", "SCHED_FLAG_KEEP_POLICY",
            "SCHED_FLAG_KEEP_PARAMS", "SCHED_FLAG_UTIL_CLAMP_MIN", "SCHED_FLAG_UTIL_CLAMP_MAX",
        ]
        package static let ioClasses = ["IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"]
        package static let seccompActions = [
            "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO",
            "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY",
        ]
        package static let seccompOperators = [
            "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT",
            "SCMP_CMP_MASKED_EQ",
        ]
        package static let seccompArchitectures = [
            "SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_ARM", "SCMP_ARCH_AARCH64",
            "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32",
            "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64",
            "SCMP_ARCH_PPC64LE", "SCMP_ARCH_S390", "SCMP_ARCH_S390X", "SCMP_ARCH_SH", "SCMP_ARCH_SHEB",
            "SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64",
        ]
        package static let seccompFlags = [
            "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
            "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
        ]

        /// `^CAP_[A-Z_]+$`.
        static func isCapability(_ text: String) -> Bool {
            text.hasPrefix("CAP_") && text.utf8.count > 4
                && text.utf8.allSatisfy { (0x41...0x5a).contains($0) || $0 == 0x5f }
        }

        /// `^RLIMIT_[A-Z]+$`.
        static func isRlimit(_ text: String) -> Bool {
            text.hasPrefix("RLIMIT_") && text.utf8.count > 7
                && text.utf8.dropFirst(7).allSatisfy { (0x41...0x5a).contains($0) }
        }

        /// `^[1-9][0-9]*[KMG]B$`.
        static func isPageSize(_ text: String) -> Bool {
            let bytes = Array(text.utf8)
            guard bytes.count >= 3, bytes[bytes.count - 1] == 0x42, bytes[0] != 0x30 else { return false }
            return [0x4b, 0x4d, 0x47].contains(bytes[bytes.count - 2])
                && bytes.dropLast(2).allSatisfy { (0x30...0x39).contains($0) }
        }

        /// `^[0-9, -]*$`.
        static func isCPUList(_ text: String) -> Bool {
            text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2c || $0 == 0x20 || $0 == 0x2d }
        }

        static func isAbsolute(_ path: String) -> Bool { path.utf8.first == 0x2f }
    }
}
