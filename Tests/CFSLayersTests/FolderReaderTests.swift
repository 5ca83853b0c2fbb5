import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSLayers

@Suite("Reading a folder as an archive", .enabled(if: LayerFixture.isRoot, LayerFixture.needsRoot))
struct FolderReaderTests {
    private func pack(_ fixture: LayerFixture, _ name: String = "t") throws -> [UInt8] {
        let reader = try FolderReader(path: fixture.folder(name))
        let sink = BytesSink()
        let tar = TarWriter(sink)
        while let entry = try reader.next() { try tar.write(entry, body: BodySource(reader)) }
        try tar.finish()
        return sink.bytes
    }

    @Test("a folder becomes a layer with everything that it holds")
    func fidelity() throws {
        let fixture = LayerFixture()
        fixture.shell(
            """
            mkdir -p t/a/b t/z t/-dash; cd t; printf 1 > a/f; chmod 6755 a/f; chown 5:6 a/f; chmod 6755 a/f; ln a/f z/link; ln a/f a/b/x
            ln -s /nowhere l; ln l l2; chown -h 9:9 l; mknod c c 5 1; mknod b b 8 1; mkfifo p; chmod 1777 z; chmod 0 a/b
            printf raw > "$(printf '\\377')"; touch -d @1.5 a/f; touch -h -d @2 l; touch -d @-3.25 a; : > -dash/-x
            truncate -s 5M hole; printf end >> hole; truncate -s 1M empty-hole; printf front > front; truncate -s 1M front
            """)
        let layer = try fixture.unpack(pack(fixture))
        // Links to links come as links of their own: in a layer only files have several names.
        let listing = "/%P %y %m %U:%G %T@ %l|"
        #expect(
            fixture.listing(fixture.path(layer), listing).dropFirst()
                == fixture.listing(fixture.folder("t"), listing).dropFirst())
        #expect(fixture.shell("stat -c %h \(fixture.path(layer, "a/f"))") == "3")
        #expect(
            fixture.shell("diff -r --no-dereference -x c -x b -x p t \(fixture.path(layer)) && echo same") == "same")
        for name in ["hole", "empty-hole", "front"] {
            #expect(try #require(Int(fixture.shell("stat -c %b \(fixture.path(layer, name))"))) < 64, "\(name)")
        }
    }

    @Test("entries are sorted, and the folder's own owner and mode are not taken")
    func order() throws {
        let fixture = LayerFixture()
        fixture.shell("mkdir -p t/b t/a/z t/a.d; chmod 700 t; chown 5 t; touch t/b/2 t/b/1 t/a/y t/c")
        let names = try contents(FolderReader(path: fixture.folder("t"))).map(\.entry.path)
        #expect(names == ["a", "a/y", "a/z", "a.d", "b", "b/1", "b/2", "c"])
        let layer = try fixture.unpack(pack(fixture))
        #expect(fixture.listing(fixture.path(layer), "/%P %m %U ").first == "/ 755 0 ")
    }

    @Test("the same content gives the same bytes, wherever it lies")
    func deterministic() throws {
        let fixture = LayerFixture()
        fixture.shell("mkdir -p t/d; for i in 5 3 9 1; do echo $i > t/d/$i; done; ln t/d/5 t/d/x; cp -a t other")
        #expect(try pack(fixture) == pack(fixture, "other"))
    }

    @Test("attributes that images keep are taken, others are not")
    func attributes() throws {
        let fixture = LayerFixture()
        fixture.shell("mkdir -p t/d; echo x > t/f")
        for (name, value) in [
            ("user.b", "2"), ("user.a", ""), ("trusted.x", "t"), ("user.overlay.opaque", "y"), ("user.c=d", "e"),
        ] {
            for path in ["t/f", "t/d"] {
                let file = try FileSource(path: fixture.folder(path))
                let attribute = ExtendedAttribute(name: name, value: Array(value.utf8))
                #expect(ExtraSystemCalls.setAttribute(file.descriptor, attribute) == 0)
            }
        }
        for found in try contents(FolderReader(path: fixture.folder("t"))) {
            #expect(
                found.entry.attributes.map(\.name) == ["user.a", "user.b"]
                    && found.entry.attributes.map(\.value) == [[], [0x32]])
        }
    }

    @Test("no link is followed, sockets are passed over, and a name of whiteouts is an error")
    func odd() throws {
        let fixture = LayerFixture()
        fixture.shell(
            "mkdir -p t outside; echo secret > outside/secret; ln -s ../outside t/l; ln -s outside here; : > 't/ordinary'"
        )
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array(fixture.folder("t/socket").utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0)
        #expect(try contents(FolderReader(path: fixture.folder("t"))).map(\.entry.path) == ["l", "ordinary"])
        fixture.shell("touch t/.wh.ordinary")
        let error = failure { () throws(CFSError) in try contents(FolderReader(path: fixture.folder("t"))) }
        #expect(error?.code == .invalidArgument)
        #expect(failure { () throws(CFSError) in try FolderReader(path: fixture.folder("missing")) }?.errno == ENOENT)
    }

    @Test("what the kernel has mounted inside comes as an empty folder, other mounts with their content")
    func mounts() throws {
        let fixture = LayerFixture()
        fixture.shell("mkdir -p t/proc t/sys t/data")
        let names = try withPrivateMounts {
            try PrivateMount.make("proc", on: fixture.folder("t/proc"), "")
            try PrivateMount.make("sysfs", on: fixture.folder("t/sys"), "")
            try PrivateMount.make("tmpfs", on: fixture.folder("t/data"), "")
            fixture.shell("echo x > t/data/file")
            return try contents(FolderReader(path: fixture.folder("t"))).map(\.entry.path)
        }
        #expect(names == ["data", "data/file", "proc", "sys"])
    }

    @Test("a tree that is too deep is an error; a file that shrinks meanwhile, too")
    func changing() throws {
        let fixture = LayerFixture()
        fixture.shell("mkdir -p t/$(printf 'd/%.0s' $(seq 300))")
        #expect(
            failure { () throws(CFSError) in try contents(FolderReader(path: fixture.folder("t"))) }?.code
                == .limitExceeded)
        fixture.shell("rm -r t; mkdir t; seq 1 1000 > t/f")
        let reader = try FolderReader(path: fixture.folder("t"))
        let entry = try #require(try reader.next())
        fixture.shell(": > t/f")
        let tar = TarWriter(BytesSink())
        #expect(
            failure { () throws(CFSError) in try tar.write(entry, body: BodySource(reader)) }?.code == .invalidArchive)
    }
}
