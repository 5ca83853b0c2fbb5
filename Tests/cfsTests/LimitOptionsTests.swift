import OptionsSupport
import Testing

@testable import CFSCore
@testable import CFSOptions
@testable import cfs

@Suite("The limits of run and update")
struct LimitOptionsTests {
    private func resources(_ arguments: String...) throws(CFSError) -> RuntimeSpec.Resources {
        let canonical = try CanonicalArguments(
            (arguments + ["image"])[...], ContainerOptions.optionNames, optionsEndAtFirstWord: true, verb: "run")
        return try ContainerOptions(canonical, verb: "run").spec(.sample, .sample).resources
    }

    private func changes(_ arguments: String...) throws(CFSError) -> RuntimeSpec.Resources {
        let canonical = try CanonicalArguments(
            arguments[...], UpdateCommand.optionNames, optionsEndAtFirstWord: false, verb: "update")
        return try UpdateCommand.changes(canonical, "update", .sample, .sample).limits
    }

    @Test("memory, as the configuration has it")
    func memory() throws {
        let asked = try resources("-m", "512m", "--memory-swap=-1", "--memory-reservation", "64m")
        var expected = RuntimeSpec.Memory()
        expected.limit = 512 << 20
        expected.swap = -1
        expected.reservation = 64 << 20
        #expect(asked.memory == expected)
        #expect(asked.cpu == nil && asked.blockIO == nil && asked.pids == nil && asked.unified.isEmpty)
    }

