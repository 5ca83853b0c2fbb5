import Glibc
import TestSupport
import Testing

/// Alone in its engine, whose journal it fills.
@Suite("A long reader of events", .needsHost)
struct EventsReaderTests {
    private struct Use: Equatable {
        var descriptors: Int
        var threads: Int
        /// In kB.
        var memory: Int

        init(of pid: Int32) throws {
            descriptors = namesInFolder("/proc/\(pid)/fd").count
            let status = (textOfFile("/proc/\(pid)/status") ?? "").split(separator: "\n")
            func number(_ field: String) throws -> Int {
                let line = try #require(status.first { $0.hasPrefix(field) })
                return try #require(line.split { $0 == " " || $0 == "\t" }.dropFirst().first.flatMap { Int($0) })
            }
            threads = try number("Threads:")
            memory = try number("VmRSS:")
        }
    }

    @Test(
        "gets each of 48,000 events once and over a change of the journal, with no more descriptors, threads and memory"
    )
    func flat() throws {
        let engine = EngineFixture()
        #expect(engine.run("create", "--name", "told0", "BusyBox").status == 0)
        let environment = ["PATH": EngineFixture.path, "CFS": engine.command([]).joined(separator: " ")]
        let reader = RunningCommand(
            ["/bin/bash", "-c", "exec $CFS events --format json >told"], environment: environment,
            directory: engine.folder.path)
        defer { reader.signal(SIGKILL) }
        var rounds = 0
        defer { engine.run("rm", "-f", "told\(rounds)") }
        func rename() {
            #expect(engine.run("rename", "told\(rounds)", "told\(rounds + 1)").status == 0)
            rounds += 1
        }
        func told() -> [Substring] {
            (textOfFile(engine.folder("told")) ?? "").split(separator: "\n")
        }
        // It has begun when it tells something.
        #expect(
            eventually {
                rename()
                return !told().isEmpty
            })
        #expect(eventually { told().last?.contains("\"told\(rounds)\"") == true })
        let unseen = rounds - told().count
        for _ in 0..<200 { rename() }
        #expect(eventually { told().count == rounds - unseen })
        let before = try Use(of: reader.pid)

        // What many verbs would write, one of which fills the file.
        let journal = "\(engine.root)/events/journal"
        // After everything that has happened: the reader wants what comes from now on.
        let time = 4_000_000_000_000_000_000
        let attribute = String(repeating: "x", count: 300)
        var added = 0
        for _ in 0..<480 {
            var lines = ""
            for _ in 0..<100 {
                lines += #"{"time":\#(time + added),"kind":"container","action":"made","id":"i","name":"n\#(added)","#
                lines += #""image":"","attributes":{"a":"\#(attribute)"}}"# + "\n"
                added += 1
            }
            Self.append(lines, to: journal)
        }
        rename()
        #expect(eventually { access("\(journal).1", F_OK) == 0 })
        for _ in 0..<200 { rename() }
        #expect(eventually(seconds: 120) { told().count == rounds - unseen + added }, "\(told().count)")
        let after = try Use(of: reader.pid)
        #expect(after.descriptors == before.descriptors && after.threads == before.threads)
        #expect(after.memory <= before.memory + 4096, "\(before.memory) kB, then \(after.memory) kB")
        print("a reader of events: \(before), after \(told().count) events: \(after)")
        fflush(nil)
        let made = told().filter { $0.contains(#""Action":"made""#) }
        #expect(made.count == added && Set(made).count == added)
    }

    private static func append(_ text: String, to path: String) {
        let handle = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        defer { close(handle) }
        let bytes = Array(text.utf8)
        #expect(write(handle, bytes, bytes.count) == bytes.count)
    }
}
