import EngineSupport
import Glibc
import TestSupport
import Testing

@Suite("Restart policies and health checks", .needsHost, .engine)
struct RestartTests: EngineSuite {
    private func state(_ id: String) -> JSONValue {
        do { return try engine.inspect(id)["State"] } catch { return .null }
    }

    private func restarts(_ id: String) -> Int {
        do { return try engine.inspect(id)["RestartCount"].number.map { Int($0) } ?? -1 } catch { return -1 }
    }

    @Test("always starts it again, whatever its status, with what it wrote; stop ends that")
    func always() throws {
        try engine.withContainer(["--restart", "always"], ["sh", "-c", "echo run; sleep 0.05"]) { id in
            #expect(eventually { restarts(id) >= 2 })
            #expect(eventually { engine.run("logs", id).lines.count >= 3 })
            #expect(engine.run("stop", "-t", "0", id).status == 0)
            #expect(state(id)["Status"].text == "exited" && state(id)["Restarting"].bool == false)
            let count = restarts(id)
            let died = engine.run("events", "--until", "0s", "--filter", "container=\(id)", "--filter", "event=die")
            #expect(died.lines.count == count + 1)
            #expect(engine.run("start", id).status == 0)
        }
    }

    @Test("on-failure:2 tries twice more, and stops at success")
    func onFailure() throws {
        try engine.withContainer(["--restart", "on-failure:2"], ["sh", "-c", "exit 3"]) { id in
            #expect(eventually { state(id)["Status"].text == "exited" })
            #expect(restarts(id) == 2 && state(id)["ExitCode"].number == 3)
        }
        let once = ["sh", "-c", "test -e /ran && exit 0; touch /ran; exit 1"]
        try engine.withContainer(["--restart", "on-failure"], once) { id in
            // One look: between two it may have been started again.
            #expect(
                eventually {
                    let state = state(id)
                    return state["Status"].text == "exited" && state["ExitCode"].number == 0
                })
            #expect(restarts(id) == 1)
        }
    }

    @Test("while it waits its files are reached, and the next run waits for that; a signal finds nobody")
    func files() throws {
        let folder = engine.folder("mended")
        #expect(engine.host("mkdir -p \(folder); echo mended >\(folder)/file").status == 0)
        try engine.withContainer(["--restart", "always", "--name", "mends"], ["sh", "-c", "cat /file && sleep 1000"]) {
            id in
            // So often that it waits for some time.
            #expect(eventually { restarts(id) >= 4 && state(id)["Restarting"].bool == true })
            let exported = engine.run("export", "-o", engine.folder("waits.tar"), id)
            #expect(exported.status == 0, "\(exported.errors)")
            for signal in ["HUP", "USR1"] {
                let result = engine.run("kill", "-s", signal, id)
                // Or it has just been started again, for a moment.
                #expect(
                    result.status == 0 || result.errors.contains("it waits to be started again")
                        || result.errors.contains("is not running"), "\(result.errors)")
            }
            let copied = engine.run("cp", "\(folder)/file", "\(id):/file")
            #expect(copied.status == 0, "\(copied.errors)")
            #expect(eventually { engine.run("logs", id).output.contains("mended\n") })
            #expect(engine.run("exec", id, "cat", "/file").output == "mended\n")
        }
    }

    @Test("while it waits it is listed as restarting, cannot be started or removed, and can be stopped")
    func waiting() throws {
        try engine.withContainer(["--restart", "always", "--name", "waits"], ["false"]) { id in
            // From the sixth time on it waits for more than three seconds.
            #expect(eventually { restarts(id) >= 6 && state(id)["Status"].text == "restarting" })
            let listed = engine.run("ps", "--format", "{{.Names}} {{.State}}", "--filter", "id=\(id)")
            #expect(listed.output == "waits restarting\n")
            #expect(engine.run("ps").output.contains("Restarting (1)"))
            // Others of this engine may wait, too.
            let mine = ["ps", "-q", "--no-trunc", "--filter", "id=\(id)", "--filter"]
            #expect(engine.run(mine + ["status=restarting"]).text == id)
            #expect(engine.run(mine + ["status=exited"]).output == "")
            #expect(engine.run("start", id).errors.contains("restart policy"))
            #expect(engine.run("rm", id).errors.contains("restart policy"))
            #expect(engine.run("stop", id).status == 0)
            #expect(state(id)["Restarting"].bool == false && state(id)["ExitCode"].number == 1)
            #expect(engine.run("rm", id).status == 0)
        }
    }

    @Test("kill ends it for good, another signal does not")
    func kill() throws {
        let deaf = ["sh", "-c", "trap 'exit 5' USR1; echo up; while :; do sleep 0.05; done"]
        try engine.withContainer(["--restart", "always"], deaf) { id in
            #expect(eventually { engine.run("logs", id).output == "up\n" })
            engine.run("kill", "-s", "USR1", id)
            #expect(eventually { restarts(id) == 1 && state(id)["Running"].bool == true })
            engine.run("kill", id)
            #expect(eventually { state(id)["Status"].text == "exited" })
            #expect(state(id)["Restarting"].bool == false && restarts(id) == 1)
        }
    }

    @Test("who follows the log sees every run, to the last one's end")
    func followed() throws {
        let script = "echo run; test $(wc -l </runs) -ge 3 && exit 0; echo x >>/runs; exit 1"
        try engine.withContainer(
            ["--restart", "on-failure"], ["sh", "-c", "touch /runs; sleep 0.3; " + script]
        ) { id in
            let follower = engine.run("logs", "-f", id)
            #expect(follower.output == "run\nrun\nrun\nrun\n")
        }
    }

    @Test("who is attached is told of the end of the run, though another follows")
    func attached() throws {
        let script = "echo up; while ! test -e /go; do sleep 0.02; done; rm /go; echo over; exit 6"
        try engine.withContainer(["--restart", "always"], ["sh", "-c", script]) { id in
            let client = engine.start(["attach", id])
            let joined = {
                engine.run("events", "--until", "0s", "--filter", "container=\(id)", "--filter", "event=attach")
            }
            #expect(eventually { joined().output.contains("attach") })
            // The run ends with what it sees, and may take the one that made it along.
            #expect([0, 137].contains(engine.run("exec", id, "touch", "/go").status))
            let result = client.finish()
            #expect(result.status == 6 && result.output.contains("over"))
            #expect(eventually { restarts(id) >= 1 })
            #expect(engine.run("history", "--filter", "container=\(id)", "--filter", "verb=attach").lines.count == 2)
        }
    }

    @Test("a run in front ends with its own end, though another follows behind it")
    func inFront() throws {
        let script = "echo run; test $(wc -l </runs) -ge 2 && sleep 1000; echo x >>/runs; exit 6"
        let result = engine.run(
            "run", "--name", "in-front", "--restart", "always", "BusyBox", "sh", "-c", "touch /runs; " + script)
        defer { engine.run("rm", "-f", "in-front") }
        #expect(result.status == 6 && result.output == "run\n" && result.errors == "", "\(result.errors)")
        #expect(eventually { engine.run("logs", "in-front").lines.count == 3 })
        #expect(restarts("in-front") == 2 && state("in-front")["Running"].bool == true)
    }

    @Test("after a reboot restore starts what should run, and nothing that was stopped")
    func restore() throws {
        // An engine of its own: the others' containers go on.
        let engine = EngineFixture()
        func state(_ id: String) throws -> JSONValue { try engine.inspect(id)["State"] }
        func made(_ policy: String) -> String {
            engine.run("run", "-d", "--restart", policy, "BusyBox", "sleep", "1000").text
        }
        let (always, unless, stopped, never) = (
            made("always"), made("unless-stopped"), made("unless-stopped"), made("no")
        )
        engine.run("stop", "-t", "0", stopped)
        let monitors = try [always, unless, never].map { try engine.monitor($0) }
        for monitor in monitors { Glibc.kill(monitor, SIGKILL) }
        #expect(eventually { [always, unless, never].allSatisfy { engine.exitCode($0) != nil } })
        engine.host("rm -rf \(engine.runFolder)")
        let restored = engine.run("system", "restore")
        #expect(restored.status == 0 && Set(restored.lines) == [always, unless])
        #expect(try state(always)["Running"].bool == true && state(unless)["Running"].bool == true)
        #expect(try state(never)["Reason"].text == "monitor lost")
        #expect(engine.run("system", "restore").output == "")
        for id in [always, unless, stopped, never] { engine.run("rm", "-f", id) }
        engine.expectNothingLeft()
    }

    @Test("a health check makes it healthy, then unhealthy, and tells of both")
    func health() throws {
        let options = [
            "--health-cmd", "cat /well && echo checked", "--health-interval", "50ms", "--health-retries", "2",
        ]
        let script = "touch /well; while :; do sleep 0.05; done"
        try engine.withContainer(options, ["sh", "-c", script]) { id in
            #expect(eventually { state(id)["Health"]["Status"].text == "healthy" })
            #expect(engine.run("ps").output.contains("(healthy)"))
            #expect(state(id)["Health"]["Log"][0]["Output"].text == "checked\n")
            engine.run("exec", id, "rm", "/well")
            #expect(eventually { state(id)["Health"]["Status"].text == "unhealthy" })
            #expect(state(id)["Health"]["Log"].array.last?["Output"].text?.contains("No such file") == true)
            let told = engine.run("events", "--until", "0s", "--filter", "container=\(id)").lines
                .filter { $0.contains("health_status") }
            #expect(told.count == 2 && told[0].contains(": healthy") && told[1].contains(": unhealthy"))
        }
    }

    @Test("a check that takes too long is killed, and has failed; the container goes on and can be stopped")
    func slowCheck() throws {
        let options = [
            "--health-cmd", "sleep 31007", "--health-interval", "20ms", "--health-timeout", "50ms",
            "--health-retries", "1",
        ]
        try engine.withContainer(options) { id in
            #expect(eventually { state(id)["Health"]["Status"].text == "unhealthy" })
            #expect(state(id)["Health"]["Log"][0]["Output"].text?.contains("longer than its timeout") == true)
            #expect(engine.run("stop", "-t", "0", id).status == 0)
            #expect(eventually { !EngineFixture.isRunning("sleep", "31007") })
        }
    }

    @Test(
        "wrong options are errors, and nothing is left",
        arguments: [
            ["--restart", "sometimes"], ["--rm", "--restart", "always"], ["--health-interval", "1s"],
            ["--health-cmd", "true", "--health-interval", "0s"], ["--health-cmd", "true", "--health-retries", "0"],
            ["--health-cmd", ""],
        ])
    func wrong(options: [String]) {
        let result = engine.run(["run", "-d"] + options + ["BusyBox", "true"])
        #expect(result.status == 125 && result.errors.hasPrefix("cfs: "), "\(options)")
        #expect(result.output == "")
    }
}
