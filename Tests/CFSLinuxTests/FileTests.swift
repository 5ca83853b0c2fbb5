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

@Suite("Paths in a hostile tree")
struct FileResolutionTests {
    private let folder = TemporaryDirectory()
    private let root: SharedFD

    init() throws {
        folder.makeFolder("root/etc")
        folder.makeFolder("root/sub")
        folder.write("inside", to: "root/etc/passwd")
        folder.write("outside", to: "etc/passwd")
        folder.write("outside", to: "secret")
        for (target, name) in [
            ("/etc/passwd", "absolute"), ("../../secret", "up"), ("../etc/passwd", "sub/up"), ("/etc", "folder"),
            ("loop2", "loop1"),
            ("loop1", "loop2"), ("/proc/self/root", "magic"), ("../../../../../../../../etc/passwd", "sub/far"),
        ] {
            symlink(target, folder("root/\(name)"))
        }
        root = SharedFD(try Directory.open(folder("root")))
    }

    private func read(_ path: String, _ resolve: File.Resolve) throws(CFSError) -> String {
        let fd = try File.open(path, below: root.raw, .read, resolve: resolve)
        return String(decoding: try File.readAll(fd.raw), as: UTF8.self)
    }

    @Test(
        "in the root every way leads to the root's own file",
        arguments: [
            "etc/passwd", "/etc/passwd", "absolute", "folder/passwd", "../../../etc/passwd", "sub/../../../etc/passwd",
            "sub/up", "sub/far",
            "sub/../sub/up",
        ])
    func inRoot(path: String) throws {
        #expect(try read(path, .inRoot) == "inside")
    }

    @Test("in the root there is no way out, also for what only exists outside")
    func noWayOut() {
        for path in ["up", "../secret", "/../secret", "sub/../../secret"] {
            let error = #expect(throws: CFSError.self, "\(path)") { try read(path, .inRoot) }
            #expect(error?.errno == ENOENT)
        }
    }

    @Test("beneath a folder, leaving it is an error even where it leads back")
    func beneath() throws {
        #expect(try read("etc/passwd", .beneath) == "inside")
        #expect(try read("sub/up", .beneath) == "inside")
        for path in ["absolute", "/etc/passwd", "../root/etc/passwd", "up", "folder/passwd"] {
            let error = #expect(throws: CFSError.self, "\(path)") { try read(path, .beneath) }
            #expect(error?.errno == EXDEV)
        }
    }

    @Test("without links, a link anywhere is an error")
    func noSymlinks() throws {
        #expect(try read("etc/passwd", [.inRoot, .noSymlinks]) == "inside")
        for path in ["absolute", "folder/passwd", "sub/up"] {
            #expect(throws: CFSError.self, "\(path)") { try read(path, [.inRoot, .noSymlinks]) }
        }
    }

    @Test("a circle of links is an error")
    func loops() {
        let error = #expect(throws: CFSError.self) { try read("loop1", .inRoot) }
        #expect(error?.errno == ELOOP)
    }

    @Test("a magic link is never followed, whatever is asked for")
    func magic() throws {
        let proc = try Directory.open("/proc/self")
        for resolve: File.Resolve in [[], .inRoot, .beneath] {
            #expect(File.tryOpen("root", below: proc.raw, [.directory], resolve: resolve) == -Int(ELOOP))
            #expect(File.tryOpen("root/etc", below: proc.raw, [.directory], resolve: resolve) == -Int(ELOOP))
        }
    }
}
