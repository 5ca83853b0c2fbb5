import CFSCore

/// What containers use, as a table that fits its terminal. Pure: rows in, text out.
struct StatisticsTable {
    let rows: [StatisticsRow]
    /// Of the machine: where nothing is limited, these are.
    let memory: UInt64
    let processors: Int
    /// Whether the machine measures pressure, for rows that tell nothing of it: of containers that do not run.
    let measuresPressure: Bool
    let style: Style
    /// The width of the terminal; nil where nothing bounds it.
    let width: Int?

    private enum Column: CaseIterable {
        case id, name, processors, memory, memoryShare, network, disks, pids, throttled, pressure

        var title: String {
            switch self {
            case .id: "CONTAINER ID"
            case .name: "NAME"
            case .processors: "CPU %"
            case .memory: "MEM USAGE / LIMIT"
            case .memoryShare: "MEM %"
            case .network: "NET I/O"
            case .disks: "BLOCK I/O"
            case .pids: "PIDS"
            case .throttled: "THROTTLED"
            case .pressure: "PRESSURE"
            }
        }
    }

    private static let unmeasured = "-"

    /// What goes first where the terminal is narrow.
    private static let expendable: [Column] = [
        .id, .pressure, .throttled, .disks, .network, .memory, .pids, .memoryShare,
    ]

    /// The table, each line with a line feed behind it, none longer than the terminal.
    var text: String {
        var columns = Column.allCases
        let readings = rows.filter { $0.reading != nil }
        let hasPressure = readings.isEmpty ? measuresPressure : readings.contains { $0.pressure != nil }
        if !hasPressure { columns.removeAll { $0 == .pressure } }
        guard let width else { return table(columns, bars: false).text }
        // Some terminals wrap when the last cell is written.
        let room = width - 1
        let barred = table(columns, bars: true)
        if barred.width <= room { return barred.text }
        var plain = table(columns, bars: false)
        // Columns that say nothing go before all others.
        let empty = Self.expendable.filter { column in
            rows.allSatisfy { cell($0, column, bars: false) == Self.unmeasured }
        }
        for column in empty + Self.expendable where plain.width > room {
            columns.removeAll { $0 == column }
            plain = table(columns, bars: false)
        }
        if plain.width <= room { return plain.text }
        let longest = rows.reduce(0) { max($0, DisplayWidth.of($1.name)) }
        let short = table(columns, bars: false, nameCells: max(1, longest - (plain.width - room)))
        if short.width <= room { return short.text }
        // Too narrow for two columns.
        return rows.map { DisplayWidth.shortened(Printable.text($0.name), to: max(1, room)) + "\n" }.joined()
    }

    private func table(_ columns: [Column], bars: Bool, nameCells: Int? = nil) -> Table {
        var table = Table(columns.map(\.title))
        for row in rows {
            table.add(
                columns.map { column in
                    let text = cell(row, column, bars: bars)
                    guard column == .name, let nameCells else { return text }
                    return DisplayWidth.shortened(Printable.text(text), to: nameCells)
                })
        }
        table.paint = { [rows, style] place, column, text in
            guard let share = Self.share(rows[place], columns[column]) else { return text }
            return Meter.paint(text, Meter.Level(share), style)
        }
        return table
    }

    /// How much of a limit a cell shows; nil where nothing is limited.
    private static func share(_ row: StatisticsRow, _ column: Column) -> Double? {
        switch column {
        case .processors: row.processorShare
        case .memory, .memoryShare: row.memoryShare
        case .pids: row.pidsShare
        case .id, .name, .network, .disks, .throttled, .pressure: nil
        }
    }

    private func cell(_ row: StatisticsRow, _ column: Column, bars: Bool) -> String {
        switch column {
        case .id: row.id.short
        case .name: row.name
        case .processors:
            meter(row.processors, of: row.processorLimit ?? Double(max(1, processors)), bars: bars)
        case .memory:
            row.memory.map { "\(ByteCount($0)) / \(ByteCount(row.memoryLimit ?? memory))" } ?? Self.unmeasured
        case .memoryShare: memoryShare(row, bars: bars)
        case .network:
            row.network.map { "\(ByteCount($0.received)) / \(ByteCount($0.sent))" } ?? Self.unmeasured
        case .disks: row.disks.map { "\(ByteCount($0.read)) / \(ByteCount($0.written))" } ?? Self.unmeasured
        case .pids: row.pids.map { "\($0)" } ?? Self.unmeasured
        case .throttled: row.throttled.map { Meter.percent($0) } ?? Self.unmeasured
        case .pressure:
            row.pressure.map { $0.average > 0 ? "\($0.kind) \(Meter.percent($0.average / 100))" : "0%" }
                ?? Self.unmeasured
        }
    }

    private func memoryShare(_ row: StatisticsRow, bars: Bool) -> String {
        let limit = row.memoryLimit ?? memory
        guard let used = row.memory, limit > 0 else { return Self.unmeasured }
        return meter(Double(used) / Double(limit), of: 1, bars: bars)
    }

    /// A percentage of one, and a bar that is full at `whole`.
    private func meter(_ value: Double?, of whole: Double, bars: Bool) -> String {
        guard let value else { return Self.unmeasured }
        let percent = Meter.percent(value)
        guard bars else { return percent }
        // Aligned, so that it stands still while it is drawn over and over.
        let space = String(repeating: " ", count: max(1, 9 - percent.utf8.count))
        return Meter.bar(value / whole) + space + percent
    }
}
