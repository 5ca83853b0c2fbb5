import CFSModel

/// What an update changes, in the words of `cfs update`: for the history, and for whoever follows events.
struct UpdateWords {
    /// Options without dashes, each with its value.
    private(set) var options: [EngineEvent.Attribute] = []

    init(_ changes: RuntimeSpec.Resources, _ restart: RestartPolicy?) {
        add("memory", changes.memory?.limit.map { Self.size($0) })
        add("memory-swap", changes.memory?.swap.map { Self.size($0) })
        add("memory-reservation", changes.memory?.reservation.map { Self.size($0) })
        if let cpu = changes.cpu { add(cpu) }
        add("pids-limit", changes.pids.map { "\($0.limit)" })
        if let disks = changes.blockIO { add(disks) }
        for limit in changes.hugepageLimits {
            add("hugetlb", "\(limit.pageSize)=\(limit.limit == .max ? "-1" : Self.size(limit.limit))")
        }
        for file in changes.unified { add(file) }
        add("restart", restart?.text)
    }

    /// As they are written on a command line.
    var words: [String] { options.flatMap { ["--\($0.key)", $0.value] } }

    /// Each option once: values for several disks or files stand one after the other.
    var attributes: [EngineEvent.Attribute] {
        var attributes: [EngineEvent.Attribute] = []
        for option in options {
            if let place = attributes.firstIndex(where: { $0.key == option.key }) {
                attributes[place].value += "; \(option.value)"
            } else {
                attributes.append(option)
            }
        }
        return attributes
    }

    private mutating func add(_ option: String, _ value: String?) {
        if let value { options.append(EngineEvent.Attribute(option, value)) }
    }

    private mutating func add(_ cpu: RuntimeSpec.CPU) {
        // Only what --cpus says exactly: it has four decimals.
        if let quota = cpu.quota, quota > 0, quota % 10 == 0, cpu.period == CPUQuota.defaultPeriod,
            let share = CPUQuota(quota: UInt64(quota))
        {
            add("cpus", "\(share)")
        } else {
            add("cpu-quota", cpu.quota.map { "\($0)" })
            add("cpu-period", cpu.period.map { "\($0)" })
        }
        add("cpu-shares", cpu.shares.map { "\($0)" })
        add("cpuset-cpus", cpu.cpus)
        add("cpuset-mems", cpu.mems)
        add("cgroup-conf", cpu.burst.map { "cpu.max.burst=\($0)" })
        add("cgroup-conf", cpu.idle.map { "cpu.idle=\($0)" })
    }

    private mutating func add(_ disks: RuntimeSpec.BlockIO) {
        add("blkio-weight", disks.weight.map { "\($0)" })
        addRates("device-read-bps", disks.throttleReadBpsDevice) { Self.size($0) }
        addRates("device-write-bps", disks.throttleWriteBpsDevice) { Self.size($0) }
        addRates("device-read-iops", disks.throttleReadIOPSDevice) { "\($0)" }
        addRates("device-write-iops", disks.throttleWriteIOPSDevice) { "\($0)" }
    }

    private mutating func addRates(
        _ option: String, _ rates: [RuntimeSpec.ThrottleDevice], _ text: (UInt64) -> String
    ) {
        for rate in rates {
            add(option, "/dev/block/\(rate.major):\(rate.minor):\(rate.rate == 0 ? "-1" : text(rate.rate))")
        }
    }

    /// Of the files that have an option of their own that one, where the value is one that it takes.
    private mutating func add(_ file: RuntimeSpec.UnifiedFile) {
        let usual = "default "
        switch file.key {
        case "memory.high" where file.value == "max": return add("memory-high", "-1")
        case "memory.high":
            if let bytes = UInt64(file.value) { return add("memory-high", Self.size(bytes)) }
        case "cpu.weight":
            if let weight = UInt64(file.value) { return add("cpu-weight", "\(weight)") }
        case "io.weight" where file.value.hasPrefix(usual):
            if let weight = UInt64(file.value.dropFirst(usual.count)) { return add("io-weight", "\(weight)") }
        default: break
        }
        for line in file.value.split(separator: "\n") { add("cgroup-conf", "\(file.key)=\(line)") }
    }

    /// -1 is no limit.
    private static func size(_ bytes: Int64) -> String { bytes < 0 ? "-1" : size(UInt64(bytes)) }

    /// In the largest unit that leaves no rest: `64m`.
    private static func size(_ bytes: UInt64) -> String {
        let units: [(bytes: UInt64, name: String)] = [(1 << 30, "g"), (1 << 20, "m"), (1 << 10, "k")]
        guard bytes > 0, let unit = units.first(where: { bytes % $0.bytes == 0 }) else { return "\(bytes)" }
        return "\(bytes / unit.bytes)\(unit.name)"
    }
}
