import Foundation
import TestSupport
import Testing

/// Alone in their engines, as they damage them. `CFS_TEST_STRIDE` is how many bytes lie between two lengths: 1 is every byte. The registry
/// has so many that several runs may share them: `CFS_TEST_FROM` and `CFS_TEST_UNTIL` are the first length of one, and the first of the next.
@Suite("A file of the engine's state that was cut off", .needsHost, .serialized)
struct DamagedStateTests {
    private static let stride = number("CFS_TEST_STRIDE") ?? 0

    private static func number(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }

    /// The lengths that a file is cut off to: some forty, spread over all of it, or as `CFS_TEST_STRIDE` says.
    private static func lengths(_ size: Int) -> StrideTo<Int> {
        guard stride > 0 else { return Swift.stride(from: 0, to: size, by: max(1, size / 40)) }
        return Swift.stride(
            from: number("CFS_TEST_FROM") ?? 0, to: min(size, number("CFS_TEST_UNTIL") ?? size), by: stride)
    }

    /// An engine with a container that runs, one that has ended and one whose files are damaged.
    private final class Patient {
        let engine = EngineFixture()
        let alive: String
        let victim: String

        init() throws {
            alive = engine.run("run", "-d", "--name", "alive", "BusyBox", "sleep", "100000").text
            #expect(engine.run("run", "--name", "well", "BusyBox", "echo", "well").output == "well\n")
            #expect(
                engine.run("run", "--name", "victim", "--label", "k=v", "BusyBox", "sh", "-c", "exit 3").status == 3)
            victim = try #require(try engine.inspect("victim")["Id"].text)
        }

        deinit {
            for name in ["alive", "well", "victim"] { engine.run("rm", "-f", name) }
            engine.run("system", "recover")
            engine.expectNothingLeft()
        }

        /// Cuts a file off at length after length, and puts it back at the end.
        func cutOff(_ path: String, _ body: (_ length: Int, _ whole: [UInt8]) throws -> Void) throws {
            let whole = [UInt8](try Data(contentsOf: URL(filePath: path)))
            try #require(!whole.isEmpty)
            defer { restore(path, whole) }
            for length in DamagedStateTests.lengths(whole.count) {
                restore(path, Array(whole[..<length]))
                try body(length, whole)
            }
        }

        func restore(_ path: String, _ bytes: [UInt8]) {
            let handle = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            #expect(handle >= 0 && bytes.withUnsafeBytes { write(handle, $0.baseAddress, $0.count) } == bytes.count)
            close(handle)
        }

        /// What `ps -a` says of each container.
        func states(_ result: CommandResult) throws -> [String: String] {
            #expect(result.status == 0, "\(result.errors)")
            let records = try JSONValue(parsing: result.bytes).array
            return Dictionary(records.map { ($0["Names"].text ?? "", $0["State"].text ?? "") }) { $1 }
        }

