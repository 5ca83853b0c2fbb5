import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSLayers

@Suite("Unpacking a layer", .enabled(if: LayerFixture.isRoot, LayerFixture.needsRoot))
struct LayerUnpackerTests {
    /// One of everything that a file system can hold.
    private func makeTree(_ fixture: LayerFixture) {
        fixture.shell(
            """
            mkdir -p t/usr/bin t/dev t/empty t/tmp t/secret; cd t
            printf program > usr/bin/su; chmod 4755 usr/bin/su; printf mail > usr/bin/mail; chown 7:8 usr/bin/mail
            chmod 2755 usr/bin/mail; ln usr/bin/su usr/bin/su2; ln usr/bin/su empty/su3; ln -s ../../x usr/bin/link
            ln -s /etc/passwd absolute; chown -h 70000:80000 absolute; mknod dev/null c 1 3; chmod 666 dev/null
            mknod dev/sda b 8 0; mknod dev/big c 4095 1048575; mkfifo -m 640 dev/pipe; chmod 1777 tmp; chmod 700 secret
            chmod 0 secret/. ; chown 1000:1000 secret; printf x > 'with space'; printf y > "$(printf 'raw\\377\\n')"
            printf z > umläut; : > none; touch -d '1969-12-31 23:59:58.25' none; touch -d @1700000000.123456789 usr/bin/su
            truncate -s 3M sparse; printf end >> sparse; chmod 000 none; touch -h -d @5 absolute
            touch -d @1234567890.5 usr/bin; touch -d @1234567891 usr tmp dev empty secret
            """)
    }

    @Test(
        "everything that GNU tar packs comes back as it was, whatever the umask", arguments: ["pax", "gnu"], ["", "-S"])
    func fidelity(format: String, sparse: String) throws {
        let fixture = LayerFixture()
        makeTree(fixture)
        fixture.shell("touch -d @1111111111 t; tar -C t --format=\(format) --numeric-owner \(sparse) -cf in .")
        let tar = try fixture.bytes("in")
        // A thread with mounts of its own has a umask of its own, too (clone(2), CLONE_FS).
        let layer = try withPrivateMounts {
            umask(0o077)
            return try fixture.unpack(tar)
        }
        // Only pax has room for parts of a second.
        let time = format == "pax" ? "%T@" : "%Ts"
        let listing = "/%P %y %m %U:%G %n \(time) %l|"
        #expect(fixture.listing(fixture.path(layer), listing) == fixture.listing(fixture.folder("t"), listing))
        #expect(fixture.shell("diff -r --no-dereference -x dev t \(fixture.path(layer)) && echo same") == "same")
        #expect(fixture.shell("stat -c %t:%T \(fixture.path(layer))dev/big") == "fff:fffff")
        let blocks = try #require(Int(fixture.shell("stat -c %b \(fixture.path(layer))sparse")))
        #expect(sparse.isEmpty || blocks < 100)
        let contents = ["program", "mail", "x", "y", "z", "end"].joined().utf8.count
        #expect(layer.size == UInt64(contents) + 3 << 20)
    }

