import CFSCgroups
import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

/// Works as long as it may.
private let spin = "while :; do :; done"

@Suite("The cgroup library on a pure cgroup v2", .serialized, .needsMachine)
struct CgroupLibraryTests {
    private let folder: LibraryFolder

    init() throws { folder = try LibraryFolder() }

    // MARK: Memory

    @Test("over memory.max the kernel kills in that cgroup only, and an event tells it")
    func memory() throws {
        let limited = try folder.cgroup {
            $0.memory.max = .at(try ByteCount("16m"))
            $0.memory.swapMax = .at(ByteCount(0))
        }
        let beside = try folder.cgroup("beside") { $0.memory.max = .at(try ByteCount("256m")) }
        let neighbour = beside.run("exec sleep 1000")
        #expect(eventually(seconds: 60) { beside.file("cgroup.procs") == "\(neighbour.pid)\n" })
        var watch = try CgroupWatch(.memory, of: limited)
        let greedy = limited.run("exec dd if=/dev/zero of=/dev/null bs=64M count=1")
        var killed = false
        while !killed {
            guard let change = try watch.wait(milliseconds: 120_000) else { break }
            if case .memory(let now, let before) = change { killed = now.oomKill == before.oomKill + 1 }
        }
        #expect(killed)
        #expect(greedy.finish().signal == SIGKILL)
        let memory = try #require(try limited.statistics().memory)
        #expect(memory.events.oomKill == 1)
        #expect(memory.events.max > 0)
        #expect(try #require(memory.peak) <= 16 << 20)
        #expect(memory.max == .at(ByteCount(16 << 20)))
        #expect(memory.swapMax == .at(ByteCount(0)))
        #expect(try beside.processes() == [neighbour.pid])
        #expect(try beside.memoryEvents()?.oomKill == 0)
    }

    @Test("memory.oom.group kills all of the group when one must go")
    func groupKill() throws {
        let cgroup = try folder.cgroup {
            $0.memory.max = .at(try ByteCount("16m"))
            $0.memory.swapMax = .at(ByteCount(0))
            $0.memory.killsGroup = true
        }
        let innocent = cgroup.run("exec sleep 1000")
        #expect(eventually(seconds: 60) { cgroup.file("cgroup.procs") == "\(innocent.pid)\n" })
        let greedy = cgroup.run("exec dd if=/dev/zero of=/dev/null bs=64M count=1")
        #expect(greedy.finish(seconds: 120).signal == SIGKILL)
        #expect(innocent.finish(seconds: 120).signal == SIGKILL)
    }

