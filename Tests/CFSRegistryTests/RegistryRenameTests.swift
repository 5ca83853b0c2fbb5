import CFSModel
import TestSupport
import Testing

@testable import CFSRegistry

@Suite("Renaming in the registry")
struct RegistryRenameTests {
    let folder = TemporaryDirectory()

    private func row(_ name: String) throws -> ContainerRow {
        let digest = try Digest("sha256:" + String(repeating: "a", count: 64))
        return ContainerRow(
            id: ContainerID(), name: name, slot: nil, image: "BusyBox", imageDigest: digest, layers: [digest],
            command: ["sh"], labels: [:], createdAt: 1, autoRemove: false)
    }

    @Test("a row gets its new name, and the old one is free")
    func rename() throws {
        let registry = Registry(path: folder("registry.db"))
        let row = try row("one")
        try registry.insert(row, wantsSlot: false)
        var entry = HistoryEntry(
            time: 1, uid: 0, verb: "rename", container: row.id.text, name: "two", image: row.image, command: [])
        entry.endedAt = 1
        #expect(try registry.rename(row.id, to: "two", history: entry))
        #expect(try registry.history(HistoryFilter()).map(\.verb) == ["rename"])
        #expect(try registry.container(row.id)?.name == "two")
        #expect(try registry.container(named: "one") == nil)
        try registry.insert(self.row("one"), wantsSlot: false)
    }

    @Test("a taken name is an error, and both keep theirs")
    func taken() throws {
        let registry = Registry(path: folder("registry.db"))
        let (one, two) = (try row("one"), try row("two"))
        for row in [one, two] { try registry.insert(row, wantsSlot: false) }
        let entry = HistoryEntry(
            time: 1, uid: 0, verb: "rename", container: one.id.text, name: "two", image: one.image, command: [])
        let error = #expect(throws: CFSError.self) { try registry.rename(one.id, to: "two", history: entry) }
        #expect(try registry.history(HistoryFilter()).isEmpty)
        #expect(error?.code == .nameTaken && error?.message == "the name \"two\" is taken")
        #expect(try registry.container(one.id)?.name == "one" && registry.container(two.id)?.name == "two")
    }

    @Test("what is not there is not renamed")
    func missing() throws {
        let registry = Registry(path: folder("registry.db"))
        #expect(try !registry.rename(ContainerID(), to: "one"))
    }
}
