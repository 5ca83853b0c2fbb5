import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSRegistry

/// `CFS_TEST_STRIDE` is how many bytes lie between two lengths: 1 is every byte, which takes minutes.
@Suite("A registry that was cut off or overwritten")
struct RegistryDamageTests {
    private static let stride = getenv("CFS_TEST_STRIDE").flatMap { Int(String(cString: $0)) } ?? 397

    private let folder = TemporaryDirectory()
    private var path: String { folder("registry.db") }

    private struct Content: Equatable {
        var containers: [ContainerRow]
        var images: [ImageRecord]
        var history: [HistoryEntry]

        init(_ registry: Registry) throws {
            containers = try registry.containers()
            images = try registry.images()
            history = try registry.history()
        }
    }

    private func fill(_ registry: Registry) throws {
        let digest = try Digest("sha256:" + String(repeating: "a", count: 64))
        for number in 0..<60 {
            let row = ContainerRow(
                id: ContainerID(), name: "c\(number)", slot: nil, image: "i", imageDigest: digest, layers: [digest],
                command: ["sh", "-c", String(repeating: "x", count: 100)], labels: ["k": "\(number)"],
                createdAt: UInt64(number), autoRemove: false)
            try registry.insert(
                row, wantsSlot: true,
                history: HistoryEntry(
                    time: UInt64(number), uid: 0, verb: "create", container: row.id.text, name: row.name, image: "i"))
        }
        for number in 0..<3 {
            try registry.put(
                ImageRecord(
                    name: "image\(number)", digest: digest, source: .imported, architecture: "amd64", layers: [],
                    configuration: ImageRecord.Configuration(), createdAt: 1))
        }
    }

    private func bytes(_ path: String) -> [UInt8] {
        let handle = open(path, O_RDONLY)
        defer { close(handle) }
        var status = stat()
        fstat(handle, &status)
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        #expect(read(handle, &bytes, bytes.count) == bytes.count)
        return bytes
    }

    private func put(_ bytes: some Sequence<UInt8>, _ path: String) {
        let bytes = Array(bytes)
        let handle = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { close(handle) }
        #expect(write(handle, bytes, bytes.count) == bytes.count)
    }

    private func removeAll() {
        for ending in ["", "-wal", "-shm", ".lock", ".damaged", ".damaged-wal", ".damaged-shm"] {
            unlink(path + ending)
        }
    }

    @Test("the file at any length: all is there, or an error names it and says what to do; what can be read is saved")
    func file() throws {
        let content = try {
            let registry = Registry(path: path)
            try fill(registry)
            try registry.read { database throws(CFSError) in
                try database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            }
            return try Content(registry)
        }()
        let whole = bytes(path)
        #expect(whole.count > 40_000)
        var saved: Set<Int> = []
        for length in Swift.stride(from: 2, to: whole.count, by: Self.stride) {
            removeAll()
            put(whole[..<length], path)
            do {
                // What was cut off had no row in it: the free part of the last page.
                let read = try Content(Registry(path: path))
                #expect(read == content, "\(length)")
                #expect(length > whole.count - 4096, "\(length)")
                continue
            } catch let error as CFSError {
                #expect(error.code == .registryFailed && error.path == path, "\(length): \(error)")
                #expect(error.message.contains("the registry \(path) is damaged"), "\(length): \(error)")
                #expect(error.hint?.contains("cfs system recover --rebuild") == true)
            }
            let salvaged = try Registry.rebuild(path: path)
            #expect(bytes(salvaged.path).starts(with: whole[..<length]))
            let rebuilt = try Content(Registry(path: path))
            #expect(rebuilt.containers.allSatisfy { content.containers.contains($0) }, "\(length)")
            #expect(rebuilt.images.allSatisfy { content.images.contains($0) }, "\(length)")
            #expect(rebuilt.containers.count == salvaged.containers.count)
            saved.insert(rebuilt.containers.count)
        }
        // Of some lengths nothing can be saved, of others all, and much of many between.
        #expect(saved.contains(0) && saved.count > 2, "\(saved)")
    }

