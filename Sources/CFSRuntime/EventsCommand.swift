import CFSCgroups
import CFSLinux
import CFSModel
import Glibc

/// `events`: what a container uses, once or again and again, and when it ran out of memory.
enum EventsCommand {
    static let command = RuntimeCommand(
        names: ["events"], usage: "CONTAINER", summary: "print what a container uses, and its events, as JSON lines",
        options: [
            .flag("stats", help: "print what it uses now, and end"),
            .value("interval", placeholder: "TIME", help: "time between two lines (default: 5s)"),
        ]
    ) { arguments, context throws(CFSError) in
        let container = try context.store.load(try arguments.container())
        guard try container.status() != .stopped, let process = try container.process() else {
            throw CFSError(.containerNotRunning, .looking, "container with id \(container.document.id) is not running")
        }
        let cgroup = try LifeCommands.needed(container.cgroup())
        let reader = try CgroupStatisticsReader(cgroup)
        if arguments.has("stats") {
            try printLine(container, "stats", RuntimeStatistics.json(try reader.read() ?? CgroupStatistics()))
            return 0
        }
        try follow(container, process.raw, cgroup, reader, every: try interval(arguments["interval"] ?? "5s"))
        return 0
    }

    private static func follow(
        _ container: RuntimeContainer, _ process: Int32, _ cgroup: Cgroup, _ reader: CgroupStatisticsReader,
        every milliseconds: UInt64
    ) throws(CFSError) {
        let poll = try EventPoll()
        try poll.add(process, .readable, token: 0)
        let hasMemory = try cgroup.memoryEvents() != nil
        var watch = try CgroupWatch(hasMemory ? .memory : .state, of: cgroup)
        try poll.add(watch.descriptor, .priority, token: 1)
        var next = SystemClock.monotonic
        while true {
            let now = SystemClock.monotonic
            if now >= next {
                try printLine(container, "stats", RuntimeStatistics.json(try reader.read() ?? CgroupStatistics()))
                next = now + milliseconds * 1_000_000
            }
            for event in try poll.wait(milliseconds: Int32(clamping: (next - min(next, now)) / 1_000_000 + 1)) {
                if event.token == 0 { return }
                switch try watch.change() {
                case .memory(let memory, let before)? where memory.oomKill > before.oomKill:
                    try printLine(container, "oom", nil)
                case .removed?: return
                default: break
                }
            }
        }
    }

    private static func printLine(_ container: RuntimeContainer, _ type: String, _ data: JSON?) throws(CFSError) {
        var out = JSONBuilder()
        out.set("type", type)
        out.set("id", container.document.id)
        out.set("data", data)
        try StandardOutput.write(out.json.text() + "\n")
    }

    /// `5s`, `500ms`, `1m30s`.
    static func interval(_ text: String) throws(CFSError) -> UInt64 {
        let units: [(String, UInt64)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
        var rest = text[...]
        var total: UInt64 = 0
        while !rest.isEmpty {
            let digits = rest.prefix { ("0"..."9").contains($0) }
            rest = rest.dropFirst(digits.count)
            guard let number = UInt64(digits), number < 1 << 32,
                let unit = units.first(where: { rest.hasPrefix($0.0) && !($0.0 == "m" && rest.hasPrefix("ms")) })
            else { throw RuntimeArguments.fault("invalid value \"\(text)\" for -interval") }
            total += number * unit.1
            rest = rest.dropFirst(unit.0.count)
        }
        guard total > 0 else { throw RuntimeArguments.fault("the interval must be greater than 0") }
        return total
    }
}

/// The statistics in the shape that callers of runc read.
enum RuntimeStatistics {
    static func json(_ statistics: CgroupStatistics) -> JSON {
        var out = JSONBuilder()
        if let cpu = statistics.cpu { out.set("cpu", json(cpu, statistics.cpuPressure)) }
        if let memory = statistics.memory { out.set("memory", json(memory, statistics.memoryPressure)) }
        if let pids = statistics.pids {
            out.set("pids", ["current": JSON(unsigned: pids.current), "limit": limit(pids.max, else: 0) { $0 }])
        }
        out.set("blkio", io(statistics))
        var hugetlb = JSONObject()
        for use in statistics.hugetlb ?? [] {
            hugetlb[use.pageSize] = ["usage": JSON(unsigned: use.current), "max": JSON(unsigned: 0), "failcnt": 0]
        }
        out.set("hugetlb", JSON.object(hugetlb))
        out.set("intel_rdt", JSON.object(JSONObject()))
        return out.json
    }

