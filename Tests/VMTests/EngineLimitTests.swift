import EngineSupport
import Glibc
import TestSupport
import Testing

/// What users see of limits: each is measured inside or beside a container, and read from the controller's own files.
@Suite("Limits of containers", .needsMachine, .engine, .serialized)
struct EngineLimitTests: EngineSuite {
    private static let busy = ["sh", "-c", "while :; do :; done"]

    private func file(_ id: String, _ name: String) -> String {
        let text = engine.cgroup.flatMap { textOfFile("\($0)/\(id)/\(name)") } ?? ""
        return text.split(separator: "\n").joined(separator: "\n")
    }

    private func counter(_ id: String, _ name: String, _ key: String) -> Double {
        for line in file(id, name).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == key { return Double(words[1]) ?? -1 }
        }
        return -1
    }

    /// Fails unless the container's cgroup is gone with it.
    private func expectRemoved(_ id: String, location: SourceLocation = #_sourceLocation) {
        engine.run("rm", "-f", id)
        let folder = engine.cgroup.map { "\($0)/\(id)" } ?? ""
        #expect(eventually { access(folder, F_OK) != 0 }, "\(folder)", sourceLocation: location)
    }

    // MARK: Memory

    @Test("memory: the process that takes too much is killed, in its container only, and inspect says which")
    func memoryKills() throws {
        try engine.withContainer { neighbour in
            let run = engine.run(
                "run", "--name", "greedy", "-m", "64m", "BusyBox", "sh", "-c", "tail /dev/zero; echo status $?; exit 3")
            #expect(run.output == "status 137\n")
            #expect(run.status == 3)
            let state = try engine.inspect("greedy")["State"]
            #expect(state["OOMKilled"] == .bool(true))
            let reason = state["Reason"].text ?? ""
            // A process that was gone before anybody could ask for its number has its name only.
            #expect(
                [
                    "out of memory: the limit of 64 MiB was reached 1 time; killed: tail (pid 2)",
                    "out of memory: the limit of 64 MiB was reached 1 time; killed: tail",
                ].contains(reason), "\(reason)")
            #expect(engine.run("exec", neighbour, "echo", "alive").output == "alive\n")
            let inside = try engine.inspect("greedy")["Id"].text ?? ""
            expectRemoved(inside)
        }
    }

    @Test("memory: a command that is killed itself says why it ended, on standard error too")
    func memoryKillsCommand() throws {
        let run = engine.run("run", "--rm", "-m", "32m", "BusyBox", "tail", "/dev/zero")
        #expect(run.status == 137)
        #expect(run.errors.contains("out of memory: the limit of 32 MiB was reached 1 time; killed: tail (pid 1)"))
    }

    @Test("memory: what is killed beside the first process is an event at once, and not why the container ended")
    func memoryKillsBeside() throws {
        func events(_ id: String) throws -> [JSONValue] {
            try engine.run(
                "events", "--since", "10m", "--until", "0s", "--filter", "container=\(id)", "--format", "json"
            ).lines.map { try JSONValue(parsing: Array($0.utf8)) }
        }
        func oom(_ id: String) -> [JSONValue] {
            do { return try events(id).filter { $0["Action"].text == "oom" } } catch { return [] }
        }
        let id = engine.run("run", "-d", "-m", "32m", "BusyBox", "sleep", "1000").text
        #expect(engine.run("exec", id, "tail", "/dev/zero").status == 137)
        #expect(eventually { oom(id).count == 1 })
        let told = try #require(oom(id).first)["Actor"]["Attributes"]
        #expect(told["kills"].text == "1" && told["killed"].text?.hasPrefix("tail") == true)
        #expect(try engine.inspect(id)["State"]["Running"] == .bool(true))
        #expect(engine.run("stop", "-t", "0", id).status == 0)
        let state = try engine.inspect(id)["State"]
        #expect(state["Reason"] == .null && state["OOMKilled"] == .bool(true) && state["ExitCode"].number == 137)
        #expect(oom(id).count == 1)
        #expect(engine.run("rm", id).status == 0)
    }

    @Test("memory: every flag arrives in the controller's file")
    func memoryFiles() throws {
        try engine.withContainer([
            "-m", "128m", "--memory-reservation", "64m", "--memory-high", "96m", "--cgroup-conf", "memory.min=1048576",
        ]) { id in
            #expect(file(id, "memory.max") == "\(128 << 20)")
            #expect(file(id, "memory.low") == "\(64 << 20)")
            #expect(file(id, "memory.high") == "\(96 << 20)")
            #expect(file(id, "memory.min") == "\(1 << 20)")
            #expect(engine.run("exec", id, "cat", "/sys/fs/cgroup/memory.max").output == "\(128 << 20)\n")
            expectRemoved(id)
        }
    }

    // MARK: Processors

    @Test("cpus: half a processor is half a processor, and the throttling is counted")
    func quota() throws {
        try engine.withContainer(["--cpus", "0.5"], Self.busy) { id in
            #expect(file(id, "cpu.max") == "50000 100000")
            #expect(eventually(seconds: 120) { counter(id, "cpu.stat", "nr_throttled") >= 30 })
            let used = counter(id, "cpu.stat", "usage_usec")
            let periods = counter(id, "cpu.stat", "nr_periods")
            let throttled = counter(id, "cpu.stat", "nr_throttled")
            // A period gives 50 ms at most; one in which it was throttled gave them all.
            #expect(used <= (periods + 1) * 50_000 * 1.1, "\(used) us in \(periods) periods")
            #expect(used >= throttled * 50_000 * 0.9, "\(used) us in \(throttled) periods at the limit")
            #expect(throttled >= periods * 0.8, "\(throttled) of \(periods)")
            expectRemoved(id)
        }
    }

    @Test("cpu-weight: on one processor, 300 gets three times as much as 100")
    func weights() throws {
        try engine.withContainer(["--cpuset-cpus", "0", "--cpu-weight", "300"], Self.busy) { heavy in
            try engine.withContainer(["--cpuset-cpus", "0", "--cpu-weight", "100"], Self.busy) { light in
                // Both run from here on.
                let first = (counter(heavy, "cpu.stat", "usage_usec"), counter(light, "cpu.stat", "usage_usec"))
                #expect(eventually(seconds: 120) { counter(light, "cpu.stat", "usage_usec") - first.1 > 1_500_000 })
                let second = (counter(heavy, "cpu.stat", "usage_usec"), counter(light, "cpu.stat", "usage_usec"))
                let ratio = (second.0 - first.0) / (second.1 - first.1)
                #expect((2.5...3.5).contains(ratio), "\(ratio)")
                expectRemoved(light)
            }
            expectRemoved(heavy)
        }
    }

    @Test("cpu-shares become the weight that other runtimes give them")
    func shares() throws {
        try engine.withContainer(["--cpu-shares", "1024"]) { id in
            #expect(file(id, "cpu.weight") == "100")
        }
    }

    @Test("cpuset-cpus: the command is on those processors, and knows it")
    func cpuset() throws {
        let run = engine.run(
            "run", "--rm", "--cpuset-cpus", "1", "BusyBox", "sh", "-c",
            "grep Cpus_allowed_list /proc/self/status; nproc")
        #expect(run.lines.map { $0.split(whereSeparator: \.isWhitespace).last } == ["1", "1"])
        let none = engine.run("run", "--rm", "--cpuset-cpus", "7", "BusyBox", "true")
        #expect(none.status == 125)
        #expect(none.errors.contains("--cpuset-cpus"))
        #expect(none.errors.contains("0-1"))
        let many = engine.run("run", "--rm", "--cpus", "64", "BusyBox", "true")
        #expect(many.status == 125)
        #expect(many.errors.contains("--cpus"))
    }

    // MARK: Processes

    @Test("pids-limit: a fork bomb stays within it, and the host goes on")
    func forkBomb() throws {
        try engine.withContainer(["--pids-limit", "40"], ["sh", "-c", "bomb() { bomb | bomb & }; bomb; sleep 1000"]) {
            id in
            #expect(file(id, "pids.max") == "40")
            #expect(eventually(seconds: 60) { counter(id, "pids.events", "max") > 0 })
            #expect((Int(file(id, "pids.current")) ?? 99) <= 40)
            // Of the many that want the place of one that has ended another is mostly faster.
            let refused = (1...20).lazy.map { _ in engine.run("exec", id, "true") }.first { $0.status != 0 }
            #expect(refused?.errors.contains("a limit of processes is reached") == true, "\(refused?.errors ?? "")")
            #expect(refused?.errors.contains("--pids-limit") == true)
            #expect(engine.run("run", "--rm", "BusyBox", "echo", "alive").output == "alive\n")
            expectRemoved(id)
        }
    }

    @Test("without a flag 4,096 processes are possible")
    func defaultPids() throws {
        try engine.withContainer { id in #expect(file(id, "pids.max") == "4096") }
    }

    // MARK: Disks

    @Test("device-write-bps: a writer on that disk keeps to its rate")
    func writeRate() throws {
        let rate = 2.0 * 1_048_576
        try engine.withContainer(
            ["-v", "/data:/data:idmap", "--device-write-bps", "/dev/vdb:2m"],
            ["sh", "-c", "while :; do dd if=/dev/zero of=/data/x bs=64k count=512 oflag=direct 2>/dev/null; done"]
        ) { id in
            #expect(file(id, "io.max").contains("wbps=2097152"))
            func written() -> Double {
                // A line for each disk that it has used: reading a program from the other one makes that one's the first.
                let words = file(id, "io.stat").split(whereSeparator: \.isWhitespace)
                return words.filter { $0.hasPrefix("wbytes=") }.compactMap { Double($0.dropFirst(7)) }.max() ?? 0
            }
            let hasBegun = eventually(seconds: 60) { written() > 2 * rate }
            #expect(hasBegun)
            // A moment in which the machine itself stood still makes one window slow: then another counts.
            var rates: [Double] = []
            for _ in 0..<5 {
                let (begin, first) = (monotonicSeconds(), written())
                _ = eventually(seconds: 60) { written() - first > 2.5 * rate }
                rates.append((written() - first) / (monotonicSeconds() - begin))
                if (rates.last ?? 0) > rate * 0.85 { break }
            }
            #expect(rates.allSatisfy { $0 < rate * 1.15 }, "\(rates)")
            #expect(rates.contains { $0 > rate * 0.85 }, "\(rates)")
            expectRemoved(id)
        }
        unlink("/data/x")
    }

    @Test("device-read-iops and its kin arrive; what is no disk is an error that names flag and value")
    func diskFlags() throws {
        try engine.withContainer(["--device-read-iops", "/dev/vdb:100", "--device-read-bps", "/dev/vdb:1m"]) { id in
            #expect(file(id, "io.max").contains("riops=100"))
            #expect(file(id, "io.max").contains("rbps=1048576"))
        }
        for device in ["/dev/null", "/dev/no-such-disk", "/tmp"] {
            let wrong = engine.run("run", "--rm", "--device-write-bps", "\(device):1m", "BusyBox", "true")
            #expect(wrong.status == 125)
            #expect(wrong.errors.contains("--device-write-bps") && wrong.errors.contains(device), "\(wrong.errors)")
        }
    }

    // MARK: Devices

    @Test("device-cgroup-rule: what no rule allows is refused, what one allows works, as far as it goes")
    func devices() throws {
        let disk = (textOfFile("/sys/block/vdb/dev") ?? "").split(separator: "\n").first.map(String.init) ?? ""
        let numbers = disk.split(separator: ":").joined(separator: " ")
        let script =
            "mknod /dev/disk b \(numbers); head -c 1 /dev/disk > /tmp/x && echo read; : >> /dev/disk && echo written; true"
        let options = ["--userns", "host", "--cap-add", "MKNOD"]
        let denied = engine.run(["run", "--rm"] + options + ["BusyBox", "sh", "-c", script])
        #expect(denied.output == "")
        #expect(denied.errors.contains("Operation not permitted"))
        let reading = engine.run(
            ["run", "--rm"] + options + ["--device-cgroup-rule", "b \(disk) rm", "BusyBox", "sh", "-c", script])
        #expect(reading.output == "read\n", "\(reading.errors)")
        let both = engine.run(
            ["run", "--rm"] + options + ["--device-cgroup-rule", "b \(disk) rwm", "BusyBox", "sh", "-c", script])
        #expect(both.output == "read\nwritten\n", "\(both.errors)")
    }

    // MARK: Standing still

    @Test("pause stops all, unpause lets them go on; ps says so; stop and rm need no unpause")
    func pause() throws {
        try engine.withContainer(["--name", "still"], Self.busy) { id in
            #expect(engine.run("pause", "still").status == 0)
            let used = counter(id, "cpu.stat", "usage_usec")
            #expect(engine.run("ps").output.contains("(Paused)"))
            let status = try engine.inspect(id)["State"]["Status"].text
            #expect(status == "paused")
            #expect(counter(id, "cpu.stat", "usage_usec") == used)
            #expect(engine.run("pause", "still").status != 0)
            #expect(engine.run("unpause", "still").status == 0)
            #expect(eventually { counter(id, "cpu.stat", "usage_usec") > used })
            #expect(engine.run("pause", "still").status == 0)
            #expect(engine.run("stop", "-t", "1", "still").status == 0)
            expectRemoved(id)
        }
    }

    // MARK: Changes

    @Test("update changes limits of a running container; one below what is in use is refused, and nothing has changed")
    func update() throws {
        try engine.withContainer(
            ["-m", "256m"], ["sh", "-c", "head -c 60m /dev/zero > /dev/shm/x; echo full; sleep 1000"]
        ) { id in
            #expect(eventually(seconds: 60) { engine.run("logs", id).output == "full\n" })
            let changed = engine.run("update", "-m", "128m", "--cpus", "0.25", "--pids-limit", "99", id)
            #expect(changed.status == 0, "\(changed.errors)")
            #expect(file(id, "memory.max") == "\(128 << 20)")
            #expect(file(id, "cpu.max") == "25000 100000")
            #expect(file(id, "pids.max") == "99")
            let shown = try engine.inspect(id)["HostConfig"]
            #expect(shown["Memory"].number == 134_217_728 && shown["PidsLimit"].number == 99)
            #expect(shown["NanoCpus"].number == 250_000_000)
            let low = engine.run("update", "-m", "16m", "--cpus", "1", id)
            #expect(low.status != 0)
            #expect(low.errors.contains("--memory of 16"), "\(low.errors)")
            #expect(file(id, "memory.max") == "\(128 << 20)")
            #expect(file(id, "cpu.max") == "25000 100000")
            let swap = engine.run("update", "--memory-swap", "64m", id)
            #expect(swap.status != 0)
            #expect(swap.errors.contains("--memory-swap"))
            #expect(engine.run("exec", id, "echo", "alive").output == "alive\n")
            expectRemoved(id)
        }
    }

    @Test("of two ways to name a limit the last one has it, also in what inspect says")
    func updateTwins() throws {
        try engine.withContainer([
            "--cpu-weight", "50", "--cgroup-conf", "pids.max=7", "--cgroup-conf", "cpu.max=30000", "--cgroup-conf",
            "memory.max=64M",
        ]) { id in
            #expect(file(id, "cpu.weight") == "50" && file(id, "pids.max") == "7")
            let changed = engine.run(
                "update", "--cpu-shares", "1024", "--pids-limit", "50", "--cpus", "1", "-m", "100m", id)
            #expect(changed.status == 0, "\(changed.errors)")
            #expect(file(id, "cpu.weight") == "100" && file(id, "pids.max") == "50")
            #expect(file(id, "cpu.max") == "100000 100000" && file(id, "memory.max") == "\(100 << 20)")
            #expect(engine.run("update", "--cpu-weight", "77", "--cgroup-conf", "pids.max=9", id).status == 0)
            #expect(file(id, "cpu.weight") == "77" && file(id, "pids.max") == "9")
            let shown = try engine.inspect(id)
            #expect(shown["HostConfig"]["NanoCpus"].number == 1_000_000_000)
            let resources = shown["OCI"]["linux"]["resources"]
            #expect(resources["cpu"]["shares"] == .null && resources["unified"]["cpu.weight"].text == "77")
            let weight = engine.run("update", "--cgroup-conf", "cpu.weight=abc", id)
            #expect(
                weight.status != 0 && weight.errors.hasPrefix("cfs: --cgroup-conf cpu.weight: "), "\(weight.errors)")
            // What is in use counts whichever way the limit is named.
            let low = engine.run("update", "--cgroup-conf", "memory.max=1k", id)
            #expect(low.status != 0 && low.errors.contains("is below what is in use"), "\(low.errors)")
            #expect(file(id, "memory.max") == "\(100 << 20)")
            #expect(engine.run("update", "-m", "64m", "--memory-swap", "64m", id).status == 0)
            let swap = engine.run("update", "-m", "80m", id)
            #expect(
                swap.status != 0
                    && swap.errors.contains("hint: the container has --memory-swap 64.0MiB: name it as well"))
            expectRemoved(id)
        }
    }

    @Test("a limit that comes with update on a container without any is kept as well, and said when it is reached")
    func updateKills() throws {
        try engine.withContainer(
            [], ["sh", "-c", "until [ -e /tmp/go ]; do sleep 0.1; done; tail /dev/zero; exit 4"]
        ) { id in
            #expect(engine.run("update", "-m", "48m", id).status == 0)
            #expect(engine.run("exec", id, "touch", "/tmp/go").status == 0)
            #expect(eventually(seconds: 60) { engine.exitCode(id) == 4 })
            let reason = try engine.inspect(id)["State"]["Reason"].text ?? ""
            #expect(reason.hasPrefix("out of memory: the limit of 48 MiB was reached 1 time; killed: "), "\(reason)")
            expectRemoved(id)
        }
    }

    // MARK: What is shown

    @Test("stats shows what is used of what there is, top the processes")
    func statistics() throws {
        try engine.withContainer(["--name", "seen", "-m", "64m"], ["sleep", "4711"]) { id in
            let all = try engine.json("stats", "--no-stream", "--format", "json")
            #expect(all[0]["Name"].text == "seen")
            let table = engine.run("stats", "--no-stream", "seen")
            #expect(table.output.contains("64MiB") || table.output.contains("64.0MiB"), "\(table.output)")
            #expect(engine.run("top", "seen").output.contains("sleep 4711"))
            let status = try engine.inspect(id)["State"]["Status"].text
            #expect(status == "running")
        }
    }

    @Test("cgroup-parent: the container's cgroup lies there, and goes with the container; the parent stays")
    func parent() throws {
        let parent = "/sys/fs/cgroup/vm-parent"
        try engine.withContainer(["--cgroup-parent", "/vm-parent", "--pids-limit", "9"]) { id in
            #expect(textOfFile("\(parent)/\(id)/pids.max") == "9\n")
            engine.run("rm", "-f", id)
            #expect(eventually { access("\(parent)/\(id)", F_OK) != 0 })
            #expect(access(parent, F_OK) == 0)
        }
        rmdir(parent)
        let outside = engine.run("run", "--rm", "--cgroup-parent", "/../x", "BusyBox", "true")
        #expect(outside.status == 125)
    }
}
