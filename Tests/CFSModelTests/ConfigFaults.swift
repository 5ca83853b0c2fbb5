import Testing

/// What a configuration may and may not say at a place.
enum ConfigFaults {
    struct Fault: Sendable, CustomTestStringConvertible {
        let path: String
        let good: [String]
        let bad: [String]
        /// What the message begins with.
        let name: String
        /// - Parameter name: what follows `path` in it.
        init(_ path: String, good: [String], bad: [String], _ name: String = "") {
            self.path = path
            self.good = good
            self.bad = bad
            self.name = path + name
        }
        var testDescription: String { name }
    }

    private static func quoted(_ words: [String]) -> [String] { words.map { "\"\($0)\"" } }

    private static func mapping(_ text: String) -> String { #"[{"containerID": 0, "hostID": 0, "size": \#(text)}]"# }

    static let values: [Fault] = general + process + linux

    private static let general: [Fault] = [
        Fault(
            "ociVersion",
            good: quoted(["1.0.0", "1.3.0", "1.0.2-dev", "0.5.0-dev", "1.2.3-rc.1+b.01", "1.0.0+x", "1.0.0-a-b"]),
            bad: quoted([
                "", "1", "1.3", "1.3.0.0", "v1.3.0", "2.0.0", "1.03.0", "1.3.x", "1.3.0-", "1.3.0-a..b", "1.3.0-01",
                "1.3.0+", "1.3.0-ü", " 1.3.0", "1.3.-1", "99999999999999999999.0.0",
            ])),
        Fault("annotations", good: [#"{"a": ""}"#], bad: [#"{"": "a"}"#]),
        Fault(
            "hooks.prestart", good: [#"[{"path": "/a"}]"#], bad: [#"[{"path": "a"}]"#, #"[{"path": ""}]"#], "[0].path"),
        Fault(
            "hooks.poststop", good: [#"[{"path": "/a", "timeout": 1}]"#],
            bad: [
                #"[{"path": "/a", "timeout": 0}]"#, #"[{"path": "/a", "timeout": -1}]"#,
                #"[{"path": "/a", "timeout": 1.5}]"#,
            ], "[0].timeout"),
        Fault(
            "mounts", good: [#"[{"destination": "/a", "uidMappings": \#(mapping("1"))}]"#],
            bad: [#"[{"destination": "/a", "uidMappings": \#(mapping("4294967296"))}]"#], "[0].uidMappings[0].size"),
        Fault(
            "freebsd.jail.ip4", good: quoted(["disable", "new", "inherit"]), bad: quoted(["none"])),
        Fault("freebsd.jail.host", good: quoted(["new", "inherit"]), bad: quoted(["disable"])),
    ]

    private static let process: [Fault] = [
        Fault("process.cwd", good: quoted(["/a"]), bad: quoted(["", "a", "./a"])),
        Fault("process.user.uid", good: ["0", "4294967295"], bad: ["-1", "4294967296", "1.5"]),
        Fault("process.user.umask", good: ["18"], bad: ["-1"]),
        Fault("process.user.additionalGids", good: ["[0]"], bad: ["[-1]", "[4294967296]"]),
        Fault(
            "process.capabilities.bounding", good: [#"["CAP_SYS_ADMIN"]"#, "[]"],
            bad: [#"["KILL"]"#, #"["cap_kill"]"#, #"["CAP_"]"#, #"["CAP_KILL "]"#, #"["CAP_9"]"#], "[0]"),
        Fault("process.capabilities.ambient", good: ["[]"], bad: [#"["CAP_KILL", "x"]"#], "[1]"),
        Fault(
            "process.rlimits", good: [#"[{"type": "RLIMIT_CPU", "soft": 0, "hard": 18446744073709551615}]"#],
            bad: ["CPU", "RLIMIT_", "RLIMIT_cpu", "RLIMIT_CPU1"].map { #"[{"type": "\#($0)", "soft": 0, "hard": 0}]"# },
            "[0].type"),
        Fault(
            "process.rlimits",
            good: [
                #"[{"type": "RLIMIT_CPU", "soft": 0, "hard": 0}, {"type": "RLIMIT_AS", "soft": 0, "hard": 0}]"#
            ],
            bad: [
                #"[{"type": "RLIMIT_CPU", "soft": 0, "hard": 0}, {"type": "RLIMIT_CPU", "soft": 1, "hard": 1}]"#
            ], "[1].type"),
        Fault(
            "process.rlimits", good: [], bad: [#"[{"type": "RLIMIT_CPU", "soft": -1, "hard": 0}]"#], "[0].soft"),
        Fault(
            "process.scheduler", good: [#"{"policy": "SCHED_ISO"}"#], bad: [#"{"policy": "SCHED_FAIR"}"#], ".policy"),
        Fault(
            "process.scheduler", good: [#"{"policy": "SCHED_RR", "flags": ["SCHED_FLAG_KEEP_PARAMS"]}"#],
            bad: [#"{"policy": "SCHED_RR", "flags": ["SCHED_FLAG_X"]}"#], ".flags[0]"),
        Fault(
            "process.scheduler", good: [#"{"policy": "SCHED_RR", "nice": -2147483648}"#],
            bad: [#"{"policy": "SCHED_RR", "nice": -2147483649}"#], ".nice"),
        Fault(
            "process.scheduler", good: [#"{"policy": "SCHED_RR", "runtime": 0}"#],
            bad: [#"{"policy": "SCHED_RR", "runtime": -1}"#], ".runtime"),
        Fault(
            "process.ioPriority", good: [#"{"class": "IOPRIO_CLASS_IDLE"}"#], bad: [#"{"class": "IOPRIO_CLASS_NONE"}"#],
            ".class"),
        Fault("process.execCPUAffinity.initial", good: quoted(["", "0-3, 7"]), bad: quoted(["all", "0;1"])),
        Fault("process.execCPUAffinity.final", good: quoted(["1"]), bad: quoted(["0x1"])),
    ]

    private static let linux: [Fault] = [
        Fault(
            "linux.namespaces", good: [#"[{"type": "time"}, {"type": "network", "path": "/a"}]"#],
            bad: [#"[{"type": "net"}]"#, #"[{"type": ""}]"#], "[0].type"),
        Fault("linux.namespaces", good: [], bad: [#"[{"type": "pid"}, {"type": "pid", "path": "/a"}]"#], "[1].type"),
        Fault("linux.namespaces", good: [], bad: [#"[{"type": "pid", "path": "a"}]"#], "[0].path"),
        Fault(
            "linux.uidMappings", good: [mapping("4294967295")], bad: [mapping("-1"), mapping("4294967296")], "[0].size"),
        Fault("linux.gidMappings", good: [mapping("1")], bad: [mapping("-1")], "[0].size"),
        Fault(
            "linux.devices",
            good: ["b", "c", "u", "p"].map { #"[{"type": "\#($0)", "path": "/dev/a", "major": 1, "minor": 0}]"# },
            bad: ["a", "cb", ""].map { #"[{"type": "\#($0)", "path": "/dev/a", "major": 1, "minor": 0}]"# }, "[0].type"),
        Fault(
            "linux.devices", good: [],
            bad: [#"[{"type": "c", "path": "/dev/a", "major": 1, "minor": 0, "uid": -1}]"#], "[0].uid"),
        Fault(
            "linux.timeOffsets", good: [#"{"boottime": {"secs": -1, "nanosecs": 1}, "monotonic": {}}"#],
            bad: [#"{"realtime": {"secs": 1}}"#], ".realtime"),
        Fault(
            "linux.timeOffsets.boottime.nanosecs", good: ["999999999"], bad: ["-1", "4294967296"]),
        Fault(
            "linux.rootfsPropagation",
            good: quoted(["private", "shared", "slave", "unbindable", "rprivate", "rshared", "rslave", "runbindable"]),
            bad: quoted(["", "public", "rrslave"])),
        Fault("linux.personality.domain", good: quoted(["LINUX", "LINUX32"]), bad: quoted(["BSD", "linux"])),
        Fault("linux.memoryPolicy.mode", good: quoted(["MPOL_LOCAL"]), bad: quoted(["MPOL_RANDOM"])),
        Fault(
            "linux.memoryPolicy", good: [#"{"mode": "MPOL_BIND", "flags": ["MPOL_F_NUMA_BALANCING"]}"#],
            bad: [#"{"mode": "MPOL_BIND", "flags": ["MPOL_F_X"]}"#], ".flags[0]"),
        Fault("linux.intelRdt.memBwSchema", good: quoted(["MB:0=10"]), bad: quoted(["L3:0=f", "MB:0=10\\nMB:1=10"])),
        Fault(
            "linux.resources.hugepageLimits",
            good: ["1KB", "64KB", "2MB", "10GB"].map { #"[{"pageSize": "\#($0)", "limit": 0}]"# },
            bad: ["64kB", "0MB", "MB", "2M", "2TB", "2MB ", "-2MB", "", "B"].map {
                #"[{"pageSize": "\#($0)", "limit": 0}]"#
            }, "[0].pageSize"),
        Fault(
            "linux.resources.hugepageLimits", good: [], bad: [#"[{"pageSize": "2MB", "limit": -1}]"#], "[0].limit"),
        Fault("linux.resources.cpu.shares", good: ["2"], bad: ["-1"]),
        Fault("linux.resources.blockIO.weight", good: ["65535"], bad: ["-1", "65536"]),
    ]

    /// Of every kind of member: those that are read the same way are tested once.
    private static let wrongTypes: [(String, String)] = [
        ("ociVersion", "1"), ("root", "[]"), ("root.path", "1"), ("root.readonly", "1"), ("process", "[]"),
        ("process.terminal", "\"true\""), ("process.args", "\"a\""), ("process.env", "[1]"), ("process.user", "1"),
        ("process.oomScoreAdj", "\"1\""), ("process.noNewPrivileges", "0"), ("process.apparmorProfile", "1"),
        ("process.selinuxLabel", "[]"), ("process.scheduler", "\"\""), ("process.ioPriority", "1"),
        ("process.execCPUAffinity", "\"0\""), ("process.capabilities", "[]"), ("process.rlimits", "{}"),
        ("process.consoleSize", "[]"), ("hostname", "1"), ("domainname", "{}"), ("mounts", "{}"), ("hooks", "[]"),
        ("hooks.poststart", "{}"), ("annotations", "[]"), ("annotations", #"{"a": 1}"#), ("linux", "[]"),
        ("linux.namespaces", "{}"), ("linux.devices", "{}"), ("linux.netDevices", "[]"),
        ("linux.netDevices.eth0", "\"eth1\""), ("linux.timeOffsets", "[]"), ("linux.cgroupsPath", "1"),
        ("linux.resources", "[]"), ("linux.resources.memory.limit", "\"1g\""), ("linux.sysctl", #"{"a": 1}"#),
        ("linux.seccomp", "[]"), ("linux.rootfsPropagation", "1"), ("linux.maskedPaths", "\"/a\""),
        ("linux.readonlyPaths", "[1]"), ("linux.mountLabel", "1"), ("linux.personality", "\"LINUX\""),
        ("linux.intelRdt", "[]"), ("linux.intelRdt.closID", "1"), ("linux.intelRdt.schemata", "\"\""),
        ("linux.intelRdt.l3CacheSchema", "1"), ("linux.intelRdt.enableMonitoring", "1"),
        ("linux.memoryPolicy", "[]"), ("linux.memoryPolicy.mode", "1"), ("freebsd", "[]"), ("freebsd.jail", "1"),
    ]

    static let types: [Fault] = wrongTypes.map { Fault($0.0, good: [], bad: [$0.1]) }

    static let needs: [Fault] = [
        Fault("ociVersion", good: [], bad: ["null"]),
        Fault("root", good: [], bad: ["null"]),
        Fault("root", good: [], bad: ["{}"], ".path"),
        Fault("process", good: ["null"], bad: [#"{"args": ["a"]}"#], ".cwd"),
        Fault("process.consoleSize", good: [], bad: [#"{"width": 1}"#], ".height"),
        Fault("process.consoleSize", good: [], bad: [#"{"height": 1}"#], ".width"),
        Fault("process.rlimits", good: [], bad: [#"[{"soft": 1, "hard": 1}]"#], "[0].type"),
        Fault("process.rlimits", good: [], bad: [#"[{"type": "RLIMIT_CPU", "hard": 1}]"#], "[0].soft"),
        Fault("process.rlimits", good: [], bad: [#"[{"type": "RLIMIT_CPU", "soft": 1}]"#], "[0].hard"),
        Fault("process.scheduler", good: [], bad: ["{}"], ".policy"),
        Fault("process.ioPriority", good: [], bad: [#"{"priority": 1}"#], ".class"),
        Fault("mounts", good: [], bad: [#"[{"destination": "/a"}, {"source": "/a"}]"#], "[1].destination"),
        Fault("hooks.createRuntime", good: [], bad: [#"[{"args": ["a"]}]"#], "[0].path"),
        Fault("linux.namespaces", good: [], bad: ["[{}]"], "[0].type"),
        Fault("linux.uidMappings", good: [], bad: [#"[{"hostID": 0, "size": 1}]"#], "[0].containerID"),
        Fault("linux.uidMappings", good: [], bad: [#"[{"containerID": 0, "size": 1}]"#], "[0].hostID"),
        Fault("linux.gidMappings", good: [], bad: [#"[{"containerID": 0, "hostID": 1}]"#], "[0].size"),
        Fault("linux.devices", good: [#"[{"type": "p", "path": "/dev/a"}]"#], bad: [#"[{"path": "/a"}]"#], "[0].type"),
        Fault("linux.devices", good: [], bad: [#"[{"type": "p"}]"#], "[0].path"),
        Fault("linux.devices", good: [], bad: [#"[{"type": "c", "path": "/dev/a", "minor": 1}]"#], "[0].major"),
        Fault("linux.devices", good: [], bad: [#"[{"type": "u", "path": "/dev/a", "major": 1}]"#], "[0].minor"),
        Fault("linux.personality", good: [], bad: ["{}"], ".domain"),
        Fault("linux.memoryPolicy", good: [], bad: ["{}"], ".mode"),
        Fault("linux.resources.pids", good: [], bad: ["{}"], ".limit"),
        Fault("linux.resources.hugepageLimits", good: [], bad: [#"[{"limit": 1}]"#], "[0].pageSize"),
    ]
}
