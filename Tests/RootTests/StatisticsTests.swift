import EngineSupport
import Glibc
import TestSupport
import Testing

/// One after the other: some look at all containers of the engine.
@Suite("What containers use", .needsHost, .engine, .serialized)
struct StatisticsTests: EngineSuite {
    private static let restored = "\u{1b}[?25h\u{1b}[?1049l"

    // MARK: top

    private func processes(_ id: String) -> [JSONValue] {
        do {
            return try JSONValue(parsing: engine.run("top", "--format", "json", id).bytes).array
        } catch {
            return []
        }
    }

    @Test("top lists every process, with its number inside and outside")
    func top() throws {
        try engine.withContainer(["-u", "1000"], ["sh", "-c", "sleep 4711 & exec sleep 4712"]) { id in
            var processes: [JSONValue] = []
            let isReady = eventually {
                processes = self.processes(id)
                return processes.compactMap { $0["Command"].text }.sorted() == ["sleep 4711", "sleep 4712"]
            }
            try #require(isReady, "\(processes)")
            let first = try #require(processes.first { $0["PID"].number == 1 })
            let second = try #require(processes.first { $0["PID"].number != 1 })
            let pid = try engine.pid(id)
            #expect(first["HostPID"].number == Double(pid))
            #expect(first["ParentPID"].number == 0 && second["ParentPID"].number == 1)
            #expect(first["User"].number == 1000 && second["User"].number == 1000)
            let host = try #require(second["HostPID"].number.map { Int32($0) })
            #expect(textOfFile("/proc/\(host)/cmdline")?.hasPrefix("sleep\0") == true)
            let table = engine.run("top", id)
            #expect(table.lines.first?.split(separator: " ").first == "USER")
            #expect(table.lines.count == 3 && table.lines.dropFirst().allSatisfy { $0.contains("sleep 471") })
        }
    }

    @Test("top of what has ended is an error")
    func topEnded() throws {
        try engine.withContainer([], ["true"]) { id in
            #expect(eventually { engine.exitCode(id) == 0 })
            let result = engine.run("top", id)
            #expect(result.status == 1 && result.errors.contains("is not running"))
        }
    }

    // MARK: stats

    @Test("one reading of every container that runs; a dash for what is not measured")
    func once() throws {
        try engine.withContainer(["--name", "busy"], ["sh", "-c", "while :; do :; done"]) { busy in
            try engine.withContainer(["--name", "idle"]) { _ in
                let table = engine.run("stats", "--no-stream")
                #expect(table.status == 0 && !table.output.contains("\u{1b}"))
                let rows = table.lines.map { $0.split(separator: " ").map(String.init) }
                #expect(rows.count == 3 && rows[0].starts(with: ["CONTAINER", "ID", "NAME", "CPU"]))
                #expect(rows.dropFirst().map { $0[1] } == ["busy", "idle"])
                #expect(rows[1][0] == String(busy.prefix(12)) && rows[1][2].hasSuffix("%"))
                let hasMemory = CgroupControllers.present.contains("memory")
                #expect((rows[1][3] == "-") == !hasMemory)
                let readings = try engine.json("stats", "--no-stream", "--format", "json", "busy")
                #expect(readings.array.count == 1 && readings[0]["ID"].text == busy)
                #expect(try #require(readings[0]["CPUPercent"].number) > 0)
                #expect((readings[0]["Memory"] == .null) == !hasMemory)
            }
        }
    }

    @Test("they are sorted as asked")
    func sorted() throws {
        try engine.withContainer(["--name", "b"], ["sh", "-c", "while :; do :; done"]) { _ in
            try engine.withContainer(["--name", "a"]) { _ in
                func names(_ options: String...) throws -> [String?] {
                    let result = engine.run(["stats", "--no-stream", "--format", "json"] + options)
                    return try JSONValue(parsing: result.bytes).array.map { $0["Name"].text }
                }
                let names1 = try names()
                #expect(names1 == ["b", "a"])
                #expect(try names("--sort", "name") == ["a", "b"])
            }
        }
        let wrong = engine.run("stats", "--sort", "nothing")
        #expect(wrong.status == 64 && wrong.errors.contains("cpu, memory, name, pids"))
        #expect(engine.run("stats", "--interval", "0").status == 64)
        #expect(engine.run("stats", "--no-stream", "nobody").status == 1)
    }

