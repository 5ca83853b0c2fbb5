import CFSCore
import CFSLinux

/// Readings of what containers use, each seen together with the one before.
final class StatisticsFeed {
    /// Rates are measured over this much time at least, in milliseconds.
    static let shortest: Int32 = 250

    private let reader: StatisticsReader
    private let listed: () throws(CFSError) -> [ContainerRecord]
    private var before: [ContainerID: ContainerStatistics] = [:]

    /// - Parameters:
    ///   - containers: which; empty for all that run.
    ///   - all: whether those that do not run are shown as well, as those always are that were named.
    init(_ engine: Engine, _ containers: [Container], all: Bool) {
        reader = engine.statisticsReader(of: containers.isEmpty ? nil : containers)
        listed = { () throws(CFSError) in
            guard containers.isEmpty else {
                var records: [ContainerRecord] = []
                for container in containers { records.append(try container.record()) }
                return records
            }
            return all ? try engine.containers() : []
        }
    }

    func next() throws(CFSError) -> [StatisticsRow] {
        let readings = try reader.read()
        var rows = readings.map { StatisticsRow($0, before: before[$0.id]) }
        before.removeAll(keepingCapacity: true)
        for reading in readings { before[reading.id] = reading }
        for record in try listed() where before[record.id] == nil {
            rows.append(StatisticsRow(id: record.id, name: record.name))
        }
        return rows
    }
}
