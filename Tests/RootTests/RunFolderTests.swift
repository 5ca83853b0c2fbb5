import EngineSupport
import Glibc
import TestSupport
import Testing

@Suite("A root and its run folder belong together", .needsHost)
struct RunFolderTests {
    /// `cfs` with this engine's root and another run folder.
    private func other(_ engine: EngineFixture, _ arguments: [String]) -> CommandResult {
        RunningCommand(
            [engine.binary, "--root", engine.root, "--run", engine.folder("other")] + arguments,
            environment: ["PATH": EngineFixture.path, "LC_ALL": "C"]
        ).finish()
    }

    @Test("with another run folder what runs is neither shown as ended nor removed")
    func refused() throws {
        let engine = EngineFixture()
        try engine.withContainer(["--name", "q1"]) { id in
            let pid = try engine.pid("q1")
            for arguments in [
                ["ps", "-a"], ["rm", "q1"], ["rm", "-f", "q1"], ["start", "q1"], ["system", "recover"],
                ["container", "prune", "-f"], ["system", "prune", "-f"], ["system", "restore"], ["wait", "q1"],
                ["run", "--rm", "BusyBox", "true"], ["inspect", "q1"], ["exec", "q1", "true"],
            ] {
                let refused = other(engine, arguments)
                #expect(refused.status != 0 && !refused.output.contains("Exited"), "\(arguments): \(refused.output)")
                #expect(
                    refused.errors.contains("whose run folder is \(engine.runFolder)")
                        && refused.errors.contains("hint: use --run \(engine.runFolder)"),
                    "\(arguments): \(refused.errors)")
            }
            #expect(access(engine.folder("other"), F_OK) != 0, "a folder that was refused was made")
            #expect(kill(pid, 0) == 0)
            #expect(try engine.inspect("q1")["State"]["Status"].text == "running")
            #expect(engine.run("exec", id, "echo", "alive").output == "alive\n")
        }
        engine.expectNothingLeft()
    }

    @Test("another run folder is neither made nor kept in mind by looking at what is there")
    func looking() throws {
        let engine = EngineFixture()
        #expect(engine.run("create", "--name", "kept", "BusyBox", "true").status == 0)
        for arguments in [["ps", "-a"], ["container", "ls"], ["images"], ["events", "--until", "0s"]] {
            let result = other(engine, arguments)
            #expect(result.status == 0, "\(arguments): \(result.errors)")
            #expect(access(engine.folder("other"), F_OK) != 0, "\(arguments)")
        }
        #expect(other(engine, ["ps", "-a", "--format", "{{.Names}}"]).text == "kept")
        #expect(engine.host("readlink root/run").text == engine.runFolder)
        #expect(engine.run("rm", "kept").status == 0)
        engine.expectNothingLeft()
    }

    @Test("another name of the same folder is the same folder")
    func link() throws {
        let engine = EngineFixture()
        try engine.withContainer { id in
            #expect(symlink(engine.runFolder, engine.folder("other")) == 0)
            #expect(other(engine, ["ps", "-q", "--no-trunc"]).text == id)
        }
        engine.expectNothingLeft()
    }

    @Test("another run folder is taken when nothing is left in the first, or that is gone", arguments: [true, false])
    func taken(isGone: Bool) throws {
        let engine = EngineFixture()
        let made = engine.run("create", "--name", "kept", "BusyBox", "true")
        #expect(made.status == 0, "\(made.errors)")
        if isGone { #expect(rmdir(engine.runFolder) == 0) }
        let started = other(engine, ["start", "-a", "kept"])
        #expect(started.status == 0, "\(started.errors)")
        #expect(other(engine, ["ps", "-a"]).output.contains("Exited (0)"))
        #expect(engine.host("readlink root/run").text == engine.folder("other"))
        // And back again.
        #expect(engine.run("rm", "kept").status == 0)
        #expect(engine.host("readlink root/run").text == engine.runFolder)
        engine.expectNothingLeft()
    }
}
