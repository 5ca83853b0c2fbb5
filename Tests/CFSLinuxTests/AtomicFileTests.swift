import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@Suite("Files that appear whole or not at all")
struct AtomicFileTests {
    private let folder = TemporaryDirectory()

    @Test("a file is written with its mode, durable or not", arguments: [true, false])
    func writes(durable: Bool) throws {
        try AtomicFile.write(Array("one".utf8), to: folder("f"), mode: 0o640, durable: durable)
        #expect(textOfFile(folder("f")) == "one")
        #expect(try File.status(folder("f")).mode & 0o7777 == 0o640)
        #expect(namesInFolder(folder.path) == ["f"])
    }

    @Test("a file that is there is replaced; who has it open keeps the old one")
    func replaces() throws {
        folder.write("old", to: "f")
        let open = try File.open(folder("f"), .read)
        try AtomicFile.write(Array("new".utf8), to: folder("f"), durable: false)
        #expect(textOfFile(folder("f")) == "new")
        #expect(try File.readAll(open.raw) == Array("old".utf8))
    }

    @Test("a name may be below a descriptor")
    func below() throws {
        folder.makeFolder("inner")
        let inner = try Directory.open(folder("inner"))
        try AtomicFile.write([1], to: "f", in: inner.raw, durable: true)
        #expect(namesInFolder(folder("inner")) == ["f"])
    }

    @Test("a symbolic link of that name is replaced, not followed")
    func link() throws {
        let target = folder.write("untouched", to: "target")
        #expect(symlink(target, folder("f")) == 0)
        try AtomicFile.write(Array("new".utf8), to: folder("f"), durable: false)
        #expect(textOfFile(target) == "untouched")
        #expect(try !File.status(folder("f")).isSymbolicLink)
    }

    @Test("a failure leaves the old file and nothing beside it")
    func failure() throws {
        folder.makeFolder("f/inner")
        let error = #expect(throws: CFSError.self) {
            try AtomicFile.write([1], to: folder("f"), durable: false)
        }
        #expect(error?.systemCall == "renameat")
        #expect(namesInFolder(folder.path) == ["f"])
        #expect(throws: CFSError.self) { try AtomicFile.write([1], to: folder("none/f"), durable: true) }
    }

    @Test("many writers at once never show half a file")
    func concurrency() async throws {
        let path = folder("f")
        try AtomicFile.write([], to: path, durable: false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    for _ in 0..<50 {
                        try AtomicFile.write(
                            [UInt8](repeating: UInt8(writer), count: 10_000), to: path, durable: false)
                        let bytes = try File.readAll(at: path)
                        #expect(Set(bytes).count == 1 && bytes.count == 10_000)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(namesInFolder(folder.path) == ["f"])
    }
}
