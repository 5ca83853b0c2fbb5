import CFSLinux
import EngineSupport
import Glibc
import TestSupport
import Testing

/// `checkpoint` and `restore` by CRIU, which knows this machine's kernel and not every host's.
@Suite("Checkpoint and restore of bundles", .needsMachine, .serialized)
struct OCIRuntimeCheckpointTests {
    /// Counts up, ten times a second, into a file of its own file system: only what it remembers goes on.
    private static let counting = "i=0; while :; do i=$((i+1)); echo $i >/dev/shm/count; usleep 100000; done"

    private func bundle(_ script: String = counting) -> RuntimeBundle {
        let bundle = RuntimeBundle(["sh", "-c", script])
        bundle["linux", "namespaces"] = ["pid", "network", "ipc", "uts", "mount", "cgroup"].map { ["type": $0] }
        bundle["linux", "resources", "pids"] = ["limit": 50]
        return bundle
    }

    private func start(_ bundle: RuntimeBundle, _ id: String = "a") {
        let created = bundle.create(id)
        #expect(created.status == 0, "\(bundle.output)")
        #expect(bundle.run("start", id).status == 0)
        #expect(eventually { bundle.status(id) == "running" })
    }

    private func count(_ bundle: RuntimeBundle, _ id: String = "a") -> Int {
        Int(bundle.run("exec", id, "cat", "/dev/shm/count").text) ?? -1
    }

    private func checkpoint(_ bundle: RuntimeBundle, _ options: String...) -> CommandResult {
        let arguments = ["checkpoint", "--image-path", bundle.folder("image"), "--work-path", bundle.folder("work")]
        return bundle.start(arguments + options + ["a"]).finish(seconds: 60)
    }

    private func restore(_ bundle: RuntimeBundle, _ id: String = "a", _ options: String...) -> CommandResult {
        let arguments = ["restore", "--image-path", bundle.folder("image"), "--work-path", bundle.folder("work"), "-d"]
        return bundle.detached(arguments + options + [id])
    }

    /// What the kernel says of a container's process that must be the same behind a restore.
    private func facts(_ bundle: RuntimeBundle, _ id: String = "a") -> [String] {
        let pid = Int(bundle.state(id)["pid"].number ?? 0)
        let kept = ["Cap", "NoNewPrivs", "Seccomp:", "Uid", "Gid", "Groups", "Umask"]
        let status = (textOfFile("/proc/\(pid)/status") ?? "").split(separator: "\n").map(String.init)
            .filter { line in kept.contains { line.hasPrefix($0) } }
        let mounts = (textOfFile("/proc/\(pid)/mountinfo") ?? "").split(separator: "\n")
            .map { $0.split(separator: " ") }
            .map { fields in "\(fields[4]) \(fields[5].split(separator: ",").sorted().joined(separator: ","))" }
        return status + mounts.sorted() + [textOfFile("/proc/\(pid)/cgroup") ?? ""]
    }

    private func namespaces(_ bundle: RuntimeBundle) -> [String] {
        let pid = Int(bundle.state("a")["pid"].number ?? 0)
        return ["pid", "net", "ipc", "uts", "mnt", "cgroup"].filter { name in
            linkTarget("/proc/\(pid)/ns/\(name)") == linkTarget("/proc/self/ns/\(name)")
        }
    }

