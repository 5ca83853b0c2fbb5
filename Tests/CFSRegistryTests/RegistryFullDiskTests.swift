import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSRegistry

@Suite("The registry on a full disk", .enabled(if: geteuid() == 0, "only root can mount a small disk"))
struct RegistryFullDiskTests {
    private let folder = TemporaryDirectory()
    /// With what means something in a URI.
    private var path: String { folder("disk ?#%41&é/registry.db") }

    private func row(_ name: String) throws -> ContainerRow {
        ContainerRow(
            id: ContainerID(), name: name, slot: nil, image: "BusyBox",
            imageDigest: try Digest("sha256:" + String(repeating: "a", count: 64)), layers: [], command: ["true"],
            labels: [:], createdAt: 1, autoRemove: false)
    }

    /// A registry with a container, and then no room, not even for the index of the log: as the next process finds it.
    private func onFullDisk(_ body: @escaping (ContainerRow) throws -> Void) throws {
        let disk = folder.makeFolder("disk ?#%41&é")
        let path = path
        try withPrivateMounts {
            try PrivateMount.make("tmpfs", on: disk, "size=1m")
            let row = try row("one")
            try Registry(path: path).insert(
                row, wantsSlot: false,
                history: HistoryEntry(
                    time: 1, uid: 5, verb: "run", container: row.id.text, name: "one", image: "BusyBox"))
            #expect(truncate("\(path)-shm", 3) == 0)
            let file = open("\(disk)/fill", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            let block = [UInt8](repeating: 1, count: 4096)
            while Glibc.write(file, block, block.count) > 0 {}
            close(file)
            try body(row)
        }
    }

    @Test("is read, also what only its log has, and is not written")
    func reading() throws {
        try onFullDisk { row in
            let registry = Registry(path: path)
            let (rows, entries) = (try registry.containers(), try registry.history())
            #expect(rows == [row] && entries.map(\.name) == ["one"])
            let position = try registry.journalPosition()
            #expect(position == nil)
            let error = #expect(throws: CFSError.self) { try registry.removeContainer(row.id) }
            #expect(error?.code == .noSpace && error?.errno == ENOSPC)
            #expect(
                error?.description
                    == "the registry \(path) cannot grow: the disk is full (No space left on device)")
        }
    }

    @Test("is written again by the same process when there is room")
    func writing() throws {
        try onFullDisk { row in
            let registry = Registry(path: path)
            #expect(throws: CFSError.self) { try registry.removeContainer(row.id) }
            unlink("\(folder("disk ?#%41&é"))/fill")
            try registry.removeContainer(row.id)
            let (own, others) = (try registry.containers(), try Registry(path: path).containers())
            #expect(own == [] && others == [])
        }
    }

    @Test("one that could not be made is told as a full disk")
    func making() throws {
        try onFullDisk { _ in
            let other = "\(folder("disk ?#%41&é"))/other.db"
            let error = #expect(throws: CFSError.self) { try Registry(path: other).containers() }
            #expect(
                error?.code == .noSpace && error?.message == "the registry \(other) cannot grow: the disk is full")
        }
    }
}

@Suite("Ends of runs, in the registry and in memory")
struct HistoryEndTests {
    @Test("what cannot be taken over reads as if it were")
    func same() throws {
        let folder = TemporaryDirectory()
        let registry = Registry(path: folder("registry.db"))
        for (number, verb) in ["run", "stop", "start", "restart", "exec", "run"].enumerated() {
            try registry.remember(
                HistoryEntry(
                    time: UInt64(number) * 10, uid: 5, verb: verb, container: number == 5 ? "b" : "a", name: "n",
                    image: "i"))
        }
        let ends = [
            HistoryEnd(container: "a", time: 5, status: 3, reason: nil),
            HistoryEnd(container: "a", time: 25, status: 137, reason: "out of memory"),
            HistoryEnd(container: "c", time: 90, status: 1, reason: nil),
        ]
        var entries = try registry.history()
        let news: [HistoryNews] = ends.map { .ended($0) } + [.begun(container: "a", time: 27)]
        entries.absorb(news)
        try registry.absorb(news, position: "1:2")
        #expect(try registry.history() == entries)
        // The start at 20 goes on, and nothing later or older does.
        #expect(entries.map(\.status) == [3, nil, nil, nil, nil, nil])
        var filter = HistoryFilter()
        filter.verbs = ["run", "start"]
        filter.limit = 2
        #expect(filter.select(entries).map(\.number) == [3, 6])
        #expect(try registry.history(filter) == filter.select(entries))
    }
}
