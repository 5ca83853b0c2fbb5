import EngineSupport
import Glibc
import TestSupport
import Testing

@Suite("Pausing containers", .needsHost, .engine)
struct PauseTests: EngineSuite {
    private static func catching(_ signal: String) -> [String] {
        ["sh", "-c", "trap 'exit 4' \(signal); echo up; while :; do sleep 0.05; done"]
    }

    private func isUp(_ id: String) -> Bool { eventually { engine.run("logs", id).output == "up\n" } }

    /// Microseconds of processor time so far; -1 when that cannot be read.
    private func used(_ id: String) -> Double {
        let result = engine.run("stats", "--no-stream", "--format", "json", id)
        do {
            return try JSONValue(parsing: result.bytes)[0]["CPU"]["Microseconds"].number ?? -1
        } catch {
            return -1
        }
    }

    @Test("what is paused uses no processor, and goes on afterwards")
    func freeze() throws {
        try engine.withContainer([], ["sh", "-c", "while :; do :; done"]) { id in
            #expect(engine.run("pause", id).output == "\(id)\n")
            let before = used(id)
            #expect(before >= 0 && used(id) == before)
            #expect(engine.run("unpause", id).output == "\(id)\n")
            #expect(eventually { used(id) > before })
        }
    }

    @Test("the history says who paused it and let it go on")
    func remembered() throws {
        try engine.withContainer(["--name", "told"]) { id in
            #expect(engine.run("pause", id).status == 0 && engine.run("unpause", id).status == 0)
            let history = try engine.json(
                "history", "--format", "json", "--filter", "container=told", "--filter", "verb=pause", "--filter",
                "verb=unpause"
            ).array
            #expect(history.map { $0["Verb"].text } == ["pause", "unpause"])
            #expect(history.allSatisfy { $0["UID"].number == 0 && $0["ID"].text == id })
        }
    }

    @Test("ps and inspect say that it is paused")
    func shown() throws {
        try engine.withContainer(["--name", "still"]) { id in
            engine.run("pause", "still")
            let listed = try engine.json("ps", "--format", "json").array.first { $0["ID"].text == id }
            #expect(listed?["State"].text == "paused")
            #expect(listed?["Status"].text?.hasSuffix(" (Paused)") == true)
            let state = try engine.inspect(id)["State"]["Status"].text
            #expect(state == "paused")
            engine.run("unpause", "still")
            #expect(try engine.inspect(id)["State"]["Status"].text == "running")
        }
    }

    @Test("twice is an error, and so is what does not run")
    func wrong() throws {
        try engine.withContainer { id in
            let running = engine.run("unpause", id)
            #expect(running.status == 1 && running.errors.contains("is not paused"))
            engine.run("pause", id)
            let twice = engine.run("pause", id)
            #expect(twice.status == 1 && twice.errors.contains("is paused already"))
            engine.run("kill", id)
            #expect(eventually { engine.exitCode(id) == 137 })
            for verb in ["pause", "unpause"] {
                let ended = engine.run(verb, id)
                #expect(ended.status == 1 && ended.errors.contains("is not running"), "\(ended.errors)")
            }
        }
    }

    @Test("exec into it is an error that says what to do")
    func exec() throws {
        try engine.withContainer { id in
            engine.run("pause", id)
            let result = engine.run("exec", id, "true")
            #expect(result.status == 125 && result.errors.contains("is paused"))
            #expect(result.errors.contains("hint: ") && result.errors.contains("\(engine.typed) unpause "))
            engine.run("unpause", id)
            #expect(engine.run("exec", id, "true").status == 0)
        }
    }

    @Test("top and stats see it all the same")
    func watched() throws {
        try engine.withContainer { id in
            engine.run("pause", id)
            let process = try engine.json("top", "--format", "json", id)[0]
            #expect(process["Command"].text == "sleep 1000")
            let use = try engine.json("stats", "--no-stream", "--format", "json", id)[0]
            #expect(use["CPUPercent"].number == 0)
        }
    }

    @Test("stop lets it end in its own way")
    func stop() throws {
        try engine.withContainer([], Self.catching("TERM")) { id in
            #expect(isUp(id))
            engine.run("pause", id)
            #expect(engine.run("stop", "-t", "60", id).status == 0)
            #expect(engine.exitCode(id) == 4)
        }
    }

    @Test("kill ends it, and another signal waits until it goes on")
    func kill() throws {
        try engine.withContainer { id in
            engine.run("pause", id)
            #expect(engine.run("kill", id).status == 0)
            #expect(eventually { engine.exitCode(id) == 137 })
        }
        // Several times: it may be gone, with its cgroup, before unpause has seen that it goes on.
        for _ in 1...10 {
            try engine.withContainer([], Self.catching("HUP")) { id in
                #expect(isUp(id))
                engine.run("pause", id)
                #expect(engine.run("kill", "-s", "HUP", id).status == 0)
                let state = try engine.inspect(id)["State"]["Status"].text
                #expect(state == "paused")
                let resumed = engine.run("unpause", id)
                #expect(resumed.status == 0, "\(resumed.errors)")
                #expect(eventually { engine.exitCode(id) == 4 })
            }
        }
    }

    @Test(
        "a command that enters while somebody pauses ends with that, or has begun: it never waits for the end of a pause"
    )
    func entering() throws {
        try engine.withContainer { id in
            for _ in 1...10 {
                let pausing = engine.start(["pause", id])
                let entering = engine.start(["exec", id, "true"])
                let paused = pausing.finish()
                #expect(paused.status == 0, "\(paused.errors)")
                // What has begun stands still until the container goes on.
                let isRefused = entering.waitForOutput("is paused", in: .errors, seconds: 3)
                #expect(engine.run("unpause", id).status == 0)
                let entered = entering.finish()
                #expect((entered.status == 0) != isRefused, "\(entered.status): \(entered.errors)")
            }
        }
    }

    @Test("rm -f removes it")
    func remove() throws {
        try engine.withContainer { id in
            engine.run("pause", id)
            #expect(engine.run("rm", id).status == 1)
            #expect(engine.run("rm", "-f", id).status == 0)
            #expect(engine.run("inspect", id).status == 1)
        }
    }
}
