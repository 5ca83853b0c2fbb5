import CFSModel
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import CFSLinux

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

    private func stepped(_ path: String, _ flags: File.Flags, _ resolve: File.Resolve, at root: Int32? = nil) -> Int {
        SteppedResolution(root: root ?? self.root.raw, path: path, flags: flags, mode: 0o644, resolve: resolve).open()
    }

    /// What was found, or minus the error number.
    private func object(_ descriptor: Int) throws -> String {
        guard descriptor >= 0 else { return String(descriptor) }
        let fd = OwnedFD(descriptor)
        let status = try File.status(at: fd.raw)
        return "\(status.dev) \(status.inode) \(fcntl(fd.raw, F_GETFL))"
    }

    @Test("in steps a path leads where the kernel leads it, or to the same error")
    func steps() throws {
        folder.makeFolder("root/deep/er")
        for (target, name) in [
            ("deep/", "slash"), ("etc/passwd/", "file-slash"), ("nowhere", "dangling"), ("dangling", "dangling2"),
            ("..", "deep/back"),
            ("deep/back/deep/er", "long"), ("/", "root"), ("./sub/./..", "dots"),
        ] {
            symlink(target, folder("root/\(name)"))
        }
        for index in 0..<41 { symlink(index == 0 ? "etc" : "chain\(index - 1)", folder("root/chain\(index)")) }
        let names = [
            "etc", "etc/", "etc/.", "etc/..", "etc/passwd", "etc/passwd/", "etc/passwd/.", "etc/passwd/..", ".", "..",
            "/", "//", "",
            "absolute", "absolute/", "up", "sub/up", "sub/far", "folder", "folder/", "folder/passwd", "loop1",
            "loop1/x", "magic", "magic/etc",
            "slash", "slash/er", "file-slash", "dangling", "dangling/", "dangling2", "dangling2/x", "deep/back",
            "deep/back/", "long", "long/..",
            "root", "root/etc/passwd", "dots", "dots/etc/passwd", "none", "none/x", "none/../etc",
            "etc/../../../etc/passwd", "chain39",
            "chain40", String(repeating: "n", count: 256), String(repeating: "../", count: 1000) + "etc/passwd",
            "sub//../etc///passwd",
        ]
        let flags: [File.Flags] = [
            .path, .read, [.path, .noFollow], [.path, .directory], [.path, .directory, .noFollow], [.read, .noFollow],
            .directory,
        ]
        let resolves: [File.Resolve] = [
            .inRoot, .beneath, [.inRoot, .noSymlinks], [.beneath, .noSymlinks, .noMountCrossing],
        ]
        for resolve in resolves {
            for flags in flags {
                for path in names + names.map({ "/" + $0 }) {
                    // A rename elsewhere may disturb the kernel, which is what the steps are for.
                    var kernel = -ErrorCode.again
                    while kernel == -ErrorCode.again {
                        kernel = File.resolve(path, below: root.raw, flags, resolve: resolve)
                    }
                    let (wanted, found) = (try object(kernel), try object(stepped(path, flags, resolve)))
                    #expect(found == wanted, "\(path) \(flags) \(resolve)")
                }
            }
        }
        let proc = try Directory.open("/proc")
        for path in ["self/root", "self/root/etc", "self/cwd", "self/fd/0/x", "thread-self/exe"] {
            #expect(stepped(path, .path, .inRoot, at: proc.raw) == -Int(ELOOP), "\(path)")
        }
        #expect(try object(stepped("self/status", .path, .inRoot, at: proc.raw)).hasPrefix("-") == false)
    }

    @Test("in steps a file is made, once")
    func stepsMake() throws {
        #expect(try object(stepped("folder/new", [.write, .create, .exclusive], .inRoot)) != String(-Int(ENOENT)))
        #expect(textOfFile(folder("root/etc/new")) == "")
        #expect(stepped("sub/../etc/new", [.write, .create, .exclusive], .inRoot) == -Int(EEXIST))
        #expect(stepped("none/new", [.write, .create], .inRoot) == -Int(ENOENT))
    }

    @Test("who renames all the time, somewhere on the machine, keeps no path from being resolved")
    func storm() throws {
        folder.makeFolder("storm/a")
        folder.makeFolder("storm/b")
        let storm = RenameStorm(folder("storm"))
        defer { storm.end() }
        // So long that something is renamed meanwhile.
        let path = String(repeating: "../", count: 1300) + "etc/passwd"
        let isDisturbed = eventually {
            (0..<100).contains { _ in File.resolve(path, below: root.raw, .path, resolve: .inRoot) == -ErrorCode.again }
        }
        #expect(isDisturbed, "the kernel was never disturbed: this test shows nothing")
        for _ in 0..<2000 {
            #expect(try read(path, .inRoot) == "inside")
            #expect(try read("sub/far", .inRoot) == "inside")
        }
    }
}

/// A thread that exchanges two folders again and again.
private final class RenameStorm: Sendable {
    private let folder: String
    private let isOver = Atomic(false)
    nonisolated(unsafe) private var thread = pthread_t()

    init(_ folder: String) {
        self.folder = folder
        let started = pthread_create(
            &thread, nil,
            { argument in
                let storm = Unmanaged<RenameStorm>.fromOpaque(argument!).takeUnretainedValue()
                let (a, b, c) = (storm.folder + "/a", storm.folder + "/b", storm.folder + "/c")
                while !storm.isOver.load(ordering: .relaxed) {
                    rename(a, c)
                    rename(b, a)
                    rename(c, b)
                }
                return nil
            }, Unmanaged.passUnretained(self).toOpaque())
        precondition(started == 0, "pthread_create: \(String(cString: strerror(started)))")
    }

    func end() {
        isOver.store(true, ordering: .relaxed)
        pthread_join(thread, nil)
    }
}