    @Test("what only cgroup v2 has is asked for by its file")
    func files() throws {
        let asked = try resources(
            "--memory-high", "64m", "--cpu-weight=50", "--io-weight", "200", "--cgroup-conf", "memory.low=1M")
        #expect(
            asked.unified == [
                RuntimeSpec.UnifiedFile("memory.high", "67108864"), RuntimeSpec.UnifiedFile("cpu.weight", "50"),
                RuntimeSpec.UnifiedFile("io.weight", "default 200"), RuntimeSpec.UnifiedFile("memory.low", "1M"),
            ])
        #expect(try resources("--memory-high=-1").unified == [RuntimeSpec.UnifiedFile("memory.high", "max")])
    }

    @Test("processors and processes")
    func processors() throws {
        let asked = try resources(
            "--cpu-quota", "25000", "--cpu-period=50000", "--cpu-shares", "512", "--cpuset-cpus", "0,1",
            "--cpuset-mems=0", "--pids-limit", "100")
        var cpu = RuntimeSpec.CPU()
        cpu.quota = 25_000
        cpu.period = 50_000
        cpu.shares = 512
        cpu.cpus = "0-1"
        cpu.mems = "0"
        #expect(asked.cpu == cpu && asked.pids == RuntimeSpec.Pids(limit: 100))
        let cpus = try resources("--cpus", "1.5").cpu
        #expect(cpus?.quota == 150_000 && cpus?.period == 100_000)
        #expect(try resources("--pids-limit=-1").pids == RuntimeSpec.Pids(limit: -1))
    }

    @Test("disks and huge pages")
    func disks() throws {
        let asked = try resources(
            "--device-read-bps", "/dev/sda:1m", "--device-write-bps=/dev/sda:2m", "--device-read-iops", "/dev/sda:3",
            "--device-write-iops", "/dev/sda:4", "--blkio-weight", "500", "--hugetlb", "2MB=4m", "--hugetlb=1GB=1g")
        let io = try #require(asked.blockIO)
        #expect(io.throttleReadBpsDevice.map(\.rate) == [1 << 20] && io.throttleWriteBpsDevice.map(\.rate) == [2 << 20])
        #expect(io.throttleReadIOPSDevice.map(\.rate) == [3] && io.throttleWriteIOPSDevice.map(\.rate) == [4])
        #expect(io.weight == 500)
        #expect(asked.hugepageLimits.map(\.pageSize) == ["2MB", "1GB"])
    }

    @Test("devices and the parent are for the start alone")
    func start() throws {
        let asked = try spec("--device-cgroup-rule", "c 1:3 r", "--cgroup-parent", "/machines", "image")
        #expect(asked.resources.devices.map(\.access) == ["r"] && asked.cgroupParent == "/machines")
        let refused = failure { () throws(CFSError) in try changes("--cgroup-parent", "/x", "web") }
        #expect(refused?.message == "unknown option --cgroup-parent")
    }

    @Test("update names what changes, and nothing else")
    func update() throws {
        var expected = RuntimeSpec.Resources()
        expected.pids = RuntimeSpec.Pids(limit: 5)
        #expect(try changes("web", "--pids-limit", "5", "db") == expected)
        let nothing = failure { () throws(CFSError) in try changes("web") }
        #expect(nothing?.message == "neither a limit nor a restart policy is named, so nothing would change")
        let nobody = failure { () throws(CFSError) in try changes("--pids-limit", "5") }
        #expect(nobody?.message == "missing expected argument '<container>'")
    }

    @Test(
        "the history has what an update changed in the words of its options, which change the same again",
        arguments: [
            (["-m", "65536k", "--cpus=2"], "--memory 64m --cpus 2"),
            (
                ["--memory", "2000001", "--memory-swap", "-1", "--memory-reservation=1m"],
                "--memory 2000001 --memory-swap -1 --memory-reservation 1m"
            ),
            (["--cpus", "0.25"], "--cpus 0.25"), (["--cpus=-1"], "--cpu-quota -1 --cpu-period 100000"),
            (["--cpu-quota", "12345", "--cpu-period", "50000"], "--cpu-quota 12345 --cpu-period 50000"),
            (
                ["--cpu-shares", "512", "--cpuset-cpus", "0,1,2", "--cpuset-mems", "0"],
                "--cpu-shares 512 --cpuset-cpus 0-2 --cpuset-mems 0"
            ),
            (["--pids-limit=-1", "--cpu-weight", "50"], "--pids-limit -1 --cpu-weight 50"),
            (
                ["--device-read-bps", "/dev/sda1:1m", "--device-write-iops", "/dev/sda:4", "--blkio-weight", "500"],
                "--blkio-weight 500 --device-read-bps /dev/block/8:0:1m --device-write-iops /dev/block/8:0:4"
            ),
            (["--device-read-iops", "/dev/sda:-1"], "--device-read-iops /dev/block/8:0:-1"),
            (["--hugetlb", "2m=4m", "--hugetlb", "1GB=-1"], "--hugetlb 2MB=4m --hugetlb 1GB=-1"),
            (["--memory-high", "64m", "--io-weight", "200"], "--memory-high 64m --io-weight 200"),
            (
                ["--memory-high=-1", "--cgroup-conf", "io.max=a", "--cgroup-conf", "io.max=b"],
                "--memory-high -1 --cgroup-conf io.max=a --cgroup-conf io.max=b"
            ),
            (
                ["--cgroup-conf", "memory.high=1M", "--restart", "on-failure:3"],
                "--cgroup-conf memory.high=1M --restart on-failure:3"
            ),
        ] as [([String], String)])
    func words(arguments: [String], told: String) throws {
        func changes(_ words: [String]) throws(CFSError) -> (limits: RuntimeSpec.Resources, restart: RestartPolicy?) {
            let canonical = try CanonicalArguments(
                (words + ["web"])[...], UpdateCommand.optionNames, optionsEndAtFirstWord: false, verb: "update")
            return try UpdateCommand.changes(canonical, "update", .sample, .sample)
        }
        let asked = try changes(arguments)
        let words = UpdateWords(asked.limits, asked.restart).words
        #expect(words.joined(separator: " ") == told)
        let again = try changes(words)
        #expect(again.limits == asked.limits && again.restart == asked.restart)
    }

    @Test("an event has each option of an update once")
    func attributes() throws {
        let asked = try changes("--hugetlb", "2MB=4m", "--pids-limit", "5", "--hugetlb", "1GB=1g", "web")
        #expect(
            UpdateWords(asked, .always).attributes == [
                EngineEvent.Attribute("pids-limit", "5"), EngineEvent.Attribute("hugetlb", "2MB=4m; 1GB=1g"),
                EngineEvent.Attribute("restart", "always"),
            ])
    }

    @Test(
        "what contradicts itself is named",
        arguments: [
            (["--cpus", "1", "--cpu-quota", "5000"], "--cpus and --cpu-quota exclude each other"),
            (["--cpus", "1", "--cpu-period", "5000"], "--cpus and --cpu-period exclude each other"),
            (["--cpu-weight", "1", "--cpu-shares", "2"], "--cpu-weight and --cpu-shares exclude each other"),
            (["--io-weight", "1", "--blkio-weight", "20"], "--io-weight and --blkio-weight exclude each other"),
            (
                ["-m", "64m", "--memory-high", "65m"],
                "--memory-high of 65m is above --memory of 64m: nothing gets there"
            ),
            (["--hugetlb", "2MB=2m", "--hugetlb", "2m=4m"], "--hugetlb limits pages of 2MB twice"),
            (
                ["--device-read-bps", "/dev/sda:1m", "--device-read-bps", "/dev/sda1:2m"],
                "--device-read-bps /dev/sda1:2m: the disk 8:0 has a rate"
            ),
        ] as [([String], String)])
    func contradictions(arguments: [String], message: String) {
        let error = failure { () throws(CFSError) in
            let canonical = try CanonicalArguments(
                (arguments + ["web"])[...], UpdateCommand.optionNames, optionsEndAtFirstWord: false, verb: "update")
            return try UpdateCommand.changes(canonical, "update", .sample, .sample).limits
        }
        #expect(error?.message == message)
        #expect(error?.code == .invalidArgument)
    }

    @Test(
        "what is out of range is named with its flag",
        arguments: [
            ("--memory", "512k"), ("--memory", "0"), ("--memory-swap", "x"), ("--memory-reservation", "1"),
            ("--memory-high", "1k"), ("--cpus", "5"), ("--cpu-period", "999"), ("--cpu-quota", "-2"),
            ("--cpu-weight", "0"), ("--cpu-weight", "10001"), ("--cpu-shares", "1"), ("--pids-limit", "0"),
            ("--pids-limit", "4194305"), ("--io-weight", "0"), ("--blkio-weight", "9"), ("--blkio-weight", "1001"),
            ("--cgroup-parent", ""), ("--cgroup-parent", "/"), ("--cgroup-parent", "/a/../b"),
        ])
    func range(flag: String, value: String) {
        let error = failure { () throws(CFSError) in try resources("\(flag)=\(value)") }
        #expect(error?.message == "\(flag) does not take \"\(value)\"")
        #expect(error?.hint?.isEmpty == false && error?.exitStatus == 125)
    }

    @Test("who asks for what cgroup v2 does not have hears why")
    func absent() {
        let kill = failure { () throws(CFSError) in try resources("--oom-kill-disable") }
        #expect(kill?.message.hasPrefix("--oom-kill-disable is not possible: cgroup v2 always kills") == true)
        #expect(kill?.hint?.contains("--memory-high") == true)
        #expect(failure { () throws(CFSError) in try resources("--oom-kill-disable=false") } == nil)
        for option in ["kernel-memory", "memory-swappiness", "cpu-rt-runtime", "cpu-rt-period", "blkio-weight-device"] {
            let error = failure { () throws(CFSError) in try resources("--\(option)=5") }
            #expect(error?.message.hasPrefix("--\(option) is not possible: ") == true)
        }
    }

    @Test(
        "an option of Docker's that cfs has not is answered with what there is instead",
        arguments: [
            (["--volumes-from", "bb"], "--volumes-from", "-v /srv/data:/data"),
            (["--link=a:b"], "--link", "--network NET"),
            (["--platform", "linux/arm64"], "--platform", "cfs images"),
            (["--domainname", "x"], "--domainname", "--hostname"),
            (["--attach", "stdin"], "--attach", "cfs attach"), (["-a", "stdin"], "-a, --attach", "cfs attach"),
            (["-astdin"], "-a, --attach", "cfs attach"), (["--sig-proxy=false"], "--sig-proxy", "cfs kill"),
        ])
    func docker(words: [String], option: String, hint: String) {
        let error = failure { () throws(CFSError) in
            try CanonicalArguments(
                (words + ["image"])[...], ContainerOptions.optionNames, optionsEndAtFirstWord: true, verb: "run")
        }
        #expect(error?.message.hasPrefix("\(option) is not possible: ") == true, "\(error?.message ?? "")")
        #expect(error?.hint?.contains(hint) == true, "\(error?.hint ?? "")")
        #expect(error?.hint?.contains("did you mean") == false)
    }

    @Test("a verb that limits nothing does not know them at all")
    func elsewhere() {
        let error = failure { () throws(CFSError) in
            try CanonicalArguments(
                ["--memory-swappiness", "5"], PsCommand.optionNames, optionsEndAtFirstWord: false, verb: "ps")
        }
        #expect(error?.message == "unknown option --memory-swappiness")
    }
}
