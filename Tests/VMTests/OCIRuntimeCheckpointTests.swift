import CFSLinux
import EngineSupport
import Glibc
import TestSupport
import Testing

/// `checkpoint` and `restore` by CRIU, which knows this machine's kernel and not every host's.
@Suite("Checkpoint and restore of bundles", .needsMachine, .serialized)
struct OCIRuntimeCheckpointTests: CheckpointSuite {
    @Test("a container goes on where it was, with the same rights, mounts, namespaces of its own and limits")
    func goesOn() throws {
        let bundle = bundle()
        start(bundle)
        #expect(eventually { count(bundle) > 5 })
        let before = facts(bundle)
        let last = count(bundle)
        let dumped = checkpoint(bundle)
        try #require(dumped.status == 0, "\(dumped.errors)\n\(textOfFile(bundle.folder("work/dump.log")) ?? "")")
        #expect(dumped.output == "" && dumped.errors == "")
        // It is gone, as with runc.
        #expect(bundle.run("state", "a").errors.contains("does not exist"))
        #expect(!exists("/sys/fs/cgroup/cfs-runtime/a"))
        let restored = restore(bundle, "a", "--pid-file", bundle.folder("pid"))
        try #require(restored.status == 0, "\(bundle.output)\n\(textOfFile(bundle.folder("work/restore.log")) ?? "")")
        #expect(bundle.status("a") == "running")
        #expect(textOfFile(bundle.folder("pid")) == "\(Int(bundle.state("a")["pid"].number ?? 0))")
        let next = count(bundle)
        #expect(next >= last && next < last + 300)
        #expect(eventually { count(bundle) > next })
        #expect(facts(bundle) == before)
        #expect(before.contains("NoNewPrivs:\t1") && before.contains("/ relatime,ro"))
        #expect(namespaces(bundle) == [])
        #expect(bundle.run("exec", "a", "cat", "/sys/fs/cgroup/pids.max").text == "50")
        // What is paused can be written down, too, and goes on.
        #expect(bundle.run("pause", "a").status == 0 && bundle.status("a") == "paused")
        try #require(checkpoint(bundle).status == 0)
        try #require(restore(bundle).status == 0, "\(bundle.output)")
        let paused = count(bundle)
        #expect(bundle.status("a") == "running" && paused >= next)
        #expect(eventually { count(bundle) > paused })
        #expect(bundle.run("kill", "a", "KILL").status == 0)
        #expect(eventually { bundle.status("a") == "stopped" })
        #expect(bundle.run("delete", "a").status == 0)
        #expect(namesInFolder(bundle.root).filter { $0 != ".seccomp" } == [])
    }

    @Test("one that is left running goes on, and becomes a second container beside itself")
    func twice() throws {
        let bundle = bundle()
        start(bundle)
        #expect(eventually { count(bundle) > 2 })
        let dumped = checkpoint(bundle, "--leave-running")
        try #require(dumped.status == 0, "\(dumped.errors)")
        #expect(bundle.status("a") == "running")
        let now = count(bundle)
        #expect(eventually { count(bundle) > now })
        let restored = restore(bundle, "b")
        try #require(restored.status == 0, "\(bundle.output)\n\(textOfFile(bundle.folder("work/restore.log")) ?? "")")
        #expect(bundle.status("b") == "running" && bundle.status("a") == "running")
        let beside = count(bundle, "b")
        #expect(eventually { count(bundle, "b") > beside })
        // Each has a cgroup of its own.
        let pid = Int(bundle.state("b")["pid"].number ?? 0)
        #expect(textOfFile("/proc/\(pid)/cgroup")?.hasSuffix("/b\n") == true)
        bundle.run("delete", "--force", "b")
        #expect(bundle.status("a") == "running")
    }

