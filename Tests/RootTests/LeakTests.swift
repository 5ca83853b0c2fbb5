import Glibc
import TestSupport
import Testing

/// Alone in their engines, as they count everything that is there.
@Suite("After many runs and kills at random moments nothing is left", .needsHost, .serialized)
struct LeakTests {
    private static let runs = getenv("CFS_TEST_RUNS").flatMap { Int(String(cString: $0)) } ?? 50

    private static let start = ["run", "--rm", "BusyBox", "true"]

    @Test("after many runs (CFS_TEST_RUNS, 50 without it) there is no mount, cgroup, process, folder or row")
    func manyRuns() {
        let engine = EngineFixture()
        var failures: [CommandResult] = []
        for _ in 0..<Self.runs {
            let result = engine.run(Self.start)
            if result.status != 0 || !result.errors.isEmpty { failures.append(result) }
        }
        #expect(failures.isEmpty, "\(failures.first?.errors ?? "")")
        #expect(engine.run("ps", "-aq").output == "")
        engine.expectNothingLeft()
    }

    @Test("after kill -9 of cfs at 20 random moments, and of monitors at 20 more, one recover leaves nothing")
    func kills() {
        let engine = EngineFixture()
        let usual = usualDuration(engine)
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(state: seed)
        print("kills at random moments: seed \(seed), within \(Int(usual * 1e6)) microseconds")
        fflush(nil)
        for _ in 0..<20 {
            let command = engine.start(Self.start)
            pause(seconds: Double.random(in: 0...usual, using: &random))
            command.signal(SIGKILL)
            _ = command.finish()
        }
        for _ in 0..<20 {
            let command = engine.start(Self.start)
            if let monitor = waitForMonitor(of: command.pid) {
                pause(seconds: Double.random(in: 0...usual, using: &random))
                kill(monitor, SIGKILL)
            }
            let result = command.finish()
            #expect(!result.timedOut)
        }
        // Those whose cfs was killed go on to their end.
        #expect(eventually { engine.leaks.processes.isEmpty }, "seed \(seed): \(engine.leaks)")
        let recovered = engine.run("system", "recover")
        #expect(recovered.status == 0, "seed \(seed): \(recovered.errors)")
        #expect(engine.leaks.isEmpty, "seed \(seed): \(engine.leaks)")
        #expect(engine.run("ps", "-aq").output == "", "seed \(seed)")
        // Harmless to do again, and nothing to do any more.
        #expect(engine.run("system", "recover").output.hasPrefix("0 containers put right, 0 cgroups and 0 folders"))
        #expect(engine.run(Self.start).status == 0)
        engine.expectNothingLeft()
    }

    @Test("without recover a killed monitor does leave something: the test above can see it")
    func control() throws {
        let engine = EngineFixture()
        let id = engine.run("run", "-d", "--rm", "BusyBox", "sleep", "1000").text
        let (pid, monitor) = (try engine.pid(id), try engine.monitor(id))
        #expect(kill(monitor, SIGKILL) == 0)
        #expect(eventually { kill(pid, 0) != 0 })
        let left = engine.leaks
        #expect(!left.folders.isEmpty)
        #expect(engine.cgroup == nil || !left.cgroups.isEmpty)
        #expect(engine.run("system", "recover").status == 0)
        engine.expectNothingLeft()
    }

    /// The middle of seven starts.
    private func usualDuration(_ engine: EngineFixture) -> Double {
        _ = engine.run(Self.start)
        let durations = (0..<7).map { _ in
            let begin = monotonicSeconds()
            _ = engine.run(Self.start)
            return monotonicSeconds() - begin
        }
        return durations.sorted()[3]
    }

    /// The process that a `cfs` has started beside its container; nil when it ended first.
    private func waitForMonitor(of cfs: pid_t) -> pid_t? {
        let end = monotonicSeconds() + 60
        while monotonicSeconds() < end {
            guard let children = textOfFile("/proc/\(cfs)/task/\(cfs)/children") else { return nil }
            for child in children.split(separator: " ").compactMap({ pid_t($0) }) {
                // Between fork and execve it is still called cfs.
                if textOfFile("/proc/\(child)/comm")?.hasPrefix("cfs-runtime") == true { return child }
            }
        }
        return nil
    }

    private func pause(seconds: Double) {
        var time = timespec(tv_sec: Int(seconds), tv_nsec: Int((seconds - seconds.rounded(.down)) * 1e9))
        nanosleep(&time, nil)
    }
}

/// SplitMix64: the same seed gives the same moments.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
