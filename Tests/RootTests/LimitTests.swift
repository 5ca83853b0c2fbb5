import EngineSupport
import Glibc
import TestSupport
import Testing

/// What this host cannot limit is told, and what it can, works. One after the other: each looks for what is left.
@Suite("Limits on this host", .needsHost, .engine, .serialized)
struct LimitTests: EngineSuite {
    struct Limit: Sendable, CustomTestStringConvertible {
        let flag: String
        let value: String
        let controller: String
        var testDescription: String { "\(flag) \(value)" }
    }

    private static let limits = [
        Limit(flag: "--memory", value: "64m", controller: "memory"),
        Limit(flag: "--memory-reservation", value: "64m", controller: "memory"),
        Limit(flag: "--memory-high", value: "64m", controller: "memory"),
        Limit(flag: "--cpus", value: "0.5", controller: "cpu"),
        Limit(flag: "--cpu-quota", value: "50000", controller: "cpu"),
        Limit(flag: "--cpu-weight", value: "50", controller: "cpu"),
        Limit(flag: "--cpu-shares", value: "512", controller: "cpu"),
        Limit(flag: "--cpuset-cpus", value: "0", controller: "cpuset"),
        Limit(flag: "--cpuset-mems", value: "0", controller: "cpuset"),
        Limit(flag: "--pids-limit", value: "64", controller: "pids"),
        Limit(flag: "--io-weight", value: "50", controller: "io"),
        Limit(flag: "--blkio-weight", value: "50", controller: "io"),
        Limit(flag: "--cgroup-conf", value: "memory.low=1M", controller: "memory"),
    ]
    static let missing = limits.filter { !CgroupControllers.present.contains($0.controller) }

