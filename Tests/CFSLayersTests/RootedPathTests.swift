import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSLayers

/// The table of docker-cp(1).
@Suite("Paths of a copy")
struct RootedPathTests {
    private let folder = TemporaryDirectory()
    private let root: SharedFD

    init() throws {
        for name in ["d", "d/sub", "e"] { folder.makeFolder("root/\(name)") }
        for name in ["f", "d/in", "outside"] { folder.write(name, to: "root/\(name)") }
        folder.write("secret", to: "secret")
        let links = [
            ("d", "root/to-d"), ("/d/in", "root/to-in"), ("new", "root/dangling"), ("../../../secret", "root/out"),
            ("/missing/x", "root/d/far"), ("loop", "root/loop"), ("/", "root/top"),
        ]
        for (target, name) in links { #expect(symlink(target, folder(name)) == 0) }
        root = SharedFD(try Directory.open(folder("root")))
    }

    private func path(_ text: String) throws(CFSError) -> RootedPath {
        try RootedPath(text, below: root.raw, label: text)
    }

    /// The kind of what is copied, its name, and the content of a file.
    private func source(_ text: String, follows: Bool = false) throws(CFSError) -> String {
        let source = try path(text).source(followsLink: follows)
        let reader = try FolderReader(source.item, as: source.name ?? ArchiveName("."))
        guard let entry = try reader.next() else { return "nothing" }
        let name = source.name?.string ?? "(content)"
        switch entry.kind {
        case .directory: return "folder \(name)"
        case .symlink(let target): return "link \(name) \(target)"
        default: return "file \(name) \(String(decoding: try reader.readBody(limit: 100), as: UTF8.self))"
        }
    }

    @Test(
        "what is copied",
        arguments: [
            ("/f", "file f f"), ("f", "file f f"), ("//d/./in", "file in d/in"), ("/d", "folder d"),
            ("/d/", "folder d"), ("/d/.", "folder (content)"), ("/", "folder (content)"), (".", "folder (content)"),
            ("/to-d", "link to-d d"), ("/to-d/", "folder to-d"), ("/to-d/.", "folder (content)"),
            ("/to-d/in", "file in d/in"), ("/d/../f", "file f f"), ("/d/sub/..", "folder d"), ("/../f", "file f f"),
            ("/top/f", "file f f"), ("/out", "link out ../../../secret"), ("/dangling", "link dangling new"),
        ])
    func sources(text: String, expected: String) throws {
        #expect(try source(text) == expected)
    }

    @Test("a link at the end is followed when that is asked for, and never out")
    func followed() throws {
        #expect(try source("/to-in", follows: true) == "file to-in d/in")
        #expect(try source("/to-d", follows: true) == "folder to-d")
        #expect(failure { () throws(CFSError) in try source("/out", follows: true) }?.errno == ENOENT)
        #expect(failure { () throws(CFSError) in try source("/out/") }?.errno == ENOENT)
    }

    @Test(
        "what cannot be copied",
        arguments: [
            ("/missing", "there is no /missing"), ("/f/", "is not a folder"), ("/f/.", "is not a folder"),
            ("/f/x", "is not a folder"), ("/loop/", "too many links"), ("/d/missing/x", "there is no"),
        ])
    func noSources(text: String, says: String) throws {
        let error = failure { () throws(CFSError) in try source(text) }
        #expect(error?.message.contains(says) == true, "\(error?.description ?? "")")
        #expect(error?.code == .invalidArgument)
    }

    @Test("a path that is too long is named by its beginning, with what is possible")
    func tooLong() {
        let long = "/d/" + String(repeating: "a", count: 300)
        let (message, hint) = (
            "/d/" + String(repeating: "a", count: 56) + "… has a name of 300 bytes, which is too long",
            "a name may have 255 bytes, and a whole path 4095"
        )
        for error in [
            failure { () throws(CFSError) in try source(long) },
            failure { () throws(CFSError) in try source(long, follows: true) },
            failure { () throws(CFSError) in try target(long, of: "/f") },
        ] { #expect(error?.message == message && error?.hint == hint, "\(error?.description ?? "")") }
    }

    /// The folder and name of the target, both from the root on.
    private func target(_ text: String, of source: String) throws(CFSError) -> String {
        let target = try path(text).target(for: path(source).source(followsLink: false))
        let folder = try File.readLink("/proc/self/fd/\(target.folder.raw)").dropFirst(self.folder("root").count)
        return "\(folder)/ \(target.name?.string ?? "(content)")"
    }

    @Test(
        "where a copy goes",
        arguments: [
            // A file.
            ("/f", "/e", "/e/ f"), ("/f", "/e/", "/e/ f"), ("/f", "/new", "/ new"), ("/f", "/outside", "/ outside"),
            ("/f", "/to-d", "/d/ f"), ("/f", "/to-in", "/d/ in"), ("/f", "/dangling", "/ new"), ("/f", "/", "/ f"),
            ("/f", "/d/sub/../x", "/d/ x"), ("/f", "/top", "/ f"), ("/f", "/out", "/ secret"),
            ("/to-d", "/e", "/e/ to-d"),
            // A folder.
            ("/d", "/e", "/e/ d"), ("/d", "/new", "/ new"), ("/d", "/new/", "/ new"), ("/d/.", "/e", "/e/ (content)"),
            ("/d/.", "/new", "/ new"), ("/d", "/to-d", "/d/ d"), ("/d", "/dangling", "/ new"),
        ])
    func targets(source: String, text: String, expected: String) throws {
        #expect(try target(text, of: source) == expected)
    }

    @Test("a slash that makes one letter with what follows it is a slash: a link before it leads to the root's own")
    func combined() throws {
        #expect(symlink("/d", folder("root/away")) == 0 && symlink("away/\u{301}x", folder("root/led")) == 0)
        #expect(try target("/led", of: "/f") == "/d/ \u{301}x")
        #expect(failure { () throws(CFSError) in try target("/f/\u{301}x", of: "/f") }?.code == .invalidArgument)
    }

    @Test(
        "where nothing can go",
        arguments: [
            ("/f", "/new/", "there is no folder /new/"), ("/f", "/missing/new", "the folder of /missing/new does not"),
            ("/f", "/f/new", "the folder of /f/new does not exist"), ("/f", "/outside/", "/outside/ is not a folder"),
            ("/d", "/outside", "/outside is a file"), ("/d/.", "/to-in", "/to-in is a file"),
            ("/d", "/missing/new", "the folder of"), ("/f", "/d/far", "the folder of"),
            ("/f", "/loop", "too many links"),
        ])
    func noTargets(source: String, text: String, says: String) throws {
        let error = failure { () throws(CFSError) in try target(text, of: source) }
        #expect(error?.message.contains(says) == true, "\(error?.description ?? "")")
    }

    @Test("a NUL byte is refused")
    func zero() { #expect(failure { () throws(CFSError) in try path("a\0b") }?.code == .invalidArgument) }
}
