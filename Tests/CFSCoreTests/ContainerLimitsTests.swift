import CFSModel
import Testing

@testable import CFSCore

@Suite("Limits that change")
struct ContainerLimitsTests {
    private static func memory(_ limit: Int64?, _ swap: Int64?) -> RuntimeSpec.Resources {
        var resources = RuntimeSpec.Resources()
        resources.memory = RuntimeSpec.Memory()
        resources.memory?.limit = limit
        resources.memory?.swap = swap
        return resources
    }

    @Test("what is not named stays")
    func stays() throws {
        var own = Self.memory(100, 200)
        own.cpu = RuntimeSpec.CPU()
        own.cpu?.quota = 5
        own.cpu?.period = 10
        own.pids = RuntimeSpec.Pids(limit: 3)
        let before = own
        own.take(RuntimeSpec.Resources())
        #expect(own == before)
        var changes = RuntimeSpec.Resources()
        changes.cpu = RuntimeSpec.CPU()
        changes.cpu?.quota = 7
        own.take(changes)
        #expect(own.cpu?.quota == 7)
        #expect(own.cpu?.period == 10)
        #expect(own.memory == before.memory)
        #expect(own.pids == before.pids)
    }

    @Test(
        "swap that nobody asked for follows the memory; what was asked for stays",
        arguments: [
            (100, 200, 50, nil, 100), (100, nil, 50, nil, 100), (100, 150, 120, nil, 150), (100, -1, 50, nil, -1),
            (100, 200, 50, 60, 60), (nil, nil, 50, nil, 100), (100, 200, -1, nil, -1),
        ] as [(Int64?, Int64?, Int64, Int64?, Int64)])
    func swap(limit: Int64?, swap: Int64?, new: Int64, newSwap: Int64?, expected: Int64) throws {
        var own = Self.memory(limit, swap)
        own.take(Self.memory(new, newSwap))
        #expect(own.memory?.limit == new)
        #expect(own.memory?.swap == expected)
    }

    @Test("of two ways to name a limit the last one has it, and no other limit goes")
    func twins() throws {
        var own = RuntimeSpec.Resources()
        own.cpu = RuntimeSpec.CPU()
        own.cpu?.quota = 5
        own.cpu?.cpus = "0"
        own.unified = ["cpu.weight", "pids.max", "memory.high", "io.weight", "memory.max"].map { .init($0, "7") }
        own.hugepageLimits = [RuntimeSpec.HugepageLimit(pageSize: "2MB", limit: 1)]
        var changes = Self.memory(64, nil)
        changes.cpu = RuntimeSpec.CPU()
        changes.cpu?.shares = 2048
        changes.pids = RuntimeSpec.Pids(limit: 50)
        changes.unified = [.init("cpu.max", "9 10"), .init("hugetlb.2MB.max", "2")]
        own.dropTwins(of: changes)
        #expect(own.unified.map(\.key) == ["memory.high", "io.weight"])
        #expect(own.cpu?.quota == nil && own.cpu?.cpus == "0" && own.hugepageLimits.isEmpty)
        changes = RuntimeSpec.Resources()
        changes.blockIO = RuntimeSpec.BlockIO()
        changes.blockIO?.throttleReadBpsDevice = [RuntimeSpec.ThrottleDevice(major: 8, minor: 0, rate: 9)]
        own.unified = [.init("io.max", "8:0 rbps=1\n8:16 rbps=2"), .init("memory.swap.max", "0")]
        own.dropTwins(of: changes)
        #expect(own.unified.map(\.value) == ["8:16 rbps=2", "0"])
        // Swap that follows the memory does not touch what was said of it.
        own.dropTwins(of: Self.memory(64, nil))
        #expect(own.unified.map(\.key) == ["io.max", "memory.swap.max"])
        changes.pids = RuntimeSpec.Pids(limit: 50)
        // Both at once are what the caller says: the file is written last.
        changes.unified = [.init("pids.max", "3")]
        own.unified = [.init("pids.max", "7")]
        own.dropTwins(of: changes)
        #expect(own.unified.map(\.key) == ["pids.max"])
    }

    @Test("a rate replaces that of its disk only, a file of the cgroup that of its name only")
    func lists() throws {
        var own = RuntimeSpec.Resources()
        own.blockIO = RuntimeSpec.BlockIO()
        own.blockIO?.throttleReadBpsDevice = [
            RuntimeSpec.ThrottleDevice(major: 8, minor: 0, rate: 1),
            RuntimeSpec.ThrottleDevice(major: 8, minor: 16, rate: 2),
        ]
        own.unified = [RuntimeSpec.UnifiedFile("memory.high", "1"), RuntimeSpec.UnifiedFile("cpu.weight", "5")]
        var changes = RuntimeSpec.Resources()
        changes.blockIO = RuntimeSpec.BlockIO()
        changes.blockIO?.throttleReadBpsDevice = [RuntimeSpec.ThrottleDevice(major: 8, minor: 0, rate: 9)]
        changes.unified = [RuntimeSpec.UnifiedFile("memory.high", "2")]
        own.take(changes)
        #expect(Set(own.blockIO?.throttleReadBpsDevice.map(\.rate) ?? []) == [2, 9])
        #expect(Set(own.unified.map { "\($0.key)=\($0.value)" }) == ["memory.high=2", "cpu.weight=5"])
    }
}
