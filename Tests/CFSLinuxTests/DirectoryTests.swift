import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@Suite("Folders")
struct DirectoryTests {
    private let folder = TemporaryDirectory()

    @Test("a folder is made with those above it; what is there is fine")
    func makes() throws {
        try Directory.makeAll(folder("a/b/c"))
        try Directory.makeAll(folder("a/b/c"))
        try Directory.make(folder("a"))
        #expect(try File.status(folder("a/b/c")).mode & 0o7777 == 0o700)
        #expect(try File.status(folder("a")).mode & 0o7777 == 0o700)
    }

    @Test("a file in the way is an error")
    func fileInTheWay() {
        folder.write("", to: "f")
        let error = #expect(throws: CFSError.self) { try Directory.makeAll(folder("f/a")) }
        #expect(error?.errno == ENOTDIR)
        #expect(Directory.tryMake(folder("f"), mode: 0o700) == -Int(EEXIST))
    }

    @Test("all names come, without those of the folder itself, however many there are")
    func names() throws {
        for number in 0..<2000 { folder.write("", to: "\(number) a rather long name to fill the buffer of the kernel") }
        folder.makeFolder("d")
        symlink("d", folder("l"))
        let fd = try Directory.open(folder.path)
        let entries = try Directory.entries(fd.raw)
        #expect(Set(entries.map(\.name)).count == 2002)
        #expect(entries.first { $0.name == "d" }?.type == UInt8(DT_DIR))
        #expect(entries.first { $0.name == "l" }?.type == UInt8(DT_LNK))
        // The descriptor's own position stays, so asking again gives the same.
        #expect(try Directory.names(fd.raw).count == 2002)
    }

    @Test("names that are no UTF-8 come as the bytes that they are")
    func bytes() throws {
        let names: [[CChar]] = [[-1, -2, 0], [0x61, -1, 0x62, 0], [0x2e, -1, 0], [0x2e, 0x2e, 0x2e, 0]]
        let fd = try Directory.open(folder.path)
        for name in names { #expect(mkdirat(fd.raw, name, 0o755) == 0) }
        var found: [[CChar]] = []
        try Directory.forEachEntry(of: fd.raw) { name, type throws(CFSError) in
            #expect(type == UInt8(DT_DIR))
            found.append(Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1)))
        }
        #expect(Set(found) == Set(names))
    }
}