    @Test("what does not run is shown when it is named, or all are")
    func ended() throws {
        try engine.withContainer(["--name", "over"], ["true"]) { id in
            #expect(eventually { engine.exitCode(id) == 0 })
            let header = engine.run("stats", "--no-stream").lines
            #expect(header.count == 1)
            #expect(header.first?.hasSuffix("   PRESSURE") == (access("/proc/pressure/cpu", F_OK) == 0), "\(header)")
            for arguments in [["over"], ["--all"]] {
                let table = engine.run(["stats", "--no-stream"] + arguments)
                #expect(table.lines.count == 2 && table.lines.last?.contains("over   -") == true, "\(table.output)")
            }
        }
    }

    @Test("for programs, each reading is a line, until nobody reads any longer")
    func stream() throws {
        try engine.withContainer { id in
            let result = engine.host("$CFS stats --format json --interval 0.1 | head -3; echo ${PIPESTATUS[0]}")
            let lines = result.lines
            #expect(lines.count == 4 && lines.last == "141", "\(result.output)")
            for line in lines.prefix(3) {
                let reading = try JSONValue(parsing: Array(line.utf8))
                #expect(reading[0]["ID"].text == id)
            }
        }
    }

    // MARK: On a terminal

    @Test(
        "the live table is drawn in place, and leaves the terminal as it was",
        arguments: [("\u{3}", nil, 0), ("q", nil, 0), (nil, SIGTERM, 143), (nil, SIGINT, 0)]
            as [(String?, Int32?, Int32)])
    func live(key: String?, number: Int32?, status: Int32) throws {
        try engine.withContainer(["--name", "watched"]) { _ in
            let terminal = Terminal(rows: 24, columns: 120)
            let before = terminal.settings
            let command = engine.start(["stats", "--interval", "0.1"], terminal: terminal)
            #expect(terminal.waitFor("watched") && terminal.waitFor("q quits"), "\(terminal.screen)")
            // Drawn again, from the top.
            #expect(terminal.waitFor("\u{1b}[J\u{1b}[H"), "\(terminal.screen)")
            if let key { terminal.type(key) }
            if let number { command.signal(number) }
            #expect(terminal.waitFor(Self.restored), "\(terminal.screen)")
            #expect(command.finish().status == status)
            #expect(terminal.screen.hasPrefix("\u{1b}[?1049h\u{1b}[?25l") && terminal.screen.hasSuffix(Self.restored))
            #expect(terminal.settings == before)
        }
    }

    @Test("it fits a narrow terminal, and follows its size")
    func narrow() throws {
        try engine.withContainer(["--name", "watched"]) { _ in
            let terminal = Terminal(rows: 10, columns: 30)
            let command = engine.start(["stats", "--interval", "0.1"], terminal: terminal)
            #expect(terminal.waitFor("watched"), "\(terminal.screen)")
            #expect(!terminal.screen.contains("CONTAINER ID"))
            terminal.resize(rows: 10, columns: 160)
            command.signal(SIGWINCH)
            #expect(terminal.waitFor("CONTAINER ID"), "\(terminal.screen)")
            terminal.type("q")
            #expect(command.finish().status == 0)
        }
    }

    @Test("a terminal that cannot be steered gets one table after the other")
    func dumb() throws {
        try engine.withContainer(["--name", "watched"]) { _ in
            let terminal = Terminal()
            let command = engine.start(
                ["stats", "--interval", "0.1"], environment: ["TERM": "dumb"], terminal: terminal)
            #expect(terminal.waitFor("watched"), "\(terminal.screen)")
            command.signal(SIGINT)
            #expect(command.finish().status == 130)
            #expect(!terminal.screen.contains("\u{1b}"))
        }
    }
}
