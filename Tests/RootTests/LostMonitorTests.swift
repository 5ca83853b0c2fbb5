import Glibc
import TestSupport
import Testing

@Suite("A container whose monitor was killed can be started again", .needsHost, .engine)
struct LostMonitorTests: EngineSuite {
    /// A container whose monitor was killed, and that has ended with it.
    private func lose(_ name: String, _ engine: EngineFixture, _ command: [String], options: [String] = []) throws {
        #expect(engine.run(["run", "-d", "--name", name] + options + ["BusyBox"] + command).status == 0)
        let (pid, monitor) = (try engine.pid(name), try engine.monitor(name))
        #expect(kill(monitor, SIGKILL) == 0)
        #expect(eventually { textOfFile("/proc/\(pid)/stat")?.contains(") Z ") != false })
        #expect(eventually { engine.run("ps", "-a").output.contains("Exited (137) (monitor lost)") })
    }

    private func ends(_ engine: EngineFixture) throws -> [String] {
        try engine.json("history", "--format", "json").array.map {
            "\($0["Verb"].text ?? "") \($0["ExitCode"].number.map { "\(Int($0))" } ?? "-") \($0["Reason"].text ?? "-")"
        }
    }

    @Test(
        "start, restart, and stop with a start: it runs, and the history tells both runs apart",
        arguments: [[["start", "lost"]], [["restart", "lost"]], [["stop", "lost"], ["start", "lost"]]])
    func starts(commands: [[String]]) throws {
        let engine = EngineFixture()
        defer { engine.run("rm", "-f", "lost") }
        try lose("lost", engine, ["sleep", "1000"])
        for command in commands {
            let result = engine.run(command)
            #expect(result.status == 0 && result.errors == "", "\(command): \(result.errors)")
        }
        #expect(engine.run("exec", "lost", "echo", "alive").output == "alive\n")
        let told = try ends(engine)
        #expect(told.contains("run 137 monitor lost"), "\(told)")
        #expect(told.contains("\(commands[commands.count - 1][0]) - -"), "\(told)")
        #expect(engine.run("rm", "-f", "lost").status == 0)
        engine.expectNothingLeft()
    }

    @Test("start -a shows its output and ends with its status")
    func startsInFront() throws {
        let engine = EngineFixture()
        defer { engine.run("rm", "-f", "lost") }
        try lose("lost", engine, ["sh", "-c", "[ -e /again ] && { echo again; exit 3; }; touch /again; sleep 1000"])
        let result = engine.run("start", "-a", "lost")
        #expect(result.output == "again\n" && result.status == 3, "\(result.errors)")
        #expect(try ends(engine).contains("run 137 monitor lost"))
        #expect(engine.run("rm", "lost").status == 0)
        engine.expectNothingLeft()
    }

    @Test("history says that it is lost before anybody starts it, and rm leaves nothing")
    func historyAndRemoval() throws {
        let engine = EngineFixture()
        defer { engine.run("rm", "-f", "lost") }
        try lose("lost", engine, ["sleep", "1000"])
        #expect(try ends(engine) == ["run 137 monitor lost"])
        try lose("again", engine, ["sleep", "1000"])
        #expect(engine.run("rm", "-f", "again", "lost").status == 0)
        #expect(engine.leaks.cgroups.isEmpty)
        engine.expectNothingLeft()
    }

    @Test("one that was to remove itself is gone behind a start of the machine, and its run has an end")
    func restarted() throws {
        let engine = EngineFixture()
        for verb in ["recover", "restore"] {
            let id = engine.run("run", "-d", "--rm", "--name", "gone", "BusyBox", "sleep", "1000").text
            let pid = try engine.pid("gone")
            #expect(kill(try engine.monitor("gone"), SIGKILL) == 0)
            #expect(eventually { textOfFile("/proc/\(pid)/stat")?.contains(") Z ") != false })
            // As a start of the machine, which wipes it.
            #expect(engine.host("rm -r '\(engine.runFolder)/\(id)'").status == 0)
            #expect(engine.run("system", verb).status == 0)
            #expect(engine.run("ps", "-aq").output == "")
            #expect(try ends(engine).last == "run 137 monitor lost")
        }
        engine.expectNothingLeft()
    }

    @Test("whoever waits for it hears how it ended")
    func waiter() throws {
        let engine = EngineFixture()
        defer { engine.run("rm", "-f", "lost") }
        #expect(engine.run("run", "-d", "--name", "lost", "BusyBox", "sleep", "1000").status == 0)
        let waiter = engine.start(["wait", "lost"])
        // A peer of the monitor's socket: the only connection that it has.
        let sockets = "/proc/\(waiter.pid)/fd"
        #expect(
            eventually {
                namesInFolder(sockets).contains { textOfLink("\(sockets)/\($0)")?.hasPrefix("socket:") == true }
            })
        #expect(kill(try engine.monitor("lost"), SIGKILL) == 0)
        let result = waiter.finish()
        #expect(result.status == 0 && result.output == "137\n", "\(result.errors)")
        #expect(engine.run("rm", "lost").status == 0)
        engine.expectNothingLeft()
    }

    @Test(
        "a monitor that hears nothing is named, and its container is killed without it",
        arguments: ["stop -t 0", "rm -f"])
    func silent(verb: String) throws {
        let engine = EngineFixture()
        #expect(engine.run("run", "-d", "--name", "deaf", "BusyBox", "sleep", "1000").status == 0)
        let (pid, monitor) = (try engine.pid("deaf"), try engine.monitor("deaf"))
        #expect(kill(monitor, SIGSTOP) == 0)
        let result = engine.run(verb.split(separator: " ").map(String.init) + ["deaf"])
        #expect(
            result.status != 0 && result.errors.contains("process \(monitor), was stopped by somebody"),
            "\(result.errors)")
        #expect(result.errors.contains("kill -9 \(monitor)"), "\(result.errors)")
        #expect(eventually { textOfFile("/proc/\(pid)/stat")?.contains(") Z ") != false })
        #expect(kill(monitor, SIGKILL) == 0)
        #expect(eventually { engine.run("system", "recover").status == 0 && !isThere(monitor) })
        #expect(engine.run("system", "recover").status == 0)
        engine.run("rm", "-f", "deaf")
        #expect(engine.run("ps", "-aq").output == "")
        engine.expectNothingLeft()
    }

    private func isThere(_ pid: Int32) -> Bool { textOfFile("/proc/\(pid)/stat").map { !$0.contains(") Z ") } ?? false }

    @Test("what removes itself is not stopped by a restart, which could not start it again")
    func removesItself() throws {
        let engine = EngineFixture()
        #expect(engine.run("run", "-d", "--rm", "--name", "one", "BusyBox", "sleep", "1000").status == 0)
        let result = engine.run("restart", "-t", "0", "one")
        #expect(result.status != 0 && result.errors.contains("removes itself at its end"), "\(result.errors)")
        #expect(engine.run("exec", "one", "echo", "alive").output == "alive\n")
        #expect(engine.run("rm", "-f", "one").status == 0)
        engine.expectNothingLeft()
    }

    @Test("a start that fails does not change how the run before it ended")
    func failedStart() throws {
        let engine = EngineFixture()
        defer { engine.run("rm", "-f", "once") }
        #expect(
            engine.run("run", "--name", "once", "BusyBox", "sh", "-c", "rm -f /bin/sh /bin/busybox; exit 7").status == 7
        )
        #expect(engine.run("start", "once").status != 0)
        #expect(try ends(engine).first == "run 7 -")
    }
}