    @Test("attributes of users and of capabilities are kept, labels of another machine are not")
    func attributes() throws {
        let fixture = LayerFixture()
        // cap_net_raw, effective and permitted (linux/capability.h, VFS_CAP_REVISION_2).
        let capability: [UInt8] = [1, 0, 0, 2, 0, 0x20] + [UInt8](repeating: 0, count: 14)
        let layer = try fixture.unpack(
            RawTar {
                $0.pax([
                    ("SCHILY.xattr.security.capability", capability), ("SCHILY.xattr.user.note", [0, 1, 255]),
                    ("SCHILY.xattr.user.empty", []), ("SCHILY.xattr.security.selinux", Array("label".utf8)),
                ])
                $0.add("ping", Array("x".utf8), mode: 0o755, uid: 5)
                $0.pax([("SCHILY.xattr.user.folder", Array("f".utf8))])
                $0.folder("d")
                $0.pax([("SCHILY.xattr.user.link", Array("l".utf8))])
                $0.link("l", to: "ping")
            }.bytes)
        let file = try FileSource(path: fixture.path(layer, "ping"))
        #expect(
            try FileAttributes.of(file.descriptor, .file, "ping") == [
                ExtendedAttribute(name: "security.capability", value: capability),
                ExtendedAttribute(name: "user.empty", value: []),
                ExtendedAttribute(name: "user.note", value: [0, 1, 255]),
            ])
        let folder = try FileSource(path: fixture.path(layer, "d"))
        #expect(try FileAttributes.of(folder.descriptor, .directory, "d").map(\.name) == ["user.folder"])
    }

    @Test("folders that the archive lacks are made, plain and of root, with a time that is always the same")
    func missingFolders() throws {
        let fixture = LayerFixture()
        let layer = try fixture.unpack(RawTar { $0.add("a/b/c", mode: 0o600, uid: 9, time: 7) }.bytes)
        #expect(
            fixture.listing(fixture.path(layer)) == [
                "/ d 755 0:0 3 0.0000000000 |", "/a d 755 0:0 3 0.0000000000 |", "/a/b d 755 0:0 2 0.0000000000 |",
                "/a/b/c f 600 9:0 1 7.0000000000 |0",
            ])
    }

    @Test("what the archive says of the root and of folders counts, also behind what lies in them")
    func lateFolders() throws {
        let fixture = LayerFixture()
        let layer = try fixture.unpack(
            RawTar {
                $0.add("d/f", time: 5)
                $0.add("d", type: "5", mode: 0o1770, uid: 3, gid: 4, time: 99)
                $0.add("./", type: "5", mode: 0o711, uid: 1, time: 77)
                $0.add("d/g", time: 6)
            }.bytes)
        let found = fixture.listing(fixture.path(layer), "/%P %m %U:%G %Ts|")
        #expect(found.prefix(2) == ["/ 711 1:0 77|", "/d 1770 3:4 99|"])
    }

    @Test("a later entry replaces an earlier one of any other kind")
    func replacing() throws {
        let fixture = LayerFixture()
        let makers: [(String, (inout RawTar) -> Void)] = [
            ("f", { $0.file("x", "file") }),
            (
                "d",
                {
                    $0.folder("x"); $0.folder("x/in"); $0.file("x/in/deep")
                }
            ),
            ("l", { $0.link("x", to: "nowhere") }), ("p", { $0.add("x", type: "6") }),
            ("c", { $0.add("x", type: "3", fields: [329: Array("0000001".utf8), 337: Array("0000003".utf8)]) }),
            ("h", { $0.hardLink("x", to: "other") }),
        ]
        for (first, before) in makers {
            for (second, after) in makers {
                let layer = try fixture.unpack(
                    RawTar {
                        $0.file("other", "other")
                        before(&$0)
                        after(&$0)
                        $0.file("first-\(first)-\(second)")
                    }.bytes)
                let kind = fixture.shell("find \(fixture.path(layer, "x")) -maxdepth 0 -printf %y")
                #expect(kind == (second == "h" ? "f" : second), "\(second) over \(first)")
                #expect(fixture.text(layer, "other") == "other", "\(second) over \(first)")
                if second == "f" { #expect(fixture.text(layer, "x") == "file") }
                if second == "h" { #expect(fixture.text(layer, "x") == "other") }
                let size = UInt64("other".count + (second == "f" ? "file".count : 0))
                #expect(layer.size == size, "\(second) over \(first)")
            }
        }
    }

    @Test("a file that is replaced does not change its other names")
    func hardLinksPart() throws {
        let fixture = LayerFixture()
        let layer = try fixture.unpack(
            RawTar {
                $0.file("a", "old")
                $0.hardLink("b", to: "./a")
                $0.hardLink("a", to: "/a")
                $0.file("a", "new!")
            }.bytes)
        #expect(fixture.text(layer, "a") == "new!" && fixture.text(layer, "b") == "old")
        #expect(layer.size == 7)
    }

    @Test("a folder that comes twice keeps what is in it")
    func twice() throws {
        let fixture = LayerFixture()
        let layer = try fixture.unpack(
            RawTar {
                $0.folder("d", mode: 0o700)
                $0.file("d/f", "x")
                $0.folder("./d/", mode: 0o750)
            }.bytes)
        #expect(fixture.text(layer, "d/f") == "x")
        #expect(fixture.listing(fixture.path(layer), "/%P %m|").contains("/d 750|"))
    }

    @Test("paths as deep and names as long as the limits are unpacked and removed again")
    func deepest() throws {
        let fixture = LayerFixture()
        let deep = [String](repeating: "d", count: 255).joined(separator: "/") + "/file"
        let long = [String](repeating: String(repeating: "n", count: 255), count: 15).joined(separator: "/")
        let layer = try fixture.unpack(
            RawTar {
                $0.pax("path", deep)
                $0.file("x", "deep")
                $0.pax("path", long)
                $0.file("x", "long")
            }.bytes)
        #expect(fixture.shell("cd \(fixture.path(layer)); find . -type f | wc -l") == "2")
        #expect(layer.size == 8)
        try fixture.store.remove(layer.chainID)
        #expect(fixture.stored == [])
    }

    @Test("all five compressions of a tar give the same layer")
    func compressed() throws {
        let fixture = LayerFixture()
        makeTree(fixture)
        fixture.shell("tar -C t --format=pax -cf in .")
        let plain = try fixture.unpack(fixture.bytes("in"))
        for packer in ["gzip", "xz", "lzma", "zstd -q", "bzip2"] {
            fixture.shell("rm -rf store; \(packer) < in > packed")
            #expect(try fixture.unpack(fixture.bytes("packed"), expecting: plain.diffID) == plain)
        }
        #expect(fixture.shell("sha256sum < in").hasPrefix(plain.diffID.hex))
    }
}
