import CFSModel
import Testing

@testable import CFSLayers

@Suite("Names in a layer")
struct LayerPathTests {
    private func components(_ name: ArchiveName) throws(CFSError) -> [String] {
        try LayerPath(name, limits: .standard).components.map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    @Test("leading slashes and dots mean the layer's root")
    func plain() throws {
        for name: ArchiveName in ["a/b", "/a/b", "./a/b", "//a//b/", "./././a/./b/."] {
            #expect(try components(name) == ["a", "b"])
        }
        for name: ArchiveName in ["", "/", ".", "./", "//./"] { #expect(try components(name) == []) }
        #expect(try components("..a/b../...") == ["..a", "b..", "..."])
        #expect(try LayerPath(ArchiveName(bytes: [0xff, 0x2f, 0xfe]), limits: .standard).bytes == [0xff, 0x2f, 0xfe])
    }

    @Test(
        "what leads out, or holds a zero byte, is refused",
        arguments: ["..", "../a", "a/..", "/../a", "a/./../b", "a\u{0}b"])
    func refused(name: String) {
        #expect(failure { () throws(CFSError) in try components(ArchiveName(name)) }?.code == .unsafeLayer)
    }

    @Test("what is too long or too deep is refused, and what just fits is not")
    func limits() throws {
        let part = String(repeating: "n", count: 255)
        let long = [String](repeating: part, count: 16).joined(separator: "/")
        #expect(try components(ArchiveName(long)).count == 16)
        #expect(try components(ArchiveName([String](repeating: "d", count: 256).joined(separator: "/"))).count == 256)
        let bad = [part + "n", long + "/", "d/" + [String](repeating: "d", count: 256).joined(separator: "/")]
        for name in bad {
            #expect(failure { () throws(CFSError) in try components(ArchiveName(name)) }?.code == .limitExceeded)
        }
    }

    @Test("a message shows neither control characters nor endless names")
    func printable() {
        #expect(ArchiveName("a\u{1b}[2Jb\n").printable == "a?[2Jb?")
        #expect(ArchiveName(String(repeating: "x", count: 5000)).printable.count == 203)
    }

    private func step(_ name: ArchiveName) throws(CFSError) -> LayerStep {
        try LayerStep(LayerPath(name, limits: .standard))
    }

    @Test("whiteouts are told from files by their names")
    func steps() throws {
        func path(_ name: ArchiveName) throws -> LayerPath { try LayerPath(name, limits: .standard) }
        #expect(try step("a/b") == .make(path("a/b")))
        #expect(try step(".whx") == .make(path(".whx")))
        #expect(try step("a/.wh.b") == .hide(path("a/b")))
        #expect(try step(".wh.b") == .hide(path("b")))
        #expect(try step("./.wh..hidden") == .hide(path(".hidden")))
        #expect(try step(".wh....") == .hide(path("...")))
        #expect(try step("a/.wh..wh..opq") == .hideContent(path("a")))
        #expect(try step(".wh..wh..opq") == .hideContent(.root))
        for name: ArchiveName in [".wh..wh.plnk", ".wh..wh.aufs", "a/.wh..wh.orph", ".wh..wh.plnk/1.2", ".wh..wh."] {
            #expect(try step(name) == .ignore)
        }
    }

    @Test(
        "a whiteout of nothing, of a folder itself or its parent is refused",
        arguments: [".wh.", "a/.wh.", ".wh..", "a/.wh...", ".wh.a/b", "a/.wh.b/c"])
    func badWhiteouts(name: String) {
        #expect(failure { () throws(CFSError) in try step(ArchiveName(name)) }?.code == .unsafeLayer)
    }

    @Test("attributes that speak to the host or to overlayfs are refused, labels of other machines dropped")
    func attributes() throws {
        typealias Policy = AttributePolicy
        for kind: ArchiveEntry.Kind in [.file, .directory, .symlink("x"), .fifo] {
            for name in [
                "trusted.overlay.opaque", "trusted.overlay.redirect", "trusted.x", "user.overlay.opaque",
                "user.a\u{0}b",
            ] {
                #expect(Policy.verdict(name, of: kind) == .refuse)
            }
            for name in ["security.selinux", "security.ima", "security.evm", "system.posix_acl_access", "", "nonsense"]
            {
                #expect(Policy.verdict(name, of: kind) == .drop)
            }
        }
        #expect(Policy.verdict("user.mime", of: .file) == .keep && Policy.verdict("user.mime", of: .directory) == .keep)
        #expect(
            Policy.verdict("user.mime", of: .symlink("x")) == .drop && Policy.verdict("user.mime", of: .fifo) == .drop)
        #expect(Policy.verdict("security.capability", of: .file) == .keep)
        #expect(Policy.verdict("security.capability", of: .directory) == .drop)
        #expect(Policy.verdict("user.overlays", of: .file) == .keep)
    }

    @Test("the names of folders are kept up to a limit, each once")
    func folderTimes() throws {
        var limits = ArchiveLimits()
        limits.folderNames = 4
        var notes = LayerNotes(limits)
        for _ in 0..<3 {
            for name: ArchiveName in ["b", "a/b"] {
                try notes.setTime(ArchiveTime(seconds: 1), of: LayerPath(bytes: name.bytes))
            }
        }
        #expect(notes.folders.map { String(decoding: $0.path.bytes, as: UTF8.self) } == ["a/b", "b"])
        #expect(
            failure { () throws(CFSError) in try notes.addWhiteout(LayerPath(bytes: [0x63])) }?.code == .limitExceeded)
    }
}
