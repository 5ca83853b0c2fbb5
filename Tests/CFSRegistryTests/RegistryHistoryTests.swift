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
            [.ended(HistoryEnd(container: row.id.text, time: 20, status: 4, reason: "why"))], position: "1:2")
        let entries = try registry.history()
        #expect(entries.map(\.status) == [4, nil])
        #expect(entries.first?.reason == "why" && entries.first?.endedAt == 20)
        #expect(try registry.journalPosition() == "1:2")
    }

    @Test("a run that goes on is open again, and no other is")
    func goesOn() throws {
        let registry = Registry(path: path)
        let (one, two) = (try row("one"), try row("two"))
        for (row, verb, time) in [(one, "run", 10), (one, "start", 30), (two, "run", 31), (one, "start", 50)] {
            try registry.remember(entry(row, verb, at: UInt64(time)))
        }
        func end(_ row: ContainerRow, _ time: UInt64, _ status: Int32) -> HistoryNews {
            .ended(HistoryEnd(container: row.id.text, time: time, status: status, reason: "why"))
        }
        try registry.absorb([end(one, 20, 1), end(one, 40, 2), end(two, 41, 3)], position: "1:2")
        try registry.absorb([.begun(container: one.id.text, time: 45)], position: "1:3")
        var entries = try registry.history()
        #expect(entries.map(\.status) == [1, nil, 3, nil] && entries.map(\.endedAt) == [20, nil, 41, nil])
        #expect(entries.map(\.reason) == ["why", nil, "why", nil])
        try registry.absorb([end(one, 48, 4)], position: "1:4")
        entries = try registry.history()
        #expect(entries.map(\.status) == [1, 4, 3, nil] && entries[1].endedAt == 48)
        // Read once more, from before: nothing of it is new.
        try registry.absorb(
            [end(one, 40, 2), .begun(container: one.id.text, time: 45), end(one, 48, 4)], position: "1:4")
        #expect(try registry.history() == entries)
        // A start that failed is an end too, and no beginning: what runs after it is open all the same.
        let (three, time) = (try row("three"), UInt64(60))
        try registry.remember(entry(three, "run", at: 55))
        try registry.absorb(
            [end(three, time, 1), end(three, time + 1, 125), .begun(container: three.id.text, time: time + 2)],
            position: "1:5")
        #expect(try registry.history().last?.endedAt == nil)
    }

    @Test("the end of one more command closes its entry, and no other; that of the container closes none of those")
    func executions() throws {
        let registry = Registry(path: path)
        let row = try row("one")
        let processes = [1, 2].map { ProcessClaim(pid: 7, startTime: $0, serial: 0) }
        try registry.remember(entry(row, "run", at: 10))
        for process in processes {
            var entry = entry(row, "exec", at: 20)
            entry.process = process
            try registry.remember(entry)
        }
        #expect(try registry.history().map(\.process) == [nil] + processes)
        func end(_ status: Int32, _ process: ProcessClaim?) -> HistoryEnd {
            HistoryEnd(container: row.id.text, time: 30, status: status, reason: nil, process: process)
        }
        try registry.absorb([.ended(end(5, processes[1])), .ended(end(0, nil))], position: "1:2")
        #expect(try registry.history().map(\.status) == [0, nil, 5])
        // What is over stays as it was told first.
        try registry.closeEntry(end(9, processes[1]))
        #expect(try registry.history().map(\.status) == [0, nil, 5])
    }

    @Test("whoever started a command knows better how it ended than who found its helper gone")
    func executionThatWasThoughtLost() throws {
        let registry = Registry(path: path)
        let row = try row("one")
        let process = ProcessClaim(pid: 7, startTime: 1, serial: 0)
        var one = entry(row, "exec", at: 20)
        one.process = process
        try registry.remember(one)
        func end(_ status: Int32, _ reason: String?) -> HistoryEnd {
            HistoryEnd(container: row.id.text, time: 30, status: status, reason: reason, process: process)
        }
        try registry.closeEntry(end(137, "monitor lost"))
        #expect(try registry.history().map(\.reason) == ["monitor lost"])
        var inMemory = try registry.history()
        inMemory.absorb([.ended(end(127, "no such command")), .ended(end(1, nil))])
        try registry.closeEntry(end(127, "no such command"))
        try registry.closeEntry(end(1, nil))
        #expect(try registry.history().map(\.status) == [127])
        #expect(try registry.history().map(\.reason) == ["no such command"])
        #expect(try registry.history() == inMemory)
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

    @Test("what was remembered before commands of exec had ends is read as it was")
    func migrationOfHistory() throws {
        let database = try SQLiteDatabase(path)
        for migration in RegistrySchema.migrations[..<3] { try database.execute(migration) }
        try database.execute("PRAGMA user_version = 3")
        try database.execute(
            "INSERT INTO history VALUES (4, 5, 0, 'exec', 'id', 'one', 'BusyBox', '[\"a\"]', 5, NULL, NULL)")
        let known = try #require(try Registry(path: path).history().first)
        #expect(known.number == 4 && known.command == ["a"] && known.endedAt == 5 && known.process == nil)
    }

    @Test("what was committed can be made safe, also before anything was written")
    func sync() throws {
        let registry = Registry(path: path)
        try registry.sync()
        try registry.insert(row("one"), wantsSlot: false)
        try registry.sync()
    }
}
