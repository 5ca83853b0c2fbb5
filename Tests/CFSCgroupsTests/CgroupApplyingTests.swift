import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSCgroups

@Suite("Applying limits, played by a folder")
struct CgroupApplyingTests {
    private let folder = TemporaryDirectory()

    /// A cgroup with these files, which are empty unless they have a text.
    private func cgroup(_ controllers: String, _ files: [String: String]) throws -> Cgroup {
        folder.write("\(controllers)\n", to: "cfs/one/cgroup.controllers")
        for (name, text) in files { folder.write(text, to: "cfs/one/\(name)") }
        return try #require(try CgroupHierarchy(mountPoint: folder.path, folder: folder("cfs")).cgroup("one"))
    }

    private func settings(_ lines: [(String, String)]) -> CgroupSettings {
        var settings = CgroupSettings()
        for (file, value) in lines { settings.add(CgroupSetting(file, value, "the \(file)")) }
        return settings
    }

    @Test("each value goes into its file")
    func values() throws {
        let cgroup = try cgroup("memory pids", ["memory.max": "", "pids.max": ""])
        try cgroup.apply(settings([("memory.max", "100"), ("pids.max", "max")]))
        #expect(textOfFile(folder("cfs/one/memory.max")) == "100")
        #expect(textOfFile(folder("cfs/one/pids.max")) == "max")
    }