    @Test("the file at any length beside its log: all is there, or an error names it; nothing is missing in silence")
    func fileBesideLog() throws {
        try fill(Registry(path: path))
        let content = try Content(Registry(path: path))
        let (whole, log) = (bytes(path), bytes("\(path)-wal"))
        var failures = 0
        // Between the file's header, which says what schema there is, and that schema it has none. And a page whose last bytes
        // are missing reads as one that ends in zeros.
        let ends = Swift.stride(from: 4096, through: whole.count, by: 4096).flatMap { [$0 - 8, $0 - 3] }
        for length in [101, 104] + ends + Array(Swift.stride(from: 0, to: whole.count, by: Self.stride)) {
            removeAll()
            put(whole[..<length], path)
            put(log, "\(path)-wal")
            do {
                let read = try Content(Registry(path: path))
                #expect(read == content, "\(length)")
            } catch let error as CFSError {
                failures += 1
                #expect(error.message.contains("the registry \(path) is damaged"), "\(length): \(error)")
                _ = try Registry.rebuild(path: path)
                let rebuilt = try Content(Registry(path: path))
                #expect(rebuilt.containers.allSatisfy { content.containers.contains($0) }, "\(length)")
            }
        }
        #expect(failures > 0)
    }

    @Test("the log at any length: what was committed up to there is there, and a new row can be written")
    func log() throws {
        try fill(Registry(path: path))
        let content = try Content(Registry(path: path))
        let (file, log) = (bytes(path), bytes("\(path)-wal"))
        #expect(log.count > 40_000)
        for length in Swift.stride(from: 0, to: log.count, by: Self.stride * 5) {
            removeAll()
            put(file, path)
            put(log[..<length], "\(path)-wal")
            let registry = Registry(path: path)
            let names = try Set(registry.containers().map(\.name))
            // In the order in which they were made: none is missing between.
            let made = content.containers.reversed().map(\.name)
            #expect(names.isSubset(of: made) && made.count - made.drop { names.contains($0) }.count == names.count)
            try registry.remember(
                HistoryEntry(time: 99, uid: 0, verb: "run", container: "x", name: "x", image: "x"))
            #expect(try Registry(path: path).history().last?.time == 99)
        }
    }

    @Test("an empty file, and none, beside a log that has content are errors; a rebuild brings all of the log back")
    func lostFile() throws {
        try fill(Registry(path: path))
        let content = try Content(Registry(path: path))
        let log = bytes("\(path)-wal")
        for isThere in [true, false] {
            removeAll()
            if isThere { put([], path) }
            put(log, "\(path)-wal")
            let error = #expect(throws: CFSError.self) { try Registry(path: path).containers() }
            #expect(error?.code == .registryFailed && error?.message.contains("its log is not") == true)
            #expect(bytes("\(path)-wal") == log)
            _ = try Registry.rebuild(path: path)
            let rebuilt = try Content(Registry(path: path))
            // What a checkpoint has moved into the file is lost with it.
            #expect(rebuilt.containers.allSatisfy { content.containers.contains($0) })
        }
    }

    @Test("what is no registry, and rubbish in any page, never crash; a registry that is well is not rebuilt")
    func rubbish() throws {
        do {
            let registry = Registry(path: path)
            try fill(registry)
            try registry.read { database throws(CFSError) in
                try database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            }
        }
        let error = #expect(throws: CFSError.self) { try Registry.rebuild(path: path) }
        #expect(error?.code == .conflict)
        let whole = bytes(path)
        for page in 0..<whole.count / 4096 {
            removeAll()
            var damaged = whole
            for offset in Swift.stride(from: page * 4096, to: (page + 1) * 4096, by: 3) { damaged[offset] ^= 0x5a }
            put(damaged, path)
            do throws(CFSError) {
                _ = try Registry(path: path).containers()
                _ = try Registry(path: path).images()
            } catch {
                #expect(error.description.contains(path), "\(page): \(error)")
            }
            _ = try Registry.rebuild(path: path)
            #expect(throws: Never.self, "\(page)") { try Content(Registry(path: path)) }
        }
        removeAll()
        put(Array("not a database".utf8), path)
        _ = try Registry.rebuild(path: path)
        #expect(try Content(Registry(path: path)).containers.isEmpty)
    }
}