    private static func limit<Amount>(
        _ value: CgroupLimit<Amount>?, else none: UInt64, _ number: (Amount) -> UInt64
    ) -> JSON {
        if case .at(let amount)? = value { return JSON(unsigned: number(amount)) }
        return JSON(unsigned: none)
    }

    /// Nanoseconds.
    private static func json(_ cpu: CgroupStatistics.CPUUse, _ pressure: CgroupStatistics.Pressure?) -> JSON {
        var out = JSONBuilder()
        out.set(
            "usage",
            [
                "total": JSON(unsigned: cpu.usage &* 1000), "percpu": .null,
                "kernel": JSON(unsigned: cpu.system &* 1000), "user": JSON(unsigned: cpu.user &* 1000),
            ])
        let throttling = cpu.throttling ?? CgroupStatistics.Throttling()
        out.set(
            "throttling",
            [
                "periods": JSON(unsigned: throttling.periods),
                "throttledPeriods": JSON(unsigned: throttling.throttledPeriods),
                "throttledTime": JSON(unsigned: throttling.throttledTime &* 1000),
            ])
        out.set("psi", pressure.map { json($0) })
        return out.json
    }

    private static func json(_ memory: CgroupStatistics.MemoryUse, _ pressure: CgroupStatistics.Pressure?) -> JSON {
        func entry(_ usage: UInt64, _ peak: UInt64?, _ limit: JSON, _ failures: UInt64) -> JSON {
            [
                "limit": limit, "usage": JSON(unsigned: usage), "max": JSON(unsigned: peak ?? 0),
                "failcnt": JSON(unsigned: failures),
            ]
        }
        var out = JSONBuilder()
        out.set("cache", JSON(unsigned: memory.file))
        let ceiling = limit(memory.max, else: UInt64.max) { $0.bytes }
        out.set("usage", entry(memory.current, memory.peak, ceiling, memory.events.max))
        // Of cgroup v1, whose callers expect memory and swap together.
        let both = limit(memory.swapMax, else: UInt64.max) { $0.bytes }
        out.set("swap", entry(memory.current &+ (memory.swap ?? 0), nil, both, 0))
        out.set("kernel", entry(memory.kernel ?? 0, nil, 0, 0))
        out.set("kernelTCP", entry(0, nil, 0, 0))
        out.set(
            "raw",
            [
                "anon": JSON(unsigned: memory.anonymous), "file": JSON(unsigned: memory.file),
                "inactive_file": JSON(unsigned: memory.inactiveFile), "kernel": JSON(unsigned: memory.kernel ?? 0),
            ])
        out.set("psi", pressure.map { json($0) })
        return out.json
    }

    private static func json(_ pressure: CgroupStatistics.Pressure) -> JSON {
        func share(_ share: CgroupStatistics.Share) -> JSON {
            [
                "avg10": .number(share.average10), "avg60": .number(share.average60),
                "avg300": .number(share.average300), "total": JSON(unsigned: share.total),
            ]
        }
        return ["some": share(pressure.some), "full": share(pressure.full ?? CgroupStatistics.Share())]
    }

    private static func io(_ statistics: CgroupStatistics) -> JSON {
        var bytes: [JSON] = []
        var operations: [JSON] = []
        for use in statistics.io ?? [] {
            func entry(_ name: String, _ value: UInt64) -> JSON {
                [
                    "major": .integer(Int64(use.device.major)), "minor": .integer(Int64(use.device.minor)),
                    "op": .string(name), "value": JSON(unsigned: value),
                ]
            }
            bytes += [entry("Read", use.readBytes), entry("Write", use.writtenBytes)]
            operations += [entry("Read", use.readOperations), entry("Write", use.writeOperations)]
        }
        var out = JSONBuilder()
        out.set("ioServiceBytesRecursive", bytes)
        out.set("ioServicedRecursive", operations)
        out.set("psi", statistics.ioPressure.map { json($0) })
        return out.json
    }
}