    @Test("a file that the kernel has not is an error with the kernel that has it, and what was written is taken back")
    func absent() throws {
        let cgroup = try cgroup("cpu memory", ["memory.max": "max\n"])
        let error = #expect(throws: CFSError.self) {
            try cgroup.apply(settings([("memory.max", "5"), ("cpu.idle", "1")]))
        }
        #expect(error?.code == .kernelUnsupported)
        #expect(error?.message == "the cpu.idle cannot be set: this kernel has no cpu.idle")
        #expect(error?.hint == "it came with Linux 5.15")
        #expect(textOfFile(folder("cfs/one/memory.max"))?.hasPrefix("max") == true)
    }

    @Test("a limit of swap is no fault where none is asked for, and a limit of reservations may be missing")
    func optional() throws {
        var limits = CgroupLimits()
        limits.memory.swapMax = .unlimited
        limits.hugetlb = [try HugeTLBLimit(pageSize: "2MB", limit: .at(ByteCount(0)))]
        let cgroup = try cgroup("memory hugetlb", ["hugetlb.2MB.max": ""])
        try cgroup.apply(try CgroupSettings(limits))
        #expect(textOfFile(folder("cfs/one/hugetlb.2MB.max")) == "0")
    }

    @Test("nothing is left of a new cgroup whose limits cannot be set")
    func new() throws {
        folder.makeFolder("cfs")
        var limits = CgroupLimits()
        limits.memory.max = .at(ByteCount(5))
        let settings = try CgroupSettings(limits)
        // A played kernel puts no files into a new folder.
        #expect(throws: CFSError.self) {
            try CgroupHierarchy(mountPoint: folder.path, folder: folder("cfs")).create("two", settings: settings)
        }
        #expect(namesInFolder(folder("cfs")) == [])
    }

    @Test("a size of huge pages that the machine has not is refused with those that it has")
    func hugePages() throws {
        var limits = CgroupLimits()
        limits.hugetlb = [try HugeTLBLimit(pageSize: "16MB", limit: .at(ByteCount(0)))]
        let cgroup = try cgroup("hugetlb", ["hugetlb.2MB.max": "", "hugetlb.1GB.max": "", "hugetlb.2MB.rsvd.max": ""])
        let error = #expect(throws: CFSError.self) { try cgroup.apply(try CgroupSettings(limits)) }
        #expect(error?.hint == "huge pages of this machine: 1GB, 2MB")
    }

    @Test("a weight goes to both kinds of disk schedulers, and to one where there is one")
    func weights() throws {
        var limits = CgroupLimits()
        limits.io.weight = try IOWeight(10_000)
        let both = try cgroup("io", ["io.weight": "", "io.bfq.weight": ""])
        try both.apply(try CgroupSettings(limits))
        #expect(textOfFile(folder("cfs/one/io.weight")) == "default 10000")
        #expect(textOfFile(folder("cfs/one/io.bfq.weight")) == "default 1000")
        unlink(folder("cfs/one/io.weight"))
        limits.io.weight = try IOWeight(50)
        folder.write("", to: "cfs/one/io.bfq.weight")
        try both.apply(try CgroupSettings(limits))
        #expect(textOfFile(folder("cfs/one/io.bfq.weight")) == "default 50")
        unlink(folder("cfs/one/io.bfq.weight"))
        let error = #expect(throws: CFSError.self) { try both.apply(try CgroupSettings(limits)) }
        #expect(error?.message == "io.weight cannot be set: this kernel has no io.weight")
    }

    @Test("processors and memory nodes that are not there are refused with those that are")
    func cpus() throws {
        let cgroup = try cgroup("cpuset", ["cpuset.cpus": "", "cpuset.mems": ""])
        folder.write("0-1\n", to: "cfs/cpuset.cpus.effective")
        folder.write("0\n", to: "cfs/cpuset.mems.effective")
        try cgroup.apply(settings([("cpuset.cpus", "1"), ("cpuset.mems", "0")]))
        #expect(textOfFile(folder("cfs/one/cpuset.cpus")) == "1")
        let error = #expect(throws: CFSError.self) { try cgroup.apply(settings([("cpuset.cpus", "0,7-8")])) }
        #expect(
            error?.message == "the cpuset.cpus of 0,7-8 names the processor 7, which is not there: 0-1 are possible")
        let mems = #expect(throws: CFSError.self) { try cgroup.apply(settings([("cpuset.mems", "1")])) }
        #expect(mems?.message == "the cpuset.mems of 1 names the memory node 1, which is not there: 0 are possible")
    }

    @Test("a limit of memory below what is in use is refused when that was asked for")
    func memoryInUse() throws {
        let cgroup = try cgroup("memory", ["memory.max": "max\n", "memory.current": "2048\n"])
        var settings = settings([("memory.max", "1024")])
        settings.checksMemoryInUse = true
        let error = #expect(throws: CFSError.self) { try cgroup.apply(settings) }
        #expect(error?.code == .conflict)
        #expect(error?.message == "the memory.max of 1024 bytes is below what is in use: 2048 bytes (2.0KiB)")
        #expect(textOfFile(folder("cfs/one/memory.max")) == "max\n")
        settings.checksMemoryInUse = false
        try cgroup.apply(settings)
        #expect(textOfFile(folder("cfs/one/memory.max"))?.hasPrefix("1024") == true)
    }

    @Test(
        "what undoes a setting is what its file said, or that there was nothing for that key",
        arguments: [
            ("cpu.max", "1 2", "max 100000\n", "max 100000"), ("cpuset.cpus", "1", "\n", "\n"),
            ("cpuset.cpus", "1", "", "\n"),
            ("io.max", "8:0 rbps=1", "8:16 rbps=5 wbps=max\n8:0 rbps=7 wbps=max\n", "8:0 rbps=7 wbps=max"),
            ("io.max", "8:0 rbps=1", "", "8:0 rbps=max wbps=max riops=max wiops=max"),
            ("io.weight", "default 5", "default 100\n8:0 50\n", "default 100"),
            ("io.weight", "8:16 5", "default 100\n", "8:16 default"),
            ("rdma.max", "mlx hca_handle=1", "", "mlx hca_handle=max hca_object=max"),
            ("memory.stat", "1", "a 1\nb 2\n", nil),
        ] as [(String, String, String, String?)])
    func former(file: String, value: String, text: String, undo: String?) {
        #expect(FormerValue.of(CgroupSetting(file, value, "x"), text: text) == undo)
    }
}

