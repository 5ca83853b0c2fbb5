import CFSModel
import TestSupport
import Testing

@testable import CFSRegistry

@Suite("Decisions and history of the registry")
struct RegistryHistoryTests {
    private let folder = TemporaryDirectory()
    private var path: String { folder("registry.db") }

    private func row(_ name: String) throws -> ContainerRow {
        ContainerRow(
            id: ContainerID(), name: name, slot: nil, image: "BusyBox",
            imageDigest: try Digest("sha256:" + String(repeating: "a", count: 64)), layers: [], command: ["true"],
            labels: [:], createdAt: 1, autoRemove: false)
    }

    private func entry(_ row: ContainerRow, _ verb: String, at time: UInt64) -> HistoryEntry {
        HistoryEntry(
            time: time, uid: 5, verb: verb, container: row.id.text, name: row.name, image: row.image,
            command: ["a b", "c"])
    }

    @Test("a decision is seen by every process, with whose it is")
    func decision() throws {
        let row = try row("one")
        try Registry(path: path).insert(row, wantsSlot: false)
        let claim = ProcessClaim(pid: 1, startTime: 2, serial: 3)
        let decided = ContainerDecision(phase: .stopping, claim: claim, startedAt: 77)
        let before = try Registry(path: path).change(row.id) { _ in decided }
        #expect(before?.decision == ContainerDecision(phase: .created))
        #expect(try Registry(path: path).container(row.id)?.decision == decided)
    }

    @Test("a refusal changes nothing, and a container that is gone is none")
    func refusal() throws {
        let registry = Registry(path: path)
        let row = try row("one")
        try registry.insert(row, wantsSlot: false)
        let error = #expect(throws: CFSError.self) {
            try registry.change(row.id) { _ throws(CFSError) in throw CFSError(.conflict, .stopping, "no") }
        }
        #expect(error?.message == "no")
        #expect(try registry.container(row.id) == row)
        let gone = try registry.change(ContainerID()) { _ in ContainerDecision(phase: .running) }
        #expect(gone == nil)
    }

    @Test("of many that want it at once, exactly one gets it")
    func race() async throws {
        let row = try row("one")
        try Registry(path: path).insert(row, wantsSlot: false)
        let path = path
        let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
            for serial in 0..<16 {
                group.addTask {
                    var won = false
                    try Registry(path: path).change(row.id) { row in
                        guard row.decision.phase == .created else { return nil }
                        won = true
                        return ContainerDecision(
                            phase: .starting, claim: ProcessClaim(pid: 1, startTime: 2, serial: UInt64(serial)))
                    }
                    return won
                }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(winners == 1)
    }

    @Test("what was done is told in order, and stays when the container goes")
    func history() throws {
        let registry = Registry(path: path)
        let row = try row("one")
        try registry.insert(row, wantsSlot: false, history: entry(row, "run", at: 10))
        try registry.removeContainer(row.id, history: entry(row, "rm", at: 20))
        let entries = try registry.history()
        #expect(entries.map(\.verb) == ["run", "rm"])
        #expect(entries.map(\.number) == [1, 2])
        #expect(entries.first?.command == ["a b", "c"] && entries.first?.uid == 5)
        #expect(entries.first?.endedAt == nil)
    }

    @Test("an end closes the run that was before it, and no later one")
    func ends() throws {
        let registry = Registry(path: path)
        let row = try row("one")
        try registry.remember(entry(row, "run", at: 10))
        try registry.remember(entry(row, "start", at: 30))
        try registry.absorb(
            [HistoryEnd(container: row.id.text, time: 20, status: 4, reason: "why")], position: "1:2")
        let entries = try registry.history()
        #expect(entries.map(\.status) == [4, nil])
        #expect(entries.first?.reason == "why" && entries.first?.endedAt == 20)
        #expect(try registry.journalPosition() == "1:2")
    }

    @Test("each part of a filter leaves out what it does not take")
    func filter() throws {
        let registry = Registry(path: path)
        let (one, two) = (try row("one"), try row("two"))
        for (index, row) in [one, two, one].enumerated() {
            try registry.remember(entry(row, index == 2 ? "stop" : "run", at: UInt64(index + 1)))
        }
        func numbers(_ change: (inout HistoryFilter) -> Void) throws -> [Int64] {
            var filter = HistoryFilter()
            change(&filter)
            return try registry.history(filter).map(\.number)
        }
        #expect(try numbers { $0.verbs = ["run"] } == [1, 2])
        #expect(try numbers { $0.containers = ["one"] } == [1, 3])
        #expect(try numbers { $0.containers = [String(two.id.text.prefix(8))] } == [2])
        #expect(try numbers { $0.since = 2 } == [2, 3])
        #expect(try numbers { $0.until = 2 } == [1])
        #expect(try numbers { $0.limit = 2 } == [2, 3])
        #expect(try numbers { $0.uid = 6 } == [])
        #expect(try numbers { $0.images = ["TinyCore"] } == [])
    }

    @Test("pruning forgets what is over and old, and nothing that runs")
    func prune() throws {
        let registry = Registry(path: path)
        let row = try row("one")
        try registry.remember(entry(row, "run", at: 1))
        var over = entry(row, "stop", at: 2)
        over.endedAt = 2
        try registry.remember(over)
        over.time = 9
        try registry.remember(over)
        #expect(try registry.pruneHistory(before: 5) == 1)
        #expect(try registry.history().map(\.number) == [1, 3])
    }

    @Test("a registry of the first schema gets what is new, and keeps its containers")
    func migration() throws {
        let row = try row("old")
        let database = try SQLiteDatabase(path)
        try database.execute(RegistrySchema.migrations[0])
        try database.execute("PRAGMA user_version = 1")
        try database.execute(
            "INSERT INTO containers VALUES ('\(row.id.text)', 'old', NULL, 'BusyBox', '\(row.imageDigest)', '',"
                + " '[\"true\"]', '{}', 1, 0)")
        let registry = Registry(path: path)
        #expect(try registry.containers() == [row])
        try registry.remember(entry(row, "run", at: 1))
        #expect(try registry.history().count == 1)
    }

    @Test("what was committed can be made safe, also before anything was written")
    func sync() throws {
        let registry = Registry(path: path)
        try registry.sync()
        try registry.insert(row("one"), wantsSlot: false)
        try registry.sync()
    }
}
