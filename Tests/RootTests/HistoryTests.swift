import EngineSupport
import Glibc
import TestSupport
import Testing

@Suite("What the history tells of ends", .needsHost)
struct HistoryTests {
    private let engine = EngineFixture()

    private func entries(_ id: String, _ verb: String) throws -> [JSONValue] {
        try engine.json("history", "--format", "json", "--filter", "container=\(id)", "--filter", "verb=\(verb)").array
    }

    /// The status of the newest entry of a verb; nil while it is open.
    private func status(_ id: String, _ verb: String) -> Double? {
        do { return try entries(id, verb).last?["ExitCode"].number } catch { return nil }
    }

    @Test(
        "one more command has its end there, also when nobody waited for it, and one that could not be started its reason"
    )
    func commands() throws {
        try engine.withContainer { id in
            #expect(engine.run("exec", id, "sh", "-c", "exit 3").status == 3)
            #expect(engine.run("exec", id, "no-such-command").status == 127)
            let both = try entries(id, "exec")
            #expect(both.map { $0["ExitCode"].number } == [3, 127])
            #expect(both[0]["Reason"] == .null && both[0]["Command"].texts == ["sh", "-c", "exit 3"])
            #expect(both[1]["Reason"].text?.contains("no-such-command") == true)
            #expect(both.allSatisfy { $0["EndedAt"].text != nil })

            #expect(engine.run("exec", "-d", id, "sh", "-c", "echo $$ >/pid; exec sleep 1000").status == 0)
            #expect(eventually { engine.run("exec", id, "cat", "/pid").text != "" })
            let open = try entries(id, "exec").filter { $0["EndedAt"] == .null }
            #expect(open.map { $0["Command"].texts.last } == ["echo $$ >/pid; exec sleep 1000"])
            #expect(engine.run("history", "--filter", "container=\(id)").lines.contains { $0.hasSuffix("running") })
            #expect(engine.run("exec", id, "sh", "-c", "kill $(cat /pid)").status == 0)
            func killed() -> Bool {
                do { return try entries(id, "exec").contains { $0["ExitCode"].number == 143 } } catch { return false }
            }
            #expect(eventually { killed() })
            // All are told as events, too.
            let events = engine.run(
                "events", "--since", "10m", "--until", "0s", "--filter", "event=exec_die", "--format", "json")
            let statuses = try events.lines.map {
                try JSONValue(parsing: Array($0.utf8))["Actor"]["Attributes"]["exitCode"].text
            }
            #expect(statuses.first == "3" && statuses.filter { $0 == "143" }.count == 1, "\(statuses)")
        }
        engine.expectNothingLeft()
    }

    @Test("one that ends with its container was killed, and one whose helper was killed is lost")
    func lost() throws {
        let id = engine.run("run", "-d", "--name", "both", "BusyBox", "sleep", "1000").text
        #expect(engine.run("exec", "-d", id, "sleep", "1001").status == 0)
        let helper = engine.host("pgrep -f 'cfs-runtime enter .*\(id)'").text
        kill(try #require(pid_t(helper)), SIGKILL)
        #expect(eventually { status("both", "exec") == 137 })
        #expect(try entries("both", "exec")[0]["Reason"].text == "monitor lost")
        #expect(engine.run("exec", "-d", id, "sleep", "1002").status == 0)
        #expect(status("both", "exec") == nil)
        #expect(engine.run("stop", "-t", "0", id).status == 0)
        #expect(eventually { status("both", "exec") == 137 })
        #expect(try entries("both", "exec")[1]["Reason"] == .null)
        #expect(engine.run("rm", id).status == 0)
        engine.expectNothingLeft()
    }

    @Test("a run that its policy starts again is open again, and its last end is what counts")
    func restarted() throws {
        let script =
            "if [ ! -e /second ]; then touch /second; exit 4; fi; while [ ! -e /go ]; do sleep 0.1; done; exit 5"
        let id = engine.run(
            "run", "-d", "--restart", "on-failure:1", "--name", "again", "BusyBox", "sh", "-c", script
        ).text
        func isSecond() -> Bool {
            do {
                let state = try engine.inspect(id)
                return state["RestartCount"].number == 1 && state["State"]["Running"] == .bool(true)
            } catch { return false }
        }
        #expect(eventually { isSecond() })
        let now = try #require(try entries("again", "run").first)
        #expect(now["EndedAt"] == .null && now["ExitCode"] == .null && now["Reason"] == .null)
        #expect([0, 137].contains(engine.run("exec", id, "touch", "/go").status))
        #expect(engine.run("wait", id).status == 0)
        #expect(eventually { status("again", "run") == 5 })
        #expect(try entries("again", "run").count == 1)
        #expect(engine.run("rm", id).status == 0)
        engine.expectNothingLeft()
    }

    @Test("a run that its policy cannot start again ends as the last attempt did, and so it is told as an event")
    func restartFailed() throws {
        let folder = engine.folder("commands")
        #expect(engine.host("mkdir \(folder) && printf '#!/bin/sh\nrm /c/once; exit 3' >\(folder)/once").status == 0)
        #expect(engine.host("chmod -R a+rwX \(folder) && chmod a+x \(folder)/once").status == 0)
        let id = engine.run(
            "run", "-d", "--restart", "on-failure:1", "--userns", "host", "--cap-add", "DAC_OVERRIDE", "-v",
            "\(folder):/c", "--name", "once", "BusyBox", "/c/once"
        ).text
        #expect(engine.run("wait", id).text == "127")
        #expect(eventually { status("once", "run") == 127 })
        let run = try #require(try entries("once", "run").first)
        #expect(run["Reason"].text?.contains("/c/once") == true)
        #expect(engine.exitCode(id) == 127)
        let events = engine.run(
            "events", "--until", "0s", "--filter", "container=once", "--filter", "event=die", "--format", "json")
        let deaths = try events.lines.map { try JSONValue(parsing: Array($0.utf8))["Actor"]["Attributes"] }
        #expect(deaths.map { $0["exitCode"].text } == ["3", "127"], "\(events.output)")
        #expect(deaths.map { $0["restarts"].text } == [nil, "1"], "\(events.output)")
        #expect(engine.run("rm", id).status == 0)
        engine.expectNothingLeft()
    }
}