        func list() -> CommandResult { engine.run("ps", "-a", "--format", "json") }
    }

    private let healthy = ["alive": "running", "well": "exited", "victim": "exited"]

    @Test("a configuration: the container is listed, what needs the file names it, and the others work")
    func configuration() throws {
        let patient = try Patient()
        let path = "\(patient.engine.root)/containers/\(patient.victim)/config.json"
        try patient.cutOff(path) { length, _ in
            let listed = patient.list()
            let states = try patient.states(listed)
            #expect(states == healthy, "\(length)")
            for verb in ["inspect", "start"] {
                let result = patient.engine.run(verb, "victim")
                #expect(result.status != 0 && result.errors.contains(path), "\(verb) at \(length): \(result.errors)")
            }
            #expect(patient.engine.run("inspect", "well").status == 0)
        }
        // Whole again, it starts again.
        #expect(patient.engine.run("start", "victim").status == 0)
    }

    @Test("the configuration of one that runs: it can be stopped and removed")
    func configurationOfOneThatRuns() throws {
        let patient = try Patient()
        try patient.cutOff("\(patient.engine.root)/containers/\(patient.alive)/config.json") { length, _ in
            guard length > 0 else { return }
            let states = try patient.states(patient.list())
            #expect(states == healthy)
        }
        patient.restore("\(patient.engine.root)/containers/\(patient.alive)/config.json", [])
        let stopped = patient.engine.run("stop", "-t", "0", "alive")
        #expect(stopped.status == 0, "\(stopped.errors)")
        #expect(patient.engine.exitCode("well") == 0)
        #expect(patient.engine.run("rm", "alive").status == 0)
    }

    @Test("the record of an end: the container has ended, and a warning names the file")
    func exitRecord() throws {
        let patient = try Patient()
        let path = "\(patient.engine.root)/containers/\(patient.victim)/exit.json"
        try patient.cutOff(path) { length, _ in
            let listed = patient.list()
            let states = try patient.states(listed)
            #expect(states == healthy, "\(length)")
            #expect(listed.errors == "cfs: warning: victim: the file \(path) is damaged\n", "\(length)")
            #expect(patient.engine.exitCode("victim") == 255)
            #expect(patient.engine.exitCode("well") == 0)
        }
        #expect(patient.list().errors == "")
        #expect(patient.engine.exitCode("victim") == 3)
    }

    @Test("what a monitor wrote of one that runs: it is seen to run and can be entered, and a warning names the file")
    func liveState() throws {
        let patient = try Patient()
        let path = "\(patient.engine.runFolder)/\(patient.alive)/state"
        let pid = try patient.engine.pid("alive")
        try patient.cutOff(path) { length, _ in
            let listed = patient.list()
            let states = try patient.states(listed)
            #expect(states == healthy, "\(length)")
            #expect(listed.errors == "cfs: warning: alive: the file \(path) is damaged\n", "\(length)")
            let seen = try patient.engine.pid("alive")
            #expect(seen == pid)
        }
        patient.restore(path, [])
        #expect(patient.engine.run("exec", "alive", "echo", "in").output == "in\n")
        #expect(patient.engine.run("system", "recover").status == 0)
        #expect(patient.engine.run("stop", "-t", "0", "alive").status == 0)
        #expect(patient.engine.exitCode("alive") == 137)
    }

    @Test("what was removed, or is no file, is damage like another")
    func noFiles() throws {
        let patient = try Patient()
        let (run, root) = (patient.engine.runFolder, patient.engine.root)
        let state = "\(run)/\(patient.alive)/state"
        for (path, name, ways) in [
            (state, "alive", ["rm PATH", "rm -f PATH; mkdir PATH", "rmdir PATH; mkfifo PATH", "rm PATH; mkdir PATH"]),
            (
                "\(root)/containers/\(patient.victim)/exit.json", "victim",
                [
                    "rm PATH; mkdir PATH", "rmdir PATH; mkfifo PATH", "rm PATH; ln -s PATH PATH",
                    "rm PATH; mkdir -p PATH/x",
                ]
            ),
        ] {
            for way in ways {
                #expect(patient.engine.host(way.replacing("PATH", with: path)).status == 0)
                let listed = patient.list()
                let states = try patient.states(listed)
                #expect(states == healthy, "\(way)")
                #expect(
                    listed.errors.contains("cfs: warning: \(name): the file \(path) is damaged\n"), "\(listed.errors)")
                #expect(patient.engine.run("logs", "victim").status == 0 && patient.engine.exitCode("well") == 0)
            }
        }
        #expect(patient.engine.run("exec", "alive", "echo", "in").output == "in\n")
        #expect(patient.engine.run("start", "victim").status == 0)
        #expect(eventually { patient.engine.exitCode("victim") == 3 })
        #expect(patient.engine.host("rm \(state)").status == 0)
        #expect(patient.engine.run("stop", "-t", "0", "alive").status == 0 && patient.engine.exitCode("alive") == 137)
        #expect(patient.engine.run("start", "alive").status == 0 && patient.engine.host("rm \(state)").status == 0)
        for name in ["alive", "victim"] {
            let removed = patient.engine.run("rm", "-f", name)
            #expect(removed.status == 0, "\(removed.errors)")
        }
    }

    @Test("the socket of a monitor, removed: nothing is said to be done that is not, and rm -f ends both")
    func withoutSocket() throws {
        let patient = try Patient()
        let socket = "\(patient.engine.runFolder)/\(patient.alive)/socket"
        let monitor = try patient.engine.monitor("alive")
        #expect(patient.engine.host("rm \(socket)").status == 0)
        for words in [["stop", "-t", "0", "alive"], ["kill", "alive"], ["restart", "alive"], ["attach", "alive"]] {
            let result = patient.engine.run(words)
            #expect(
                result.status != 0
                    && result.errors.contains(
                        "process \(monitor), cannot be reached: \(socket) is gone\n  hint: end both: kill \(monitor)"),
                "\(words): \(result.errors)")
        }
        #expect(try patient.states(patient.list()) == healthy)
        #expect(patient.engine.run("exec", "alive", "echo", "in").output == "in\n")
        let removed = patient.engine.run("rm", "-f", "alive")
        #expect(removed.status == 0 && removed.errors == "", "\(removed.errors)")
        #expect(eventually { kill(monitor, 0) == -1 })
        // The other way.
        let id = patient.engine.run("run", "-d", "--name", "alive", "BusyBox", "sleep", "100000").text
        let other = try patient.engine.monitor("alive")
        #expect(
            patient.engine.host("rm \(patient.engine.runFolder)/\(id)/socket").status == 0 && kill(other, SIGTERM) == 0)
        #expect(eventually { patient.engine.exitCode("alive") == 137 })
    }

    @Test("the journal: what is whole of it is told, and what comes next is not lost")
    func journal() throws {
        let patient = try Patient()
        let path = "\(patient.engine.root)/events/journal"
        try patient.cutOff(path) { length, whole in
            // A line of which only the line feed lacks gets that from the next writer.
            let lines = whole.indices.filter { whole[$0] == 0x0a && $0 <= length }.count
            let isHalf = length > 0 && whole[length - 1] != 0x0a
            let cut = patient.engine.run("events", "--until", "0s")
            #expect(cut.status == 0 && cut.errors.contains(path) == isHalf, "\(length): \(cut.errors)")
            #expect(patient.engine.run("rename", "well", "better").status == 0)
            #expect(patient.engine.run("rename", "better", "well").status == 0)
            let told = patient.engine.run("events", "--until", "0s")
            #expect(told.status == 0 && told.lines.count == lines + 2, "\(length): \(told.output) \(told.errors)")
            // Only where the line feed alone was cut off nothing is lost.
            let isDamaged = isHalf && whole[length] != 0x0a
            #expect(told.errors.components(separatedBy: path).count == (isDamaged ? 2 : 1), "\(told.errors)")
            let history = patient.engine.run("history")
            #expect(history.status == 0, "\(length): \(history.errors)")
        }
    }

    @Test("the compiled filter of system calls: it is made anew")
    func filter() throws {
        let patient = try Patient()
        let folder = "\(patient.engine.root)/seccomp"
        let name = try #require(namesInFolder(folder).first)
        try patient.cutOff("\(folder)/\(name)") { length, whole in
            let result = patient.engine.run("run", "--rm", "BusyBox", "grep", "Seccomp:", "/proc/self/status")
            #expect(result.output == "Seccomp:\t2\n" && result.errors == "", "\(length): \(result.errors)")
            let made = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
            #expect(made == whole)
        }
    }

    @Test("a manifest and an image's configuration: containers run, and what needs the file names it")
    func documents() throws {
        let patient = try Patient()
        let folder = "\(patient.engine.root)/blobs/sha256"
        for name in namesInFolder(folder) {
            let path = "\(folder)/\(name)"
            guard (textOfFile(path) ?? "").utf8.count < 4096 else { continue }
            try patient.cutOff(path) { length, _ in
                let result = patient.engine.run("run", "--rm", "BusyBox", "echo", "x")
                #expect(result.output == "x\n" && result.errors == "", "\(length): \(result.errors)")
                let exported = patient.engine.run("image", "export", "-o", patient.engine.folder("out.tar"), "BusyBox")
                // The base's documents are not BusyBox's own.
                #expect(exported.status == 0 || exported.errors.contains(path), "\(length): \(exported.errors)")
            }
        }
    }

    @Test("a registry that is gone: a list of nothing says what is there, and recover takes all of it up")
    func withoutRegistry() throws {
        let patient = try Patient()
        let engine = patient.engine
        let before = try patient.states(patient.list())
        #expect(engine.host("rm \(engine.root)/registry.db*").status == 0)
        let listed = engine.run("ps", "-a")
        #expect(listed.status == 0 && listed.lines.count == 1, "\(listed.output)")
        #expect(listed.errors.contains("the registry has lost all 3 containers of \(engine.root)/containers"))
        #expect(listed.errors.contains("cfs system recover"), "\(listed.errors)")
        #expect(engine.run("system", "recover").status == 0)
        let after = patient.list()
        let states = try patient.states(after)
        #expect(states == before && after.errors == "", "\(after.errors)")
    }

    @Test("the registry: every command names it and says what to do; a rebuild brings containers and images back")
    func registry() throws {
        let patient = try Patient()
        let engine = patient.engine
        let path = "\(engine.root)/registry.db"
        let pid = try engine.pid("alive")
        // All of it is in the file, as it is after some sixty pages.
        #expect(engine.host("sqlite3 \(path) 'PRAGMA wal_checkpoint(TRUNCATE)'").status == 0)
        let before = try patient.states(patient.list())
        let whole = [UInt8](try Data(contentsOf: URL(filePath: path)))
        var rebuilds = 0
        for length in Self.lengths(whole.count).filter({ Self.stride > 0 || $0 % 3 == 0 || $0 == 0 }) where length > 1 {
            for ending in ["-wal", "-shm"] { unlink(path + ending) }
            patient.restore(path, Array(whole[..<length]))
            let listed = patient.list()
            if listed.status == 0 {
                // What was cut off had no row in it.
                let states = try patient.states(listed)
                #expect(states == before, "\(length)")
                continue
            }
            #expect(
                listed.errors.contains("the registry \(path) is damaged") && listed.errors.contains("--rebuild"),
                "\(length): \(listed.errors)")
            let rebuilt = engine.run("system", "recover", "--rebuild")
            #expect(rebuilt.status == 0 && rebuilt.errors.contains("\(path).damaged"), "\(length): \(rebuilt.errors)")
            let states = try patient.states(patient.list())
            #expect(states == before, "\(length): \(rebuilt.errors)")
            #expect(try engine.pid("alive") == pid)
            #expect(engine.run("exec", "alive", "echo", "in").output == "in\n")
            rebuilds += 1
        }
        #expect(rebuilds > 5)
        #expect(try engine.inspect("victim")["Config"]["Labels"]["k"].text == "v")
        #expect(engine.run("run", "--rm", "BusyBox", "echo", "x").output == "x\n")
        #expect(engine.run("start", "well").status == 0)
        let again = engine.run("system", "recover", "--rebuild")
        #expect(again.status != 0 && again.errors.contains("is not damaged"))
    }
}
