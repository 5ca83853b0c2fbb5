import EngineSupport
import Glibc
import TestSupport
import Testing

/// Sentences of runtime-spec 1.3.0 with a MUST; docs/spec-conformance.md says which test shows which.
@Suite("The OCI runtime: what the specification demands of a configuration", .needsHost)
struct OCIRuntimeConformanceTests {
    private func shell(_ script: String, _ bundle: RuntimeBundle) -> CommandResult {
        bundle["process", "args"] = ["sh", "-c", script]
        return bundle.run("run", "a")
    }

    private func refusal(_ bundle: RuntimeBundle) -> String {
        let result = bundle.run("run", "a")
        #expect(result.status == 1, "\(result)")
        #expect(bundle.run("list", "-q").output == "")
        return result.errors
    }

    private static func namespaces(of bundle: RuntimeBundle, but names: String...) -> [[String: Any]] {
        (bundle["linux", "namespaces"] as? [[String: Any]] ?? []).filter {
            !names.contains($0["type"] as? String ?? "")
        }
    }

    // MARK: The document

    @Test("versions of the specification that are taken, and not taken")
    func versions() throws {
        let bundle = RuntimeBundle()
        let features = try JSONValue(parsing: bundle.run("features").bytes)
        let bounds = try [#require(features["ociVersionMin"].text), #require(features["ociVersionMax"].text)]
        for version in bounds + ["1.0.2-dev", "1.9.0"] {
            bundle["ociVersion"] = version
            #expect(bundle.create("a").status == 0, "\(version): \(bundle.output)")
            #expect(bundle.state("a")["ociVersion"].text == version)
            bundle.run("delete", "--force", "a")
        }
        for version in ["", "1", "1.0", "v1.0.0", "2.0.0"] {
            bundle["ociVersion"] = version
            #expect(refusal(bundle).contains("ociVersion"), "\(version)")
        }
        bundle["ociVersion"] = nil
        #expect(refusal(bundle).contains("ociVersion"))
    }

    @Test("a bundle without a configuration, a root or the root's folder is refused")
    func bundle() {
        let bundle = RuntimeBundle()
        let empty = bundle.run("create", "--bundle", bundle.folder.makeFolder("empty"), "a")
        #expect(empty.status == 1 && empty.errors.contains("config.json not found"), "\(empty.errors)")
        bundle["root", "path"] = "absent"
        #expect(refusal(bundle).contains("root.path"))
        bundle["root", "path"] = "config.json"
        #expect(refusal(bundle).contains("root.path"))
        bundle["root"] = nil
        #expect(refusal(bundle).contains("root"))
        #expect(bundle.run("list", "-q").output == "")
    }

    @Test("a root that is read-only cannot be written, and one that is not can; the path may be absolute")
    func root() {
        let bundle = RuntimeBundle()
        bundle["root", "readonly"] = true
        bundle["root", "path"] = bundle.rootfs
        #expect(shell("touch /a", bundle).errors.contains("Read-only"))
        bundle["root", "readonly"] = nil
        #expect(shell("touch /a && echo written", bundle).output == "written\n")
    }

    @Test("mounts lie over one another in the order in which they are listed")
    func mountOrder() {
        let bundle = RuntimeBundle()
        for name in ["first", "second"] {
            _ = bundle.folder.makeFolder(name)
            _ = bundle.folder.write(name, to: "\(name)/file")
        }
        let mounts = bundle["mounts"] as? [[String: Any]] ?? []
        let both = ["first", "second"].map { name -> [String: Any] in
            ["destination": "/tmp", "source": bundle.folder(name), "options": ["bind"]]
        }
        bundle["mounts"] = mounts + both
        #expect(shell("cat /tmp/file", bundle).output == "second")
        bundle["mounts"] = mounts + both.reversed()
        #expect(shell("cat /tmp/file", bundle).output == "first")
    }

    @Test("an unknown option of a mount is an error that names it")
    func mountOption() {
        let bundle = RuntimeBundle()
        let mounts = bundle["mounts"] as? [[String: Any]] ?? []
        let wrong: [String: Any] = ["destination": "/tmp", "source": "/tmp", "options": ["bind", "no-such-option"]]
        bundle["mounts"] = mounts + [wrong]
        #expect(refusal(bundle).contains("no-such-option"))
    }

    // MARK: The process

    @Test("a limit that is not known, or named twice, is an error; a right one holds")
    func rlimits() {
        let bundle = RuntimeBundle()
        let limit: [String: Any] = ["type": "RLIMIT_CORE", "soft": 11, "hard": 22]
        bundle["process", "rlimits"] = [limit, limit]
        #expect(refusal(bundle).contains("process.rlimits[1].type repeats RLIMIT_CORE"))
        bundle["process", "rlimits"] = [["type": "RLIMIT_NOSUCH", "soft": 1, "hard": 1]]
        #expect(refusal(bundle).contains("RLIMIT_NOSUCH"))
        bundle["process", "rlimits"] = [limit]
        #expect(shell("grep core /proc/self/limits | tr -s ' ' | cut -d' ' -f5,6", bundle).output == "11 22\n")
    }

    @Test("the score of the OOM killer is set when it is asked for, and left alone when not")
    func oomScore() {
        let bundle = RuntimeBundle()
        let script = "cat /proc/self/oom_score_adj"
        let caller = textOfFile("/proc/self/oom_score_adj")
        #expect(shell(script, bundle).output == caller)
        bundle["process", "oomScoreAdj"] = 777
        #expect(shell(script, bundle).output == "777\n")
    }

    @Test("the size of a console means nothing without a terminal")
    func consoleSize() {
        let bundle = RuntimeBundle()
        bundle["process", "consoleSize"] = ["height": 11, "width": 22]
        #expect(shell("[ -t 0 ] || echo none", bundle).output == "none\n")
    }

    @Test("noNewPrivileges is as the configuration says")
    func noNewPrivileges() {
        let bundle = RuntimeBundle()
        for value in [true, false] {
            bundle["process", "noNewPrivileges"] = value
            let result = shell("grep NoNewPrivs /proc/self/status | cut -f2", bundle)
            #expect(result.output == (value ? "1\n" : "0\n"))
        }
    }

    @Test("a further process runs on the processors of execCPUAffinity")
    func affinity() {
        let bundle = RuntimeBundle(["sleep", "1000"])
        bundle["process", "execCPUAffinity"] = ["initial": "0", "final": "0"]
        #expect(bundle.create("a").status == 0, "\(bundle.output)")
        bundle.run("start", "a")
        let script = "grep Cpus_allowed_list /proc/self/status | cut -f2"
        #expect(bundle.run("exec", "a", "sh", "-c", script).output == "0\n")
        let all = bundle.run("exec", "a", "sh", "-c", "grep Cpus_allowed_list /proc/1/status | cut -f2").output
        #expect(all != "", "the first process has its caller's")
    }

    @Test("with a terminal /dev/console is its inner side, without one there is none")
    func console() {
        let bundle = RuntimeBundle(["stat", "-c", "%t:%T", "/dev/console", "/dev/pts/0"])
        #expect(bundle.run("run", "a").output == "")
        bundle["process", "terminal"] = true
        let terminal = Terminal()
        let command = bundle.start(["run", "a"], terminal: terminal)
        #expect(terminal.waitFor("88:0\r\n88:0\r\n"), "\(terminal.screen)")
        #expect(command.finish().status == 0)
    }

    // MARK: Namespaces

    @Test("a namespace that is not named is the runtime's, one without a path is new")
    func namespaces() throws {
        let bundle = RuntimeBundle()
        let kinds = ["uts", "ipc", "network", "cgroup", "time", "pid"]
        let names = ["network": "net"]
        let script = "for n in uts ipc net cgroup time pid; do readlink /proc/self/ns/$n; done"
        let ours = kinds.map { textOfLink("/proc/self/ns/\(names[$0] ?? $0)") ?? "" }
        bundle["hostname"] = nil
        bundle["linux", "namespaces"] = [["type": "mount"]]
        bundle["linux", "readonlyPaths"] = nil
        let shared = shell(script, bundle)
        #expect(shared.lines == ours, "\(shared)")
        bundle["linux", "namespaces"] = (kinds + ["mount"]).map { ["type": $0] }
        let own = shell(script, bundle)
        #expect(own.lines.count == kinds.count && Set(own.lines).isDisjoint(with: ours), "\(own)")
    }

    @Test("a namespace by path is that one; one of another kind, no namespace, or one that is not absolute is refused")
    func namespacePaths() throws {
        let holder = RuntimeBundle(["sleep", "1000"])
        holder.create("a")
        let pid = Int(try #require(holder.state("a")["pid"].number))
        let bundle = RuntimeBundle()
        let others = Self.namespaces(of: bundle, but: "uts")
        bundle["hostname"] = nil
        bundle["linux", "namespaces"] = others + [["type": "uts", "path": "/proc/\(pid)/ns/uts"]]
        let theirs = textOfLink("/proc/\(pid)/ns/uts") ?? ""
        #expect(shell("readlink /proc/self/ns/uts", bundle).lines == [theirs])
        for (path, word) in [("/proc/\(pid)/ns/ipc", "setns"), ("/etc/passwd", "setns"), ("/absent", "/absent")] {
            bundle["linux", "namespaces"] = others + [["type": "uts", "path": path]]
            #expect(refusal(bundle).contains(word), "\(path)")
        }
        bundle["linux", "namespaces"] = others + [["type": "uts", "path": "proc/self/ns/uts"]]
        #expect(refusal(bundle).contains("linux.namespaces"))
    }

    @Test("a kind of namespace that is named twice, or not known, is an error")
    func namespaceTwice() {
        let bundle = RuntimeBundle()
        let all = bundle["linux", "namespaces"] as? [[String: Any]] ?? []
        bundle["linux", "namespaces"] = all + [["type": "pid"]]
        #expect(refusal(bundle).contains("repeats pid"))
        bundle["linux", "namespaces"] = all + [["type": "net"]]
        #expect(refusal(bundle).contains("linux.namespaces"))
    }

    @Test("maps of ids without a user namespace are an error, as is a user namespace without maps")
    func maps() {
        let bundle = RuntimeBundle()
        let map = [["containerID": 0, "hostID": 100_000, "size": 65_536]]
        for name in ["uidMappings", "gidMappings"] {
            bundle["linux", name] = map
            #expect(refusal(bundle).contains("linux.\(name) needs a user namespace"))
            bundle["linux", name] = nil
        }
        let all = bundle["linux", "namespaces"] as? [[String: Any]] ?? []
        bundle["linux", "namespaces"] = all + [["type": "user"]]
        #expect(refusal(bundle).contains("uidMappings"))
    }

    @Test("the clocks of a time namespace are moved")
    func timeOffsets() {
        let bundle = RuntimeBundle()
        bundle["linux", "timeOffsets"] = ["boottime": ["secs": 1_000_000_000]]
        #expect(refusal(bundle).contains("timeOffsets"))
        let all = bundle["linux", "namespaces"] as? [[String: Any]] ?? []
        bundle["linux", "namespaces"] = all + [["type": "time"]]
        let script = "cut -d. -f1 /proc/uptime"
        let result = shell(script, bundle)
        #expect((Int(result.text) ?? 0) > 1_000_000_000, "\(result)")
        bundle["process", "args"] = ["sleep", "1000"]
        bundle.create("b")
        bundle.run("start", "b")
        #expect((Int(bundle.run("exec", "b", "sh", "-c", script).text) ?? 0) > 1_000_000_000)
        let map = [["containerID": 0, "hostID": 100_000, "size": 65_536]]
        bundle["linux", "uidMappings"] = map
        bundle["linux", "gidMappings"] = map
        bundle["linux", "namespaces"] = all + [["type": "time"], ["type": "user"]]
        let mapped = shell(script, bundle)
        #expect((Int(mapped.text) ?? 0) > 1_000_000_000, "\(mapped)")
    }

    // MARK: Files

    @Test("paths that are masked or read-only must be absolute; what they name is unreadable, or cannot be written")
    func paths() {
        let bundle = RuntimeBundle()
        for name in ["maskedPaths", "readonlyPaths"] {
            let before = bundle["linux", name]
            bundle["linux", name] = ["proc/keys"]
            #expect(refusal(bundle).contains("linux.\(name)[0] must be an absolute path"))
            bundle["linux", name] = before
        }
        bundle["root", "readonly"] = false
        _ = bundle.folder.write("secret", to: "bundle/rootfs/etc/masked")
        _ = bundle.folder.makeFolder("bundle/rootfs/etc/fixed")
        let script = "cat /etc/masked; echo x > /etc/fixed/a; echo done"
        #expect(shell(script, bundle).output == "secretdone\n")
        bundle["linux", "maskedPaths"] = ["/etc/masked"]
        bundle["linux", "readonlyPaths"] = ["/etc/fixed"]
        let result = shell(script, bundle)
        #expect(result.output == "done\n" && result.errors.contains("Read-only"), "\(result)")
    }

    @Test("every default device is there, and the file systems of the default configuration")
    func defaults() {
        let bundle = RuntimeBundle()
        let script =
            "for d in null zero full random urandom tty; do stat -c '%n %t:%T' /dev/$d; done; "
            + "for l in fd stdin stdout stderr; do readlink /dev/$l; done; "
            + "awk '$5 ~ \"^/(proc|sys|dev/pts|dev/shm)$\" { for (i = 6; i < NF; i++) if ($i == \"-\") print $5, $(i + 1) }' "
            + "/proc/self/mountinfo"
        let expected = """
            /dev/null 1:3
            /dev/zero 1:5
            /dev/full 1:7
            /dev/random 1:8
            /dev/urandom 1:9
            /dev/tty 5:0
            /proc/self/fd
            /proc/self/fd/0
            /proc/self/fd/1
            /proc/self/fd/2
            /proc proc
            /dev/pts devpts
            /dev/shm tmpfs
            /sys sysfs

            """
        let result = shell(script, bundle)
        #expect(result.output == expected, "\(result)")
    }

    @Test("a device where another file lies is an error, and that file stays as it is")
    func deviceInTheWay() {
        let bundle = RuntimeBundle()
        _ = bundle.folder.write("text", to: "bundle/rootfs/etc/device")
        bundle["linux", "devices"] = [["path": "/etc/device", "type": "c", "major": 1, "minor": 3]]
        #expect(refusal(bundle).contains("/etc/device"))
        #expect(textOfFile("\(bundle.rootfs)/etc/device") == "text")
        // What a first start has made is no other file for the next one.
        bundle["root", "readonly"] = false
        bundle["linux", "devices"] = [["path": "/etc/other", "type": "c", "major": 1, "minor": 3]]
        for _ in 1...2 { #expect(shell("stat -c %t:%T /etc/other", bundle).output == "1:3\n") }
    }

    // MARK: Limits

    @Test("the cgroup lies where cgroupsPath says, the same each time; a path that leaves its place is refused")
    func cgroupsPath() throws {
        let bundle = RuntimeBundle(["sleep", "1000"])
        bundle["linux", "cgroupsPath"] = "another-name"
        var places: [String] = []
        for _ in 1...2 {
            #expect(bundle.create("a").status == 0, "\(bundle.output)")
            let pid = Int(try #require(bundle.state("a")["pid"].number))
            let lines = (textOfFile("/proc/\(pid)/cgroup") ?? "").split(separator: "\n").map(String.init)
            places.append(lines.first { $0.hasPrefix("0::") } ?? "")
            #expect(bundle.create("b").status == 1, "a cgroup that somebody lives in is not fit")
            #expect(bundle.output.contains("is not empty"), "\(bundle.output)")
            #expect(bundle.status("a") == "created", "what lives there goes on")
            #expect(bundle.run("list", "-q").lines == ["a"])
            bundle.run("delete", "--force", "a")
        }
        #expect(places[0].hasSuffix("/another-name") && places[0] == places[1], "\(places)")
        // An absolute one lies below the mount point.
        let name = "cfs-conformance-\(getpid())"
        bundle["linux", "cgroupsPath"] = "/\(name)"
        #expect(bundle.create("a").status == 0, "\(bundle.output)")
        let pid = Int(try #require(bundle.state("a")["pid"].number))
        let lines = (textOfFile("/proc/\(pid)/cgroup") ?? "").split(separator: "\n")
        bundle.run("delete", "--force", "a")
        #expect(lines.contains("0::/\(name)"), "\(lines)")
        bundle["linux", "cgroupsPath"] = "/../other"
        #expect(refusal(bundle).contains("linux.cgroupsPath"))
    }

    @Test("a limit that says nothing, or of a controller that is not there, is an error")
    func limits() {
        let bundle = RuntimeBundle()
        let cases: [([String: Any], String)] = [
            (["rdma": ["mlx5_1": [:]]], "linux.resources.rdma.mlx5_1"),
            (["blockIO": ["weightDevice": [["major": 8, "minor": 0]]]], "linux.resources.blockIO.weightDevice[0]"),
            (["unified": ["nosuchcontroller.max": "1"]], "nosuchcontroller.max"),
            (["memory": ["swappiness": 60]], "linux.resources.memory.swappiness"),
            (["cpu": ["quota": 10000, "burst": 20000]], "linux.resources.cpu.burst"),
        ]
        for (resources, name) in cases {
            bundle["linux", "resources"] = resources
            #expect(refusal(bundle).contains(name), "\(name)")
        }
    }

    @Test("the filter refuses an error number that its action has no use for, and an empty list of names")
    func seccomp() {
        let bundle = RuntimeBundle()
        let cases: [([String: Any], String)] = [
            (["defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 5], "seccomp.defaultErrnoRet"),
            (
                [
                    "defaultAction": "SCMP_ACT_ALLOW",
                    "syscalls": [["names": ["getcwd"], "action": "SCMP_ACT_KILL", "errnoRet": 5]],
                ], "seccomp.syscalls[0].errnoRet"
            ),
            (
                ["defaultAction": "SCMP_ACT_ALLOW", "syscalls": [["names": [String](), "action": "SCMP_ACT_KILL"]]],
                "seccomp.syscalls[0].names"
            ),
        ]
        for (filter, name) in cases {
            bundle["linux", "seccomp"] = filter
            #expect(refusal(bundle).contains(name), "\(name)")
        }
    }
}
