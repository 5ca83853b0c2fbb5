import EngineSupport
import Glibc
import TestSupport
import Testing

/// What `linux.resources` of a bundle sets, read from the controllers' own files by the container itself.
@Suite("Limits of bundles", .needsMachine, .serialized)
struct OCIRuntimeLimitTests {
    private func bundle(_ script: String) -> RuntimeBundle {
        let bundle = RuntimeBundle(["sh", "-c", script])
        // Its cgroup is the root of what it sees.
        bundle["linux", "namespaces"] = ["pid", "network", "ipc", "uts", "mount", "cgroup"].map { ["type": $0] }
        return bundle
    }

    private func show(_ files: String...) -> String {
        "cd /sys/fs/cgroup; for f in \(files.joined(separator: " ")); do echo $f $(cat $f); done"
    }

    @Test(
        "memory, swap, reservation, processor time, weight, processors and processes are set before the command starts")
    func files() {
        let bundle = bundle(
            show(
                "memory.max", "memory.swap.max", "memory.low", "cpu.max", "cpu.weight", "cpuset.cpus", "pids.max",
                "memory.oom.group"))
        bundle["linux", "resources", "memory"] = ["limit": 67_108_864, "swap": 100_663_296, "reservation": 33_554_432]
        bundle["linux", "resources", "cpu"] = ["quota": 20000, "period": 50000, "shares": 512, "cpus": "0"]
        bundle["linux", "resources", "pids"] = ["limit": 64]
        bundle["linux", "resources", "unified"] = ["memory.oom.group": "1"]
        let result = bundle.run("run", "a")
        // Of 512 shares: 10 to the power of (9 * 9 + 125 * 9) / 612 - 7 / 34, which is 58.2, rounded up.
        #expect(
            result.lines == [
                "memory.max 67108864", "memory.swap.max 33554432", "memory.low 33554432", "cpu.max 20000 50000",
                "cpu.weight 59", "cpuset.cpus 0", "pids.max 64", "memory.oom.group 1",
            ], "\(result.errors)")
        #expect(result.status == 0)
    }

    @Test("the process that takes too much is killed, and events tells so")
    func memoryKills() {
        let bundle = bundle("read go; tail /dev/zero; echo status $?; sleep 1000")
        bundle["linux", "resources", "memory"] = ["limit": 33_554_432, "swap": 33_554_432]
        let command = bundle.start(["run", "a"])
        #expect(eventually { bundle.status("a") == "running" })
        let events = bundle.start(["events", "--interval", "1h", "a"])
        #expect(events.waitForOutput("\"type\":\"stats\""))
        command.write("go\n")
        #expect(command.waitForOutput("status 137"))
        #expect(events.waitForOutput("\"type\":\"oom\""))
        bundle.run("delete", "--force", "a")
        #expect(command.finish().status == 137)
        #expect(events.finish().status == 0)
    }

    @Test("a limit of processes is felt, and update changes it, and that of memory, while it runs")
    func update() {
        let bundle = bundle("exec sleep 1000")
        bundle["linux", "resources", "pids"] = ["limit": 3]
        #expect(bundle.create("a").status == 0, "\(bundle.output)")
        bundle.run("start", "a")
        let many = ["exec", "a", "sh", "-c", "sleep 3 & sleep 3 & sleep 3 & wait; echo all"]
        let refused = bundle.start(many).finish()
        #expect(refused.output == "" && refused.errors.contains("can't fork"), "\(refused.output)")
        #expect(bundle.run("update", "--pids-limit", "20", "--memory", "64M", "a").status == 0)
        #expect(
            bundle.run("exec", "a", "sh", "-c", show("pids.max", "memory.max")).lines == [
                "pids.max 20", "memory.max 67108864",
            ])
        #expect(bundle.start(many).finish().output == "all\n")
        let update = bundle.run(
            "update", "--resources", "-", "a", input: #"{"pids": {"limit": 30}, "cpu": {"shares": 1024}}"#)
        #expect(update.status == 0, "\(update.errors)")
        #expect(
            bundle.run("exec", "a", "sh", "-c", show("pids.max", "cpu.weight")).lines == [
                "pids.max 30", "cpu.weight 100",
            ])
        let use = bundle.run("events", "--stats", "a")
        // Beside the command, what the shell that could not fork has left behind, and nobody collects.
        #expect(use.output.contains(#""pids":{"current":2,"limit":30}"#), "\(use.output)")
    }

    @Test("what the controllers refuse is an error that names the field, and no cgroup is left")
    func refused() {
        for (field, value, says) in [
            ("cpu", ["cpus": "99"], "linux.resources.cpu.cpus"), ("cpu", ["quota": 5, "period": 1_000_000], "cpu"),
            ("pids", ["limit": -7], "pids"),
        ] as [(String, [String: Any], String)] {
            let bundle = bundle("true")
            bundle["linux", "resources", field] = value
            bundle["linux", "cgroupsPath"] = "/oci-refused"
            let result = bundle.run("run", "a")
            #expect(result.status == 1 && result.errors.contains(says), "\(value): \(result.errors)")
            #expect(access("/sys/fs/cgroup/oci-refused", F_OK) != 0)
            #expect(bundle.run("list", "-q").output == "")
        }
    }
}