@Suite("Applying limits on the host", .enabled(if: HostFolder.isThere, "needs a cgroup v2 tree that may be written to"))
struct HostApplyingTests {
    private static func hasController(_ name: String) -> Bool {
        do {
            return try CgroupHierarchy.find(name: "x")?.controllers().contains(name) == true
        } catch {
            return false
        }
    }
    private static let hasHugePages = hasController("hugetlb")
    private static let memoryIsElsewhere = HostFolder.isThere && !hasController("memory")

    @Test(
        "a limit of huge pages is handed down, set, changed and kept by the kernel",
        .enabled(if: hasHugePages, "needs the controller hugetlb on cgroup v2"))
    func hugePages() throws {
        let host = try HostFolder()
        var limits = CgroupLimits()
        limits.hugetlb = [try HugeTLBLimit(pageSize: "2MB", limit: .at(ByteCount(4 << 20)))]
        let cgroup = try host.hierarchy.create("one", settings: try CgroupSettings(limits))
        #expect(textOfFile("\(cgroup.path)/hugetlb.2MB.max") == "4194304\n")
        #expect(textOfFile("\(cgroup.path)/hugetlb.2MB.rsvd.max") == "4194304\n")
        limits.hugetlb = [try HugeTLBLimit(pageSize: "2MB", limit: .unlimited)]
        try cgroup.apply(try CgroupSettings(limits))
        #expect(textOfFile("\(cgroup.path)/hugetlb.2MB.max") == "max\n")
    }

    @Test(
        "a cgroup that was made without limits gets its controllers when it is given some",
        .enabled(if: hasHugePages, "needs the controller hugetlb on cgroup v2"))
    func later() throws {
        let host = try HostFolder()
        let cgroup = try host.hierarchy.create("one", pidsLimit: nil)
        #expect(!File.exists("\(cgroup.path)/hugetlb.2MB.max"))
        var limits = CgroupLimits()
        limits.hugetlb = [try HugeTLBLimit(pageSize: "2MB", limit: .at(ByteCount(0)))]
        try cgroup.apply(try CgroupSettings(limits))
        #expect(textOfFile("\(cgroup.path)/hugetlb.2MB.max") == "0\n")
    }

    @Test(
        "a limit whose controller is bound to cgroup v1 is an error that says so, and nothing is left",
        .enabled(if: memoryIsElsewhere, "needs a host whose memory controller is not on cgroup v2"))
    func boundElsewhere() throws {
        let host = try HostFolder()
        var resources = RuntimeSpec.Resources()
        resources.memory = RuntimeSpec.Memory()
        resources.memory?.limit = 64 << 20
        let settings = try CgroupSettings(resources)
        let error = #expect(throws: CFSError.self) { try host.hierarchy.create("one", settings: settings) }
        #expect(error?.code == .cgroupControllerUnavailable)
        #expect(
            error?.message.hasPrefix(
                "linux.resources.memory.limit cannot be set: memory is bound to cgroup v1 on this host") == true)
        #expect(error?.hint != nil)
        #expect(try host.hierarchy.names() == [])
    }

    @Test("a value that the kernel does not take is named with the file", .enabled(if: hasHugePages, "needs hugetlb"))
    func refused() throws {
        let host = try HostFolder()
        var limits = CgroupLimits()
        limits.unified = [try UnifiedSetting("hugetlb.2MB.max", "many")]
        let settings = try CgroupSettings(limits)
        let error = #expect(throws: CFSError.self) { try host.hierarchy.create("one", settings: settings) }
        #expect(error?.code == .invalidConfiguration)
        #expect(
            error?.message == "unified.hugetlb.2MB.max: the kernel does not take \"many\" for hugetlb.2MB.max")
        #expect(error?.errno == EINVAL)
        #expect(try host.hierarchy.names() == [])
    }

    @Test("limits of the tree itself need no controller")
    func core() throws {
        let host = try HostFolder()
        var limits = CgroupLimits()
        limits.unified = [try UnifiedSetting("cgroup.max.descendants", "2")]
        let cgroup = try host.hierarchy.create("one", settings: try CgroupSettings(limits))
        #expect(textOfFile("\(cgroup.path)/cgroup.max.descendants") == "2\n")
    }
}