    @Test("what is mounted from the host is there again, all that lies below it too, and streams are the new caller's")
    func mountsAndStreams() throws {
        let bundle = bundle("while read line; do echo got $line $(cat /host/name /tree/below/name); done; echo over")
        bundle.folder.write("one", to: "host/name")
        _ = bundle.folder.makeFolder("tree/below")
        let mounted = RunningCommand(
            ["/bin/mount", "-t", "tmpfs", "none", bundle.folder("tree/below")], environment: [:]
        ).finish()
        #expect(mounted.status == 0)
        defer { umount2(bundle.folder("tree/below"), Int32(MNT_DETACH)) }
        bundle.folder.write("two", to: "tree/below/name")
        for name in ["host", "tree"] { _ = bundle.folder.makeFolder("bundle/rootfs/\(name)") }
        var mounts = bundle["mounts"] as? [[String: Any]] ?? []
        mounts += [
            ["destination": "/host", "type": "bind", "source": bundle.folder("host"), "options": ["bind", "ro"]],
            ["destination": "/tree", "type": "bind", "source": bundle.folder("tree"), "options": ["rbind"]],
        ]
        bundle["mounts"] = mounts
        let first = bundle.start(["run", "a"])
        first.write("1\n")
        #expect(first.waitForOutput("got 1 onetwo"))
        let dumped = checkpoint(bundle)
        try #require(dumped.status == 0, "\(dumped.errors)\n\(textOfFile(bundle.folder("work/dump.log")) ?? "")")
        #expect(first.finish().status == 137)
        let second = bundle.start([
            "restore", "--image-path", bundle.folder("image"), "--work-path", bundle.folder("work"), "a",
        ])
        second.write("2\n")
        #expect(
            second.waitForOutput("got 2 onetwo"), "\(textOfFile(bundle.folder("work/restore.log")) ?? "")")
        #expect(bundle.run("exec", "a", "touch", "/host/x").status != 0)
        second.closeInput()
        let ended = second.finish()
        #expect(ended.status == 0 && ended.output.hasSuffix("over\n"), "\(ended.output) \(ended.errors)")
        #expect(bundle.run("list", "-q").output == "")
    }

    @Test("a terminal is the new caller's")
    func terminal() throws {
        let bundle = RuntimeBundle(["sh"])
        bundle["process", "terminal"] = true
        let terminal = Terminal(rows: 31, columns: 77)
        let command = bundle.start(["run", "a"], terminal: terminal)
        terminal.type("x=kept; tty\r")
        #expect(terminal.waitFor("/dev/pts/0\r\n"), "\(terminal.screen)")
        let dumped = checkpoint(bundle)
        try #require(dumped.status == 0, "\(dumped.errors)\n\(textOfFile(bundle.folder("work/dump.log")) ?? "")")
        #expect(command.finish().status == 137)
        let other = Terminal(rows: 31, columns: 77)
        let restored = bundle.start(
            ["restore", "--image-path", bundle.folder("image"), "--work-path", bundle.folder("work"), "a"],
            terminal: other)
        other.type("echo $x; exit 6\r")
        #expect(other.waitFor("kept\r\n"), "\(other.screen)\n\(textOfFile(bundle.folder("work/restore.log")) ?? "")")
        #expect(restored.finish().status == 6)
    }

    @Test("memory is written before, and the rest behind it; hooks of the start run again")
    func before() throws {
        let bundle = bundle()
        let note = "cat >>\(bundle.folder("hooks")); echo >>\(bundle.folder("hooks"))"
        bundle["hooks"] = ["createRuntime": [["path": "/bin/sh", "args": ["sh", "-c", note]]]]
        start(bundle)
        let memory = bundle.start([
            "checkpoint", "--pre-dump", "--image-path", bundle.folder("before"), "--work-path", bundle.folder("work"),
            "a",
        ]).finish(seconds: 60)
        try #require(memory.status == 0, "\(memory.errors)")
        #expect(bundle.status("a") == "running")
        let wrong = checkpoint(bundle, "--parent-path", "../nowhere")
        #expect(wrong.status == 1 && wrong.errors.contains("invalid parent-path \"../nowhere\""))
        let dumped = checkpoint(bundle, "--parent-path", "../before")
        try #require(dumped.status == 0, "\(dumped.errors)")
        #expect(exists(bundle.folder("image/parent")))
        #expect(restore(bundle).status == 0, "\(bundle.output)")
        #expect(eventually { count(bundle) > 0 })
        let told = (textOfFile(bundle.folder("hooks")) ?? "").split(separator: "\n")
        #expect(told.count == 2 && told.allSatisfy { $0.contains("\"status\":\"creating\"") }, "\(told)")
    }

    @Test("a namespace by path is the same one again, a filter of system calls holds")
    func pathAndFilter() throws {
        let bundle = bundle()
        let made = RunningCommand(["/bin/ip", "netns", "add", "cfs-checkpoint"], environment: [:]).finish()
        try #require(made.status == 0, "\(made.errors)")
        defer { _ = RunningCommand(["/bin/ip", "netns", "del", "cfs-checkpoint"], environment: [:]).finish() }
        bundle["linux", "namespaces"] =
            ["pid", "ipc", "uts", "mount", "cgroup"].map { ["type": $0] } + [
                ["type": "network", "path": "/run/netns/cfs-checkpoint"]
            ]
        bundle["linux", "seccomp"] = [
            "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
            "syscalls": [["names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"]],
        ]
        start(bundle)
        let before = facts(bundle)
        let network = linkTarget("/proc/\(Int(bundle.state("a")["pid"].number ?? 0))/ns/net")
        #expect(before.contains("Seccomp:\t2") && network.hasPrefix("net:"))
        let dumped = checkpoint(bundle)
        try #require(dumped.status == 0, "\(dumped.errors)\n\(textOfFile(bundle.folder("work/dump.log")) ?? "")")
        let restored = restore(bundle)
        try #require(restored.status == 0, "\(bundle.output)\n\(textOfFile(bundle.folder("work/restore.log")) ?? "")")
        #expect(facts(bundle) == before)
        #expect(linkTarget("/proc/\(Int(bundle.state("a")["pid"].number ?? 0))/ns/net") == network)
        let now = count(bundle)
        #expect(eventually { count(bundle) > now })
    }

    @Test("the users of a user namespace are the same again, with what is mounted from where they reach nothing")
    func users() throws {
        let bundle = bundle("while read line; do echo got $line $(cat /host/name) $(stat -c %u /dev/null /tmp); done")
        bundle["linux", "namespaces"] = ["pid", "network", "ipc", "uts", "mount", "cgroup", "user"].map { ["type": $0] }
        for map in ["uidMappings", "gidMappings"] {
            bundle["linux", map] = [["containerID": 0, "hostID": 100_000, "size": 65536]]
        }
        bundle.folder.write("one", to: "closed/host/name")
        chmod(bundle.folder("closed"), 0o700)
        _ = bundle.folder.makeFolder("bundle/rootfs/host")
        bundle["mounts"] =
            (bundle["mounts"] as? [[String: Any]] ?? []) + [
                ["destination": "/host", "type": "bind", "source": bundle.folder("closed/host"), "options": ["bind"]]
            ]
        let first = bundle.start(["run", "a"])
        first.write("1\n")
        #expect(first.waitForOutput("got 1 one 0 65534\n"))
        let before = facts(bundle)
        #expect(before.contains("Uid:\t100000\t100000\t100000\t100000"))
        let dumped = checkpoint(bundle)
        try #require(dumped.status == 0, "\(dumped.errors)\n\(textOfFile(bundle.folder("work/dump.log")) ?? "")")
        let second = bundle.start([
            "restore", "--image-path", bundle.folder("image"), "--work-path", bundle.folder("work"), "a",
        ])
        second.write("2\n")
        try #require(
            second.waitForOutput("got 2 one 0 65534\n", seconds: 20),
            "\(textOfFile(bundle.folder("work/restore.log")) ?? "")")
        #expect(facts(bundle) == before)
        let pid = Int(bundle.state("a")["pid"].number ?? 0)
        let map = (textOfFile("/proc/\(pid)/uid_map") ?? "").split(separator: " ").joined(separator: " ")
        #expect(map == "0 100000 65536\n")
        // Nobody else may read what was in its memory.
        #expect(permissions(bundle.folder("image")) == 0o700)
        #expect(second.finish().status == 0)
    }

    @Test("a restored process reaches no key of whoever restored it")
    func keys() throws {
        // add_key(2) and keyctl(2): in the session keyring (-3), and for those alone who have that (KEYCTL_SETPERM, 5).
        let key = "user".withCString { type in
            "cfs-checkpoint".withCString { rawCall(248, address(type), address($0), address(type), 1, -3) }
        }
        try #require(key > 0)
        try #require(rawCall(250, 5, key, 0x3f00_0000) == 0)
        #expect(textOfFile("/proc/keys")?.contains("cfs-checkpoint") == true)
        let bundle = bundle(
            "while :; do cat /proc/keys >/dev/shm/new; mv /dev/shm/new /dev/shm/keys; usleep 100000; done")
        bundle["linux", "maskedPaths"] = [String]()
        start(bundle)
        try #require(checkpoint(bundle).status == 0)
        try #require(restore(bundle).status == 0, "\(bundle.output)")
        bundle.run("exec", "a", "rm", "/dev/shm/keys")
        #expect(eventually { bundle.run("exec", "a", "cat", "/dev/shm/keys").output.contains("keyring") })
        #expect(!bundle.run("exec", "a", "cat", "/dev/shm/keys").output.contains("cfs-checkpoint"))
    }

    @Test("a root that no container was made in, on another path, does as well; also without CRIU's care for cgroups")
    func freshRoot() throws {
        let bundle = bundle()
        bundle.folder.write("one", to: "host/name")
        bundle["mounts"] =
            (bundle["mounts"] as? [[String: Any]] ?? []) + [
                ["destination": "/a/b", "type": "bind", "source": bundle.folder("host"), "options": ["bind"]],
                ["destination": "/a/file", "type": "bind", "source": bundle.folder("host/name"), "options": ["bind"]],
            ]
        start(bundle)
        let dumped = checkpoint(bundle, "--manage-cgroups-mode", "ignore")
        try #require(dumped.status == 0, "\(dumped.errors)")
        for name in ["a/b", "a", "proc", "sys", "dev", "tmp"] {
            unlink(bundle.folder("bundle/rootfs/\(name)/file"))
            rmdir(bundle.folder("bundle/rootfs/\(name)"))
        }
        let restored = restore(bundle, "c", "--manage-cgroups-mode", "ignore")
        try #require(restored.status == 0, "\(bundle.output)\n\(textOfFile(bundle.folder("work/restore.log")) ?? "")")
        #expect(bundle.run("exec", "c", "cat", "/a/b/name", "/a/file").output == "oneone")
        // It is in its cgroup, under its limits.
        let pid = Int(bundle.state("c")["pid"].number ?? 0)
        #expect(textOfFile("/proc/\(pid)/cgroup")?.hasSuffix("/c\n") == true)
        #expect(bundle.run("pause", "c").status == 0)
        #expect(bundle.run("resume", "c").status == 0)
        let now = count(bundle, "c")
        #expect(eventually { count(bundle, "c") > now })
    }

    @Test("a file system that the container mounted in a volume is its own again, and not the host's folder")
    func ownMounts() throws {
        let bundle = bundle("mount -t tmpfs none /tree/own; echo kept >/tree/own/name; exec sleep 1000")
        _ = bundle.folder.makeFolder("tree/own")
        _ = bundle.folder.makeFolder("bundle/rootfs/tree")
        for set in ["bounding", "effective", "permitted"] {
            bundle["process", "capabilities", set] = ["CAP_SYS_ADMIN", "CAP_KILL"]
        }
        bundle["mounts"] =
            (bundle["mounts"] as? [[String: Any]] ?? []) + [
                ["destination": "/tree", "type": "bind", "source": bundle.folder("tree"), "options": ["rbind"]]
            ]
        start(bundle)
        #expect(eventually { bundle.run("exec", "a", "cat", "/proc/1/comm").text == "sleep" })
        let dumped = checkpoint(bundle)
        try #require(dumped.status == 0, "\(dumped.errors)\n\(textOfFile(bundle.folder("work/dump.log")) ?? "")")
        let restored = restore(bundle)
        try #require(restored.status == 0, "\(bundle.output)\n\(textOfFile(bundle.folder("work/restore.log")) ?? "")")
        #expect(bundle.run("exec", "a", "cat", "/tree/own/name").text == "kept")
        #expect(namesInFolder(bundle.folder("tree/own")) == [])
    }
}