    @Test("without limits everything runs")
    func none() { #expect(engine.inside("echo up").output == "up\n") }

    @Test(
        "to ask for no limit is no limit: it needs no controller",
        arguments: [
            ["-m", "-1"], ["--memory-swap", "-1"], ["--pids-limit", "-1"], ["--cpus", "-1"], ["--cpu-quota", "-1"],
        ])
    func unlimited(options: [String]) {
        let result = engine.run(["run", "--rm"] + options + ["BusyBox", "echo", "up"])
        #expect(result.output == "up\n" && result.status == 0, "\(result.errors)")
    }

    @Test(
        "a limit without its controller is an error that names flag and reason, and no container is left",
        .enabled(if: !missing.isEmpty, "this host has every controller on cgroup v2"), arguments: missing)
    func refused(limit: Limit) {
        for verb in ["run", "create"] {
            let result = engine.run(verb, "--name", "limited", limit.flag, limit.value, "BusyBox", "echo", "up")
            #expect(result.status == 125 && result.output == "")
            // A quota is asked for by either flag, and is one file for the kernel.
            let named = limit.flag == "--cpu-quota" ? "--cpus" : limit.flag
            #expect(result.errors.hasPrefix("cfs: \(named) "), "\(result.errors)")
            #expect(result.errors.contains(" cannot be set: \(limit.controller) is "), "\(result.errors)")
            #expect(result.errors.contains("hint: "), "\(result.errors)")
        }
        // The plan can be seen all the same, and says so.
        let plan = engine.run("explain", limit.flag, limit.value, "BusyBox", "true")
        #expect(plan.status == 0 && plan.output.contains(" (a start here refuses it: \(limit.controller) is "))
        #expect(engine.run("ps", "-aq").output == "")
        engine.expectNothingLeft()
    }

    @Test(
        "an update that this host cannot do changes nothing, and the container goes on",
        .enabled(if: !CgroupControllers.present.contains("memory"), "this host limits memory on cgroup v2"))
    func updateRefused() throws {
        let created = engine.run("create", "BusyBox", "true").lines.joined()
        defer { engine.run("rm", created) }
        let refused = engine.run("update", "--memory", "64m", created)
        #expect(refused.status == 1 && refused.errors.hasPrefix("cfs: --memory cannot be set: memory is "))
        #expect(engine.run("start", "-a", created).status == 0)
        try engine.withContainer { id in
            let before = try engine.inspect(id)
            let result = engine.run("update", "--memory", "64m", id)
            #expect(result.status == 1 && result.output == "")
            #expect(result.errors.hasPrefix("cfs: --memory cannot be set: memory is "), "\(result.errors)")
            #expect(try engine.inspect(id) == before)
            #expect(engine.run("exec", id, "echo", "up").output == "up\n")
        }
    }

    private static let hugePages: String? =
        if !CgroupControllers.present.contains("hugetlb") {
            "this host does not have the controller hugetlb on cgroup v2"
        } else if access("/sys/kernel/mm/hugepages/hugepages-2048kB", F_OK) != 0 {
            "this host has no huge pages of 2 MB"
        } else {
            nil
        }

    @Test(
        "huge pages are limited, and the limit can change while the container runs",
        .enabled(if: hugePages == nil, Comment(rawValue: hugePages ?? "")))
    func hugetlb() throws {
        try engine.withContainer(["--hugetlb", "2MB=4m"]) { id in
            let file = "\(try #require(engine.cgroup))/\(id)/hugetlb.2MB.max"
            #expect(textOfFile(file) == "4194304\n")
            #expect(engine.run("update", "--hugetlb", "2MB=8m", id).output == "\(id)\n")
            #expect(textOfFile(file) == "8388608\n")
            #expect(engine.run("update", "--hugetlb", "2MB=-1", id).status == 0)
            #expect(textOfFile(file) == "max\n")
        }
    }

    @Test(
        "an update is kept for a container that does not run",
        .enabled(if: hugePages == nil, Comment(rawValue: hugePages ?? "")))
    func updateStopped() throws {
        try engine.withContainer { id in
            engine.run("kill", id)
            #expect(eventually { engine.exitCode(id) != nil })
            #expect(engine.run("update", "--hugetlb", "2MB=8m", id).status == 0)
            let resources = try engine.inspect(id)["OCI"]["linux"]["resources"]
            #expect(resources["hugepageLimits"][0]["limit"].number == 8_388_608)
        }
    }

    @Test(
        "what is impossible or contradicts itself is named, and nothing is left behind",
        arguments: [
            (["--memory", "64m", "--memory-swap", "32m"], "--memory-swap of 32.0MiB is below --memory of 64.0MiB"),
            (["--memory-swap", "64m"], "--memory-swap of 64.0MiB says nothing by itself"),
            (["-m", "64m", "--memory-reservation", "65m"], "--memory-reservation of 65.0MiB is more than --memory"),
            (["-m", "64m", "--memory-high", "65m"], "--memory-high of 65m is above --memory of 64m"),
            (["-m", "1k"], "--memory does not take \"1k\""), (["-m", "much"], "--memory does not take \"much\""),
            (["--cpus", "100000"], "--cpus does not take \"100000\""),
            (["--cpus", "1", "--cpu-quota", "5000"], "--cpus and --cpu-quota exclude each other"),
            (["--cpu-weight", "0"], "--cpu-weight does not take \"0\""),
            (["--cpuset-cpus", "zero"], "--cpuset-cpus does not take \"zero\""),
            (["--pids-limit", "0"], "--pids-limit does not take \"0\""),
            (["--device-read-bps", "/dev/no-such-disk:1m"], "--device-read-bps: there is no device /dev/no-such-disk"),
            (["--device-write-iops", "/proc:5"], "--device-write-iops: /proc lies on a file system without a block"),
            (["--device-read-bps", "/dev/null:1m"], "--device-read-bps: /dev/null is not a block device"),
            (["--hugetlb", "3MB=6m"], "--hugetlb 3MB=6m: this machine has no huge pages of 3MB"),
            (["--cgroup-conf", "../x=1"], "--cgroup-conf has \"../x\", which is not the name of a cgroup file"),
            (["--cgroup-conf", "cgroup.procs=1"], "--cgroup-conf has cgroup.procs, which is not a limit"),
            (["--cgroup-parent", "/../x"], "--cgroup-parent does not take \"/../x\""),
            (["--device-cgroup-rule", "c 1:3"], "--device-cgroup-rule does not take \"c 1:3\""),
            (["--oom-kill-disable"], "--oom-kill-disable is not possible: cgroup v2 always kills"),
            (["--memory-swappiness", "5"], "--memory-swappiness is not possible: cgroup v2 has no swappiness"),
        ] as [([String], String)])
    func wrong(options: [String], message: String) {
        let result = engine.run(["run", "--name", "limited"] + options + ["BusyBox", "true"])
        #expect(result.status == 125 && result.output == "")
        #expect(result.errors.hasPrefix("cfs: \(message)"), "\(result.errors)")
        #expect(result.errors.split(separator: "\n").count <= 2, "\(result.errors)")
        #expect(engine.run("ps", "-aq").output == "")
        engine.expectNothingLeft()
    }

    @Test("what update and others are given wrong")
    func otherVerbs() {
        #expect(engine.run("update", "--pids-limit", "5").status == 64)
        let nothing = engine.run("update", "web")
        #expect(nothing.status == 64 && nothing.errors.contains("neither a limit nor a restart policy is named"))
        let nobody = engine.run("update", "--pids-limit", "5", "nobody")
        #expect(nobody.status == 1 && nobody.errors.contains("there is no container \"nobody\""))
        for verb in ["pause", "unpause", "top"] { #expect(engine.run(verb, "nobody").status == 1) }
    }
}