    private func linkTarget(_ path: String) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = readlink(path, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

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

    private func permissions(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
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

    @Test("what would be lost is said before the container ends")
    func losses() throws {
        let bundle = bundle()
        start(bundle)
        let stranger = bundle.start(["exec", "a", "sh", "-c", "echo in; sleep 1000"])
        #expect(stranger.waitForOutput("in\n"))
        let refused = checkpoint(bundle)
        #expect(refused.status == 1 && refused.errors.contains("(exec started them)"), "\(refused.errors)")
        #expect(bundle.status("a") == "running")
        bundle.run("delete", "--force", "a")
        _ = stranger.finish()
        bundle.folder.write("one", to: "host/name")
        _ = bundle.folder.makeFolder("bundle/rootfs/host")
        let map: [[String: Any]] = [["containerID": 0, "hostID": 5, "size": 10]]
        bundle["mounts"] =
            (bundle["mounts"] as? [[String: Any]] ?? []) + [
                [
                    "destination": "/host", "type": "bind", "source": bundle.folder("host"), "options": ["bind"],
                    "uidMappings": map, "gidMappings": map,
                ]
            ]
        start(bundle)
        let mapped = checkpoint(bundle)
        #expect(
            mapped.status == 1 && mapped.errors.contains("mount with an id map, as that at /host"), "\(mapped.errors)")
        #expect(bundle.status("a") == "running")
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

    @Test(
        "a checkpoint that waits for who wants the memory ends with its caller, and leaves nothing that holds the container"
    )
    func interrupted() throws {
        let bundle = bundle()
        start(bundle)
        let command = bundle.start([
            "checkpoint", "--leave-running", "--lazy-pages", "--image-path", bundle.folder("image"), "--work-path",
            bundle.folder("work"), "a",
        ])
        // The pages come last, and nobody asks for them.
        #expect(eventually { textOfFile(bundle.folder("work/dump.log"))?.contains("lazy") == true })
        poll(nil, 0, 2000)
        command.signal(SIGTERM)
        let ended = command.finish()
        #expect(ended.status == 1 && ended.errors.contains("interrupted by SIGTERM"), "\(ended.errors)")
        let deleted = bundle.run("delete", "--force", "a")
        #expect(deleted.status == 0, "\(deleted.errors)")
        #expect(bundle.run("list", "-q").output == "" && !exists("/sys/fs/cgroup/cfs-runtime/a"))
    }

    @Test(
        "streams of another kind, a terminal, more mounts and other namespaces than the container had are refused by name"
    )
    func different() throws {
        let bundle = bundle()
        let streams = "exec \"$@\" </dev/null >/dev/null 2>&1"
        bundle.write()
        let created = RunningCommand(
            ["/bin/sh", "-c", streams, "sh", RuntimeBundle.binary, "--root", bundle.root, "create", "a"],
            environment: ["PATH": EngineFixture.path], directory: bundle.folder("bundle")
        ).finish()
        #expect(created.status == 0 && bundle.run("start", "a").status == 0)
        #expect(eventually { bundle.status("a") == "running" })
        let memory = bundle.start([
            "checkpoint", "--pre-dump", "--image-path", bundle.folder("memory"), "--work-path", bundle.folder("work"),
            "a",
        ]).finish()
        #expect(memory.status == 0 && memory.errors == "", "\(memory.errors)")
        let none = bundle.detached(["restore", "--image-path", bundle.folder("memory"), "-d", "b"])
        #expect(none.status == 1 && bundle.output.contains("is no image of a checkpoint"), "\(bundle.output)")
        try #require(checkpoint(bundle).status == 0)
        let spoiling = bundle.start(["checkpoint", "--pre-dump", "--image-path", bundle.folder("image"), "a"]).finish()
        #expect(spoiling.status == 1)
        #expect(restore(bundle).status == 1)
        #expect(
            bundle.output.contains(
                "standard output of the container was the device 1:3, and that of restore is a file of 0"),
            "\(bundle.output)")
        bundle["process", "terminal"] = true
        #expect(restore(bundle, "a", "--console-socket", "/nowhere").status == 1)
        #expect(bundle.output.contains("the container of the image had no terminal"), "\(bundle.output)")
        bundle["process", "terminal"] = false
        let mounts = bundle["mounts"] as? [[String: Any]] ?? []
        bundle["mounts"] = mounts + [["destination": "/tmp", "type": "tmpfs", "source": "tmpfs"]]
        #expect(restore(bundle).status == 1)
        #expect(bundle.output.contains("the configuration has a mount at /tmp, and the image has none"))
        bundle["mounts"] = mounts
        bundle["linux", "namespaces"] =
            ["pid", "ipc", "uts", "mount", "cgroup"].map { ["type": $0] } + [
                ["type": "network", "path": "/proc/1/ns/net"]
            ]
        #expect(restore(bundle).status == 1)
        #expect(
            bundle.output.contains("had no namespaces by path, and the configuration has network"), "\(bundle.output)")
        #expect(bundle.run("list", "-q").output == "")
    }

    @Test("what cannot be done changes nothing: no image, another configuration, an id that is taken")
    func refused() throws {
        let bundle = bundle()
        let empty = bundle.detached(["restore", "--image-path", bundle.folder("none"), "-d", "b"])
        #expect(empty.status == 1 && bundle.output.contains("is no image of a checkpoint"), "\(bundle.output)")
        start(bundle)
        try #require(checkpoint(bundle, "--leave-running").status == 0)
        #expect(restore(bundle, "a").status == 1)
        #expect(bundle.output.contains("container with given ID already exists: a"))
        #expect(bundle.status("a") == "running")
        // In the place that another one has nothing is made, and that one lives on.
        bundle["linux", "cgroupsPath"] = "a"
        let taken = restore(bundle, "b")
        #expect(taken.status == 1 && bundle.output.contains("is not empty"), "\(bundle.output)")
        #expect(bundle.status("a") == "running")
        bundle["linux", "cgroupsPath"] = nil
        let mounts = bundle["mounts"] as? [[String: Any]] ?? []
        bundle["mounts"] = mounts.filter { $0["destination"] as? String != "/sys/fs/cgroup" }
        #expect(restore(bundle, "b").status == 1)
        #expect(bundle.output.contains("the image has a mount at /sys/fs/cgroup, and the configuration has none"))
        bundle["mounts"] = mounts
        // Damaged: CRIU's own first words are told, and where all of them are.
        bundle.folder.write("", to: "image/pstree.img")
        let damaged = restore(bundle, "b")
        #expect(damaged.status == 1)
        #expect(bundle.output.contains("CRIU cannot restore the container: "), "\(bundle.output)")
        #expect(bundle.output.contains(bundle.folder("work/restore.log")))
        #expect(bundle.run("list", "-q").lines == ["a"])
        #expect(!exists("/sys/fs/cgroup/cfs-runtime/b"))
    }
}
