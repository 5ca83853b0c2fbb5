import CFSModel
import Testing

@testable import CFSCgroups

@Suite("Files of cgroup v2 by name")
struct UnifiedTests {
    @Test("they are written last, in their order, and line by line")
    func order() throws {
        #expect(
            try written {
                $0.unified = [
                    .init("memory.high", "1"), .init("io.max", "8:0 rbps=1\n8:16 wbps=2"),
                    .init("hugetlb.2MB.max", "0"),
                    .init("cgroup.max.depth", "3"), .init("memory.not_yet_known", "x"),
                ]
                $0.pids = .init(limit: 5)
            } == [
                "pids.max: 5", "memory.high: 1", "io.max: 8:0 rbps=1", "io.max: 8:16 wbps=2", "hugetlb.2MB.max: 0",
                "cgroup.max.depth: 3", "memory.not_yet_known: x",
            ])
    }

    @Test(
        "one that says what a limit of its own says is written in its place, but for files with a line for each device")
    func replacement() throws {
        #expect(
            try written {
                $0.memory = RuntimeSpec.Memory()
                $0.memory?.limit = 64
                $0.memory?.reservation = 32
                $0.blockIO = RuntimeSpec.BlockIO()
                $0.blockIO?.throttleReadBpsDevice = [.init(major: 8, minor: 0, rate: 1)]
                $0.unified = [.init("memory.max", "512m"), .init("io.max", "8:16 rbps=2")]
            } == ["memory.low: 32", "io.max: 8:0 rbps=1", "memory.max: 512m", "io.max: 8:16 rbps=2"])
    }

    @Test(
        "what is no file of a known controller is refused, and so is what would move or kill processes",
        arguments: [
            ("memory/high", "is not the name of a cgroup file"), ("../memory.high", "is not the name of a cgroup file"),
            ("", "is not the name of a cgroup file"), ("memory", "is not the name of a cgroup file"),
            ("memory.", "is not the name of a cgroup file"), ("memory high", "is not the name of a cgroup file"),
            (
                "net_cls.classid",
                "of no known controller: cpuset, cpu, io, memory, hugetlb, pids, rdma, misc are possible"
            ),
            ("cgroup.procs", "which is not a limit"), ("cgroup.kill", "which is not a limit"),
            ("cgroup.subtree_control", "which is not a limit"),
        ])
    func refusal(key: String, reason: String) {
        let error = #expect(throws: CFSError.self) { try written { $0.unified = [.init(key, "1")] } }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.hasPrefix("linux.resources.unified has ") == true)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test("an empty value, and one with a zero byte, is refused", arguments: ["", "1\0"])
    func value(text: String) {
        let error = #expect(throws: CFSError.self) { try written { $0.unified = [.init("memory.high", text)] } }
        #expect(error?.message.hasPrefix("linux.resources.unified.memory.high has an empty value") == true)
    }

    @Test("a file that has a name of its own is known by it")
    func ownNames() {
        let own = LimitField.allCases.filter { $0.rawValue.hasPrefix("unified.") }
        #expect(own.contains(.memoryHigh))
        for field in own {
            let file = String(field.rawValue.dropFirst("unified.".count))
            #expect(LimitField(RuntimeSpec.UnifiedFile(file, file == "io.weight" ? "default 1" : "1")) == field)
        }
        #expect(LimitField(RuntimeSpec.UnifiedFile("memory.max", "1")) == nil)
    }
}
