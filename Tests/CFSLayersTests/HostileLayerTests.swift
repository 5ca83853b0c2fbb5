import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSLayers

/// Shapes that broke other engines: each must be an error, change nothing outside, and leave nothing inside.
@Suite("Layers that attack", .enabled(if: LayerFixture.isRoot, LayerFixture.needsRoot))
struct HostileLayerTests {
    /// A folder of the host that no layer may touch, and everything that could be seen of a change in it.
    private struct Outside {
        let fixture: LayerFixture
        let path: String
        let before: [String]

        init(_ fixture: LayerFixture) {
            self.fixture = fixture
            fixture.shell(
                "mkdir -p outside/folder; echo secret > outside/secret; chmod 600 outside/secret; chmod 700 outside")
            path = fixture.folder("outside")
            before = Self.state(fixture)
        }

        func tar(_ members: String) -> [UInt8] {
            var parts = members.split(separator: "OUT", omittingEmptySubsequences: false).map(String.init)
            let first = parts.removeFirst()
            return RawTar(parts.reduce(first) { $0 + path + $1 }).bytes
        }

        var isUntouched: Bool { Self.state(fixture) == before }

        private static func state(_ fixture: LayerFixture) -> [String] {
            fixture.listing(fixture.folder.path + "/outside", "/%P %y %m %U:%G %n %C@ %l|")
                + namesInFolder(fixture.folder.path).filter { $0 != "store" } + namesInFolder(fixture.folder("store"))
        }
    }

    /// `OUT` stands for the folder outside.
    private static let unsafe: [(what: String, members: String)] = [
        ("a name that leads up", "f ../evil"),
        ("a name that leads up from a folder", "d a; f a/../../evil"),
        ("an absolute name that leads up", "f /../../evil"),
        ("a folder called ..", "d .."),
        ("a folder that ends with ..", "d a; d a/.."),
        ("a pax name that leads up", "x path ../evil; f harmless"),
        ("a name with a zero byte", "x path a\0b; f harmless"),
        ("a file through a link up", "l l ../../../outside; f l/evil"),
        ("a file through an absolute link", "l l OUT; f l/evil"),
        ("a file through a link to the root", "l l /; f l/tmp/evil"),
        ("a file through two links", "l a OUT; l b a; f b/evil"),
        ("a file through a link that stays inside", "d d; l l d; f l/x"),
        ("a folder through a link", "l l OUT; d l/folder 777"),
        ("a new folder through a link", "l l OUT; d l/new/evil"),
        ("a link through a link", "l l OUT; l l/evil x"),
        ("a pipe through a link", "l l OUT; p l/evil"),
        ("a file through a link of /proc", "l l /proc/self/cwd; f l/evil"),
        ("a whiteout through a link", "l l OUT; f l/.wh.secret"),
        ("an opaque mark through a link", "l l OUT; f l/.wh..wh..opq"),
        ("a hard link up", "h h ../../../outside/secret"),
        ("a hard link to the host", "h h OUT/secret"),
        ("a hard link through a link", "l l OUT; h h l/secret"),
        ("a hard link to a link", "l l OUT/secret; h h l; f h evil"),
        ("a hard link to a folder", "d d; h h d"),
        ("a hard link to the root", "h h /"),
        ("a hard link to a device", "c c 3; h h c"),
        ("a hard link to nothing", "h h missing"),
        ("a hard link to itself, which is not there", "h h h"),
        ("a hard link to what it replaces", "f d/f; h d d/f"),
        ("a hard link to the layer below", "h h lower"),
        ("a hard link to a whiteout", "f .wh.lower; h h lower"),
        ("a hard link in a link", "f f; l l OUT; h l/h f"),
        ("the root as a link", "l ./ OUT; f evil"),
        ("the root as a hard link", "f f; h / f"),
        ("the root as a device", "c . 3"),
        ("a file in the way", "f f; f f/x"),
        ("a pipe in the way", "p p; f p/x"),
        ("a device in the way", "c c 3; f c/x"),
        ("a device that overlayfs takes for a whiteout", "c c 0"),
        ("a whiteout of nothing", "f .wh."),
        ("a whiteout of the root", "f .wh.."),
        ("a whiteout of what lies above", "f a/.wh..."),
        ("a file in a folder called like a whiteout", "f .wh.a/b"),
        ("a link without a target", "l l"),
        ("an attribute that redirects overlayfs", "x SCHILY.xattr.trusted.overlay.redirect /etc; d d"),
        ("an opaque attribute", "x SCHILY.xattr.trusted.overlay.opaque y; d d"),
        ("an overlay attribute of users", "x SCHILY.xattr.user.overlay.opaque y; d d"),
        ("an overlay attribute of a file", "x SCHILY.xattr.trusted.overlay.metacopy; f f"),
        ("an overlay attribute of a link", "x SCHILY.xattr.trusted.overlay.origin x; l l x"),
        ("an overlay attribute of a pipe", "x SCHILY.xattr.trusted.overlay.whiteout y; p p"),
        ("an overlay attribute of the root", "x SCHILY.xattr.trusted.overlay.opaque y; d ./"),
    ]

    @Test("what leads out of the layer, or speaks to overlayfs, is refused", arguments: [false, true])
    func refused(hasLower: Bool) throws {
        for (what, members) in Self.unsafe {
            let fixture = LayerFixture()
            let lower = try fixture.unpack(RawTar("f lower lower; f l/secret lower").bytes)
            let outside = Outside(fixture)
            let error = failure { () throws(CFSError) in
                try fixture.unpack(outside.tar(members), over: hasLower ? lower.chainID : nil)
            }
            #expect(outside.isUntouched, "\(what) changes the host")
            // A mark in a lowest layer has nothing to hide: it is passed over wherever it leads.
            if !hasLower && ["an opaque mark through a link", "a whiteout through a link"].contains(what) { continue }
            #expect(error?.code == .unsafeLayer, "\(what): \(String(describing: error))")
            #expect(fixture.stored == [lower.chainID.hex], "\(what) leaves something")
        }
    }

