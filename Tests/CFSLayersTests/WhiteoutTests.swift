import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSLayers

/// What a container sees through the kernel's own overlay.
@Suite("Whiteouts", .enabled(if: LayerFixture.isRoot, LayerFixture.needsRoot))
struct WhiteoutTests {
    /// A lower layer with `keep`, `gone`, and `d` with `in` and `sub/deep`.
    private static let lower = "f keep lower; f gone lower; d d 1777; f d/in lower; d d/sub; f d/sub/deep lower"

    /// Unpacks layers onto each other.
    private func stack(_ fixture: LayerFixture, _ layers: [String]) throws -> [ImageRecord.Layer] {
        var stacked: [ImageRecord.Layer] = []
        for members in layers { stacked.append(try fixture.unpack(RawTar(members).bytes, over: stacked.last?.chainID)) }
        return stacked
    }

    /// Names, types and the text of files, as the kernel merges these layers.
    private func merged(_ fixture: LayerFixture, _ layers: [ImageRecord.Layer]) throws -> [String] {
        fixture.shell("mkdir -p merged")
        let folders = layers.reversed().map { fixture.store.path(of: $0.chainID) }.joined(separator: ":")
        return try withPrivateMounts {
            // One layer alone is no overlay: an empty folder below changes nothing.
            let empty = fixture.shell("mkdir -p empty; pwd") + "/empty"
            try PrivateMount.make("overlay", on: fixture.folder("merged"), "lowerdir=\(folders):\(empty)")
            let script =
                "cd merged; find . -mindepth 1 ! -type f -printf '%P %y\\n' -o -type f -printf '%P ' -exec cat {} \\; "
                + "-printf '\\n' | sort"
            return fixture.shell(script).split(separator: "\n").map(String.init)
        }
    }

    private static let all = ["d d", "d/in lower", "d/sub d", "d/sub/deep lower", "gone lower", "keep lower"]

    private static let shapes: [(what: String, upper: String, seen: [String])] = [
        (
            "a whiteout hides the lower file", "f .wh.gone",
            ["d d", "d/in lower", "d/sub d", "d/sub/deep lower", "keep lower"]
        ),
        ("a whiteout hides a lower folder", "f .wh.d", ["gone lower", "keep lower"]),
        ("a whiteout in a folder", "d d; f d/.wh.sub", ["d d", "d/in lower", "gone lower", "keep lower"]),
        (
            "a whiteout in a folder that the layer lacks", "f d/.wh.in",
            ["d d", "d/sub d", "d/sub/deep lower", "gone lower", "keep lower"]
        ),
        ("a whiteout of nothing", "f .wh.missing; f missing/.wh.too", all),
        (
            "an opaque folder", "d d; f d/.wh..wh..opq; f d/new upper",
            ["d d", "d/new upper", "gone lower", "keep lower"]
        ),
        (
            "an opaque mark behind the folder's content", "f d/new upper; f d/.wh..wh..opq",
            ["d d", "d/new upper", "gone lower", "keep lower"]
        ),
        ("an opaque mark alone", "f d/sub/.wh..wh..opq", ["d d", "d/in lower", "d/sub d", "gone lower", "keep lower"]),
        ("an opaque root", "f .wh..wh..opq; f new upper", ["new upper"]),
        (
            "a file of the same name wins, behind the whiteout", "f .wh.gone; f gone upper",
            ["d d", "d/in lower", "d/sub d", "d/sub/deep lower", "gone upper", "keep lower"]
        ),
        (
            "a file of the same name wins, before the whiteout", "f gone upper; f .wh.gone",
            ["d d", "d/in lower", "d/sub d", "d/sub/deep lower", "gone upper", "keep lower"]
        ),
        (
            "a folder behind its whiteout is new", "f .wh.d; d d; f d/new upper",
            ["d d", "d/new upper", "gone lower", "keep lower"]
        ),
        (
            "a folder before its whiteout is new", "d d; f d/new upper; f .wh.d",
            ["d d", "d/new upper", "gone lower", "keep lower"]
        ),
        (
            "a folder that only its content tells of is new", "f .wh.d; f d/new upper",
            ["d d", "d/new upper", "gone lower", "keep lower"]
        ),
        ("a file replaces a lower folder", "f d upper", ["d upper", "gone lower", "keep lower"]),
        (
            "a folder replaces a lower file", "d gone; f gone/new upper",
            ["d d", "d/in lower", "d/sub d", "d/sub/deep lower", "gone d", "gone/new upper", "keep lower"]
        ),
        (
            "a folder over a file over the lower folder is new", "f d upper; d d; f d/new upper",
            ["d d", "d/new upper", "gone lower", "keep lower"]
        ),
        ("the same whiteout twice", "f .wh.gone; f .wh.gone; f .wh.d; f .wh.d", ["keep lower"]),
        (
            "a whiteout in a folder that becomes opaque later", "f d/.wh.in; f d/sub/.wh.deep; f d/.wh..wh..opq",
            ["d d", "d/sub d", "gone lower", "keep lower"]
        ),
        (
            "a whiteout in a folder that was replaced", "f .wh.d; d d; f d/.wh.in; f d/new upper",
            ["d d", "d/new upper", "gone lower", "keep lower"]
        ),
        (
            "a whiteout in a folder over a lower file", "d gone; f gone/.wh.x",
            ["d d", "d/in lower", "d/sub d", "d/sub/deep lower", "gone d", "keep lower"]
        ),
        ("a hidden name that begins with dots", "f .wh...gone", all),
    ]

