import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSLayers

/// Changes that are made through the kernel's own overlay, as containers make them.
@Suite("What a container has changed", .enabled(if: LayerFixture.isRoot, LayerFixture.needsRoot))
struct UpperReaderTests {
    /// `keep`, `gone`, a link `run`, and `d` with `in`, `other` and `sub/deep`.
    private static let image =
        "f keep lower; f gone lower; d d 1777; f d/in lower; f d/other lower; d d/sub; f d/sub/deep lower; d etc; "
        + "f etc/passwd root; d var; l var/run ../run; d run"

    /// An image, a container's folders, and what a shell script does in the two merged.
    private struct Container {
        let fixture = LayerFixture()
        let layer: ImageRecord.Layer
        var upper: String { fixture.folder("upper") }

        init(_ script: String) throws {
            let first = try fixture.unpack(RawTar("f keep older; f d/oldest lower").bytes)
            layer = try fixture.unpack(RawTar(UpperReaderTests.image).bytes, over: first.chainID)
            fixture.shell("mkdir upper work merged empty")
            try run(over: [layer, first], script)
        }

        /// Runs a shell in the merged folder; its output.
        @discardableResult
        func run(over layers: [ImageRecord.Layer], upper: String? = "upper", _ script: String) throws -> String {
            let lower = layers.map { fixture.store.path(of: $0.chainID) }.joined(separator: ":")
            let own = upper.map { ",upperdir=\(fixture.folder($0)),workdir=\(fixture.folder("work"))" } ?? ""
            return try withPrivateMounts {
                let options = "lowerdir=\(lower)\(upper == nil ? ":\(fixture.folder("empty"))" : "")\(own)"
                try PrivateMount.make("overlay", on: fixture.folder("merged"), options)
                return fixture.shell("cd merged; \(script)")
            }
        }

        func open() throws -> SharedFD { SharedFD(try Directory.open(upper)) }

        func changes(places: [String] = [], owners: OwnerMap = .identity) throws -> [String] {
            try fixture.store.changes(in: open(), over: layer.chainID, places: places, owners: owners).map {
                "\($0.kind.rawValue) \($0.path)"
            }
        }

        func pack(places: [String] = [], owners: OwnerMap = .identity) throws -> [UInt8] {
            let reader = try fixture.store.reader(
                of: open(), over: layer.chainID, places: places, owners: owners)
            let sink = BytesSink()
            try TarWriter(sink).writeAll(reader)
            return sink.bytes
        }

        func names(places: [String] = []) throws -> [String] {
            try contents(TarReader(BytesSource(pack(places: places)))).map(\.entry.path)
        }
    }

