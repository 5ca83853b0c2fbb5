import Glibc
import TestSupport
import Testing

@Suite("Another restart policy for a container that is there", .needsHost, .engine)
struct RestartUpdateTests: EngineSuite {
    private func restarts(_ id: String) -> Int {
        do { return try engine.inspect(id)["RestartCount"].number.map { Int($0) } ?? -1 } catch { return -1 }
    }

    private func state(_ id: String) -> JSONValue {
        do { return try engine.inspect(id)["State"] } catch { return .null }
    }

    /// By the words that Docker has for it.
    private func policy(_ id: String) -> String {
        engine.run(
            "inspect", "--format", "{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}",
            id
        ).text
    }

    /// Ends when it is told to, with status 5.
    private static let told = [
        "sh", "-c", "trap 'exit 5' USR1; echo up; while :; do sleep 0.05; done",
    ]

    @Test("the monitor of a running one keeps the new policy from its next end on, and gives it up again")
    func running() throws {
        try engine.withContainer([], Self.told) { id in
            func isUp(_ times: Int) -> Bool { eventually { engine.run("logs", id).lines.count == times } }
            #expect(isUp(1))
            #expect(policy(id) == "no 0")
            let updated = engine.run("update", "--restart", "on-failure:7", id)
            #expect(updated.output == "\(id)\n" && updated.errors == "")
            #expect(policy(id) == "on-failure 7")
            #expect(engine.run("kill", "-s", "USR1", id).status == 0)
            #expect(isUp(2) && restarts(id) == 1)
            #expect(engine.run("update", "--restart", "no", id).status == 0)
            #expect(engine.run("kill", "-s", "USR1", id).status == 0)
            #expect(eventually { state(id)["Status"].text == "exited" })
            #expect(state(id)["Restarting"].bool == false && state(id)["ExitCode"].number == 5 && restarts(id) == 1)
            let history = engine.run("history", "--filter", "container=\(id)", "--filter", "verb=update")
            #expect(history.lines.count == 3, "\(history.output)")
            #expect(history.lines[1].contains("--restart on-failure:7"), "\(history.output)")
            let events = engine.run(
                "events", "--until", "0s", "--filter", "container=\(id)", "--filter", "event=update")
            #expect(events.lines.first?.contains("(restart=on-failure:7, ") == true, "\(events.output)")
        }
    }

    @Test("a stop ends one that got its policy later, and restore leaves it")
    func stopped() throws {
        // An engine of its own, for restore.
        let engine = EngineFixture()
        let (stopped, lost) = (
            engine.run("run", "-d", "BusyBox", "sleep", "1000").text,
            engine.run("run", "-d", "BusyBox", "sleep", "1000").text
        )
        #expect(engine.run("update", "--restart", "unless-stopped", stopped, lost).lines == [stopped, lost])
        #expect(engine.run("stop", "-t", "0", stopped).status == 0)
        Glibc.kill(try engine.monitor(lost), SIGKILL)
        #expect(eventually { engine.exitCode(lost) != nil })
        let restored = engine.run("system", "restore")
        #expect(restored.lines == [lost], "\(restored.output) \(restored.errors)")
        // Stopped first, and its policy came after that.
        let late = engine.run("run", "-d", "BusyBox", "sleep", "1000").text
        #expect(engine.run("stop", "-t", "0", late).status == 0)
        #expect(engine.run("update", "--restart", "unless-stopped", late).status == 0)
        #expect(engine.run("system", "restore").output == "")
        for id in [stopped, lost, late] { engine.run("rm", "-f", id) }
        engine.expectNothingLeft()
    }

    @Test("one that waits to be started again hears of it at once")
    func waiting() throws {
        try engine.withContainer(["--restart", "always"], ["sh", "-c", "exit 9"]) { id in
            // The waits become longer than this test.
            #expect(eventually { restarts(id) >= 8 && state(id)["Restarting"].bool == true })
            #expect(engine.run("update", "--restart", "no", id).status == 0)
            let count = restarts(id)
            #expect(eventually { state(id)["Restarting"].bool == false })
            #expect(restarts(id) == count && state(id)["ExitCode"].number == 9)
            #expect(engine.run("rm", id).status == 0)
        }
    }

    @Test("one that removes itself has no policy, and what is no policy is an error")
    func wrong() throws {
        try engine.withContainer(["--rm"]) { id in
            let refused = engine.run("update", "--restart", "always", id)
            #expect(refused.status == 1 && refused.errors.contains("removes itself"), "\(refused.errors)")
            #expect(engine.run("update", "--restart", "no", id).status == 0)
            let unknown = engine.run("update", "--restart", "sometimes", id)
            #expect(unknown.status != 0 && unknown.errors.contains("unless-stopped"), "\(unknown.errors)")
            #expect(engine.run("update", id).errors.contains("neither a limit nor a restart policy"))
        }
    }
}
