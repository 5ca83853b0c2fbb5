import Glibc
import TestSupport
import Testing

@Suite("Ending and removing containers", .needsHost, .engine)
struct StopTests: EngineSuite {
    private static func catching(_ signal: String) -> [String] {
        ["sh", "-c", "trap 'echo got \(signal); exit 4' \(signal); echo up; while :; do sleep 0.05; done"]
    }

    private func isUp(_ id: String) -> Bool { eventually { engine.run("logs", id).output == "up\n" } }

    @Test("stop sends TERM, and the container may end in its own way")
    func stop() throws {
        try engine.withContainer([], Self.catching("TERM")) { id in
            #expect(isUp(id))
            // Longer than any machine needs: killed, it would not end in its own way.
            #expect(engine.run("stop", "-t", "100", id).output == "\(id)\n")
            let state = try engine.inspect(id)["State"]
            #expect(state["Running"].bool == false && state["ExitCode"].number == 4)
            #expect(engine.run("logs", id).output == "up\ngot TERM\n")
        }
    }

    @Test("--stop-signal is honoured, by name and by number", arguments: ["USR2", "SIGUSR2", "12"])
    func stopSignal(text: String) throws {
        try engine.withContainer(["--stop-signal", text], Self.catching("USR2")) { id in
            #expect(isUp(id))
            #expect(engine.run("stop", "-t", "100", id).status == 0)
            #expect(engine.exitCode(id) == 4)
        }
    }

    @Test("who does not listen is killed when the time is over")
    func patience() throws {
        try engine.withContainer { id in
            #expect(engine.run("stop", "-t", "0", id).status == 0)
            let state = try engine.inspect(id)["State"]
            #expect(state["ExitCode"].number == 137)
            #expect(state["Signal"].text?.hasSuffix("KILL") == true)
        }
    }

    @Test("--stop-timeout is the time of stop and restart that are not given one")
    func ownPatience() throws {
        // With the usual ten seconds it would end in its own way.
        let slow = ["sh", "-c", "trap 'sleep 3; echo late; exit 4' TERM; echo up; while :; do sleep 0.05; done"]
        try engine.withContainer(["--stop-timeout", "0"], slow) { id in
            #expect(engine.run("inspect", "-f", "{{.Config.StopTimeout}}", id).text == "0")
            #expect(isUp(id))
            #expect(engine.run("restart", id).status == 0)
            #expect(eventually { engine.run("logs", id).output == "up\nup\n" })
            #expect(engine.run("stop", id).status == 0)
            #expect(engine.exitCode(id) == 137)
            // A time that is given goes before it.
            #expect(engine.run("start", id).status == 0)
            #expect(eventually { engine.run("logs", id).output == "up\nup\nup\n" })
            #expect(engine.run("stop", "-t", "100", id).status == 0)
            #expect(engine.exitCode(id) == 4)
        }
        try engine.withContainer { id in
            let config = try engine.inspect(id)["Config"]
            #expect(config.names.contains("StopTimeout") && config["StopTimeout"] == .null)
        }
    }

    @Test("stopping what has ended is fine; several are stopped at once, and every failure is told")
    func several() throws {
        try engine.withContainer { first in
            try engine.withContainer { second in
                let result = engine.run("stop", "-t", "0", first, "no-such-container", second)
                #expect(result.status == 1)
                #expect(result.lines == [first, second])
                #expect(result.errors.contains("no-such-container"))
                #expect(engine.run("stop", first).status == 0)
            }
        }
    }

    @Test("one that is named twice is dealt with once, and told as often as it is named")
    func twice() throws {
        let counting = ["sh", "-c", "trap 'echo got' USR1; echo up; while :; do sleep 0.05; done"]
        try engine.withContainer(["--name", "double"], counting) { id in
            #expect(isUp(id))
            for verbs in [
                ["pause"], ["unpause"], ["kill", "-s", "USR1"], ["stop", "-t", "0"], ["stop"], ["start"],
                ["restart", "-t", "0"], ["update", "--restart", "no"], ["rm", "-f"],
            ] {
                let result = engine.run(verbs + ["double", id, "double"])
                #expect(result.status == 0 && result.errors == "", "\(verbs): \(result.errors)")
                #expect(result.lines == ["double", id, "double"], "\(verbs)")
                guard verbs[0] == "kill" else { continue }
                #expect(eventually { engine.run("logs", id).output == "up\ngot\n" })
            }
        }
        // What fails is told each time.
        let unknown = engine.run("rm", "nobody", "nobody")
        #expect(unknown.status == 1 && unknown.errors.split(separator: "nobody").count >= 3)
    }

    @Test("of several, all are asked to end before any is waited for")
    func askedAtOnce() throws {
        let deaf = ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done"]
        try engine.withContainer([], deaf) { first in
            try engine.withContainer([], Self.catching("TERM")) { second in
                #expect(isUp(first) && isUp(second))
                // The first would keep the second waiting for a day.
                let stop = engine.start(["stop", "-t", "86400", first, second])
                #expect(eventually(seconds: 60) { engine.exitCode(second) == 4 })
                #expect(engine.exitCode(first) == nil)
                #expect(engine.run("kill", first).status == 0)
                let result = stop.finish()
                #expect(result.status == 0 && result.lines == [first, second], "\(result.errors)")
            }
        }
    }

    @Test("kill sends the signal that is asked for, and KILL without one")
    func kill() throws {
        try engine.withContainer([], Self.catching("HUP")) { id in
            #expect(isUp(id))
            #expect(engine.run("kill", "--signal", "HUP", id).status == 0)
            #expect(eventually { engine.exitCode(id) == 4 })
            // Its end is written down a moment before its monitor is gone, which takes a signal until then.
            func isRefused() -> Bool {
                let again = engine.run("kill", id)
                return again.status == 1 && again.errors.contains("is not running")
            }
            #expect(eventually { isRefused() })
        }
        try engine.withContainer { id in
            #expect(engine.run("kill", id).status == 0)
            #expect(eventually { engine.exitCode(id) == 137 })
        }
        #expect(engine.run("kill", "-s", "NONSENSE", "x").errors.contains("NONSENSE"))
    }

    @Test("rm refuses what runs, and with -f ends it")
    func remove() throws {
        try engine.withContainer { id in
            let refused = engine.run("rm", id)
            #expect(refused.status == 1)
            #expect(refused.errors.contains("is running"))
            #expect(engine.run("ps", "-q", "--no-trunc").output.contains(id))
            #expect(engine.run("rm", "-f", id).output == "\(id)\n")
            #expect(engine.run("inspect", id).status == 1)
            #expect(access("\(engine.root)/containers/\(id)", F_OK) != 0)
        }
    }

    @Test("what the container left running ends with its first process")
    func orphans() throws {
        // A number that no other run of the tests looks for.
        let seconds = "\(1_000_000 + getpid())"
        let script = "sleep \(seconds) & sleep \(seconds) & echo up; read line; echo done"
        let command = engine.start(["run", "-i", "--rm", "BusyBox", "sh", "-c", script])
        #expect(command.waitForOutput("up"))
        #expect(eventually { EngineFixture.isRunning("sleep", seconds) })
        let result = command.finish(input: "\n")
        #expect(result.output == "up\ndone\n" && result.status == 0 && !result.timedOut)
        #expect(!EngineFixture.isRunning("sleep", seconds))
    }
}
