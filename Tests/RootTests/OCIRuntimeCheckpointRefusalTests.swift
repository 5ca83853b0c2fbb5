import EngineSupport
import Glibc
import TestSupport
import Testing

/// What `checkpoint` and `restore` say before they ask CRIU, and where there is none; the virtual machine has the rest.
@Suite("Checkpoint and restore that cannot be", .needsHost)
struct OCIRuntimeCheckpointRefusalTests {
    @Test("without CRIU it is named, and the container goes on")
    func noProgram() {
        let bundle = RuntimeBundle(["sleep", "1000"])
        #expect(bundle.create("a").status == 0 && bundle.run("start", "a").status == 0)
        bundle.write()
        let result = RunningCommand(
            [RuntimeBundle.binary, "--root", bundle.root, "checkpoint", "a"], environment: ["PATH": "/nowhere"],
            directory: bundle.folder("bundle")
        ).finish()
        #expect(result.status == 1 && result.errors.contains("criu is not installed"), "\(result.errors)")
        #expect(result.errors.contains("--criu FILE"))
        let named = bundle.start(["--criu", "/bin/nothing", "checkpoint", "a"]).finish()
        #expect(named.status == 1 && named.errors.contains("/bin/nothing cannot be run"), "\(named.errors)")
        #expect(bundle.status("a") == "running")
    }

    @Test("a CRIU that fails is quoted, and the container goes on")
    func failure() {
        let bundle = RuntimeBundle(["sleep", "1000"])
        #expect(bundle.create("a").status == 0 && bundle.run("start", "a").status == 0)
        // It ends without an answer.
        let criu = bundle.folder.write(
            """
            #!/bin/sh
            printf '%s\\n' '(00.1) Warn  (a.c:1): nothing' '(00.2) Error (b.c:2): the cause' '(00.3)  Error (c.c:3): Dumping FAILED.' \\
                >'\(bundle.folder("work"))/dump.log'
            """, to: "criu")
        chmod(criu, 0o755)
        let result = bundle.start([
            "--criu", criu, "checkpoint", "--image-path", bundle.folder("image"), "--work-path", bundle.folder("work"),
            "a",
        ]).finish()
        #expect(result.status == 1 && result.errors.contains("CRIU cannot dump the container: the cause\n"))
        #expect(result.errors.contains(bundle.folder("work/dump.log")), "\(result.errors)")
        #expect(bundle.status("a") == "running")
    }

    @Test("only what runs is written down; wrong values are named")
    func refused() {
        let bundle = RuntimeBundle(["sleep", "1000"])
        #expect(bundle.create("a").status == 0)
        #expect(
            bundle.run("checkpoint", "a").errors.contains("cannot checkpoint a container in the created state"))
        #expect(bundle.run("checkpoint", "b").errors.contains("container \"b\" does not exist"))
        #expect(bundle.run("start", "a").status == 0)
        // Nobody asks it anything.
        let criu = ["--criu", "/bin/true"]
        for (option, value) in [
            ("--manage-cgroups-mode", "some"), ("--empty-ns", "pid"), ("--page-server", "here"), ("--status-fd", "77"),
            ("--parent-path", "/"),
        ] {
            let result = bundle.start(
                criu + ["checkpoint", "--image-path", bundle.folder("image"), option, value, "a"]
            ).finish()
            #expect(result.status == 1, "\(option)")
            #expect(
                result.errors.contains("\"\(value)\"") && result.errors.contains(option.dropFirst(2)),
                "\(result.errors)")
        }
        #expect(bundle.status("a") == "running")
        let image = bundle.start(criu + ["restore", "--image-path", bundle.folder("nothing"), "b"]).finish()
        #expect(image.status == 1 && image.errors.contains("\(bundle.folder("nothing")) is no image of a checkpoint"))
        #expect(
            bundle.run("restore", "--lsm-mount-context").errors.contains("flag needs an argument: -lsm-mount-context"))
        #expect(bundle.run("checkpoint", "--help").status == 0)
    }
}