    @Test("files are added, changed and deleted, with the folders that they lie in")
    func kinds() throws {
        let container = try Container("echo x > new; echo x > d/in; rm gone; rm -r d/sub; mkdir -p a/b; ln -s q d/l")
        #expect(
            try container.changes() == [
                "A /a", "A /a/b", "C /d", "C /d/in", "A /d/l", "D /d/sub", "D /gone", "A /new",
            ])
        #expect(
            try container.names() == ["./", "a/", "a/b/", "d/", "d/in", "d/l", "d/.wh.sub", ".wh.gone", "new"])
    }

    @Test("what was made and removed again is no change, nor is what was only read")
    func nothing() throws {
        let container = try Container("cat d/in > /dev/null; ls -lR > /dev/null")
        #expect(try container.changes().isEmpty)
        #expect(try container.names() == ["./"])
        let busy = try Container("echo > d/x; rm d/x")
        #expect(try busy.changes() == ["C /d"])
    }

    @Test("a folder that was deleted and made anew hides what the image had in it")
    func opaque() throws {
        let container = try Container("rm -r d; mkdir d; echo new > d/in; mkdir d/sub; echo y > d/fresh")
        #expect(
            try container.changes() == [
                "C /d", "A /d/fresh", "C /d/in", "D /d/oldest", "D /d/other", "C /d/sub", "D /d/sub/deep",
            ])
        #expect(
            try container.names() == ["./", "d/", "d/.wh..wh..opq", "d/fresh", "d/in", "d/sub/"])
    }

    @Test("a folder becomes a file, and a file a folder")
    func exchanged() throws {
        let container = try Container("rm -r d; echo x > d; rm gone; mkdir gone; echo y > gone/in")
        #expect(try container.changes() == ["C /d", "C /gone", "A /gone/in"])
    }

    /// As `find` lists it, with times of what is no folder.
    private static let listing =
        "find . -type d -printf '%P %y %m %U:%G\\n' -o -type f -printf '%P %y %m %U:%G %T@ %n %s ' -exec md5sum {} \\; "
        + "-o -printf '%P %y %m %U:%G %l\\n' | sort"

    @Test(
        "a layer of the changes over the image is what the container saw",
        arguments: [
            "echo x > new; rm gone; rm -r d/sub; mkdir -m 2750 -p a/b; ln -s /nowhere l; chmod 700 .",
            "rm -r d; mkdir d; echo new > d/in; mkdir d/sub; rm -r etc; ln -s d etc",
            "rm -r d; echo x > d; rm gone; mkdir gone; echo y > gone/in; chown 5:6 gone/in; chmod 6755 gone/in",
            "echo 1 > one; ln one two; ln one d/three; rm d/in; ln d/other d/in; chown 70000:1 one",
            "mkfifo p; mknod c c 1 3; mknod b b 7 9; truncate -s 3M hole; printf end >> hole; touch -d @1.5 keep",
            "mv d/in moved; mv d/other d/sub/; touch -d @-3.25 moved; mkdir -p './-x/ü'; : > \"$(printf '\\377')\"",
            "n=$(printf 'n%.0s' $(seq 200)); mkdir -p $n/$n/$n; echo x > $n/$n/$n/$n; ln -s $n/$n/$n/$n d/l",
        ])
    func roundTrip(script: String) throws {
        let container = try Container(script)
        let older = try container.fixture.unpack(RawTar("f keep older; f d/oldest lower").bytes)
        let seen = try container.run(over: [container.layer, older], Self.listing)
        let layer = try container.fixture.unpack(container.pack(), over: container.layer.chainID)
        let again = try container.run(over: [layer, container.layer, older], upper: nil, Self.listing)
        #expect(again == seen)
        #expect(seen.contains("passwd") != script.contains("rm -r etc"))
    }

    @Test("ids of the container's range become those inside; all others are nobody's")
    func owners() throws {
        let range = RuntimeSpec.IDRange(containerID: 0, hostID: 1_000_000, size: 65_536)
        let map = OwnerMap(uids: [range], gids: [range])
        let container = try Container(
            """
            : > root; chown 1000000:1000000 root; : > last; chown 1065535:1000005 last; : > lost; chown 1065536:7 lost
            chmod 4755 root
            """)
        let entries = try contents(TarReader(BytesSource(container.pack(owners: map)))).map(\.entry)
        let found = entries.map { "\($0.path) \($0.uid):\($0.gid) \(String($0.mode, radix: 8))" }
        #expect(
            found == [
                "./ 65534:65534 755", "last 65535:5 644", "lost 65534:65534 644", "root 0:0 4755",
            ])
    }

    @Test("places that a start made for mounts are no change, and neither are the folders that only they lie in")
    func places() throws {
        let script =
            "mkdir -p proc srv/deep; : > etc/hosts; : > run/sock; mkdir -p work; : > etc/hostname; touch -d @9 etc run"
        let places = ["/proc", "/etc/hosts", "/etc/hostname", "/var/run/sock", "/srv/deep", "/work", "/etc/passwd"]
        #expect(try Container(script).changes(places: places).isEmpty)
        #expect(try Container(script).names(places: places) == ["./"])
        let used = try Container(script + "; echo x > work/file; echo y > etc/new; chmod 700 run")
        #expect(
            try used.changes(places: places) == [
                "C /etc", "A /etc/new", "C /run", "A /work", "A /work/file",
            ])
        #expect(
            try used.names(places: places) == ["./", "etc/", "etc/new", "run/", "work/", "work/file"])
        // A file that is not empty was not made for a mount.
        #expect(try Container("echo x > etc/hosts").changes(places: places) == ["C /etc", "A /etc/hosts"])
    }

    @Test("a file that is called like a whiteout is listed, but cannot be packed")
    func reserved() throws {
        for name in [".wh.keep", ".wh..wh..opq"] {
            let container = try Container("echo x > d/\(name)")
            #expect(try container.changes() == ["C /d", "A /d/\(name)"])
            let error = failure { () throws(CFSError) in
                do { _ = try container.pack() } catch let error as CFSError { throw error } catch {}
            }
            #expect(error?.code == .invalidArgument)
        }
    }

    @Test("attributes: those of users come along, those of the kernel and of a container's own overlay do not")
    func attributes() throws {
        let container = try Container("echo x > f; : > hidden")
        for (name, value) in [
            ("user.mine", "1"), ("user.overlay.opaque", "y"), ("user.overlay.whiteout", "y"), ("trusted.other", "t"),
        ] {
            for file in ["upper/f", "upper/hidden"] { container.fixture.folder.setAttribute(name, to: value, of: file) }
        }
        let entries = try contents(TarReader(BytesSource(container.pack()))).map(\.entry)
        #expect(entries.map(\.path) == ["./", "f", "hidden"])
        #expect(entries.dropFirst().allSatisfy { $0.attributes.map(\.name) == ["user.mine"] })
        // The kernel's own form of a whiteout, from Linux 6.7 on.
        container.fixture.shell(": > upper/gone")
        container.fixture.folder.setAttribute("trusted.overlay.whiteout", to: "", of: "upper/gone")
        #expect(try container.changes() == ["A /f", "D /gone", "A /hidden"])
    }

    @Test("sockets are left out, and a link to nothing, or in a circle, is just a link")
    func others() throws {
        let container = try Container(
            "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"s\")'; ln -s loop loop; ln -s / d/root")
        #expect(try container.changes(places: ["/loop/x", "/d/root/etc/hosts"]) == ["C /d", "A /d/root", "A /loop"])
    }
}
