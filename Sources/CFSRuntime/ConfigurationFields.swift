extension ConfigurationField {
    /// Every property, in the order of config.md and config-linux.md. Those that only hold others are told by these.
    static let all = general + process + hooks + linux + resources + seccomp + others

    /// The kinds of `hooks`, in the order in which they run.
    static let hookKinds = [
        "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
    ]

    private static let general: [ConfigurationField] =
        [
            .enforced("ociVersion", "a semantic version"),
            .enforced("root.path", "a folder that is there, from the bundle or absolute"),
            .enforced("root.readonly"),
            .enforced("hostname", "in a uts namespace that is not the host's, else refused"),
            .enforced("domainname", "likewise"),
            .enforced("annotations", "told in the state; none steers the runtime"),
            .enforced("mounts[].destination", "from the root when it is relative"),
            .enforced("mounts[].type", "any that the kernel knows; means nothing for a bind mount"),
            .enforced("mounts[].source", "from the bundle when it is relative and the mount a bind mount"),
            .enforced("mounts[].options", "what neither the runtime nor the file system knows is refused"),
        ]
        + idMaps("mounts[]", "of a bind mount; both or none")

    private static let process: [ConfigurationField] = [
        .enforced("process.terminal"),
        .enforced("process.consoleSize.height", "at most 65535; without a terminal it means nothing"),
        .enforced("process.consoleSize.width", "likewise"),
        .enforced("process.cwd", "absolute, and inside of the root"),
        .enforced("process.env"),
        .enforced("process.args"),
        .foreign("process.commandLine", "of Windows"),
        .enforced("process.user.uid"),
        .enforced("process.user.gid"),
        .enforced("process.user.umask", "022 by default"),
        .enforced("process.user.additionalGids"),
        .foreign("process.user.username", "of Windows"),
        .enforced("process.capabilities.bounding", "one that cannot be granted is a warning"),
        .enforced("process.capabilities.effective", "likewise"),
        .enforced("process.capabilities.inheritable", "likewise"),
        .enforced("process.capabilities.permitted", "likewise"),
        .enforced("process.capabilities.ambient", "likewise"),
        .enforced("process.rlimits[].type", "those of getrlimit(2), each once"),
        .enforced("process.rlimits[].soft"),
        .enforced("process.rlimits[].hard"),
        .enforced("process.noNewPrivileges"),
        .enforced("process.oomScoreAdj"),
        .enforced("process.apparmorProfile", "where the kernel runs AppArmor, else refused"),
        .enforced("process.selinuxLabel", "where the kernel runs SELinux, else refused"),
        .enforced("process.scheduler.policy"),
        .enforced("process.scheduler.nice"),
        .enforced("process.scheduler.priority"),
        .enforced("process.scheduler.flags"),
        .enforced("process.scheduler.runtime"),
        .enforced("process.scheduler.deadline"),
        .enforced("process.scheduler.period"),
        .enforced("process.ioPriority.class"),
        .enforced("process.ioPriority.priority"),
        .enforced("process.execCPUAffinity.initial", "of `exec`, which it is for"),
        .enforced("process.execCPUAffinity.final", "likewise"),
    ]

    private static let hooks: [ConfigurationField] = hookKinds.flatMap { kind in
        ["path", "args", "env", "timeout"].map { .enforced("hooks.\(kind)[].\($0)") }
    }

    private static let linux: [ConfigurationField] =
        [
            .enforced("linux.namespaces[].type", "each once; a new mount namespace is needed"),
            .enforced("linux.namespaces[].path", "not of a mount namespace"),
        ]
        + idMaps("linux", "with a user namespace, else refused")
        + ["boottime", "monotonic"].flatMap { clock in
            ["secs", "nanosecs"].map { .enforced("linux.timeOffsets.\(clock).\($0)", "in a new time namespace") }
        }
        + ["type", "path", "major", "minor", "fileMode", "uid", "gid"].map {
            .enforced("linux.devices[].\($0)", devices[$0] ?? "")
        }
        + [
            .enforced(
                "linux.netDevices.*.name",
                "into a network namespace that is not the host's; with `%d` the first number that is free"),
            .enforced(
                "linux.cgroupsPath",
                "below the mount point, or the runtime's folder when it is relative; with `--systemd-cgroup` a scope of systemd"
            ),
            .enforced("linux.rootfsPropagation", "also with an `r` in front, as callers write it"),
            .enforced("linux.sysctl", "of namespaces that are not the host's, others are refused"),
            .enforced("linux.maskedPaths"),
            .enforced("linux.readonlyPaths"),
            .refused("linux.mountLabel", #""system_u:object_r:container_file_t:s0""#),
            .refused("linux.intelRdt", #"{"closID": "group"}"#),
            .enforced("linux.memoryPolicy.mode"),
            .enforced("linux.memoryPolicy.nodes"),
            .enforced("linux.memoryPolicy.flags"),
            .enforced("linux.personality.domain"),
            .refused("linux.personality.flags", #"{"domain": "LINUX", "flags": ["X"]}"#, at: "linux.personality"),
        ]

    private static let devices = [
        "path": "not made where the host's own `/dev` is mounted: that is taken as it is",
        "fileMode": "0666 by default",
    ]

    private static func idMaps(_ place: String, _ note: String) -> [ConfigurationField] {
        ["uidMappings", "gidMappings"].flatMap { map in
            ["containerID", "hostID", "size"].map { .enforced("\(place).\(map)[].\($0)", note) }
        }
    }

    private static let resources: [ConfigurationField] =
        ["allow", "type", "major", "minor", "access"].map { .enforced("linux.resources.devices[].\($0)") }
        + [
            .enforced("linux.resources.memory.limit", "`memory.max`"),
            .enforced("linux.resources.memory.reservation", "`memory.low`"),
            .enforced("linux.resources.memory.swap", "`memory.swap.max`, less the limit of memory"),
            .refused("linux.resources.memory.kernel", "1048576"),
            .refused("linux.resources.memory.kernelTCP", "1048576"),
            .refused("linux.resources.memory.swappiness", "60"),
            .refused("linux.resources.memory.disableOOMKiller", "true"),
            .refused("linux.resources.memory.useHierarchy", "false"),
            .enforced("linux.resources.memory.checkBeforeUpdate"),
            .enforced("linux.resources.cpu.shares", "`cpu.weight`"),
            .enforced("linux.resources.cpu.quota", "`cpu.max`"),
            .enforced("linux.resources.cpu.burst", "`cpu.max.burst`"),
            .enforced("linux.resources.cpu.period", "`cpu.max`"),
            .refused("linux.resources.cpu.realtimeRuntime", "950000"),
            .refused("linux.resources.cpu.realtimePeriod", "1000000"),
            .enforced("linux.resources.cpu.cpus", "`cpuset.cpus`"),
            .enforced("linux.resources.cpu.mems", "`cpuset.mems`"),
            .enforced("linux.resources.cpu.idle", "`cpu.idle`"),
            .enforced("linux.resources.pids.limit", "`pids.max`; 0 means no limit, as callers write it"),
            .enforced("linux.resources.blockIO.weight", "`io.weight` or `io.bfq.weight`"),
            .refused("linux.resources.blockIO.leafWeight", "300"),
            .enforced("linux.resources.blockIO.weightDevice[].major"),
            .enforced("linux.resources.blockIO.weightDevice[].minor"),
            .enforced("linux.resources.blockIO.weightDevice[].weight"),
            .refused(
                "linux.resources.blockIO.weightDevice[].leafWeight", #"[{"major": 8, "minor": 0, "leafWeight": 300}]"#,
                at: "linux.resources.blockIO.weightDevice"),
        ]
        + ["ReadBps", "WriteBps", "ReadIOPS", "WriteIOPS"].flatMap { kind in
            ["major", "minor", "rate"].map {
                .enforced("linux.resources.blockIO.throttle\(kind)Device[].\($0)", "`io.max`")
            }
        }
        + [
            .enforced("linux.resources.hugepageLimits[].pageSize", "`hugetlb.SIZE.max` and `.rsvd.max`"),
            .enforced("linux.resources.hugepageLimits[].limit"),
            .refused("linux.resources.network.classID", "1048577"),
            .refused("linux.resources.network.priorities", #"[{"name": "eth0", "priority": 500}]"#),
            .enforced("linux.resources.rdma.*.hcaHandles", "`rdma.max`"),
            .enforced("linux.resources.rdma.*.hcaObjects", "`rdma.max`"),
            .enforced("linux.resources.unified", "as it stands, last"),
        ]

    private static let seccomp: [ConfigurationField] = [
        .enforced("linux.seccomp.defaultAction", "`SCMP_ACT_NOTIFY` is refused: it is for rules"),
        .enforced("linux.seccomp.defaultErrnoRet", "an error with an action that has no use for it"),
        .enforced("linux.seccomp.architectures"),
        .enforced(
            "linux.seccomp.flags", "`SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV` means nothing without `SCMP_ACT_NOTIFY`"),
        .enforced("linux.seccomp.listenerPath", "absolute; ignored where no rule says `SCMP_ACT_NOTIFY`"),
        .enforced("linux.seccomp.listenerMetadata", "with `listenerPath`, else refused"),
        .enforced("linux.seccomp.syscalls[].names", "names that this machine does not know are passed over"),
        .enforced(
            "linux.seccomp.syscalls[].action", "with `SCMP_ACT_NOTIFY` `sendmsg` must be allowed, always"),
        .enforced("linux.seccomp.syscalls[].errnoRet", "an error with an action that has no use for it"),
        .enforced("linux.seccomp.syscalls[].args[].index"),
        .enforced("linux.seccomp.syscalls[].args[].value"),
        .enforced("linux.seccomp.syscalls[].args[].valueTwo"),
        .enforced("linux.seccomp.syscalls[].args[].op"),
    ]

    private static let others: [ConfigurationField] = ["solaris", "windows", "vm", "zos", "freebsd"].map {
        .foreign($0, "ignored")
    }
}
