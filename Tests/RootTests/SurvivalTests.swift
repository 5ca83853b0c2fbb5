import Glibc
import TestSupport
import Testing

@Suite("What is left when a process of the engine is killed", .needsHost, .engine)
struct SurvivalTests: EngineSuite {
    private static let counting = ["sh", "-c", "i=0; while :; do echo line-$i; i=$((i+1)); sleep 0.02; done"]

    private func logged(_ container: String) -> Int { engine.run("logs", container).lines.count }

    @Test("kill -9 of the attached cfs: the container runs on, and can be seen, read and stopped")
    func killedClient() throws {
        let command = engine.start(["run", "--name", "orphan", "BusyBox"] + Self.counting)
        defer { engine.run("rm", "-f", "orphan") }
        #expect(command.waitForOutput("line-3"))
        command.signal(SIGKILL)
        // Who reads its output sees the end, though the container goes on.
        let result = command.finish()
        #expect(result.signal == SIGKILL && !result.timedOut)
        let before = logged("orphan")
        #expect(eventually { logged("orphan") > before + 3 })
        #expect(engine.run("ps").output.contains("orphan"))
        #expect(engine.run("exec", "orphan", "echo", "inside").output == "inside\n")
        #expect(engine.run("stop", "-t", "0", "orphan").status == 0)
        #expect(engine.exitCode("orphan") == 137)
    }

