import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSCgroups

@Suite("Reading statistics, played by a folder")
struct CgroupStatisticsReaderTests {
    private let folder = TemporaryDirectory()

    private func cgroup() throws -> Cgroup {
        folder.makeFolder("cfs/one")
        return try #require(try CgroupHierarchy(mountPoint: folder.path, folder: folder("cfs")).cgroup("one"))
    }

    @Test("what is not there is nil, never zero")
    func absent() throws {
        let cgroup = try cgroup()
        folder.write("usage_usec 5\nuser_usec 3\nsystem_usec 2\n", to: "cfs/one/cpu.stat")
        let statistics = try #require(try CgroupStatisticsReader(cgroup).read())
        #expect(statistics.cpu?.usage == 5)
        #expect(statistics.cpu?.throttling == nil)
        #expect(statistics.cpu?.quota == nil)
        #expect(statistics.memory == nil)
        #expect(statistics.io == nil)
        #expect(statistics.pids == nil)
        #expect(statistics.hugetlb == nil)
        #expect(statistics.memoryPressure == nil)
    }

    @Test("all that is there arrives where it belongs, and changes with the next reading")
    func whole() throws {
        let cgroup = try cgroup()
        let files = [
            "cpu.stat": "usage_usec 5\n", "cpu.max": "50000 100000\n", "memory.current": "100\n",
            "memory.peak": "200\n",
            "memory.stat": "anon 60\nfile 30\nkernel 10\ninactive_file 20\n", "memory.swap.current": "7\n",
            "memory.events": "low 0\nhigh 0\nmax 1\noom 1\noom_kill 1\n", "memory.max": "1000\n",
            "memory.high": "max\n",
            "memory.swap.max": "0\n", "io.stat": "8:0 rbytes=1 wbytes=2 rios=3 wios=4\n", "pids.current": "3\n",
            "pids.max": "max\n", "pids.events": "max 2\n", "hugetlb.2MB.current": "2097152\n",
            "hugetlb.2MB.max": "max\n",
            "hugetlb.2MB.rsvd.current": "9\n",
            "cpu.pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n",
            "memory.pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=2\n",
            "io.pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=3\n",
        ]
        for (name, text) in files { folder.write(text, to: "cfs/one/\(name)") }
        let reader = try CgroupStatisticsReader(cgroup)
        let statistics = try #require(try reader.read())
        #expect(statistics.cpu?.quota == .at(try CPUQuota("0.5")))
        let memory = try #require(statistics.memory)
        #expect(
            [memory.current, memory.peak, memory.anonymous, memory.file, memory.kernel, memory.swap] == [
                100, 200, 60, 30, 10, 7,
            ])
        #expect(memory.events.oomKill == 1)
        #expect(memory.max == .at(ByteCount(1000)))
        #expect(memory.high == .unlimited)
        #expect(memory.swapMax == .at(ByteCount(0)))
        #expect(statistics.io?.first?.writtenBytes == 2)
        #expect(statistics.pids?.current == 3)
        #expect(statistics.pids?.max == .unlimited)
        #expect(statistics.pids?.refused == 2)
        #expect(statistics.hugetlb == [.init(pageSize: "2MB", current: 2_097_152, max: .unlimited)])
        #expect(statistics.cpuPressure?.some.total == 1)
        #expect(statistics.memoryPressure?.some.total == 2)
        #expect(statistics.ioPressure?.some.total == 3)
        folder.write("101\n", to: "cfs/one/memory.current")
        #expect(try reader.read()?.memory?.current == 101)
    }

    @Test("only the parts that were asked for are read")
    func parts() throws {
        let cgroup = try cgroup()
        folder.write("3\n", to: "cfs/one/pids.current")
        folder.write("100\n", to: "cfs/one/memory.current")
        let statistics = try #require(try CgroupStatisticsReader(cgroup, parts: [.pids]).read())
        #expect(statistics.pids?.current == 3)
        #expect(statistics.memory == nil)
        folder.write("5\n", to: "cfs/one/pids.max")
        let reader = try CgroupStatisticsReader(cgroup)
        #expect(try reader.read()?.pids?.max == .at(5))
        let use = try #require(try reader.read([.pids, .memory]))
        #expect(use.pids?.current == 3)
        #expect(use.pids?.max == nil)
        #expect(use.memory?.current == 100)
    }

    @Test("without a descriptor to spare a file is opened each time, and one that is gone with its cgroup is known")
    func named() throws {
        let cgroup = try cgroup()
        folder.write("100\n", to: "cfs/one/memory.current")
        var text = KernelText()
        defer { text.free() }
        let file = KernelFile.named("memory.current")
        #expect(try text.read(file, cgroup)?.onlyNumber == 100)
        unlink(folder("cfs/one/memory.current"))
        var failure: Int32?
        do {
            _ = try text.read(file, cgroup)
        } catch {
            failure = error.errno
        }
        #expect(failure == ENODEV)
    }

    @Test("a file larger than the first buffer is read whole")
    func large() throws {
        let cgroup = try cgroup()
        let lines = (0..<2000).map { "8:\($0) rbytes=\($0) wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n" }
        folder.write(lines.joined(), to: "cfs/one/io.stat")
        let io = try #require(try CgroupStatisticsReader(cgroup).read()?.io)
        #expect(io.count == 2000)
        #expect(io.last?.readBytes == 1999)
    }
}

@Suite(
    "Reading statistics of the host", .enabled(if: HostFolder.isThere, "needs a cgroup v2 tree that may be written to"))
struct HostStatisticsTests {
    @Test("processor time is counted, and grows; a cgroup that is gone has no statistics")
    func growth() throws {
        let host = try HostFolder()
        let cgroup = try host.hierarchy.create("one", pidsLimit: nil)
        let reader = try CgroupStatisticsReader(cgroup)
        #expect(try reader.read()?.cpu?.usage == 0)
        let script = "echo $$ > '\(cgroup.path)/cgroup.procs'; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"
        let result = RunningCommand(["/bin/sh", "-c", script], environment: [:]).finish()
        #expect(result.status == 0)
        let usage = try #require(try reader.read()?.cpu?.usage)
        #expect(usage > 0)
        try cgroup.remove()
        #expect(try reader.read() == nil)
    }
}
