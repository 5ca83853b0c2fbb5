import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSRegistry

@Suite("The registry")
struct RegistryTests {
    let folder = TemporaryDirectory()
    var registry: Registry { Registry(path: folder("registry.db")) }

    func row(_ name: String, at time: UInt64 = 1) throws -> ContainerRow {
        ContainerRow(
            id: ContainerID(), name: name, slot: nil, image: "BusyBox",
            imageDigest: try Digest("sha256:" + String(repeating: "a", count: 64)),
            layers: [try Digest("sha256:" + String(repeating: "b", count: 64))], command: ["sh", "-c", "echo \"ä\"\n"],
            labels: ["a": "b=c", "": "x"], createdAt: time, autoRemove: true)
    }

    @Test("a container comes back as it was put in, also for another process")
    func roundTrip() throws {
        var row = try row("one", at: UInt64(Int64.max))
        row.slot = try registry.insert(row, wantsSlot: true)
        #expect(row.slot == 0)
        #expect(try registry.container(row.id) == row)
        #expect(try registry.container(named: "one") == row)
        #expect(try registry.containers() == [row])
    }

    @Test("a taken name is an error that names it, and leaves one container")
    func takenName() throws {
        let registry = registry
        try registry.insert(row("one"), wantsSlot: false)
        let error = #expect(throws: CFSError.self) { try registry.insert(row("one"), wantsSlot: true) }
        #expect(error?.code == .nameTaken)
        #expect(error?.message.contains("\"one\"") == true)
        #expect(try registry.containers().count == 1)
    }

    @Test("ranges of ids are never shared, and a freed one is given out again")
    func slots() throws {
        let registry = registry
        var rows: [ContainerRow] = []
        for index in 0..<5 {
            var row = try row("c\(index)")
            row.slot = try registry.insert(row, wantsSlot: true)
            rows.append(row)
        }
        #expect(rows.map(\.slot) == [0, 1, 2, 3, 4])
        try registry.removeContainer(rows[0].id)
        try registry.removeContainer(rows[3].id)
        #expect(try registry.insert(row("again"), wantsSlot: true) == 0)
        #expect(try registry.insert(row("more"), wantsSlot: true) == 3)
        #expect(try registry.insert(row("next"), wantsSlot: true) == 5)
        #expect(try registry.insert(row("host"), wantsSlot: false) == nil)
    }

    @Test("an id is found by any of its beginnings, and by nothing else")
    func prefixes() throws {
        let registry = registry
        let row = try row("one")
        try registry.insert(row, wantsSlot: false)
        #expect(try registry.containers(idPrefix: String(row.id.text.prefix(1))).map(\.id) == [row.id])
        #expect(try registry.containers(idPrefix: row.id.text).map(\.id) == [row.id])
        for text in ["%", "_", "' OR 1=1 --", row.id.text + "0", row.id.text.uppercased() + "X"] {
            #expect(try registry.containers(idPrefix: text).isEmpty)
        }
    }

    @Test("the newest container comes first")
    func order() throws {
        let registry = registry
        for (name, time) in [("b", 2), ("c", 3), ("a", 1)] {
            try registry.insert(row(name, at: UInt64(time)), wantsSlot: false)
        }
        #expect(try registry.containers().map(\.name) == ["c", "b", "a"])
    }

    @Test("an image comes back as it was put in, replaces its namesake, and goes")
    func images() throws {
        let digest = try Digest("sha256:" + String(repeating: "c", count: 64))
        var configuration = ImageRecord.Configuration()
        configuration.command = ["/bin/sh", ""]
        configuration.environment = ["A=b"]
        configuration.labels = ["k": "v"]
        configuration.volumes = ["/data"]
        let image = ImageRecord(
            name: "sample:1", digest: digest, source: .upstream, architecture: "386",
            layers: [ImageRecord.Layer(diffID: digest, chainID: digest, size: .max)], configuration: configuration,
            createdAt: 42)
        let registry = registry
        try registry.put(image)
        #expect(try registry.image(named: "sample:1") == image)
        #expect(try registry.image(named: "sample") == nil)
        var newer = image
        newer.source = .imported
        try registry.put(newer)
        #expect(try registry.images() == [newer])
        try registry.removeImage(named: "sample:1")
        #expect(try registry.images().isEmpty)
    }

    @Test("a container whose image has lost its name meanwhile is not written, and nothing of it is remembered")
    func removedImage() throws {
        let registry = registry
        let row = try row("late")
        let error = #expect(throws: CFSError.self) { try registry.insert(row, wantsSlot: true, needsImage: true) }
        #expect(error?.code == .imageNotFound)
        #expect(try registry.containers().isEmpty && registry.history().isEmpty)
        try registry.put(
            ImageRecord(
                name: "other", digest: row.imageDigest, source: .imported, architecture: "amd64", layers: [],
                configuration: ImageRecord.Configuration(), createdAt: 1))
        #expect(try registry.insert(row, wantsSlot: true, needsImage: true) == 0)
    }

    @Test("many threads and connections at once give every container a range of its own")
    func concurrency() async throws {
        let path = folder("registry.db")
        let test = self
        let slots = try await withThrowingTaskGroup(of: [UInt32?].self) { group in
            for task in 0..<4 {
                group.addTask {
                    let own = Registry(path: path)
                    return try (0..<25).map { try own.insert(test.row("c\(task)-\($0)"), wantsSlot: true) }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(slots).count == 100)
    }

    @Test("a file that is no registry, and one of a newer cfs, are errors that name the file")
    func damaged() throws {
        let text = folder.write(String(repeating: "not a database ", count: 100), to: "text.db")
        let error = #expect(throws: CFSError.self) { try Registry(path: text).containers() }
        #expect(error?.code == .registryFailed)
        #expect(error?.path == text)

        _ = try registry.containers()
        try registry.read { database throws(CFSError) in try database.execute("PRAGMA user_version = 99") }
        let newer = #expect(throws: CFSError.self) { try registry.containers() }
        #expect(newer?.message.contains("newer cfs") == true)
        // It is not damaged: nothing is put aside.
        let refused = #expect(throws: CFSError.self) { try Registry.rebuild(path: folder("registry.db")) }
        #expect(refused?.code == .invalidState && access(folder("registry.db"), F_OK) == 0)
    }

    @Test("a registry in a folder that is not there is an error, not a crash")
    func missingFolder() throws {
        let error = #expect(throws: CFSError.self) { try Registry(path: folder("no/registry.db")).images() }
        #expect(error?.code == .registryFailed)
    }
}
