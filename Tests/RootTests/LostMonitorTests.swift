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
