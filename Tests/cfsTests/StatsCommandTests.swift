import OptionsSupport
import Testing

@testable import CFSCore
@testable import cfs

@Suite("The live table")
struct StatsCommandTests {
    @Test("an interval is a tenth of a second to an hour")
    func interval() throws {
        #expect(try StatsCommand.milliseconds(nil) == 1000)
        #expect(try StatsCommand.milliseconds("0.1") == 100 && StatsCommand.milliseconds("3600") == 3_600_000)
        for text in ["", "0", "0.05", "3601", "-1", "x", "1e2", "1.2.3"] {
            let error = failure { () throws(CFSError) in try StatsCommand.milliseconds(text) }
            #expect(error?.message == "--interval does not take \"\(text)\"", "\(text)")
            #expect(error?.hint == "write seconds, 0.1 to 3600")
        }
    }

    private func lines(_ count: Int, rows: UInt16, columns: UInt16 = 200) throws -> [String] {
        let engine = try Engine()
        let session = StatisticsSession(
            feed: StatisticsFeed(engine, [], all: false), format: .table, order: .name, interval: 1000, style: .plain)
        let containers = (0..<count).map { StatisticsRow(id: Readings.id, name: "c\($0)") }
        return session.lines(containers, WindowSize(rows: rows, columns: columns))
    }

    @Test("what fits is shown, with how much does not, and what keys do")
    func height() throws {
        #expect(try lines(2, rows: 24).count == 4)
        #expect(try lines(2, rows: 24).last?.hasPrefix("q quits") == true)
        let many = try lines(30, rows: 10)
        #expect(many.count == 10 && many[8] == "and 23 more")
        for rows in UInt16(1)...30 { #expect(try lines(30, rows: rows).count <= max(3, Int(rows))) }
    }

    @Test("no line is too long", arguments: [UInt16(1), 2, 10, 40, 80])
    func width(columns: UInt16) throws {
        for line in try lines(30, rows: 10, columns: columns) {
            #expect(DisplayWidth.of(line) < max(2, Int(columns)))
        }
    }
}
