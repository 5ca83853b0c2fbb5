import EngineSupport
import Glibc
import TestSupport
import Testing

@Suite("The whole life of a container", .needsHost, .engine)
struct LifeTests: EngineSuite {
    private func state(_ id: String) -> String? {
        do { return try engine.inspect(id)["State"]["Status"].text } catch { return nil }
    }

    private func created(_ options: [String] = [], _ command: [String], _ body: (String) throws -> Void) throws {
        let result = engine.run(["create"] + options + ["BusyBox"] + command)
        defer { engine.run("rm", "-f", result.text) }
        try #require(result.status == 0, "\(result.errors)")
        try body(result.text)
    }

    @Test("created, started, ended, started again: what it wrote is still there, and its log goes on")
    func twice() throws {
        try created([], ["sh", "-c", "cat /count 2>/dev/null; echo x >> /count; echo end"]) { id in
            #expect(state(id) == "created")
            #expect(engine.run("start", "-a", id).output == "end\n")
            #expect(state(id) == "exited")
            #expect(engine.run("start", id).output == "\(id)\n")
            #expect(eventually { state(id) == "exited" })
            #expect(engine.run("start", "-a", id).output == "x\nx\nend\n")
            #expect(engine.run("logs", id).output == "end\nx\nend\nx\nx\nend\n")
        }
    }

    @Test("start -a ends as the command does, and -i gives it the input")
    func inFront() throws {
        try created(["-i"], ["sh", "-c", "read line; echo got $line; exit 7"]) { id in
            let result = engine.run(["start", "-ai", id], input: "hello\n")
            #expect(result.output == "got hello\n" && result.status == 7)
        }
    }

    @Test("what cannot be started is as it was before: the error of the command, and the state")
    func failing() throws {
        try created([], ["no-such-command"]) { id in
            let result = engine.run("start", id)
            #expect(result.status == 1)
            #expect(result.errors.contains("no-such-command"))
            #expect(state(id) == "created")
        }
    }

    @Test("of several that are started, the error says which it is of")
    func failingOfSeveral() throws {
        try created(["--name", "sound"], ["true"]) { _ in
            try created(["--name", "hollow"], ["no-such-command"]) { _ in
                let result = engine.run("start", "sound", "hollow")
                #expect(result.status == 1 && result.output == "sound\n")
                #expect(result.errors.contains("hollow: ") && !result.errors.contains("sound"), "\(result.errors)")
            }
        }
    }

    @Test("one that is paused is told to go on when it is stopped, and nobody who follows events takes it for paused")
    func stoppedWhilePaused() throws {
        try engine.withContainer(["--name", "frozen"]) { _ in
            #expect(engine.run("pause", "frozen").status == 0)
            #expect(engine.run("stop", "-t", "0", "frozen").status == 0)
            let events = engine.run("events", "--since", "1h", "--until", "0s", "--filter", "container=frozen")
            let told = events.lines.compactMap { line in line.split(separator: " ").first { $0.hasSuffix("pause") } }
            #expect(told == ["pause", "unpause"], "\(events.output)")
        }
    }

    @Test("what runs cannot be started, and what is gone neither")
    func refused() throws {
        try engine.withContainer { id in
            let result = engine.run("start", id)
            #expect(result.status == 1 && result.errors.contains("running already"))
        }
        #expect(engine.run("start", "no-such-container").errors.contains("no-such-container"))
        let both = engine.run("start", "-a", "one", "two")
        #expect(both.status != 0 && both.errors.contains("only one container"))
    }

    @Test("restart ends it and starts it, and starts what has ended")
    func restart() throws {
        try engine.withContainer([], ["sh", "-c", "echo up; exec sleep 1000"]) { id in
            let first = try engine.pid(id)
            #expect(engine.run("restart", "-t", "0", id).output == "\(id)\n")
            #expect(try engine.pid(id) != first)
            engine.run("stop", "-t", "0", id)
            #expect(engine.run("restart", id).status == 0)
            #expect(state(id) == "running")
            #expect(eventually { engine.run("logs", id).output == "up\nup\nup\n" })
        }
    }

    @Test("of two that stop it at once one does, and the other is told; both see it ended")
    func twoStops() throws {
        let deaf = ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done"]
        try engine.withContainer([], deaf) { id in
            #expect(eventually { engine.run("logs", id).output == "up\n" })
            let first = engine.start(["stop", "-t", "3", id])
            #expect(eventually { state(id) == "stopping" })
            let second = engine.run("stop", "-t", "0", id)
            #expect(second.status == 1 && second.errors.contains("being stopped by somebody else"))
            #expect(first.finish().status == 0)
            #expect(state(id) == "exited")
            #expect(engine.run("stop", id).status == 0)
        }
    }