    @Test("a limit below what is in use is refused when that is asked for, and a refused change takes back the rest")
    func update() throws {
        let cgroup = try folder.cgroup { $0.memory.max = .at(try ByteCount("64m")) }
        let holder = cgroup.run("exec dd if=/dev/zero bs=16M count=1 | sleep 1000")
        #expect(eventually(seconds: 60) { UInt64(cgroup.file("memory.current")?.dropLast() ?? "") ?? 0 > 8 << 20 })
        var resources = RuntimeSpec.Resources()
        resources.memory = RuntimeSpec.Memory()
        resources.memory?.limit = 4 << 20
        resources.memory?.checkBeforeUpdate = true
        let tooSmall = try CgroupSettings(resources)
        let conflict = #expect(throws: CFSError.self) { try cgroup.apply(tooSmall) }
        #expect(conflict?.code == .conflict)
        #expect(
            conflict?.message.hasPrefix("linux.resources.memory.limit of 4194304 bytes is below what is in use") == true
        )
        #expect(cgroup.file("memory.max") == "67108864\n")
        try cgroup.apply { $0.memory.max = .at(try ByteCount("128m")) }
        #expect(cgroup.file("memory.max") == "134217728\n")
        var limits = CgroupLimits()
        limits.memory.high = .at(try ByteCount("100m"))
        limits.unified = [try UnifiedSetting("memory.max", "much")]
        let wrong = try CgroupSettings(limits)
        let refused = #expect(throws: CFSError.self) { try cgroup.apply(wrong) }
        #expect(
            refused?.message
                == "unified.memory.max: the kernel does not take \"much\" for memory.max: bytes, or max, are")
        #expect(cgroup.file("memory.high") == "max\n")
        holder.signal(SIGKILL)
    }

    // MARK: Processors

    @Test("a quota of half a processor is kept, and what it held back is counted")
    func quota() throws {
        let cgroup = try folder.cgroup { $0.cpu.quota = .at(try CPUQuota("0.5")) }
        let reader = try CgroupStatisticsReader(cgroup, parts: [.cpu, .limits])
        let begin = monotonicSeconds()
        let worker = cgroup.run(spin)
        let throttled = eventually(seconds: 120) {
            do {
                return try reader.read()?.cpu?.throttling?.throttledPeriods ?? 0 >= 20
            } catch {
                return false
            }
        }
        #expect(throttled)
        let use = try #require(try reader.read()?.cpu)
        let elapsed = monotonicSeconds() - begin
        #expect(use.quota == .at(try CPUQuota("0.5")))
        #expect(try #require(use.throttling).throttledTime > 0)
        // Two periods more than went by can have been begun.
        #expect(Double(use.usage) / 1e6 <= (elapsed + 0.2) * 0.5 * 1.1, "\(use.usage) us in \(elapsed) s")
        worker.signal(SIGKILL)
    }

    @Test("quota and burst change in any order, and what cannot be is refused")
    func burst() throws {
        let cgroup = try folder.cgroup {
            $0.cpu.quota = .at(try CPUQuota("1"))
            $0.cpu.burst = 100_000
        }
        #expect(cgroup.file("cpu.max.burst") == "100000\n")
        // The former burst is more than the new quota, so the kernel takes the two in one order only.
        try cgroup.apply {
            $0.cpu.quota = .at(try CPUQuota("0.5"))
            $0.cpu.burst = 10_000
        }
        #expect(cgroup.file("cpu.max") == "50000 100000\n")
        #expect(cgroup.file("cpu.max.burst") == "10000\n")
        try cgroup.apply { $0.cpu.isIdle = true }
        let weight = #expect(throws: CFSError.self) { try cgroup.apply { $0.cpu.weight = try CPUWeight(50) } }
        #expect(weight?.message.contains("nothing while cpu.idle is 1") == true)
        try cgroup.apply {
            $0.cpu.isIdle = false
            $0.cpu.weight = try CPUWeight(50)
        }
        #expect(cgroup.file("cpu.weight") == "50\n")
    }

    @Test("weights of 300 and 100 on one processor share it three to one")
    func weights() throws {
        let heavy = try folder.cgroup("heavy") {
            $0.cpu.weight = try CPUWeight(300)
            $0.cpuset.cpus = try IndexList("0")
        }
        let light = try folder.cgroup("light") {
            $0.cpu.weight = try CPUWeight(100)
            $0.cpuset.cpus = try IndexList("0")
        }
        let workers = [heavy.run(spin), light.run(spin)]
        let readers = [
            try CgroupStatisticsReader(heavy, parts: [.cpu]), try CgroupStatisticsReader(light, parts: [.cpu]),
        ]
        func usage(_ index: Int) throws -> Double { Double(try readers[index].read()?.cpu?.usage ?? 0) }
        // Both run before the counting begins.
        let bothRun = eventually(seconds: 120) {
            do {
                return try usage(0) > 100_000 && usage(1) > 100_000
            } catch {
                return false
            }
        }
        #expect(bothRun)
        let before = [try usage(0), try usage(1)]
        let enough = eventually(seconds: 240) {
            do {
                return try usage(0) + usage(1) - before[0] - before[1] > 4_000_000
            } catch {
                return false
            }
        }
        #expect(enough)
        let ratio = (try usage(0) - before[0]) / max(try usage(1) - before[1], 1)
        #expect(ratio > 2 && ratio < 4.5, "\(ratio)")
        for worker in workers { worker.signal(SIGKILL) }
    }

    @Test("a cpuset keeps a process where it says, changes while it runs, and names processors that are not there")
    func cpuset() throws {
        let cgroup = try folder.cgroup { $0.cpuset.cpus = try IndexList("1") }
        let sleeper = cgroup.run("exec sleep 1000")
        func allowed() -> Substring? {
            textOfFile("/proc/\(sleeper.pid)/status")?.split(separator: "\n").first {
                $0.hasPrefix("Cpus_allowed_list:")
            }
        }
        #expect(eventually(seconds: 60) { allowed() == "Cpus_allowed_list:\t1" })
        try cgroup.apply { $0.cpuset.cpus = try IndexList("0") }
        #expect(allowed() == "Cpus_allowed_list:\t0")
        let error = #expect(throws: CFSError.self) { try cgroup.apply { $0.cpuset.cpus = try IndexList("0,9") } }
        #expect(error?.message == "cpuset.cpus of 0,9 names the processor 9, which is not there: 0-1 are possible")
        let mems = #expect(throws: CFSError.self) { try cgroup.apply { $0.cpuset.mems = try IndexList("3") } }
        #expect(mems?.message == "cpuset.mems of 3 names the memory node 3, which is not there: 0 are possible")
    }

    // MARK: Processes

    @Test("pids.max stops a fork bomb, and the refusals are counted")
    func pids() throws {
        let cgroup = try folder.cgroup { $0.pids = .at(10) }
        let bomb = cgroup.run("b() { b | b & }; b; exec sleep 1000")
        #expect(eventually(seconds: 120) { cgroup.file("pids.events") != "max 0\n" })
        let use = try #require(try cgroup.statistics().pids)
        #expect(use.current <= 10)
        #expect(use.max == .at(10))
        #expect(use.refused > 0)
        try cgroup.remove()
        #expect(!File.exists(cgroup.path))
        #expect(bomb.finish(seconds: 60).signal == SIGKILL)
    }

    @Test("what is frozen uses no processor time, goes on when it is thawed, and can be removed while it stands")
    func freezing() throws {
        let cgroup = try folder.cgroup { $0.pids = .at(100) }
        let reader = try CgroupStatisticsReader(cgroup, parts: [.cpu])
        func usage() -> UInt64 {
            do {
                return try reader.read()?.cpu?.usage ?? 0
            } catch {
                return 0
            }
        }
        let worker = cgroup.run(spin)
        #expect(eventually(seconds: 60) { usage() > 50_000 })
        try cgroup.freeze()
        let first = usage()
        #expect(first > 0)
        // Long enough for a running one; a frozen one uses no more than what its last switch is counted late for.
        #expect(!eventually(seconds: 0.5) { usage() > first + 100_000 })
        try cgroup.thaw()
        #expect(eventually(seconds: 60) { usage() > first })
        try cgroup.freeze()
        try cgroup.remove()
        #expect(try reader.read() == nil)
        #expect(worker.finish(seconds: 60).signal == SIGKILL)
    }

    @Test("a cgroup that hands controllers down takes no process")
    func internalProcesses() throws {
        let cgroup = try folder.cgroup { $0.pids = .at(100) }
        let below = CgroupHierarchy(mountPoint: folder.hierarchy.mountPoint, folder: cgroup.path)
        try below.enable([.memory])
        let sleeper = RunningCommand(["/bin/sleep", "1000"], environment: [:])
        let error = #expect(throws: CFSError.self) { try cgroup.attach(sleeper.pid) }
        #expect(error?.code == .conflict)
        #expect(error?.message == "\(cgroup.path) can hold no processes: it hands controllers down")
        let leaf = try below.create("leaf", pidsLimit: nil)
        try leaf.attach(sleeper.pid)
        #expect(try leaf.processes() == [sleeper.pid])
    }

    // MARK: Disks and huge pages

    @Test("io.max holds a writer back, is counted for the disk, and is refused for what is no disk")
    func io() throws {
        let disk = try DeviceNumber.disk(of: "/data")
        #expect(try DeviceNumber.disk(of: "/dev/vdb") == disk)
        let rate: UInt64 = 4 << 20
        let cgroup = try folder.cgroup {
            var rates = IORates(device: disk)
            rates.writeBytes = .at(ByteCount(rate))
            rates.writeOperations = .at(5000)
            $0.io.rates = [rates]
        }
        #expect(cgroup.file("io.max") == "\(disk) rbps=max wbps=4194304 riops=max wiops=5000\n")
        let begin = monotonicSeconds()
        let writer = cgroup.run("dd if=/dev/zero of=/data/library bs=1M count=12 oflag=direct; rm /data/library")
        #expect(writer.finish(seconds: 240).status == 0)
        let elapsed = monotonicSeconds() - begin
        // The kernel lets the first slice through at once.
        #expect(elapsed >= 12.0 / 4 * 0.85, "12 MiB in \(elapsed) s")
        let use = try #require(try cgroup.statistics().io?.first { $0.device == disk })
        #expect(use.writtenBytes >= 12 << 20)
        #expect(use.writeOperations > 0)
        let none = try #require(DeviceNumber(major: 250, minor: 99))
        let error = #expect(throws: CFSError.self) {
            try cgroup.apply {
                var rates = IORates(device: none)
                rates.readBytes = .at(ByteCount(1))
                $0.io.rates = [rates]
            }
        }
        #expect(error?.message == "io.max: the kernel knows no such disk: \"250:99 rbps=1\"")
        #expect(error?.code == .invalidConfiguration)
    }

    @Test("huge pages over the limit are not given")
    func hugePages() throws {
        let cgroup = try folder.cgroup {
            $0.hugetlb = [try HugeTLBLimit(pageSize: "2MB", limit: .at(ByteCount(2 << 20)))]
        }
        #expect(cgroup.file("hugetlb.2MB.max") == "2097152\n")
        #expect(try cgroup.statistics().hugetlb?.first { $0.pageSize == "2MB" }?.max == .at(ByteCount(2 << 20)))
        let error = #expect(throws: CFSError.self) {
            try cgroup.apply { $0.hugetlb = [try HugeTLBLimit(pageSize: "16MB", limit: .unlimited)] }
        }
        #expect(error?.hint?.hasPrefix("huge pages of this machine: ") == true)
        #expect(error?.hint?.contains("2MB") == true)
    }

    // MARK: Devices

    @Test("devices are denied and allowed as the rules say, also after a change while a process runs")
    func devices() throws {
        var settings = CgroupSettings()
        settings.devices = .standard()
        let cgroup = try folder.hierarchy.create("one", settings: settings)
        func canRead(_ device: String) -> Bool {
            cgroup.run("exec dd if=\(device) of=/dev/null bs=512 count=1 2>&-").finish().status == 0
        }
        #expect(canRead("/dev/zero"))
        #expect(!canRead("/dev/vdb"))
        #expect(cgroup.run("mknod /tmp/library-node b 253 7 && rm /tmp/library-node").finish().status == 0)
        settings.devices = .standard([try DeviceRule("b 254:* r"), try DeviceRule("b 253:* r")])
        try cgroup.apply(settings)
        #expect(canRead("/dev/vdb"))
        settings.devices = .standard([DeviceRule(false, .all, nil, nil, .mknod), DeviceRule(false, .characters, 1, 5)])
        try cgroup.apply(settings)
        #expect(!canRead("/dev/vdb"))
        #expect(!canRead("/dev/zero"))
        #expect(cgroup.run("mknod /tmp/library-node b 253 7").finish().status != 0)
        settings.devices = DeviceFilter(rules: [DeviceRule(true, .all)])
        try cgroup.apply(settings)
        #expect(canRead("/dev/vdb"))
    }

    // MARK: Being told

    @Test("all that a cgroup uses is measured where the controllers are, and only there")
    func statistics() throws {
        let measured = try folder.cgroup {
            $0.memory.max = .at(try ByteCount("64m"))
            $0.cpu.weight = try CPUWeight(100)
            $0.pids = .unlimited
            $0.io.weight = nil
            $0.unified = [try UnifiedSetting("io.max", "\(try DeviceNumber.disk(of: "/data")) rbps=max")]
        }
        #expect(
            measured.run("dd if=/dev/vdb of=/dev/null bs=64k count=16 iflag=direct").finish(seconds: 120).status == 0)
        let all = try measured.statistics()
        #expect(try #require(all.cpu).usage > 0)
        #expect(all.cpu?.throttling != nil)
        #expect(all.cpu?.quota == .unlimited)
        #expect(try #require(all.memory).peak ?? 1 > 0)
        #expect(all.memory?.kernel != nil)
        #expect(all.pids?.current == 0)
        #expect(try #require(all.io?.first).readBytes >= 16 * 65_536)
        // Another folder, to which nothing was handed down but what its own cgroup needs.
        let other = try LibraryFolder()
        let bare = try other.cgroup("bare").statistics()
        #expect(bare.cpu != nil)
        #expect(bare.cpu?.throttling == nil)
        #expect(bare.memory == nil)
        #expect(bare.io == nil)
    }

    @Test(
        "pressure on a processor is told once it is as much as was asked for",
        .enabled(if: File.exists("/proc/pressure/cpu"), "needs a kernel that measures pressure"))
    func pressure() throws {
        let cgroup = try folder.cgroup { $0.cpuset.cpus = try IndexList("1") }
        let trigger = PressureTrigger(.cpu, stall: 100_000, window: 1_000_000)
        var watch = try CgroupWatch(.pressure(trigger), of: cgroup)
        let workers = [cgroup.run(spin), cgroup.run(spin), cgroup.run(spin)]
        let change = try watch.wait(milliseconds: 120_000)
        #expect(change == .pressure(trigger))
        #expect(try #require(try cgroup.statistics().cpuPressure).some.total > 100_000)
        for worker in workers { worker.signal(SIGKILL) }
        try cgroup.remove()
        var last = try watch.wait(milliseconds: 60_000)
        while last == .pressure(trigger) { last = try watch.wait(milliseconds: 60_000) }
        #expect(last == .removed)
        let wrong = PressureTrigger(.cpu, stall: 5, window: 1)
        var failure: CFSError?
        do {
            _ = try CgroupWatch(.pressure(wrong), of: try folder.cgroup("two"))
        } catch let error as CFSError {
            failure = error
        }
        #expect(failure?.code == .invalidArgument)
    }
}
