import OptionsSupport
import Testing

@testable import CFSCore
@testable import cfs

/// Readings of containers that do not exist.
enum Readings {
    static let id = ContainerID("0f8fad5b-d9cb-469f-a165-70867728950e")!

    /// - Parameters:
    ///   - seconds: when it was taken.
    ///   - cpu: microseconds used so far.
    static func plain(_ name: String = "web", seconds: UInt64 = 1, cpu: UInt64 = 0) -> ContainerStatistics {
        var use = CgroupStatistics()
        var processors = CgroupStatistics.CPUUse()
        processors.usage = cpu
        use.cpu = processors
        return ContainerStatistics(id: id, name: name, at: seconds * 1_000_000_000, use: use)
    }

    /// Everything is measured, and everything is limited: two processors, 100 MiB, 10 processes.
    static func whole(
        _ name: String = "web", seconds: UInt64 = 1, cpu: UInt64 = 0, periods: UInt64 = 0, throttled: UInt64 = 0,
        memory: UInt64 = 50 << 20, pids: UInt64 = 5
    ) -> ContainerStatistics {
        var reading = plain(name, seconds: seconds, cpu: cpu)
        var throttling = CgroupStatistics.Throttling()
        throttling.periods = periods
        throttling.throttledPeriods = throttled
        reading.use.cpu?.throttling = throttling
        reading.use.cpu?.quota = CPUQuota(quota: 200_000).map { .at($0) }
        var used = CgroupStatistics.MemoryUse()
        used.current = memory + (8 << 20)
        used.inactiveFile = 8 << 20
        used.max = .at(ByteCount(100 << 20))
        reading.use.memory = used
        var number = CgroupStatistics.PidsUse()
        number.current = pids
        number.max = .at(10)
        reading.use.pids = number
        var disks: [CgroupStatistics.IOUse] = []
        for (minor, bytes) in [(0, UInt64(1024)), (16, 2048)] {
            guard let device = DeviceNumber(major: 8, minor: Int64(minor)) else { continue }
            var disk = CgroupStatistics.IOUse(device: device)
            disk.readBytes = bytes
            disk.writtenBytes = 2 * bytes
            disks.append(disk)
        }
        reading.use.io = disks
        var pressure = CgroupStatistics.Pressure()
        reading.use.cpuPressure = pressure
        pressure.some.average10 = 12.5
        reading.use.ioPressure = pressure
        reading.networks = [network("eth0", bytes: 1024), network("eth1", bytes: 512)]
        return reading
    }

    /// Twice as much is sent as received.
    static func network(_ interface: String, bytes: UInt64) -> NetworkUse {
        NetworkUse(
            interface: interface, network: "net-\(interface)",
            received: NetworkUse.Direction(bytes: bytes, packets: 3, errors: 0, dropped: 1),
            sent: NetworkUse.Direction(bytes: 2 * bytes, packets: 5, errors: 2, dropped: 0))
    }
}

@Suite("One container's use")
struct StatisticsRowTests {
    @Test("rates need two readings")
    func rates() {
        let first = StatisticsRow(Readings.whole(seconds: 1), before: nil)
        #expect(first.processors == nil && first.throttled == nil && first.processorShare == nil)
        let then = Readings.whole(seconds: 1, cpu: 1_000_000, periods: 10, throttled: 1)
        let now = StatisticsRow(
            Readings.whole(seconds: 3, cpu: 4_000_000, periods: 30, throttled: 6), before: then)
        #expect(now.processors == 1.5 && now.processorShare == 0.75)
        #expect(now.throttled == 0.25)
        #expect(StatisticsRow(then, before: Readings.whole(seconds: 0, periods: 10, throttled: 1)).throttled == 0)
    }

