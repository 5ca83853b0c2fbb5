import TestSupport
import Testing

@Suite("What is kept of a container's output", .needsHost, .engine)
struct LogPolicyTests: EngineSuite {
    @Test("--log-opt sets size and number of files; logs has what is left, in order, and who follows gets it all")
    func rotation() throws {
        // 100,000 lines in 5 MB of log, ten files one after the other, over ten seconds.
        let burst = "for i in $(seq 0 99); do seq $((i * 1000 + 1)) $((i * 1000 + 1000)); sleep 0.1; done"
        let script = "trap '\(burst); exit' USR1; echo 0; while :; do sleep 0.05; done"
        let options = ["--log-opt", "max-size=500k", "--log-opt", "max-file=8"]
        try engine.withContainer(options, ["sh", "-c", script]) { id in
            let follow =
                "$CFS logs -f \(id) | { read first; echo begun; awk '$1 != NR { exit 1 } END { print NR }'; }"
            let environment = ["PATH": EngineFixture.path, "CFS": engine.command([]).joined(separator: " ")]
            let follower = RunningCommand(["/bin/bash", "-c", follow], environment: environment)
            #expect(follower.waitForOutput("begun"))
            #expect(engine.run("kill", "-s", "USR1", id).status == 0)
            #expect(follower.finish(seconds: 300).lines == ["begun", "100000"])
            let folder = "\(engine.root)/containers/\(id)"
            let names = namesInFolder(folder).filter { $0.hasPrefix("log") }.sorted()
            #expect(names == ["log"] + (1...7).map { "log.\($0)" })
            let sizes = engine.host("stat -c %s \(folder)/log*").lines.compactMap { Int($0) }
            #expect(sizes.allSatisfy { $0 > 0 && $0 <= 500 << 10 }, "\(sizes)")
            // Where the oldest file begins, the first line may be a part of one.
            let whole = #"NR > 2 && $1 != last + 1 { exit 1 } { last = $1 } END { print last, (NR > 60000) }"#
            #expect(engine.host("$CFS logs \(id) | awk '\(whole)'").output == "100000 1\n")
            #expect(engine.run("logs", "--tail", "1", id).output == "100000\n")
        }
    }

    @Test("--log-driver none keeps nothing, and logs says so; attach still shows what comes")
    func none() throws {
        let script = "trap 'echo heard; exit' USR1; echo unheard; while :; do sleep 0.05; done"
        try engine.withContainer(["--log-driver", "none", "--name", "mute"], ["sh", "-c", script]) { id in
            let logs = engine.run("logs", id)
            #expect(logs.status == 1 && logs.errors.contains("the container mute keeps no log"), "\(logs.errors)")
            let inspected = try engine.inspect(id)
            #expect(inspected["LogPath"] == .null && inspected["HostConfig"]["LogConfig"]["Type"].text == "none")
            #expect(engine.run("kill", "-s", "USR1", id).status == 0)
            #expect(eventually { engine.exitCode(id) == 0 })
            #expect(!namesInFolder("\(engine.root)/containers/\(id)").contains { $0.hasPrefix("log") })
        }
    }

    @Test("a driver that cfs does not have is an error, and nothing is made")
    func unknown() {
        let result = engine.run("run", "--name", "never", "--log-driver", "journald", "BusyBox", "true")
        #expect(result.status == 125 && result.errors.contains("--log-driver does not know \"journald\""))
        #expect(engine.run("inspect", "never").status == 1)
    }

    /// The most memory that a process has had, in KiB (proc(5)).
    private func peak(_ pid: Int32) throws -> Int {
        let status = try #require(textOfFile("/proc/\(pid)/status"))
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(Int(line.dropFirst(6).filter(\.isNumber)))
    }

    @Test("a line of 64 MiB and bytes that are no text come back unharmed, and the monitor's memory stays flat")
    func large() throws {
        let size = 64 << 20
        let script =
            "trap 'head -c \(size) /dev/zero | tr \"\\0\" x; echo; head -c 5000000 /blob; touch /done; exec sleep 1000' USR1; "
            + "head -c 5000000 /dev/urandom > /blob; echo ready; while :; do sleep 0.05; done"
        try engine.withContainer(["--log-opt", "max-size=1g"], ["sh", "-c", script]) { id in
            #expect(eventually { engine.run("logs", id).output == "ready\n" })
            let monitor = try engine.monitor(id)
            let before = try peak(monitor)
            #expect(engine.run("kill", "-s", "USR1", id).status == 0)
            #expect(eventually(seconds: 300) { engine.run("exec", id, "ls", "/done").status == 0 })
            #expect(try peak(monitor) < before + 2048)
            let line = engine.host(
                "$CFS logs \(id) | sed -n 2p | tr -d x | wc -c; $CFS logs \(id) | wc -c", seconds: 300)
            // One line feed is all that is left of it.
            #expect(line.lines == ["1", "\("ready\n".utf8.count + size + 1 + 5_000_000)"])
            let blobs = engine.host(
                "$CFS logs \(id) | tail -c 5000000 | md5sum; $CFS exec \(id) md5sum < /dev/null /blob", seconds: 300)
            let sums = blobs.lines.compactMap { $0.split(separator: " ").first }
            #expect(sums.count == 2 && sums.first == sums.last, "\(blobs.lines) \(blobs.errors)")
        }
    }
}
