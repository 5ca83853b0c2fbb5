import Glibc
import TestSupport
import Testing

@Suite("Copies, commits and exports that are ended by a signal", .needsHost, .engine)
struct CopyInterruptionTests: EngineSuite {
    /// Runs a command, sends it a signal once `hasBegun`, and gives its result.
    private func interrupt(
        _ arguments: [String], _ signal: Int32, _ hasBegun: (RunningCommand) -> Bool
    ) -> CommandResult {
        let command = engine.start(arguments)
        let begun = eventually { hasBegun(command) }
        #expect(begun, "\(arguments)")
        command.signal(signal)
        // Its input stays open: nothing but the signal ends it.
        let ended = eventually { (textOfFile("/proc/\(command.pid)/stat") ?? ") Z").contains(") Z") }
        #expect(ended, "\(arguments)")
        return command.finish()
    }

    /// Whether it has taken the signals that end a program: HUP, INT, QUIT and TERM.
    private func listens(_ command: RunningCommand) -> Bool {
        (textOfFile("/proc/\(command.pid)/status") ?? "").contains("SigBlk:\t0000000000004007\n")
    }

    @Test("what was begun on the host is taken away again", arguments: [SIGINT, SIGTERM])
    func outside(signal: Int32) throws {
        try engine.withContainer { id in
            #expect(engine.run("exec", id, "sh", "-c", "head -c 400000000 /dev/zero > /big").status == 0)
            let folder = engine.folder.makeFolder("interrupted-\(signal)")
            for arguments in [["export", "-o", "\(folder)/out.tar", id], ["cp", "\(id):/big", "\(folder)/out"]] {
                let result = interrupt(arguments, signal) { _ in
                    namesInFolder(folder).contains { $0.contains("partial") }
                }
                #expect(result.status == 128 + signal && result.errors.contains("was ended"), "\(result.errors)")
                #expect(namesInFolder(folder) == [])
            }
        }
    }

    @Test("a tar that does not come, and an image store that another process holds, keep nobody")
    func waiting() throws {
        try engine.withContainer { id in
            let copied = interrupt(["cp", "-", "\(id):/tmp"], SIGINT, listens)
            #expect(
                copied.status == 130 && copied.errors.contains("SIGINT came: the copy was ended"), "\(copied.errors)")
            let holder = RunningCommand(
                ["/usr/bin/env", "flock", "\(engine.root)/images.lock", "sh", "-c", "echo held; cat"],
                environment: ["PATH": EngineFixture.path])
            #expect(holder.waitForOutput("held"))
            let committed = interrupt(["commit", id, "interrupted"], SIGTERM, listens)
            #expect(committed.status == 143 && committed.errors.contains("the commit was ended"), "\(committed.errors)")
            // Who waits does not keep the container from going on meanwhile.
            let state = try engine.inspect(id)["State"]
            #expect(state["Status"].text == "running")
            holder.closeInput()
            #expect(holder.finish().status == 0)
            #expect(engine.run("image", "inspect", "interrupted").status == 1)
        }
    }
}
