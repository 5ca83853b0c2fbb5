import CFSModel
import CFSMonitor
import Testing

@Suite("How a container ended, written down")
struct ExitRecordTests {
    @Test("a record reads back as it was")
    func roundTrip() throws {
        let record = ExitRecord(
            status: 137, signal: 9, reason: "its monitor was ended by SIGTERM", startedAt: 5, finishedAt: UInt64.max,
            timing: [PhaseTime(name: "clone", nanoseconds: 1_234)])
        #expect(ExitRecord(json: try JSON(parsing: record.json.bytes(), what: "exit.json")) == record)
    }
}
