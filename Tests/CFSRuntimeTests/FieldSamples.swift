/// For each field that is enforced, two configurations that differ in it alone.
struct FieldSample: Sendable, CustomStringConvertible {
    let path: String
    /// A member of the configuration, and what it is without and with the field; nil for not there.
    let member: String
    let without: String?
    let with: String
    var description: String { path }

    init(_ path: String, at member: String? = nil, _ without: String?, _ with: String) {
        self.path = path
        self.member = member ?? path
        self.without = without
        self.with = with
    }

    static let all: [FieldSample] = [
        general, mountMaps, process, capabilities, limits, scheduler, ioPriority, hooks, linux, memoryPolicy, idMaps,
        clocks, devices, deviceRules, amounts, hugePages, disks, networkDevices, seccomp, rules,
        conditions,
    ].flatMap { $0 }

    private static let general: [FieldSample] = [
        FieldSample("root.path", #""a""#, #""b""#),
        FieldSample("root.readonly", nil, "true"),
        FieldSample("hostname", nil, #""h""#),
        FieldSample("domainname", nil, #""d""#),
        FieldSample("mounts[].destination", at: "mounts", mount(), mount(destination: "/b")),
        FieldSample("mounts[].type", at: "mounts", mount(), mount(type: "proc")),
        FieldSample("mounts[].source", at: "mounts", mount(), mount(source: "b")),
        FieldSample("mounts[].options", at: "mounts", mount(), mount(more: #", "options": ["ro"]"#)),
    ]

    private static let mountMaps: [FieldSample] = maps {
        "[{\"destination\": \"/a\", \"type\": \"bind\", \"source\": \"/b\", \($0)}]"
    }("mounts", "mounts[]")

    private static func mount(
        destination: String = "/a", type: String = "tmpfs", source: String = "a", more: String = ""
    ) -> String {
        "[{\"destination\": \"\(destination)\", \"type\": \"\(type)\", \"source\": \"\(source)\"\(more)}]"
    }

    /// Maps of ids, each number changed once.
    private static func maps(
        _ around: @escaping (String) -> String
    ) -> (_ member: String, _ path: String) -> [FieldSample] {
        func map(_ name: String, _ numbers: [String: Int]) -> String {
            let numbers = ["containerID": 0, "hostID": 1000, "size": 10].merging(numbers) { $1 }
            return "\"\(name)\": [{" + numbers.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}]"
        }
        return { member, path in
            [("uidMappings", "gidMappings"), ("gidMappings", "uidMappings")].flatMap { name, other in
                [("containerID", 1), ("hostID", 1001), ("size", 11)].map { key, number in
                    FieldSample(
                        "\(path).\(name)[].\(key)", at: member, around("\(map(name, [:])), \(map(other, [:]))"),
                        around("\(map(name, [key: number])), \(map(other, [:]))"))
                }
            }
        }
    }

    private static let process: [FieldSample] =
        [
            FieldSample("process.terminal", nil, "true"),
            FieldSample(
                "process.consoleSize.height", at: "process.consoleSize", #"{"height": 1, "width": 1}"#,
                #"{"height": 2, "width": 1}"#),
            FieldSample(
                "process.consoleSize.width", at: "process.consoleSize", #"{"height": 1, "width": 1}"#,
                #"{"height": 1, "width": 2}"#),
            FieldSample("process.cwd", #""/""#, #""/a""#),
            FieldSample("process.env", nil, #"["A=1"]"#),
            FieldSample("process.args", #"["a"]"#, #"["b"]"#),
            FieldSample("process.user.uid", nil, "1"), FieldSample("process.user.gid", nil, "1"),
            FieldSample("process.user.umask", nil, "1"), FieldSample("process.user.additionalGids", nil, "[1]"),
            FieldSample("process.noNewPrivileges", nil, "true"), FieldSample("process.oomScoreAdj", nil, "1"),
            FieldSample("process.apparmorProfile", nil, #""a""#), FieldSample("process.selinuxLabel", nil, #""a""#),
        ]

    private static let capabilities: [FieldSample] =
        ["bounding", "effective", "inheritable", "permitted", "ambient"].map {
            FieldSample("process.capabilities.\($0)", "[]", #"["CAP_KILL"]"#)
        }

    private static let limits: [FieldSample] =
        [("type", limit("CORE", 1, 2)), ("soft", limit("CPU", 2, 2)), ("hard", limit("CPU", 1, 3))].map {
            FieldSample("process.rlimits[].\($0)", at: "process.rlimits", limit("CPU", 1, 2), $1)
        }

    private static let scheduler: [FieldSample] =
        [
            ("policy", "SCHED_OTHER", "SCHED_BATCH", ""), ("nice", "SCHED_OTHER", "SCHED_OTHER", #", "nice": 1"#),
            ("priority", "SCHED_FIFO", "SCHED_FIFO", #", "priority": 1"#),
            ("flags", "SCHED_OTHER", "SCHED_OTHER", #", "flags": ["SCHED_FLAG_RESET_ON_FORK"]"#),
            ("runtime", "SCHED_DEADLINE", "SCHED_DEADLINE", #", "runtime": 1"#),
            ("deadline", "SCHED_DEADLINE", "SCHED_DEADLINE", #", "deadline": 1"#),
            ("period", "SCHED_DEADLINE", "SCHED_DEADLINE", #", "period": 1"#),
        ].map {
            FieldSample(
                "process.scheduler.\($0)", at: "process.scheduler", "{\"policy\": \"\($1)\"}",
                "{\"policy\": \"\($2)\"\($3)}")
        }

    private static let ioPriority: [FieldSample] =
        [
            FieldSample(
                "process.ioPriority.class", at: "process.ioPriority", #"{"class": "IOPRIO_CLASS_BE"}"#,
                #"{"class": "IOPRIO_CLASS_IDLE"}"#),
            FieldSample(
                "process.ioPriority.priority", at: "process.ioPriority", #"{"class": "IOPRIO_CLASS_BE"}"#,
                #"{"class": "IOPRIO_CLASS_BE", "priority": 3}"#),
        ]

    private static func limit(_ name: String, _ soft: Int, _ hard: Int) -> String {
        "[{\"type\": \"RLIMIT_\(name)\", \"soft\": \(soft), \"hard\": \(hard)}]"
    }

    private static let hooks: [FieldSample] = ["createContainer", "startContainer"].flatMap { kind in
        [
            ("path", #"{"path": "/b"}"#), ("args", #"{"path": "/a", "args": ["x"]}"#),
            ("env", #"{"path": "/a", "env": ["A=1"]}"#), ("timeout", #"{"path": "/a", "timeout": 1}"#),
        ].map { FieldSample("hooks.\(kind)[].\($0)", at: "hooks.\(kind)", #"[{"path": "/a"}]"#, "[\($1)]") }
    }

    private static let linux: [FieldSample] =
        [
            FieldSample(
                "linux.namespaces[].type", at: "linux.namespaces", namespaces(), namespaces(#"{"type": "pid"}"#)),
            FieldSample(
                "linux.namespaces[].path", at: "linux.namespaces", namespaces(#"{"type": "pid"}"#),
                namespaces(#"{"type": "pid", "path": "/p"}"#)),
            FieldSample("linux.rootfsPropagation", nil, #""shared""#),
            FieldSample("linux.sysctl", nil, #"{"net.core.somaxconn": "1"}"#),
            FieldSample("linux.maskedPaths", nil, #"["/a"]"#), FieldSample("linux.readonlyPaths", nil, #"["/a"]"#),
            FieldSample("linux.personality.domain", nil, #""LINUX32""#),
            FieldSample("linux.memoryPolicy.mode", nil, #""MPOL_BIND""#),
        ]

    private static let memoryPolicy: [FieldSample] =
        [("nodes", #""nodes": "1""#), ("flags", #""flags": ["MPOL_F_STATIC_NODES"]"#)].map {
            FieldSample(
                "linux.memoryPolicy.\($0)", at: "linux.memoryPolicy", #"{"mode": "MPOL_BIND"}"#,
                "{\"mode\": \"MPOL_BIND\", \($1)}")
        }

    private static let idMaps: [FieldSample] =
        maps { "{\"namespaces\": \(namespaces(#"{"type": "user"}"#)), \($0)}" }("linux", "linux")

    private static let clocks: [FieldSample] =
        ["boottime", "monotonic"].flatMap { clock in
            ["secs", "nanosecs"].map { FieldSample("linux.timeOffsets.\(clock).\($0)", nil, "1") }
        }

    private static let devices: [FieldSample] =
        [
            ("type", device(type: "b")), ("path", device(path: "/b")), ("major", device(major: 2)),
            ("minor", device(minor: 2)), ("fileMode", device(more: #", "fileMode": 1"#)),
            ("uid", device(more: #", "uid": 1"#)), ("gid", device(more: #", "gid": 1"#)),
        ].map { FieldSample("linux.devices[].\($0)", at: "linux.devices", device(), $1) }

    private static func namespaces(_ more: String...) -> String {
        "[" + ([#"{"type": "mount"}"#] + more).joined(separator: ", ") + "]"
    }

    private static func device(
        type: String = "c", path: String = "/a", major: Int = 1, minor: Int = 1, more: String = ""
    ) -> String {
        "[{\"type\": \"\(type)\", \"path\": \"\(path)\", \"major\": \(major), \"minor\": \(minor)\(more)}]"
    }

    private static let deviceRules: [FieldSample] =
        [
            ("allow", #"{"allow": false}"#), ("type", #"{"allow": true, "type": "c"}"#),
            ("major", #"{"allow": true, "major": 1}"#), ("minor", #"{"allow": true, "minor": 1}"#),
            ("access", #"{"allow": true, "access": "r"}"#),
        ].map {
            FieldSample(
                "linux.resources.devices[].\($0)", at: "linux.resources.devices", #"[{"allow": true}]"#, "[\($1)]")
        }

    private static let amounts: [FieldSample] =
        [
            ("memory.limit", nil, "1048576"), ("memory.reservation", nil, "1048576"), ("memory.swap", nil, "-1"),
            ("memory.checkBeforeUpdate", nil, "true"), ("cpu.shares", nil, "2"), ("cpu.quota", nil, "50000"),
            ("cpu.burst", nil, "1"), ("cpu.period", nil, "50000"), ("cpu.cpus", nil, #""0""#),
            ("cpu.mems", nil, #""0""#), ("cpu.idle", nil, "1"), ("pids.limit", "1", "2"),
            ("blockIO.weight", nil, "10"), ("unified", nil, #"{"memory.high": "1"}"#),
            ("rdma.*.hcaHandles", #"{"a": {"hcaHandles": 1}}"#, #"{"a": {"hcaHandles": 2}}"#),
            ("rdma.*.hcaObjects", #"{"a": {"hcaObjects": 1}}"#, #"{"a": {"hcaObjects": 2}}"#),
        ].map { path, without, with in
            FieldSample(
                "linux.resources.\(path)", at: "linux.resources.\(path.prefix { $0 != "*" })", without, with)
        }

    private static let hugePages: [FieldSample] =
        [("pageSize", page(size: "1GB")), ("limit", page(limit: 2))].map {
            FieldSample("linux.resources.hugepageLimits[].\($0)", at: "linux.resources.hugepageLimits", page(), $1)
        }

    private static let disks: [FieldSample] =
        [
            "weightDevice", "throttleReadBpsDevice", "throttleWriteBpsDevice", "throttleReadIOPSDevice",
            "throttleWriteIOPSDevice",
        ].flatMap { list in
            let amount = list == "weightDevice" ? "weight" : "rate"
            return [("major", disk(amount, major: 9)), ("minor", disk(amount, minor: 9)), (amount, disk(amount, 200))]
                .map {
                    FieldSample(
                        "linux.resources.blockIO.\(list)[].\($0)", at: "linux.resources.blockIO.\(list)", disk(amount),
                        $1)
                }
        }

    private static func page(size: String = "2MB", limit: Int = 1) -> String {
        "[{\"pageSize\": \"\(size)\", \"limit\": \(limit)}]"
    }

    private static func disk(_ name: String, _ amount: Int = 100, major: Int = 8, minor: Int = 0) -> String {
        "[{\"major\": \(major), \"minor\": \(minor), \"\(name)\": \(amount)}]"
    }

    private static let networkDevices = [
        FieldSample("linux.netDevices.*.name", at: "linux.netDevices", #"{"eth0": {}}"#, #"{"eth0": {"name": "a"}}"#)
    ]

    private static let seccomp: [FieldSample] =
        [
            ("defaultAction", #"{"defaultAction": "SCMP_ACT_LOG"}"#),
            ("architectures", #"{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86"]}"#),
            ("flags", #"{"defaultAction": "SCMP_ACT_ERRNO", "flags": ["SECCOMP_FILTER_FLAG_LOG"]}"#),
            ("defaultErrnoRet", #"{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 2}"#),
        ].map {
            FieldSample("linux.seccomp.\($0)", at: "linux.seccomp", #"{"defaultAction": "SCMP_ACT_ERRNO"}"#, $1)
        }
        + [
            ("listenerPath", #""listenerPath": "/b", "#),
            ("listenerMetadata", #""listenerPath": "/a", "listenerMetadata": "x", "#),
        ].map {
            FieldSample(
                "linux.seccomp.\($0)", at: "linux.seccomp", listening(#""listenerPath": "/a", "#), listening($1))
        }

    private static func listening(_ members: String) -> String {
        "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \(members)"
            + #""syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}"#
    }

    private static let rules: [FieldSample] =
        [
            ("names", #""names": ["b"], "action": "SCMP_ACT_ERRNO""#),
            ("action", #""names": ["a"], "action": "SCMP_ACT_LOG""#),
            ("errnoRet", #""names": ["a"], "action": "SCMP_ACT_ERRNO", "errnoRet": 2"#),
        ].map {
            FieldSample(
                "linux.seccomp.syscalls[].\($0)", at: "linux.seccomp",
                rule(#""names": ["a"], "action": "SCMP_ACT_ERRNO""#), rule($1))
        }

    private static let conditions: [FieldSample] =
        [
            ("index", #""index": 1, "value": 1, "op": "SCMP_CMP_EQ""#),
            ("value", #""index": 0, "value": 2, "op": "SCMP_CMP_EQ""#),
            ("valueTwo", #""index": 0, "value": 1, "valueTwo": 2, "op": "SCMP_CMP_EQ""#),
            ("op", #""index": 0, "value": 1, "op": "SCMP_CMP_NE""#),
        ].map {
            FieldSample(
                "linux.seccomp.syscalls[].args[].\($0)", at: "linux.seccomp",
                condition(#""index": 0, "value": 1, "op": "SCMP_CMP_EQ""#), condition($1))
        }

    private static func rule(_ members: String) -> String {
        "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\(members)}]}"
    }

    private static func condition(_ members: String) -> String {
        rule("\"names\": [\"a\"], \"action\": \"SCMP_ACT_ERRNO\", \"args\": [{\(members)}]")
    }
}
