import CFSCore

/// What `cfs stats` shows of one container: levels, and rates since the reading before. What is nil is not measured.
struct StatisticsRow {
    let id: ContainerID
    let name: String
    /// The reading itself; nil for a container that does not run.
    private(set) var reading: ContainerStatistics?
    /// How many processors it used: 1.0 is one of them all the time.
    private(set) var processors: Double?
    /// The part of its periods in which it had to wait because its quota was used up.
    private(set) var throttled: Double?

    /// - Parameter before: an earlier reading of the same container.
    init(_ reading: ContainerStatistics, before: ContainerStatistics?) {
        id = reading.id
        name = reading.name
        self.reading = reading
        guard let before else { return }
        processors = reading.processors(since: before)
        if let now = reading.use.cpu?.throttling, let then = before.use.cpu?.throttling, now.periods >= then.periods,
            now.throttledPeriods >= then.throttledPeriods
        {
            let periods = now.periods - then.periods
            throttled = periods == 0 ? 0 : Double(now.throttledPeriods - then.throttledPeriods) / Double(periods)
        }
    }

    /// A container that does not run.
    init(id: ContainerID, name: String) {
        self.id = id
        self.name = name
    }

    private var use: CgroupStatistics? { reading?.use }

    /// How many processors it may use; nil without a limit.
    var processorLimit: Double? {
        guard case .at(let quota) = use?.cpu?.quota else { return nil }
        return quota.cores
    }

    /// Bytes that it needs: without page cache that was not used lately.
    var memory: UInt64? { use?.memory?.workingSet }

    var memoryLimit: UInt64? {
        guard case .at(let limit) = use?.memory?.max else { return nil }
        return limit.bytes
    }

    /// Bytes read from disks and written to them, since its start.
    var disks: (read: UInt64, written: UInt64)? {
        use?.io.map { disks in
            disks.reduce((0, 0)) { ($0.0 &+ $1.readBytes, $0.1 &+ $1.writtenBytes) }
        }
    }

    /// Bytes that its network devices have received and sent; nil where that is not known to be its own.
    var network: (received: UInt64, sent: UInt64)? {
        reading?.networks.map { devices in
            devices.reduce((0, 0)) { ($0.0 &+ $1.received.bytes, $0.1 &+ $1.sent.bytes) }
        }
    }

    /// Processes and threads.
    var pids: UInt64? { use?.pids?.current }

    var pidsLimit: UInt64? {
        guard case .at(let limit) = use?.pids?.max else { return nil }
        return limit
    }

    /// What it waits for most, and in how much of the last ten seconds (0 to 100 per cent).
    var pressure: (kind: String, average: Double)? {
        let kinds = [("cpu", use?.cpuPressure), ("mem", use?.memoryPressure), ("io", use?.ioPressure)]
        let known = kinds.compactMap { kind, pressure in pressure.map { (kind, $0.some.average10) } }
        return known.max { $0.1 < $1.1 }
    }

    /// How much of a limit is used, 1.0 being all of it; nil where there is no limit.
    var processorShare: Double? { Self.share(processors, processorLimit) }
    var memoryShare: Double? { Self.share(memory.map { Double($0) }, memoryLimit.map { Double($0) }) }
    var pidsShare: Double? { Self.share(pids.map { Double($0) }, pidsLimit.map { Double($0) }) }

    private static func share(_ used: Double?, _ limit: Double?) -> Double? {
        guard let used, let limit, limit > 0 else { return nil }
        return used / limit
    }
}