    private static let harmless: [(what: String, members: String, name: String, kind: String)] = [
        ("an absolute name lies inside", "f OUT/evil inside", "OUT/evil", "f"),
        ("a link out is only text", "l l OUT/secret", "l", "l"),
        ("a file replaces a link out", "l l OUT/secret; f l mine", "l", "f"),
        ("a folder replaces a link out", "l l OUT; d l 777; f l/x", "l", "d"),
        ("a pipe replaces a link out", "l l OUT/new; p l", "l", "p"),
        ("a link replaces a folder", "f d/x; l d OUT; d e", "d", "l"),
        ("notes of AUFS are nothing", "d .wh..wh.plnk; f .wh..wh.plnk/1.2; f .wh..wh.aufs; f f", "f", "f"),
    ]

    @Test("what only looks like an attack stays inside")
    func stayInside() throws {
        for (what, members, name, kind) in Self.harmless {
            let fixture = LayerFixture()
            // So that the store is there before.
            try fixture.store.remove(fixture.unpack(RawTar("f x").bytes).chainID)
            let outside = Outside(fixture)
            let layer = try fixture.unpack(outside.tar(members))
            let place = fixture.path(layer, name.hasPrefix("OUT") ? outside.path + "/evil" : name)
            #expect(fixture.shell("find '\(place)' -maxdepth 0 -printf %y") == kind, "\(what)")
            #expect(outside.isUntouched, "\(what)")
            #expect(!namesInFolder(fixture.path(layer)).contains { $0.hasPrefix(".wh.") }, "\(what)")
        }
    }

    @Test("more than the limits allow is refused, and what was written goes")
    func limits() throws {
        var limits = ArchiveLimits()
        limits.entries = 50
        limits.totalBytes = 10_000
        limits.folderNames = 2000
        let name = String(repeating: "n", count: 200)
        let bombs: [(String, RawTar)] = [
            ("entries", RawTar { tar in (0...50).forEach { tar.file("\($0)") } }),
            ("entries of one name", RawTar { tar in (0...50).forEach { _ in tar.file("same") } }),
            ("whiteouts", RawTar { tar in (0...50).forEach { tar.file(".wh.\($0)") } }),
            ("bytes", RawTar { tar in (0...10).forEach { tar.file("\($0)", String(repeating: "x", count: 1000)) } }),
            (
                "bytes of one name",
                RawTar { tar in (0...10).forEach { _ in tar.file("x", String(repeating: "x", count: 1000)) } }
            ),
            (
                "folders",
                RawTar { tar in
                    (0...12).forEach {
                        tar.pax("path", name + "\($0)"); tar.folder("x")
                    }
                }
            ),
            (
                "depth",
                RawTar {
                    $0.pax("path", [String](repeating: "d", count: 257).joined(separator: "/")); $0.file("x")
                }
            ),
            (
                "100,000 folders in each other",
                RawTar {
                    $0.pax("path", String(repeating: "d/", count: 100_000)); $0.folder("x")
                }
            ),
            (
                "a long part",
                RawTar {
                    $0.pax("path", String(repeating: "n", count: 256)); $0.file("x")
                }
            ),
            (
                "a long name",
                RawTar {
                    $0.pax("path", [String](repeating: name, count: 21).joined(separator: "/")); $0.file("x")
                }
            ),
            (
                "a long target",
                RawTar {
                    $0.pax("linkpath", String(repeating: "n", count: 5000)); $0.link("x", to: "y")
                }
            ),
        ]
        let fixture = LayerFixture()
        for (what, tar) in bombs {
            let error = failure { () throws(CFSError) in try fixture.unpack(tar.bytes, limits: limits) }
            #expect(error?.code == .limitExceeded, "\(what): \(String(describing: error))")
            #expect(fixture.stored == [], "\(what) leaves something")
        }
    }

    @Test("a sparse file may seem large, but takes only what it holds")
    func sparseBomb() throws {
        let fixture = LayerFixture()
        let layer = try fixture.unpack(
            RawTar {
                $0.pax([
                    ("GNU.sparse.size", Array("\(60 << 30)".utf8)), ("GNU.sparse.map", Array("0,1,64424509439,1".utf8)),
                ])
                $0.file("huge", "ab")
            }.bytes)
        #expect(fixture.shell("stat -c %s \(fixture.path(layer, "huge"))") == "\(60 << 30)")
        #expect(try #require(Int(fixture.shell("stat -c %b \(fixture.path(layer, "huge"))"))) < 100)
    }

    @Test("a layer that is cut at any block, or next to one, leaves nothing")
    func truncated() throws {
        let fixture = LayerFixture()
        let whole = RawTar {
            $0.folder("d")
            $0.file("d/f", String(repeating: "x", count: 700))
            $0.link("l", to: "d/f")
        }.bytes
        for block in stride(from: 0, to: whole.count - 512, by: 512) {
            for length in [block, block + 1, block + 511] where length < whole.count - 512 {
                let error = failure { () throws(CFSError) in try fixture.unpack(Array(whole[..<length])) }
                #expect(error?.code == .invalidArchive, "cut at \(length)")
            }
        }
        #expect(fixture.stored == [])
    }
}