    @Test("memory is what it needs, and the disks and the network devices are added up")
    func levels() {
        let row = StatisticsRow(Readings.whole(), before: nil)
        #expect(row.memory == 50 << 20 && row.memoryShare == 0.5 && row.pidsShare == 0.5)
        #expect(row.disks?.read == 3072 && row.disks?.written == 6144)
        #expect(row.network?.received == 1536 && row.network?.sent == 3072)
        #expect(row.pressure?.kind == "io" && row.pressure?.average == 12.5)
    }

    @Test("what is not measured is not zero")
    func unmeasured() throws {
        let row = StatisticsRow(Readings.plain(seconds: 2, cpu: 5), before: Readings.plain())
        #expect(row.processors != nil && row.processorLimit == nil && row.throttled == nil)
        #expect(row.network == nil)
        var lonely = Readings.plain()
        lonely.networks = []
        let none = try #require(StatisticsRow(lonely, before: nil).network)
        #expect(none.received == 0 && none.sent == 0)
        #expect(row.memory == nil && row.disks == nil && row.pids == nil && row.pressure == nil)
        let stopped = StatisticsRow(id: Readings.id, name: "web")
        #expect(stopped.reading == nil && stopped.processors == nil)
    }
}

@Suite("The order of what is used")
struct StatisticsOrderTests {
    private func names(_ order: String?) throws -> [String] {
        let rows = [
            StatisticsRow(Readings.whole("b", seconds: 2, cpu: 5, memory: 3, pids: 1), before: Readings.whole("b")),
            StatisticsRow(Readings.whole("a", seconds: 2, cpu: 9, memory: 1, pids: 2), before: Readings.whole("a")),
            StatisticsRow(id: Readings.id, name: "0"),
            StatisticsRow(Readings.whole("c", seconds: 2, cpu: 5, memory: 2, pids: 3), before: Readings.whole("c")),
        ]
        return try StatisticsOrder(order).sorted(rows).map(\.name)
    }

    @Test("what uses most comes first; equal ones by name, and those that do not run last")
    func sorted() throws {
        #expect(try names(nil) == ["a", "b", "c", "0"])
        #expect(try names("cpu") == ["a", "b", "c", "0"])
        #expect(try names("memory") == ["b", "c", "a", "0"])
        #expect(try names("pids") == ["c", "a", "b", "0"])
        #expect(try names("name") == ["0", "a", "b", "c"])
    }

    @Test("another order is named, and each has its key")
    func wrong() {
        let error = failure { () throws(CFSError) in try StatisticsOrder("io") }
        #expect(error?.message == "--sort does not take \"io\"" && error?.hint == "use cpu, memory, name, pids")
        #expect(StatisticsOrder(key: UInt8(ascii: "m")) == .memory && StatisticsOrder(key: UInt8(ascii: "x")) == nil)
    }
}

@Suite("A small bar")
struct MeterTests {
    @Test(
        "a stroke is the least that is not nothing, and full is all of it",
        arguments: [
            (0, "[        ]"), (0.001, "[|       ]"), (0.5, "[||||    ]"), (0.999, "[||||||| ]"), (1, "[||||||||]"),
            (7, "[||||||||]"), (-1, "[        ]"),
        ])
    func bar(share: Double, text: String) { #expect(Meter.bar(share) == text) }

    @Test("yellow over 80 per cent, red over 95")
    func levels() {
        #expect(Meter.Level(0.8) == .plenty && Meter.Level(0.81) == .near)
        #expect(Meter.Level(0.95) == .near && Meter.Level(0.96) == .reached && Meter.Level(2) == .reached)
        let coloured = Style(isColoured: true)
        #expect(Meter.paint("x", .near, coloured) == coloured.yellow("x"))
        #expect(Meter.paint("x", .reached, coloured) == coloured.red("x"))
        #expect(Meter.paint("x", .plenty, coloured) == "x" && Meter.paint("x", .reached, .plain) == "x")
    }

    @Test(
        "percentages have two decimals",
        arguments: [(0.1234, "12.34%"), (0, "0.00%"), (1.5, "150.00%"), (0.0001, "0.01%")])
    func percent(share: Double, text: String) { #expect(Meter.percent(share) == text) }
}
