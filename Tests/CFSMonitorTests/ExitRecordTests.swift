import CFSModel
import CFSMonitor
import Testing

@Suite("What a monitor writes down")
struct ExitRecordTests {
    @Test(
        "a record reads back as it was",
        arguments: [
            ExitRecord(
                status: 137, signal: 9, reason: "its monitor was ended by SIGTERM", startedAt: 5,
                finishedAt: UInt64.max,
                timing: [PhaseTime(name: "clone", nanoseconds: 1_234)]),
            ExitRecord(status: 0, signal: nil, reason: nil, startedAt: 0, finishedAt: 0, timing: []),
        ])
    func record(record: ExitRecord) throws {
        #expect(ExitRecord(json: try JSON(parsing: record.json.bytes(), what: "exit.json")) == record)
    }

    @Test("what its owner should know reads back too; a record of before has none of it")
    func warnings() throws {
        var record = ExitRecord(status: 0, signal: nil, reason: nil, startedAt: 1, finishedAt: 2, timing: [])
        record.warnings = ["its log is incomplete", "x"]
        #expect(ExitRecord(json: try JSON(parsing: record.json.bytes(), what: "exit.json")) == record)
        let old = #"{"status":0,"startedAt":1,"finishedAt":2}"#
        #expect(ExitRecord(json: try JSON(parsing: Array(old.utf8), what: "exit.json"))?.warnings == [])
    }

    @Test("a state reads back as it was")
    func state() throws {
        let state = LiveState(
            pid: 4_194_304, startTime: UInt64.max, startedAt: 1_700_000_000_000_000_000,
            timing: [PhaseTime(name: "plan", nanoseconds: 0), PhaseTime(name: "clone", nanoseconds: 5)])
        #expect(LiveState(json: try JSON(parsing: state.json.bytes(), what: "state")) == state)
    }

    @Test(
        "a record that lacks something is none",
        arguments: [
            #"{}"#, #"[]"#, #"{"status":0,"startedAt":1}"#, #"{"status":"0","startedAt":1,"finishedAt":2}"#,
            #"{"status":0,"startedAt":-1,"finishedAt":2}"#,
        ])
    func incomplete(text: String) throws {
        #expect(ExitRecord(json: try JSON(parsing: Array(text.utf8), what: "exit.json")) == nil)
        #expect(LiveState(json: try JSON(parsing: Array(text.utf8), what: "state")) == nil)
    }
}
