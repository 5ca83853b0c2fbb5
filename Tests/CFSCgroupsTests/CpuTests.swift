import CFSCgroups
import CFSModel
import Testing

@Suite("Limits of the processor")
struct CpuTests {
    @Test(
        "shares become the weight that other runtimes take: 2, 1024 and 262144 are 1, 100 and 10000",
        arguments: [
            (1, 1), (2, 1), (3, 2), (10, 4), (100, 17), (512, 59), (1024, 100), (2048, 174), (4096, 303),
            (65_536, 3023),
            (102_400, 4429), (262_143, 10_000), (262_144, 10_000), (500_000, 10_000),
        ] as [(UInt64, UInt64)])
    func shares(shares: UInt64, weight: UInt64) throws {
        #expect(try writtenCPU { $0.shares = shares } == ["cpu.weight: \(weight)"])
    }

    @Test("more shares are never less weight")
    func monotonic() {
        let weights = (UInt64(0)...262_150).map { CPUWeight(shares: $0).value }
        #expect(zip(weights, weights.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(weights.first == 1)
        #expect(weights.last == 10_000)
    }

    @Test("a quota goes with its period, 100 ms by default; below zero it is none")
    func quota() throws {
        #expect(try writtenCPU { $0.quota = 50_000 } == ["cpu.max: 50000 100000"])
        #expect(
            try writtenCPU {
                $0.quota = 50_000
                $0.period = 20_000
            } == ["cpu.max: 50000 20000"])
        #expect(try writtenCPU { $0.quota = -1 } == ["cpu.max: max 100000"])
        #expect(try writtenCPU { $0.period = 20_000 } == ["cpu.max: max 20000"])
    }

    @Test("zero is not set, as runc's update files have it")
    func zero() throws {
        #expect(
            try writtenCPU {
                ($0.shares, $0.quota, $0.period, $0.realtimeRuntime, $0.realtimePeriod) = (0, 0, 0, 0, 0)
                ($0.cpus, $0.mems) = ("", "")
            } == [])
    }

    @Test("burst and idle have files of their own; the quota goes first, the weight last")
    func order() throws {
        #expect(
            try writtenCPU {
                ($0.quota, $0.burst, $0.idle, $0.shares) = (50_000, 10_000, 0, 1024)
            } == ["cpu.max: 50000 100000", "cpu.max.burst: 10000", "cpu.idle: 0", "cpu.weight: 100"])
    }

    static let impossible: [(@Sendable (inout RuntimeSpec.CPU) -> Void, String)] = [
        ({ $0.quota = 999 }, "linux.resources.cpu.quota of 999 us is out of range"),
        ({ $0.period = 999 }, "linux.resources.cpu.period of 999 us is out of range: 1000 to 1000000 us are possible"),
        ({ $0.period = 1_000_001 }, "linux.resources.cpu.period of 1000001 us is out of range"),
        (
            { ($0.quota, $0.burst) = (1000, 1001) },
            "linux.resources.cpu.burst of 1001 us is more than the quota: 0 to 1000"
        ),
        ({ $0.idle = 2 }, "linux.resources.cpu.idle of 2 is out of range: 0 and 1 are possible"),
        ({ ($0.idle, $0.shares) = (1, 1024) }, "linux.resources.cpu.idle of 1 contradicts linux.resources.cpu.shares"),
        ({ $0.realtimeRuntime = 1 }, "linux.resources.cpu.realtimeRuntime has no counterpart in cgroup v2"),
        ({ $0.realtimePeriod = 1 }, "linux.resources.cpu.realtimePeriod has no counterpart in cgroup v2"),
    ]

    @Test("what cannot be is refused by its name, with what can", arguments: 0..<impossible.count)
    func refusal(index: Int) {
        let (change, message) = Self.impossible[index]
        let error = #expect(throws: CFSError.self) { try writtenCPU(change) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
    }

    @Test("typed limits are written the same way, and refused for the same reasons")
    func typed() throws {
        var limits = CgroupLimits()
        limits.cpu.quota = .at(try CPUQuota("0.5"))
        limits.cpu.weight = try CPUWeight(250)
        #expect(
            try CgroupSettings(limits).entries.map { "\($0.file): \($0.value)" } == [
                "cpu.max: 50000 100000", "cpu.weight: 250",
            ])
        limits.cpu.burst = 50_001
        let error = #expect(throws: CFSError.self) { try CgroupSettings(limits) }
        #expect(error?.message == "cpu.max.burst of 50001 us is more than the quota: 0 to 50000 us are possible")
        for wrong in [0, 10_001] as [UInt64] {
            let error = #expect(throws: CFSError.self) { try CPUWeight(wrong) }
            #expect(error?.message == "a weight of \(wrong) is out of range: 1 to 10000 are possible")
        }
    }
}
