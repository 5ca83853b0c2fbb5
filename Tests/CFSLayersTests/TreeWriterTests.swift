import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSLayers

@Suite(
    "Writing into a folder that somebody else may have a say in",
    .enabled(if: LayerFixture.isRoot, LayerFixture.needsRoot))
struct TreeWriterTests {
    private func write(
        _ fixture: LayerFixture, _ members: RawTar, owners: TreeWriter.Owners = .kept(.identity)
    ) throws(CFSError) -> TreeWriter {
        let writer = TreeWriter(SharedFD(try Directory.open(fixture.folder("t"))), owners: owners)
        try writer.writeAll(TarReader(BytesSource(members.bytes)))
        return writer
    }

    private func fixture(_ script: String = "true") -> LayerFixture {
        let fixture = LayerFixture()
        fixture.shell("mkdir t outside; echo secret > outside/file; cd t; \(script)")
        return fixture
    }

    @Test("everything arrives as it was")
    func fidelity() throws {
        let fixture = fixture()
        fixture.shell(
            """
            mkdir -p s/a/b s/z; cd s; printf 1 > a/f; chown 5:6 a/f; chmod 6755 a/f; ln a/f z/link; ln -s /nowhere l
            chown -h 9:9 l; mknod c c 5 1; mkfifo p; chmod 1777 z; touch -d @1.5 a/f; touch -h -d @2 l; touch -d @-3.25 a
            truncate -s 5M hole; printf end >> hole; chmod 0 a/b
            """)
        fixture.folder.setAttribute("user.x", to: "1", of: "s/a/f")
        let writer = TreeWriter(
            SharedFD(try Directory.open(fixture.folder("t"))), owners: .kept(.identity))
        try writer.writeAll(FolderReader(SharedFD(try Directory.open(fixture.folder("s"))), as: nil))
        let listing = "/%P %y %m %U:%G %n %T@ %l|"
        #expect(
            fixture.listing(fixture.folder("t"), listing).dropFirst()
                == fixture.listing(fixture.folder("s"), listing).dropFirst())
        #expect(try #require(Int(fixture.shell("stat -c %b t/hole"))) < 64)
        #expect(fixture.shell("diff -r --no-dereference -x c -x p s t && echo same") == "same")
        #expect(writer.files == 6 && writer.bytes == 4)
    }

    @Test("without their owners files are the writer's, and neither set-uid nor devices come along")
    func plain() throws {
        let fixture = fixture()
        var tar = RawTar()
        tar.add("su", [1], mode: 0o6755, uid: 7, gid: 8)
        tar.add("disk", type: "4", mode: 0o666, fields: [329: Array("0000010".utf8)])
        tar.add("null", type: "3", mode: 0o666, fields: [329: Array("0000001".utf8), 337: Array("0000003".utf8)])
        tar.add("d", type: "5", mode: 0o2755, uid: 7)
        tar.add("p", type: "6", mode: 0o622, uid: 7)
        let writer = try write(fixture, tar, owners: .writer)
        #expect(writer.leftOut.map(\.string) == ["disk", "null"] && writer.files == 2)
        #expect(
            fixture.listing(fixture.folder("t"), "/%P %y %m %U:%G|").dropFirst() == [
                "/d d 755 0:0|", "/p p 622 0:0|0", "/su f 755 0:0|1",
            ])
    }

    @Test("owners go through the map; one that has no place in it is an error, and nothing is left")
    func mapped() throws {
        let range = RuntimeSpec.IDRange(containerID: 0, hostID: 500_000, size: 65_536)
        let owners = TreeWriter.Owners.kept(OwnerMap(uids: [range], gids: [range]))
        let fixture = fixture()
        var tar = RawTar()
        tar.add("f", [1], uid: 33, gid: 0)
        _ = try write(fixture, tar, owners: owners)
        #expect(fixture.shell("stat -c %u:%g t/f") == "500033:500000")
        tar.add("g", [1], uid: 65_536)
        let error = failure { () throws(CFSError) in try write(fixture, tar, owners: owners) }
        #expect(error?.code == .invalidArgument && error?.message.contains("65536:0") == true)
        #expect(namesInFolder(fixture.folder("t")) == ["f"])
    }

    @Test(
        "a link is never written through: neither one that was there nor one that the archive brought",
        arguments: [
            ("ln -s ../outside d", "d d; f d/file evil"), ("ln -s ../outside d", "f d/file evil"),
            ("true", "l d ../outside; f d/file evil"), ("ln -s ../outside/file d", "d d"),
            ("mkdir d; ln -s ../../outside d/in", "d d; d d/in; f d/in/file evil"),
        ])
    func links(before: String, members: String) throws {
        let fixture = fixture(before)
        let error = failure { () throws(CFSError) in try write(fixture, RawTar(members)) }
        #expect(error?.code == .conflict, "\(error?.description ?? "")")
        #expect(fixture.shell("cat outside/file; ls outside") == "secret\nfile")
    }

    @Test("a link is replaced by a file, and what it led to stays")
    func replacedLink() throws {
        let fixture = fixture("ln -s ../outside/file f; ln -s nowhere g")
        _ = try write(fixture, RawTar("f f new; f g new"))
        #expect(fixture.shell("cat outside/file t/f t/g; stat -c %F t/f") == "secret\nnewnewregular file")
    }

    @Test("hard links within the archive stay; one to elsewhere is refused")
    func hardLinks() throws {
        let fixture = fixture("ln -s ../outside/file out")
        _ = try write(fixture, RawTar("f a one; h b a; h b a; h a a"))
        #expect(fixture.shell("stat -c '%h %s' t/a t/b; ls -A t") == "2 3\n2 3\na\nb\nout")
        for target in ["out", "missing", "../outside/file"] {
            let error = failure { () throws(CFSError) in try write(fixture, RawTar("h c \(target)")) }
            #expect(error != nil, "\(target)")
        }
        #expect(fixture.shell("ls -A t; stat -c %h outside/file") == "a\nb\nout\n1")
    }

    @Test("folders are merged and stay as they were; a folder and a file never replace each other")
    func merging() throws {
        let fixture = fixture("mkdir -m 700 d; chown 3 d; echo old > d/old; echo old > f; mkdir full; : > full/x")
        _ = try write(fixture, RawTar("d d 755; f d/new n; f f n"))
        #expect(fixture.shell("stat -c '%a %u' t/d; cat t/d/old t/d/new t/f") == "700 3\nold\nnn")
        for members in ["f d x", "d f", "f full x", "l full x"] {
            let error = failure { () throws(CFSError) in try write(fixture, RawTar("f first x; \(members)")) }
            #expect(error?.code == .conflict && error?.hint != nil, "\(members): \(error?.description ?? "")")
        }
        #expect(fixture.shell("ls -A t; ls t/full; cat t/f") == "d\nf\nfull\nx\nn")
    }

    @Test(
        "a file that is mounted keeps its place and gets the content; nothing else takes it", arguments: [true, false])
    func mounted(isWritable: Bool) throws {
        let fixture = fixture("echo old > f; mkdir d; echo old > ../source")
        let (errors, seen) = try withPrivateMounts {
            let (bind, remount, readOnly): (UInt, UInt, UInt) = (1 << 12, 1 << 5, 1)
            try PrivateMount.make(fixture.folder("source"), on: fixture.folder("t/f"), "", flags: bind)
            if !isWritable {
                try PrivateMount.make("none", on: fixture.folder("t/f"), "", flags: bind | remount | readOnly)
            }
            let errors = ["f f new", "l f x", "f g x; h f g", "p f"].map { members in
                failure { () throws(CFSError) in try write(fixture, RawTar(members)) }
            }
            let look = "grep -c ' \(fixture.folder("t/f")) ' /proc/self/mountinfo; cat source"
            return (errors, fixture.shell(look))
        }
        #expect((errors[0] == nil) == isWritable)
        if !isWritable { #expect(errors[0]?.message == "\"\(fixture.folder("t/f"))\" is mounted read-only") }
        for error in errors.dropFirst() {
            #expect(error?.code == .conflict && error?.message.contains("is mounted") == true)
        }
        #expect(seen == "1\n" + (isWritable ? "new" : "old"), "\(seen)")
    }

    @Test("a device, a pipe and a socket are replaced by their kind only")
    func special() throws {
        let socket = "import socket; socket.socket(socket.AF_UNIX).bind(\"s\")"
        let fixture = fixture("mkfifo p; mknod c c 1 3; python3 -c '\(socket)'")
        for (name, what) in [("p", "a pipe"), ("c", "a device"), ("s", "a socket")] {
            for members in ["f \(name) x", "l \(name) x", "f first x; h \(name) first"] {
                let error = failure { () throws(CFSError) in try write(fixture, RawTar(members)) }
                #expect(error?.code == .conflict && error?.message.contains("is \(what)") == true, "\(members)")
            }
        }
        var tar = RawTar()
        tar.add("p", type: "6", mode: 0o622)
        tar.add("c", type: "3", mode: 0o600, fields: [329: Array("0000001".utf8), 337: Array("0000005".utf8)])
        _ = try write(fixture, tar)
        #expect(fixture.shell("stat -c '%a %t:%T' t/p t/c; ls -A t") == "622 0:0\n600 1:5\nc\np\ns")
    }

    @Test("what fails in the middle takes away what was new, and leaves what was there")
    func rollBack() throws {
        let fixture = fixture("mkdir d; echo old > d/old")
        var tar = RawTar("d d; d d/new; f d/new/a x; f other x; d deep/er; f d/old new")
        tar.add("cut", [1, 2, 3], size: 2000)
        let writer = TreeWriter(SharedFD(try Directory.open(fixture.folder("t"))), owners: .writer)
        let error = failure { () throws(CFSError) in
            try writer.writeAll(TarReader(BytesSource(tar.unended), needsEndMarker: false))
        }
        #expect(error?.code == .invalidArchive)
        #expect(fixture.shell("find t | sort; cat t/d/old") == "t\nt/d\nt/d/old\nnew")
    }

    @Test("a name that leads out is refused", arguments: ["../x", "a/../../x", "/../x"])
    func outside(name: String) throws {
        let fixture = fixture()
        let error = failure { () throws(CFSError) in try write(fixture, RawTar("f \(name) evil")) }
        #expect(error?.code == .unsafeLayer)
        #expect(namesInFolder(fixture.folder.path).sorted() == ["outside", "t"])
    }

    @Test("what stands in a full file system is as before")
    func full() throws {
        let fixture = fixture()
        let (error, listing) = try withPrivateMounts {
            try PrivateMount.make("tmpfs", on: fixture.folder("t"), "size=100k")
            fixture.shell("echo old > t/old")
            var tar = RawTar("d d; f d/small x")
            tar.add("old", [UInt8](repeating: 7, count: 200_000))
            let error = failure { () throws(CFSError) in try write(fixture, tar) }
            return (error, fixture.shell("ls -A t; cat t/old"))
        }
        #expect(error?.code == .noSpace)
        #expect(listing == "old\nold")
    }
}