    @Test("a stop that was killed keeps nobody from stopping")
    func killedStop() throws {
        let deaf = ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done"]
        try engine.withContainer([], deaf) { id in
            #expect(eventually { engine.run("logs", id).output == "up\n" })
            let first = engine.start(["stop", "-t", "100", id])
            #expect(eventually { state(id) == "stopping" })
            first.signal(SIGKILL)
            _ = first.finish()
            #expect(state(id) == "running")
            #expect(engine.run("stop", "-t", "0", id).status == 0)
        }
    }

    @Test("of many that start and remove it at once there is one winner each time, and nothing is left between")
    func races() throws {
        for _ in 0..<5 {
            let id = engine.run("create", "BusyBox", "sleep", "1000").text
            let racers = (0..<6).map { index in
                engine.start(index % 2 == 0 ? ["start", id] : ["rm", id])
            }
            let results = racers.map { $0.finish() }
            let starts = stride(from: 0, to: 6, by: 2).filter { results[$0].status == 0 }.count
            let removals = stride(from: 1, to: 6, by: 2).filter { results[$0].status == 0 }.count
            #expect(starts + removals == 1, "\(results)")
            for result in results where result.status != 0 { #expect(result.errors.contains("cfs: ")) }
            if starts == 1 { #expect(state(id) == "running") }
            engine.run("rm", "-f", id)
        }
    }

    @Test("what happens is told in order, to a reader that was there and to one that comes later")
    func events() throws {
        let reader = engine.start(["events", "--format", "json"])
        // The reader begins with what happens from now on: until it has begun, something must happen.
        var marks = 0
        let hasBegun = eventually {
            marks += 1
            engine.run("create", "--name", "mark\(marks)", "BusyBox")
            return reader.waitForOutput("mark", seconds: 0.2)
        }
        #expect(hasBegun)
        let id = engine.run("run", "-d", "--name", "told", "BusyBox", "sleep", "1000").text
        engine.run("stop", "-t", "0", id)
        engine.run("rm", id)
        // The signal that it does not take, and the one that nobody withstands.
        let wanted = ["create", "start", "kill", "kill", "die", "stop", "destroy"]
        func actions(_ text: String) throws -> [String] {
            try text.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
                .filter { $0["Actor"]["ID"].text == id }.compactMap { $0["Action"].text }
        }
        #expect(reader.waitForOutput("destroy"))
        reader.signal(SIGTERM)
        #expect(try actions(reader.finish().output) == wanted)
        let later = engine.run("events", "--until", "0s", "--filter", "container=told", "--format", "json").output
        #expect(try actions(later) == wanted)
        let died = engine.run("events", "--until", "0s", "--filter", "container=told", "--filter", "event=die")
        #expect(died.lines.count == 1 && died.output.contains("exitCode=137"))
        for mark in 1...marks { engine.run("rm", "mark\(mark)") }
    }

    @Test("a wrong filter is an error that says which there are", arguments: ["x=y", "type=volume", "event", "event="])
    func wrongFilter(text: String) {
        let result = engine.run("events", "--until", "0s", "--filter", text)
        #expect(result.status != 0 && result.errors.contains(" are container, image"))
    }

    @Test("the history says who ran what and how it ended, and keeps it when the container is gone")
    func history() throws {
        // Its own: what it prunes is everybody's.
        let engine = EngineFixture()
        engine.run("run", "--rm", "--name", "short", "BusyBox", "sh", "-c", "exit 9")
        let id = engine.run("run", "-d", "--name", "long", "BusyBox", "sleep", "1000").text
        func entries() throws -> [JSONValue] {
            try engine.json("history", "--format", "json", "--filter", "container=long", "--filter", "container=short")
                .array
        }
        let before = try entries()
        #expect(before.map { $0["Verb"].text } == ["run", "run"])
        #expect(before.first?["ExitCode"].number == 9 && before.first?["UID"].number == 0)
        #expect(before.last?["ExitCode"] == .null && before.last?["EndedAt"] == .null)
        #expect(before.last?["Command"].texts == ["sleep", "1000"])
        engine.run("rm", "-f", id)
        let after = try entries()
        #expect(after.map { $0["Verb"].text } == ["run", "run", "kill", "rm"])
        #expect(after[1]["ExitCode"].number == 137)
        #expect(engine.run("history", "--prune", "0s").output.contains("removed"))
        #expect(try entries().isEmpty)
    }

    @Test("the history closes what ended at once, what could not be started, and a start by hand")
    func closedHistory() throws {
        engine.run("run", "--name", "quick", "BusyBox", "sh", "-c", "exit 2")
        engine.run("start", "quick")
        engine.run("run", "--name", "absent", "BusyBox", "no-such-command")
        engine.run("create", "--name", "never", "BusyBox", "no-such-command")
        engine.run("start", "never")
        func endings(_ name: String, _ verb: String) throws -> [Double?] {
            try engine.json(
                "history", "--format", "json", "--filter", "container=\(name)", "--filter", "verb=\(verb)"
            ).array.map { $0["ExitCode"].number }
        }
        func isClosed() -> Bool { do { return try endings("quick", "start") == [2] } catch { return false } }
        #expect(try endings("quick", "run") == [2])
        #expect(eventually { isClosed() })
        #expect(try endings("absent", "run") == [127])
        #expect(try endings("never", "start") == [127])
        for name in ["quick", "never"] { engine.run("rm", name) }
    }

    @Test("a container that runs can be killed and removed when its configuration was damaged")
    func damaged() throws {
        let id = engine.run("run", "-d", "BusyBox", "sleep", "1000").text
        engine.host(": > \(engine.root)/containers/\(id)/config.json")
        let refused = engine.run("inspect", id)
        #expect(refused.status == 125 || refused.status == 1, "\(refused.status)")
        #expect(refused.errors.contains("\(engine.root)/containers/\(id)/config.json: "), "\(refused.errors)")
        #expect(refused.errors.contains("to remove it: \(engine.typed) rm -f "), "\(refused.errors)")
        #expect(engine.run("kill", "-s", "CONT", id).status == 0)
        #expect(engine.run("rm", "-f", id).status == 0)
    }

    @Test("a container that shares another's network finds it again after both were started anew")
    func shared() throws {
        try engine.withContainer { other in
            try created(["--network", "container:\(other)"], ["readlink", "/proc/self/ns/net"]) { id in
                let first = engine.run("start", "-a", id).text
                #expect(first.hasPrefix("net:"))
                engine.run("restart", "-t", "0", other)
                let pid = try engine.pid(other)
                let now = engine.host("readlink /proc/\(pid)/ns/net").text
                #expect(engine.run("start", "-a", id).text == now)
                engine.run("stop", "-t", "0", other)
                let refused = engine.run("start", id)
                #expect(refused.status != 0 && refused.errors.contains("not running"))
            }
        }
    }

    @Test("after the machine was started anew nothing runs, and recover writes that down")
    func reboot() throws {
        // An engine of its own: the others' containers go on.
        let engine = EngineFixture()
        func state(_ id: String) throws -> JSONValue { try engine.inspect(id)["State"] }
        let id = engine.run("run", "-d", "BusyBox", "sleep", "1000").text
        let monitor = try engine.monitor(id)
        kill(monitor, SIGKILL)
        #expect(eventually { engine.exitCode(id) != nil })
        // What a reboot takes.
        engine.host("rm -rf \(engine.runFolder)")
        #expect(try state(id)["Status"].text == "exited" && state(id)["ExitCode"].number == 137)
        #expect(engine.run("system", "recover").status == 0)
        let told = try state(id)
        #expect(told["Reason"].text == "monitor lost" && told["ExitCode"].number == 137)
        let history = try engine.json("history", "--format", "json", "--filter", "container=\(id)")
        #expect(history[0]["Reason"].text == "monitor lost")
        #expect(engine.run("start", id).status == 0)
        #expect(engine.run("rm", "-f", id).status == 0)
        engine.expectNothingLeft()
    }

    @Test("a container whose removal broke off says so to whatever asks for it, and goes with the next removal")
    func halfRemoved() throws {
        let engine = EngineFixture()
        let id = engine.run("create", "--name", "half", "BusyBox", "true").text
        // What is mounted cannot be removed. All else of it is gone by then, as when the removal is killed there.
        let upper = "\(engine.root)/containers/\(id)/upper"
        let broken = engine.host(
            "unshare -m --propagation private bash -c 'mount -t tmpfs none \(upper) || exit 99; $CFS rm half'")
        #expect(broken.status == 1 && broken.errors.contains("busy"), "\(broken.status) \(broken.errors)")
        #expect(engine.run("ps", "-a", "--format", "{{.Names}} {{.State}}").output == "half dead\n")
        let asked = [
            ["inspect", "half"], ["logs", "half"], ["diff", "half"], ["cp", "half:/etc/hosts", "-"], ["stop", "half"],
            ["start", "half"], ["commit", "half", "whole"], ["export", "half"],
            ["update", "--pids-limit", "10", "half"],
        ]
        for command in asked {
            let answer = engine.run(command)
            #expect(answer.status == 1 || answer.status == 125, "\(command) \(answer.status)")
            #expect(answer.output == (command[0] == "inspect" ? "[]\n" : ""))
            #expect(
                answer.errors == """
                    cfs: the removal of the container half was begun, and broke off
                      hint: remove it: \(engine.typed) rm half

                    """, "\(command)")
        }
        #expect(engine.run("rm", "half").status == 0)
        engine.expectNothingLeft()
    }
}
