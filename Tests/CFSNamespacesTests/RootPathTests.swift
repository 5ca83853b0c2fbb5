import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSNamespaces

@Suite("Places in a hostile root")
struct RootPathTests {
    private let folder = TemporaryDirectory()
    private let root: SharedFD

    init() throws {
        folder.makeFolder("root/dir/inner")
        folder.write("file", to: "root/file")
        folder.write("outside", to: "outside/marked")
        root = SharedFD(try Directory.open(folder("root")))
    }

    private func link(_ target: String, _ name: String) { symlink(target, folder("root/\(name)")) }

    /// The place below the root that a descriptor stands for.
    private func place(_ fd: borrowing OwnedFD) throws -> String {
        let path = try File.readLink("/proc/self/fd/\(fd.raw)")
        let prefix = folder("root")
        try #require(path == prefix || path.hasPrefix(prefix + "/"), "\(path) lies outside")
        return String(path.dropFirst(prefix.count))
    }

    private func openOrMake(_ path: String, _ kind: RootPath.Kind = .folder) throws -> String {
        try place(try RootPath.openOrMake(path, root: root.raw, kind: kind))
    }

    private func untouched() -> Bool {
        namesInFolder(folder("outside")) == ["marked"] && namesInFolder(folder.path) == ["outside", "root"]
    }

    @Test("what is there is opened, what is not is made on the way")
    func plain() throws {
        #expect(try openOrMake("/dir/inner") == "/dir/inner")
        #expect(try openOrMake("/dir/inner/a/b/c") == "/dir/inner/a/b/c")
        #expect(try openOrMake("/x/y", .file) == "/x/y")
        #expect(try File.status(folder("root/x/y")).isRegular)
        #expect(try File.status(folder("root/dir/inner/a")).mode & 0o777 == 0o755)
        #expect(try openOrMake("/") == "")
    }

    @Test("dots and double slashes lead where they would after a chroot")
    func dots() throws {
        #expect(try openOrMake("//dir/./inner/../new") == "/dir/new")
        #expect(try openOrMake("/../../../up") == "/up")
        #expect(try openOrMake("/missing/../beside") == "/beside")
        #expect(untouched())
    }

    @Test("links lead to places in the root, whatever they say")
    func links() throws {
        link("/dir", "absolute")
        link("../../../../outside", "up")
        link(folder("outside"), "host")
        link("dir/inner", "relative")
        #expect(try openOrMake("/absolute/inner") == "/dir/inner")
        #expect(try openOrMake("/relative/new") == "/dir/inner/new")
        #expect(try openOrMake("/up/new") == "/outside/new")
        let made = try openOrMake("/host/new")
        #expect(made.hasSuffix("/outside/new"))
        #expect(untouched())
    }

    @Test("a dangling link is followed to the place that it names, and that is made")
    func dangling() throws {
        link("/made/by/link", "dangling")
        #expect(try openOrMake("/dangling/here") == "/made/by/link/here")
        link("../target", "dir/file")
        #expect(try openOrMake("/dir/file", .file) == "/target")
        #expect(try File.status(folder("root/target")).isRegular)
        link(folder("outside/new"), "escape")
        _ = try openOrMake("/escape", .file)
        #expect(untouched())
    }

    @Test(
        "a slash that makes one letter with what follows it is a slash: no link before it leads out",
        arguments: [RootPath.Kind.folder, .file])
    func combined(kind: RootPath.Kind) throws {
        link(folder("outside"), "out")
        link("out/\u{301}new", "dangling")
        #expect(try openOrMake("/dangling", kind).utf8.reversed().starts(with: "outside/\u{301}new".utf8.reversed()))
        #expect(try openOrMake("/out/\u{301}other/x", kind).hasSuffix("/x"))
        link(folder("outside"), "proc")
        #expect(throws: CFSError.self) { _ = try RootPath.openPlainFolder("/proc/\u{301}x", root: root.raw) }
        #expect(untouched())
    }

    @Test("a file on the way is no folder, where the path goes back over it too")
    func overFile() {
        #expect(throws: CFSError.self) { try openOrMake("/new/../file/../x") }
        #expect(!File.exists(folder("root/x")))
    }

    @Test("a circle of links ends with an error")
    func loops() {
        link("two", "one")
        link("one", "two")
        #expect(throws: CFSError.self) { try openOrMake("/one") }
        #expect(throws: CFSError.self) { try openOrMake("/one/x") }
    }

    @Test("nothing is made below a file")
    func belowFile() {
        #expect(throws: CFSError.self) { try openOrMake("/file/x") }
        #expect(try! File.readAll(at: folder("root/file")) == Array("file".utf8))
    }

    @Test("a plain folder is opened or made")
    func plainFolder() throws {
        #expect(try place(try RootPath.openPlainFolder("/proc", root: root.raw)) == "/proc")
        #expect(try place(try RootPath.openPlainFolder("/proc", root: root.raw)) == "/proc")
        #expect(try place(try RootPath.openPlainFolder("/dir/inner/sys", root: root.raw)) == "/dir/inner/sys")
    }

    @Test("a folder that must be plain is never reached through a link, nor is it a file")
    func notPlain() {
        link("dir", "proc")
        link("/", "sys")
        link("nowhere", "run")
        for path in ["/proc", "/sys", "/run", "/proc/inner", "/sys/dir", "/run/x", "/file", "/file/x", "/../proc"] {
            #expect(throws: CFSError.self, "\(path)") { _ = try RootPath.openPlainFolder(path, root: root.raw) }
        }
        #expect(!File.exists(folder("root/nowhere")))
        #expect(untouched())
    }
}
