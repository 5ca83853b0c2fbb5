import CFSLinux
import CFSModel
import Glibc
import Testing

@Suite("Files in memory")
struct MemoryFileTests {
    @Test("a file is empty, takes bytes and is close-on-exec")
    func make() throws {
        let file = try MemoryFile.make("test")
        #expect(try File.status(at: file.raw).size == 0)
        try File.writeAll(file.raw, [1, 2, 3])
        #expect(try File.status(at: file.raw).size == 3)
        #expect(fcntl(file.raw, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test("a sealed file can be read and never changed again")
    func seal() throws {
        let file = try MemoryFile.make("test", sealable: true)
        try File.writeAll(file.raw, [1, 2, 3])
        try MemoryFile.seal(file.raw)
        #expect([UInt8](repeating: 0, count: 1).withUnsafeBytes { File.write(file.raw, $0) } == -Int(EPERM))
        #expect(ftruncate(file.raw, 0) == -1)
        #expect(ftruncate(file.raw, 9) == -1)
        #expect(try File.readAll(at: "/proc/self/fd/\(file.raw)") == [1, 2, 3])
    }

    @Test("a file that was not made for it cannot be sealed")
    func unsealable() throws {
        let file = try MemoryFile.make("test")
        #expect(#expect(throws: CFSError.self) { try MemoryFile.seal(file.raw) }?.errno == EPERM)
    }
}
