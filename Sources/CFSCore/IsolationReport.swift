import CFSLinux
import CFSModel
import CFSNamespaces

/// Compares a configuration with what the kernel says: pure.
struct IsolationReport {
    let spec: RuntimeSpec
    let hasFilter: Bool
    let reading: KernelReading

    var facts: [IsolationFact] { namespaceFacts + processFacts + limitFacts + mountFacts }

    private static let files = [
        ("user", "user"), ("mount", "mnt"), ("pid", "pid"), ("network", "net"), ("ipc", "ipc"), ("uts", "uts"),
        ("cgroup", "cgroup"), ("time", "time"),
    ]

    private var namespaceFacts: [IsolationFact] {
        Self.files.map { kind, file in
            let wanted = spec.linux.namespaces.first { $0.type == kind }
            let asked = wanted.map { $0.path.map { "that of \($0)" } ?? "private" } ?? "host"
            let isHost = reading.namespaces[file] == reading.ownNamespaces[file]
            let actual = isHost ? "host" : reading.namespaces[file] ?? "unknown"
            return fact("\(kind) namespace", asked, actual, wanted == nil || wanted?.path != nil || !isHost)
        }
    }

    private var processFacts: [IsolationFact] {
        var facts: [IsolationFact] = []
        if let range = spec.linux.uidMappings.first {
            let asked = "\(range.containerID) \(range.hostID) \(range.size)"
            facts.append(fact("user ids", asked, reading.uidMap, reading.uidMap == asked))
        }
        let capabilities = spec.process.capabilities
        for (name, field, asked) in [
            ("capabilities", "CapBnd", capabilities?.bounding ?? []),
            ("effective", "CapEff", capabilities?.effective ?? []),
            ("inheritable", "CapInh", capabilities?.inheritable ?? []),
            ("ambient", "CapAmb", capabilities?.ambient ?? []),
        ] {
            let bits = reading.status[Substring(field)].flatMap { UInt64($0, radix: 16) }
            let actual = bits.map { Capability.names(of: $0) }
            // Fewer than asked is fine: an ordinary user has none.
            let holds = actual.map { Set($0).isSubset(of: asked) } ?? false
            facts.append(fact(name, Self.short(asked), actual.map(Self.short) ?? "unknown", holds))
        }
        let privileges = reading.status["NoNewPrivs"] == "1"
        facts.append(
            fact(
                "no_new_privs", spec.process.noNewPrivileges ? "on" : "off", privileges ? "on" : "off",
                privileges || !spec.process.noNewPrivileges))
        let filters = reading.status["Seccomp"] == "2"
        facts.append(fact("seccomp", hasFilter ? "filter" : "none", filters ? "filter" : "none", filters || !hasFilter))
        if let asked = spec.process.oomScoreAdj {
            facts.append(
                fact("oom_score_adj", "\(asked)", reading.oomScoreAdjustment, reading.oomScoreAdjustment == "\(asked)"))
        }
        return facts
    }

    private static func short(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.map { $0.dropFirst("CAP_".count) }.joined(separator: " ")
    }

    // MARK: Limits

    /// As the kernel writes them in `/proc/PID/limits`.
    private static let limitNames = [
        "RLIMIT_CPU": "Max cpu time", "RLIMIT_FSIZE": "Max file size", "RLIMIT_DATA": "Max data size",
        "RLIMIT_STACK": "Max stack size", "RLIMIT_CORE": "Max core file size", "RLIMIT_RSS": "Max resident set",
        "RLIMIT_NPROC": "Max processes", "RLIMIT_NOFILE": "Max open files", "RLIMIT_MEMLOCK": "Max locked memory",
        "RLIMIT_AS": "Max address space", "RLIMIT_LOCKS": "Max file locks", "RLIMIT_SIGPENDING": "Max pending signals",
        "RLIMIT_MSGQUEUE": "Max msgqueue size", "RLIMIT_NICE": "Max nice priority",
        "RLIMIT_RTPRIO": "Max realtime priority", "RLIMIT_RTTIME": "Max realtime timeout",
    ]

    private var limitFacts: [IsolationFact] {
        spec.process.rlimits.map { limit in
            let name = Self.limitNames[limit.type]
            let found = reading.limits.first { $0.name == name }
            let holds = found.map { Self.value($0.soft) <= limit.soft && Self.value($0.hard) <= limit.hard } ?? false
            var asked = "\(Self.text(limit.soft)):\(Self.text(limit.hard))"
            if let found, Self.value(found.soft) < limit.soft || Self.value(found.hard) < limit.hard {
                let host = reading.monitorLimits.first { $0.name == name }.map { Self.value($0.hard) } ?? .max
                // Raising the hard limit needs a right that the monitor may lack; lowering needs none.
                let isHost = host < limit.hard && Self.value(found.hard) == host
                asked += isHost ? " (lowered: the host allows \(host))" : " (lowered by the container itself)"
            }
            return fact(limit.type, asked, found.map { "\($0.soft):\($0.hard)" } ?? "unknown", holds)
        }
    }

    private static func value(_ text: String) -> UInt64 { UInt64(text) ?? .max }
    private static func text(_ value: UInt64) -> String { value == .max ? "unlimited" : "\(value)" }

    // MARK: Mounts

    private var mountFacts: [IsolationFact] {
        var facts: [IsolationFact] = []
        let root = reading.mounts["/"]
        let isReadOnly = root?.options.contains("ro") ?? false
        facts.append(
            fact(
                "root file system", spec.root.readonly ? "read-only" : "writable",
                isReadOnly ? "read-only" : "writable",
                isReadOnly || !spec.root.readonly))
        let words = ["ro", "nosuid", "nodev", "noexec"]
        for mount in spec.mounts {
            let asked = words.filter { mount.options.contains($0) }
            let actual = reading.mounts[mount.destination]
            let holds = actual.map { found in asked.allSatisfy { found.options.contains($0) } } ?? false
            let text = actual.map { found in
                words.filter { found.options.contains($0) }.joined(separator: ",")
            }
            facts.append(fact(mount.destination, asked.joined(separator: ","), text ?? "not mounted", holds))
        }
        facts.append(
            hiding("masked paths", spec.linux.maskedPaths) {
                $0.options.contains("ro") || $0.type == "tmpfs" || $0.type == "devtmpfs"
            })
        facts.append(hiding("read-only paths", spec.linux.readonlyPaths) { $0.options.contains("ro") })
        return facts
    }

    /// Whether something lies over each path. Those that this kernel does not have need none.
    private func hiding(
        _ name: String, _ paths: [String], _ isGood: ((options: [String], type: String)) -> Bool
    ) -> IsolationFact {
        let open = paths.filter { path in
            guard let mount = reading.mounts[path] else { return File.exists(path) }
            return !isGood(mount)
        }
        return fact(
            name, "\(paths.count)", open.isEmpty ? "all that this kernel has" : "open: \(open.joined(separator: " "))",
            open.isEmpty)
    }

    private func fact(_ name: String, _ asked: String, _ actual: String, _ holds: Bool) -> IsolationFact {
        IsolationFact(name: name, asked: asked, actual: actual, holds: holds)
    }
}