    @Test("a container sees what the layers mean")
    func overlay() throws {
        for (what, upper, seen) in Self.shapes {
            let fixture = LayerFixture()
            let layers = try stack(fixture, [Self.lower, upper])
            #expect(try merged(fixture, layers) == seen.sorted(), "\(what)")
        }
    }

    @Test("a whiteout hides what any layer below has, and a later layer can bring it back")
    func three() throws {
        let fixture = LayerFixture()
        let layers = try stack(fixture, [Self.lower, "f .wh.d; f .wh.gone", "f d/again third; f gone third"])
        #expect(try merged(fixture, layers) == ["d d", "d/again third", "gone third", "keep lower"])
        #expect(try merged(fixture, Array(layers.dropLast())) == ["keep lower"])
    }

    @Test("whiteouts of the lowest layer hide nothing, and are not there")
    func lowest() throws {
        let fixture = LayerFixture()
        let layer = try fixture.unpack(
            RawTar("f .wh.a; f a file; f b/.wh..wh..opq; f .wh..wh..opq; f c/.wh.x; d d; f .wh.d").bytes)
        #expect(fixture.listing(fixture.path(layer), "/%P %y ") == ["/ d ", "/a f 4", "/d d"])
        let folder = try FileSource(path: fixture.path(layer, "d"))
        let names = RawBuffer(1000)
        #expect(ExtraSystemCalls.listAttributes(folder.descriptor, into: names.all) == 0)
    }

    @Test("a folder that a layer only passes through looks as the layers below have it")
    func passedThrough() throws {
        let fixture = LayerFixture()
        var tar = RawTar()
        tar.pax("mtime", "12.5")
        tar.add("tmp", type: "5", mode: 0o1777, uid: 3, gid: 4)
        let base = try fixture.unpack(tar.bytes)
        let middle = try fixture.unpack(RawTar("f x").bytes, over: base.chainID)
        let upper = try fixture.unpack(RawTar("f tmp/a/b; f .wh.x; f tmp/.wh.nothing").bytes, over: middle.chainID)
        let found = fixture.listing(fixture.path(upper), "/%P %y %m %U:%G %T@|")
        #expect(
            found.filter { $0.hasPrefix("/tmp") } == [
                "/tmp d 1777 3:4 12.5000000000|", "/tmp/a d 755 0:0 0.0000000000|", "/tmp/a/b f 644 0:0 0.0000000000|0",
            ])
        let entry = try fixture.unpack(RawTar("d tmp 700; f tmp/a").bytes, over: base.chainID)
        #expect(fixture.listing(fixture.path(entry), "/%P %m %U|").contains("/tmp 700 0|"))
        let hidden = try fixture.unpack(RawTar("f .wh.tmp; f tmp/a").bytes, over: base.chainID)
        #expect(fixture.listing(fixture.path(hidden), "/%P %m %U|").contains("/tmp 755 0|"))
    }

    @Test("a whiteout is overlayfs' own: a character device 0:0, or an attribute of the folder")
    func onDisk() throws {
        let fixture = LayerFixture()
        let layers = try stack(fixture, [Self.lower, "f .wh.gone; d d; f d/.wh..wh..opq"])
        #expect(fixture.shell("stat -c '%F %t:%T' \(fixture.path(layers[1], "gone"))") == "character special file 0:0")
        let folder = try FileSource(path: fixture.path(layers[1], "d"))
        let value = RawBuffer(16)
        #expect(ExtraSystemCalls.getAttribute(folder.descriptor, "trusted.overlay.opaque", into: value.all) == 1)
        #expect(value.all[0] == 0x79)
    }
}
