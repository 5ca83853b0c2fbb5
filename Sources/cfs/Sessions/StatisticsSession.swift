import CFSCore
import CFSLinux
import CFSOptions
import Glibc

/// `cfs stats`: readings until somebody ends it, or one.
struct StatisticsSession {
    let feed: StatisticsFeed
    let format: ListFormat
    var order: StatisticsOrder
    /// Milliseconds from one reading to the next.
    let interval: Int32
    /// As `NO_COLOR` and `TERM` have it.
    let style: Style

    private static let help = "q quits; c, m, n and p sort by CPU, memory, name and PIDs"

    /// One reading; rates need another one shortly before.
    func once() throws(CFSError) {
        _ = try feed.next()
        try Self.pause(StatisticsFeed.shortest)
        let rows = order.sorted(try feed.next())
        switch format {
        case .table: try StandardOutput.write(table(rows, width: Terminal.size(1).map { Int($0.columns) }).text)
        case .json: try StandardOutput.write(StatisticsJSON.array(rows))
        }
    }

    /// One reading after the other, for programs and files: a document a line, or tables with a line between them.
    func stream() throws(CFSError) -> Never {
        _ = try feed.next()
        try Self.pause(min(interval, StatisticsFeed.shortest))
        while true {
            let rows = order.sorted(try feed.next())
            switch format {
            case .table: try StandardOutput.write(table(rows, width: nil).text + "\n")
            case .json: try StandardOutput.write(StatisticsJSON.array(rows).text() + "\n")
            }
            try Self.pause(interval)
        }
    }

    /// A table that is drawn over and over.
    ///
    /// - Returns: the exit status: 0 when a person has ended it, 128+n after signal n.
    mutating func live() throws(CFSError) -> Int32 {
        var rows = try feed.next()
        let screen = try LiveScreen()
        var due = SystemClock.monotonic + UInt64(min(interval, StatisticsFeed.shortest)) * 1_000_000
        while true {
            try screen.draw(lines(rows, LiveScreen.size))
            let now = SystemClock.monotonic
            let left = due > now ? Int32((due - now) / 1_000_000) + 1 : 0
            switch try screen.wait(milliseconds: left) {
            case .ended(by: SIGINT), .key(UInt8(ascii: "q")), .key(UInt8(ascii: "Q")): return 0
            case .ended(let number): return 128 + number
            case .key(let key): order = StatisticsOrder(key: key) ?? order
            case .disturbed: break
            case .timeout:
                rows = try feed.next()
                due = SystemClock.monotonic + UInt64(interval) * 1_000_000
            }
        }
    }

    /// What fits a terminal: the table, and below it what keys do.
    func lines(_ rows: [StatisticsRow], _ size: WindowSize) -> [String] {
        let sorted = order.sorted(rows)
        // The header, what is left out, and the help.
        let room = max(1, Int(size.rows) - 3)
        let shown = Array(sorted.prefix(room))
        let text = table(shown, width: Int(size.columns)).text
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
        let columns = max(1, Int(size.columns) - 1)
        if sorted.count > shown.count {
            lines.append(DisplayWidth.shortened("and \(sorted.count - shown.count) more", to: columns))
        }
        if size.rows > 5 { lines.append(DisplayWidth.shortened(Self.help, to: columns)) }
        return lines
    }

    private func table(_ rows: [StatisticsRow], width: Int?) -> StatisticsTable {
        StatisticsTable(
            rows: rows, memory: HostFacts.memory, processors: HostFacts.current.processors(),
            measuresPressure: HostFacts.measuresPressure, style: style, width: width)
    }

    private static func pause(_ milliseconds: Int32) throws(CFSError) {
        _ = try EventPoll().wait(milliseconds: milliseconds)
    }
}
