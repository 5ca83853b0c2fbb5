import CFSCgroups
import CFSModel
import Testing

@Suite("Limits of memory")
struct MemoryTests {
    @Test("a reservation is memory.low, swap is what the sum leaves beside the limit, and the limit comes last")
    func conversion() throws {
        #expect(
            try writtenMemory { ($0.limit, $0.reservation, $0.swap) = (64 << 20, 32 << 20, 96 << 20) } == [
                "memory.low: 33554432", "memory.swap.max: 33554432", "memory.max: 67108864",
            ])
    }

    @Test(
        "swap beside a limit of 100 bytes",
        arguments: [(100, "0"), (101, "1"), (-1, "max"), (nil, nil), (0, nil)] as [(Int64?, String?)])
    func swap(sum: Int64?, file: String?) throws {
        let lines = try writtenMemory { ($0.limit, $0.swap) = (100, sum) }
        #expect(lines == (file.map { ["memory.swap.max: \($0)"] } ?? []) + ["memory.max: 100"])
    }

    @Test("without a limit of memory there is none of swap, and swap alone may be unlimited")
    func unlimited() throws {
        #expect(try writtenMemory { $0.limit = -1 } == ["memory.swap.max: max", "memory.max: max"])
        #expect(try writtenMemory { $0.swap = -1 } == ["memory.swap.max: max"])
    }

    @Test("what asks for nothing is no fault: zeros, kernel memory without limit, the defaults of cgroup v2")
    func nothing() throws {
        #expect(
            try writtenMemory {
                ($0.limit, $0.reservation, $0.swap, $0.kernel, $0.kernelTCP) = (0, 0, 0, -1, 0)
                ($0.disableOOMKiller, $0.useHierarchy, $0.checkBeforeUpdate) = (false, true, false)
            } == [])
    }

    static let impossible: [(@Sendable (inout RuntimeSpec.Memory) -> Void, String)] = [
        (
            { ($0.limit, $0.swap) = (64 << 20, 32 << 20) },
            "linux.resources.memory.swap of 32.0MiB is below linux.resources.memory.limit of 64.0MiB"
        ),
        ({ ($0.limit, $0.swap) = (100, 99) }, "linux.resources.memory.swap of 99 bytes is below"),
        ({ $0.swap = 1024 }, "linux.resources.memory.swap of 1.0KiB says nothing by itself"),
        ({ ($0.limit, $0.swap) = (-1, 1024) }, "linux.resources.memory.swap of 1.0KiB says nothing by itself"),
        ({ ($0.limit, $0.reservation) = (100, 101) }, "linux.resources.memory.reservation of 101 bytes is more than"),
        ({ $0.limit = -2 }, "linux.resources.memory.limit of -2 is out of range"),
        ({ $0.reservation = -2 }, "linux.resources.memory.reservation of -2 is out of range"),
        ({ ($0.limit, $0.swap) = (100, -5) }, "linux.resources.memory.swap of -5 is out of range"),
        ({ $0.kernel = 1 }, "linux.resources.memory.kernel of 1 is not possible"),
        ({ $0.kernelTCP = 1 }, "linux.resources.memory.kernelTCP of 1 is not possible"),
        ({ $0.swappiness = 0 }, "linux.resources.memory.swappiness of 0 is not possible"),
        ({ $0.disableOOMKiller = true }, "linux.resources.memory.disableOOMKiller is not possible"),
        ({ $0.useHierarchy = false }, "linux.resources.memory.useHierarchy of false is not possible"),
    ]

    @Test("what cannot be is refused by its name, with the reason", arguments: 0..<impossible.count)
    func refusal(index: Int) {
        let (change, message) = Self.impossible[index]
        let error = #expect(throws: CFSError.self) { try writtenMemory(change) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
    }

    @Test("an error names a field as it is told to: a flag, where one was used")
    func naming() {
        var resources = RuntimeSpec.Resources()
        resources.memory = RuntimeSpec.Memory()
        resources.memory?.limit = 2048
        resources.memory?.swap = 1024
        let error = #expect(throws: CFSError.self) {
            try CgroupSettings(resources) { $0 == .memorySwap ? "--memory-swap" : "--memory" }
        }
        #expect(error?.message.hasPrefix("--memory-swap of 1.0KiB is below --memory of 2.0KiB") == true)
    }

    @Test("typed limits are those of cgroup v2")
    func typed() throws {
        var limits = CgroupLimits()
        limits.memory.max = .at(ByteCount(100))
        limits.memory.high = .at(ByteCount(90))
        limits.memory.min = .at(ByteCount(10))
        limits.memory.swapMax = .at(ByteCount(0))
        limits.memory.zswapMax = .unlimited
        limits.memory.killsGroup = true
        #expect(
            try CgroupSettings(limits).entries.map { "\($0.file): \($0.value)" } == [
                "memory.min: 10", "memory.high: 90", "memory.oom.group: 1", "memory.zswap.max: max",
                "memory.swap.max: 0", "memory.max: 100",
            ])
    }
}