    @Test("kill -9 of the monitor ends the container; ps says why, and recover puts it right")
    func killedMonitor() throws {
        try engine.withContainer(["--name", "lost"]) { id in
            let (pid, monitor) = (try engine.pid(id), try engine.monitor(id))
            #expect(kill(monitor, SIGKILL) == 0)
            // Ended is enough: nobody need have waited for it.
            #expect(eventually { textOfFile("/proc/\(pid)/stat")?.contains(") Z ") != false })
            let listed = try #require(
                try engine.json("ps", "-a", "--format", "json").array.first { $0["ID"].text == id })
            #expect(listed["State"].text == "exited")
            #expect(listed["ExitCode"].number == 137)
            #expect(listed["Reason"].text == "monitor lost")
            #expect(engine.run("system", "recover").output.contains(id))
            #expect(!engine.leaks.cgroups.contains { $0.hasSuffix(id) })
            #expect(access("\(engine.runFolder)/\(id)", F_OK) != 0)
            #expect(try engine.inspect("lost")["State"]["Reason"].text == "monitor lost")
            #expect(engine.run("rm", "lost").status == 0)
        }
    }

    @Test("kill -9 of rm -f and of the monitor that it waits for: one recover ends the removal, and the history has it")
    func killedRemoval() throws {
        // Its own: recover must find nothing but this one.
        let engine = EngineFixture()
        let id = engine.run("run", "-d", "--name", "half", "BusyBox", "sleep", "1000").text
        let (pid, monitor) = (try engine.pid(id), try engine.monitor(id))
        // It stands still, so the removal waits for it.
        #expect(kill(monitor, SIGSTOP) == 0)
        var removal = engine.start(["rm", "-f", "half"])
        #expect(
            eventually {
                // It waits five seconds for the monitor, and on a busy machine the two below may take longer.
                if textOfFile("/proc/\(removal.pid)/stat")?.contains(") Z ") != false {
                    _ = removal.finish()
                    removal = engine.start(["rm", "-f", "half"])
                }
                return engine.run("ps", "-a").status == 0
                    && engine.run("stop", "-t", "0", "half").errors.contains("being removed by somebody else")
            })
        removal.signal(SIGKILL)
        _ = removal.finish()
        #expect(kill(monitor, SIGKILL) == 0)
        #expect(eventually { textOfFile("/proc/\(pid)/stat")?.contains(") Z ") != false })
        #expect(engine.run("system", "recover").output.contains(id))
        #expect(engine.run("ps", "-aq").output == "")
        let verbs = try engine.json("history", "--format", "json").array.compactMap { $0["Verb"].text }
        #expect(verbs.contains("rm"), "\(verbs)")
        engine.expectNothingLeft()
    }

    @Test("many processes that use a new root at once all get a container")
    func newRoot() {
        for number in 0..<12 {
            let other = EngineFixture()
            let commands = (0..<4).map { index in
                other.start(["run", "--rm", index == 0 ? "TinyCore" : "BusyBox", "echo", "\(number)"])
            }
            for command in commands {
                let result = command.finish()
                #expect(result.output == "\(number)\n" && result.status == 0, "\(result.errors)")
            }
            other.expectNothingLeft()
            other.run("system", "recover")
        }
    }

    @Test("ending the monitor by TERM ends the container in order")
    func terminatedMonitor() throws {
        try engine.withContainer { id in
            let monitor = try engine.monitor(id)
            #expect(kill(monitor, SIGTERM) == 0)
            #expect(eventually { engine.exitCode(id) == 137 })
            let reason = try engine.inspect(id)["State"]["Reason"].text
            #expect(reason?.contains("TERM") == true)
        }
    }

    @Test("kill -9 of a container's first process ends all that runs in it")
    func killedContainer() throws {
        // A number that no other run of the tests looks for.
        let seconds = "\(2_000_000 + getpid())"
        let command = engine.start([
            "run", "--name", "hit", "BusyBox", "sh", "-c", "sleep \(seconds) & echo up; exec sleep \(seconds)",
        ])
        defer { engine.run("rm", "-f", "hit") }
        #expect(command.waitForOutput("up"))
        #expect(eventually { EngineFixture.isRunning("sleep", seconds) })
        #expect(kill(try engine.pid("hit"), SIGKILL) == 0)
        #expect(command.finish().status == 137)
        #expect(!EngineFixture.isRunning("sleep", seconds))
    }

    @Test("20 containers at once: each has its own output, and all are gone")
    func parallel() {
        let commands = (0..<20).map {
            engine.start(["run", "--rm", "BusyBox", "sh", "-c", "echo out-\($0); hostname; exit \($0)"])
        }
        let results = commands.map { $0.finish() }
        for (number, result) in results.enumerated() {
            #expect(result.status == Int32(number), "\(result.errors)")
            #expect(result.lines.first == "out-\(number)")
        }
        #expect(Set(results.compactMap(\.lines.last)).count == 20)
    }

    @Test("recover never harms a container that lives, nor one that starts")
    func recoverMeanwhile() throws {
        // Its own: the suite's other tests count what one recover does.
        let engine = EngineFixture()
        try engine.withContainer { id in
            let stop = engine.folder("stop-recovering")
            let script = "while [ ! -e \(stop) ]; do $CFS system recover || exit 1; done"
            let environment = ["PATH": EngineFixture.path, "CFS": engine.command([]).joined(separator: " ")]
            let recovering = (0..<2).map { _ in RunningCommand(["/bin/bash", "-c", script], environment: environment) }
            for number in 0..<40 {
                let options = number % 2 == 0 ? ["--rm"] : ["--name", "meanwhile\(number)"]
                let result = engine.run(["run"] + options + ["BusyBox", "echo", "fine"])
                #expect(result.output == "fine\n" && result.status == 0, "\(result.errors)")
                if number % 2 == 1 { #expect(engine.run("rm", "meanwhile\(number)").status == 0) }
            }
            engine.folder.write("", to: "stop-recovering")
            for command in recovering { #expect(command.finish().status == 0) }
            #expect(engine.run("exec", id, "echo", "alive").output == "alive\n")
        }
        engine.expectNothingLeft()
    }

    @Test(
        "a container whose folder was damaged can be seen and removed", arguments: ["config.json", "exit.json", "log"])
    func damaged(name: String) throws {
        #expect(engine.run("run", "--name", "damaged-\(name)", "BusyBox", "echo", "x").status == 0)
        let id = try #require(engine.inspect("damaged-\(name)")["Id"].text)
        #expect(engine.host(": > \(engine.root)/containers/\(id)/\(name)").status == 0)
        #expect(engine.run("ps", "-a").status == 0)
        #expect(engine.run("rm", "-f", "damaged-\(name)").status == 0)
    }

    @Test(
        "one whose maker was killed is named as that by what is tried with it, and goes with recover",
        arguments: [false, true])
    func halfMade(withFolder: Bool) throws {
        // Its own: others let recover() put theirs right.
        let engine = EngineFixture()
        let name = "half-made"
        #expect(engine.run("create", "--name", name, "BusyBox", "true").status == 0)
        let id = try #require(engine.inspect(name)["Id"].text)
        let folder = "\(engine.root)/containers/\(id)"
        // What kill -9 of create leaves between its lock and its configuration.
        #expect(engine.host("mkdir -p \(engine.runFolder)/\(id) && touch \(engine.runFolder)/\(id)/lock").status == 0)
        #expect(engine.host(withFolder ? "rm \(folder)/config.json" : "rm -r \(folder)").status == 0)
        for arguments in [["start", name], ["restart", name], ["inspect", name], ["commit", name, "half"]] {
            let refused = engine.run(arguments)
            #expect(
                refused.status == 1
                    && refused.errors.contains("the container \(name) was not made to its end: who made it was killed"),
                "\(arguments): \(refused.errors)")
            #expect(refused.errors.contains("\n  hint: remove it: \(engine.typed) rm \(name)\n"), "\(refused.errors)")
        }
        #expect(engine.run("system", "recover").status == 0)
        #expect(!engine.run("ps", "-a").output.contains(name))
        #expect(!namesInFolder("\(engine.root)/containers").contains(id))
    }

    @Test("one whose configuration somebody removed keeps its files, whatever is tried with it")
    func missingConfiguration() throws {
        let engine = EngineFixture()
        #expect(engine.run("run", "--name", "bare", "BusyBox", "sh", "-c", "echo mine > /file").status == 0)
        let id = try #require(engine.inspect("bare")["Id"].text)
        let path = "\(engine.root)/containers/\(id)/config.json"
        #expect(engine.host("rm \(path)").status == 0)
        for verb in ["start", "inspect", "start"] {
            let refused = engine.run(verb, "bare")
            #expect(
                refused.status == 1
                    && refused.errors.contains("the container bare cannot be used: \(path) is not there"),
                "\(verb): \(refused.errors)")
            #expect(engine.run("system", "recover").status == 0)
            #expect(textOfFile("\(engine.root)/containers/\(id)/upper/file") == "mine\n")
        }
        #expect(engine.run("rm", "bare").status == 0)
    }
}
