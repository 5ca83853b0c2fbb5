import CFSCgroups
import CFSLinux
import CFSModel
import CFSMonitor
import Synchronization

/// What one container uses at one moment.
public struct ContainerStatistics: Sendable, Hashable {
    public var id: ContainerID
    public var name: String
    /// Nanoseconds of CLOCK_MONOTONIC.
    public var at: UInt64
    /// Counters and levels of its cgroup. A part whose controller the container does not have is nil.
    public var use: CgroupStatistics
    /// What went through its network devices, in their order; empty for a container without networks (`--network none`), and those
    /// of the other one for `--network container:ID`. Nil where it cannot be said: with the host's network, which is not the
    /// container's alone, with a namespace behind a path, and at a moment at which the host's devices change too fast to be listed.
    public var networks: [NetworkUse]?

    /// How many processors it has used since an earlier moment: 1.0 is one of them all the time. Nil when that cannot be
    /// said: another container, the same moment.
    public func processors(since earlier: ContainerStatistics) -> Double? {
        guard earlier.id == id, at > earlier.at, let now = use.cpu?.usage, let before = earlier.use.cpu?.usage,
            now >= before
        else { return nil }
        return Double(now - before) * 1000 / Double(at - earlier.at)
    }
}

extension Engine {
    /// A reader of what containers use. It keeps files open between its readings, so the second one costs few calls.
    ///
    /// - Parameter containers: which; nil for all that run at each reading.
    public func statisticsReader(of containers: [Container]? = nil) -> StatisticsReader {
        StatisticsReader(self, containers)
    }

    /// What containers use, again and again.
    ///
    /// - Parameters:
    ///   - containers: which; nil for all that run at each moment.
    ///   - interval: from one reading to the next; the first comes at once.
    public func statistics(of containers: [Container]? = nil, every interval: Duration) -> StatisticsReadings {
        StatisticsReadings(reader: statisticsReader(of: containers), interval: interval)
    }
}

/// Reads what containers use: see ``Engine/statisticsReader(of:)``.
public final class StatisticsReader: Sendable {
    private let engine: Engine
    private let containers: [Container]?
    private let readers = Mutex<[ContainerID: CgroupStatisticsReader]>([:])
    private let networks: Mutex<NetworkStatisticsReader>

    init(_ engine: Engine, _ containers: [Container]?) {
        self.engine = engine
        self.containers = containers
        networks = Mutex(NetworkStatisticsReader(engine))
    }

    /// One reading: of each container that runs, newest first, or in the order in which they were named. Those that do
    /// not run are left out.
    public func read() throws(CFSError) -> [ContainerStatistics] {
        var records: [ContainerRecord] = []
        if let containers {
            for container in containers {
                do throws(CFSError) {
                    records.append(try container.record())
                } catch {
                    // It has removed itself: one more that does not run.
                    guard error.code == .containerNotFound else { throw error }
                }
            }
        } else {
            records = try engine.containers()
        }
        let running = records.filter { $0.state.pid != nil }
        let known = Set(running.map(\.id))
        let uses = try networks.withLock { networks throws(CFSError) in
            try networks.read(running.compactMap { record in record.state.pid.map { (record.id, $0) } })
        }
        return try readers.withLock { readers throws(CFSError) in
            for id in readers.keys where !known.contains(id) { readers[id] = nil }
            var all: [ContainerStatistics] = []
            for record in running {
                if readers[record.id] == nil { readers[record.id] = try open(record.id) }
                guard let reader = readers[record.id] else { continue }
                guard let use = try reader.read() else {
                    // It has ended since it was listed.
                    readers[record.id] = nil
                    continue
                }
                all.append(
                    ContainerStatistics(
                        id: record.id, name: record.name, at: SystemClock.monotonic, use: use,
                        networks: uses[record.id]))
            }
            return all
        }
    }

    private func open(_ id: ContainerID) throws(CFSError) -> CgroupStatisticsReader? {
        guard let path = try engine.folder(id).readState()?.cgroup, let slash = path.lastSlash else {
            return nil
        }
        let parent = String(path[..<slash])
        let hierarchy = CgroupHierarchy(mountPoint: parent, folder: parent)
        guard let cgroup = try hierarchy.cgroup(id.text) else { return nil }
        return try CgroupStatisticsReader(cgroup)
    }
}

/// Readings at a steady interval: see ``Engine/statistics(of:every:)``. Ends when the task is cancelled.
public struct StatisticsReadings: AsyncSequence, Sendable {
    let reader: StatisticsReader
    let interval: Duration

    public func makeAsyncIterator() -> Iterator { Iterator(reader: reader, interval: interval) }

    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let reader: StatisticsReader
        fileprivate let interval: Duration
        private var due: ContinuousClock.Instant?

        fileprivate init(reader: StatisticsReader, interval: Duration) {
            self.reader = reader
            self.interval = interval
        }

        public mutating func next() async throws(CFSError) -> [ContainerStatistics]? {
            try await next(isolation: nil)
        }

        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(CFSError)
            -> [ContainerStatistics]?
        {
            let clock = ContinuousClock()
            if let due {
                do {
                    try await clock.sleep(until: due)
                } catch {
                    return nil
                }
            }
            if Task.isCancelled { return nil }
            due = Swift.max((due ?? clock.now).advanced(by: interval), clock.now)
            let reader = reader
            return try await Blocking.run { () throws(CFSError) in try reader.read() }
        }
    }
}
