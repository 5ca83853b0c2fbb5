import EngineSupport
import Glibc
import TestSupport
import Testing

/// What `checkpoint` and `restore` refuse, and what is left when they fail, where CRIU could do the rest.
@Suite("Checkpoint and restore that fail", .needsMachine, .serialized)
struct OCIRuntimeCheckpointFailureTests: CheckpointSuite {
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
