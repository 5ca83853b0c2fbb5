import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@Suite("Files by descriptor")
struct FileTests {
    private let folder = TemporaryDirectory()

    @Test("what is written is read, whatever its size")
    func content() throws {
        for size in [0, 1, 4095, 4096, 4097, 3_000_000] {
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try File.create(folder("f"), bytes, mode: 0o600)
            #expect(try File.readAll(at: folder("f")) == bytes)
        }
    }

    @Test("a file above the limit is refused")
    func limit() throws {
        folder.write(String(repeating: "x", count: 1000), to: "f")
        #expect(try File.readAll(at: folder("f"), limit: 1000).count == 1000)
        let error = #expect(throws: CFSError.self) { try File.readAll(at: folder("f"), limit: 999) }
        #expect(error?.code == .limitExceeded)
        // Endless: the limit holds memory too.
        #expect(throws: CFSError.self) { try File.readAll(at: "/dev/zero", limit: 1 << 20) }
    }

    @Test("a missing file is an error with its path and number, or a negative number")
    func missing() {
        let error = #expect(throws: CFSError.self) { _ = try File.open(folder("none"), .read) }
        #expect(error?.errno == ENOENT)
        #expect(error?.path == folder("none"))
        #expect(File.tryOpen(folder("none"), .read) == -Int(ENOENT))
    }

    @Test("every descriptor is close-on-exec")
    func closeOnExec() throws {
        folder.write("", to: "f")
        let root = try Directory.open(folder.path)
        let plain = try File.open(folder("f"), .read)
        let resolved = try File.open("f", below: root.raw, .read, resolve: .beneath)
        let copy = try plain.duplicate()
        for fd in [root.raw, plain.raw, resolved.raw, copy.raw] { #expect(fcntl(fd, F_GETFD) & FD_CLOEXEC != 0) }
    }

    @Test("a status tells kinds apart, and does not follow links")
    func status() throws {
        folder.write("abc", to: "f", mode: 0o640)
        folder.makeFolder("d")
        symlink("f", folder("l"))
        #expect(try File.status(folder("f")).isRegular)
        #expect(try File.status(folder("f")).size == 3)
        #expect(try File.status(folder("d")).isDirectory)
        #expect(try File.status(folder("l")).isSymbolicLink)
        #expect(try File.status(folder("l"), followLinks: true).isRegular)
        let null = try File.status("/dev/null")
        #expect(null.isCharacterDevice && null.rdev_major == 1 && null.rdev_minor == 3)
        let fd = try File.open(folder("f"), [.path])
        #expect(try File.status(at: fd.raw).size == 3)
        #expect(try File.readLink(folder("l")) == "f")
    }

    @Test("a dangling link exists; what it points at does not")
    func exists() {
        symlink("nowhere", folder("l"))
        #expect(File.exists(folder("l")))
        #expect(!File.exists(folder("nowhere")))
    }
}
