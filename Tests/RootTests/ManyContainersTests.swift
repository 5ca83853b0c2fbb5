import Glibc
import TestSupport
import Testing

/// Alone in its engine, as it counts.
@Suite("Many containers at once", .needsHost, .serialized)
struct ManyContainersTests {
    /// As many as the full run has; fewer where the machine is small.
    private static let count = getenv("CFS_TEST_CONTAINERS").flatMap { Int(String(cString: $0)) } ?? 200

    @Test("200 (CFS_TEST_CONTAINERS) run at once, ps shows them all, all end by one stop, and nothing is left")
    func many() throws {
        let engine = EngineFixture()
        let names = (0..<Self.count).map { "many\($0)" }
        defer { engine.run(["rm", "-f"] + names) }
        let begin = monotonicSeconds()
        var ids: Set<String> = []
        for start in stride(from: 0, to: Self.count, by: 20) {
            let commands = names[start..<min(start + 20, Self.count)].map {
                engine.start(["run", "-d", "--name", $0, "BusyBox", "sh", "-c", "echo \($0); exec sleep 1000"])
            }
            for result in commands.map({ $0.finish() }) {
                #expect(result.status == 0, "\(result.errors)")
                ids.insert(result.text)
            }
        }
        let started = monotonicSeconds()
        #expect(ids.count == Self.count)
        let listed = try engine.json("ps", "--format", "json").array
        #expect(Set(listed.compactMap { $0["ID"].text }) == ids)
        #expect(Set(listed.compactMap { $0["State"].text }) == ["running"])
        let monitors = engine.leaks.processes.count
        #expect(monitors == Self.count)
        for name in [names[0], names[Self.count / 2], names[Self.count - 1]] {
            #expect(eventually { engine.run("logs", name).output == "\(name)\n" })
            #expect(engine.run("exec", name, "echo", "in").output == "in\n")
        }
        let memory = Self.proportionalMemory(of: engine)
        let stopping = monotonicSeconds()
        #expect(engine.run(["stop", "-t", "0"] + names).lines == names)
        #expect(engine.run("ps", "-q").output == "")
        #expect(engine.run("ps", "-aq", "--filter", "status=exited").lines.count == Self.count)
        #expect(engine.run(["rm"] + names).lines == names)
        let end = monotonicSeconds()
        print(
            "\(Self.count) containers: started in \(Int((started - begin) * 1000)) ms, stopped and removed in "
                + "\(Int((end - stopping) * 1000)) ms, \(memory / Self.count) kB of PSS each monitor")
        fflush(nil)
        engine.expectNothingLeft()
    }

    /// Of all its monitors together, in kB (smaps_rollup of proc(5)).
    private static func proportionalMemory(of engine: EngineFixture) -> Int {
        engine.leaks.processes.reduce(0) { sum, process in
            let pid = process.prefix { $0 != ":" }
            let line = (textOfFile("/proc/\(pid)/smaps_rollup") ?? "").split(separator: "\n").first {
                $0.hasPrefix("Pss:")
            }
            return sum + (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0)
        }
    }
}
