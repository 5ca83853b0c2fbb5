import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSImages

@Suite("Importing a root file system", .enabled(if: ImageFixture.isRoot, ImageFixture.needsRoot))
struct ImportTests {
    @Test(
        "every form becomes the same image",
        arguments: [
            "cp -a tree in", "tar -C tree -cf in .", "tar -C tree -czf in .", "tar -C tree -cJf in .",
            "tar -C tree -cjf in .", "tar -C tree -c . | zstd -q > in", "tar -C tree -c . | lzma > in",
            "cd tree; find . | cpio -o -H newc > ../in", "cd tree; find . | cpio -o -H newc | gzip > ../in",
            "cd tree; find . | cpio -o -H crc | lzma > ../in",
            "cd tree; find . | cpio -o -H newc | xz --check=crc32 > ../in",
            "cd tree; (find bin | cpio -o -H newc | gzip; find etc | cpio -o -H newc) > ../in",
            "cd tree; find . | cpio -o -H newc | gzip > ../core.gz; cd ..; mkdir -p iso/boot; mv core.gz iso/boot; "
                + "genisoimage -quiet -R -o in iso",
        ])
    func forms(script: String) throws {
        let fixture = ImageFixture()
        fixture.makeTree()
        fixture.shell("{ \(script); } 2>&1")
        let image = try fixture.importing("in")
        #expect(fixture.text("etc/motd", of: image) == "hello\n")
        #expect(image.architecture == "386")
        #expect(image.source == .imported)
        #expect(image.layers.count == 1)
        #expect(image.configuration.command == ["/bin/sh"])
        #expect(try fixture.store.image("sample") == image)
        // One layer, one configuration, one manifest.
        #expect(namesInFolder(fixture.folder("store/blobs/sha256")).count == 3)
    }

    @Test(
        "what comes through a descriptor, from where it stands on, becomes the same image, and leaves nothing beside it"
    )
    func descriptor() throws {
        let fixture = ImageFixture()
        fixture.makeTree()
        fixture.shell("tar -C tree -czf in .; (printf 'before '; cat in) > behind")
        let expected = try fixture.importing("in")
        let file = try File.open(fixture.folder("behind"), .read)
        _ = lseek(file.raw, 7, SEEK_SET)
        var seen: [ImportProgress] = []
        let image = try fixture.store.importImage(name: "piped", fromDescriptor: file.raw, called: "the pipe") {
            seen.append($0)
        }
        #expect(image.digest == expected.digest)
        #expect(try fixture.store.image("piped") == image)
        #expect(seen.first == ImportProgress(.reading, done: 0, total: nil))
        #expect(namesInFolder(fixture.folder("store")).sorted() == ["blobs", "images.lock", "layers"])
    }

    @Test("a descriptor that ends too early, or has nothing, leaves nothing; its name stands in the error")
    func brokenDescriptor() throws {
        let fixture = ImageFixture()
        fixture.makeTree()
        fixture.shell("tar -C tree -cf whole .; head -c 3000 whole > cut; : > empty; yes none | head -c 3000 > noise")
        for (name, says) in [
            ("cut", "the tar archive ends too early"), ("empty", "the pipe is empty"),
            ("noise", "the pipe is no archive that can be imported"),
        ] {
            let file = try SharedFD(File.open(fixture.folder(name), .read))
            let error = failure { () throws(CFSError) in
                try fixture.store.importImage(name: "x", fromDescriptor: file.raw, called: "the pipe")
            }
            #expect(error?.message == says)
            #expect(fixture.stored == [])
        }
        var options = ImportOptions()
        options.limits.totalBytes = 2999
        let file = try SharedFD(File.open(fixture.folder("whole"), .read))
        let error = failure { () throws(CFSError) in
            try fixture.store.importImage(name: "x", fromDescriptor: file.raw, called: "the pipe", options: options)
        }
        #expect(error?.code == .limitExceeded && error?.message == "the pipe has more than 2999 bytes")
        #expect(try fixture.store.list() == [])
    }

    @Test("the same folder becomes the same image twice")
    func deterministic() throws {
        let fixture = ImageFixture()
        fixture.makeTree()
        let first = try fixture.importing("tree")
        fixture.shell("cp -a tree again")
        #expect(try fixture.importing("again", as: "other").digest == first.digest)
    }

    @Test("SliTaz's several parts are stacked, each a layer, the lower number over the higher")
    func stacked() throws {
        let fixture = ImageFixture()
        fixture.makeTree("four", motd: "four\n")
        fixture.shell(
            "mkdir -p one/etc two/etc iso/boot; echo one > one/etc/motd; echo two > two/etc/motd; echo 2 > two/etc/two")
        for (name, number) in [("one", 1), ("two", 2), ("four", 4)] {
            fixture.shell("cd \(name); find . | cpio -o -H newc 2>/dev/null | lzma > ../iso/boot/rootfs\(number).gz")
        }
        fixture.shell("head -c 5000 /dev/urandom > iso/boot/vmlinuz; genisoimage -quiet -R -o in iso")
        let image = try fixture.importing("in")
        #expect(image.layers.count == 3)
        #expect(fixture.text("etc/motd", of: image) == "one\n")
        #expect(fixture.text("etc/two", of: image) == "2\n")
        #expect(image.architecture == "386")
    }

    @Test("an ISO image without an initramfs says so")
    func emptyISO() throws {
        let fixture = ImageFixture()
        fixture.shell("mkdir iso; echo x | gzip > iso/a.gz; genisoimage -quiet -R -o in iso")
        let error = failure { () throws(CFSError) in
            try fixture.store.importImage(name: "x", from: fixture.folder("in"))
        }
        #expect(error?.message.contains("holds no initramfs") == true)
        #expect(fixture.stored == [])
    }

    @Test("a name of the catalogue gets its default command")
    func catalogueCommand() throws {
        let fixture = ImageFixture()
        fixture.makeTree()
        let image = try fixture.importing("tree", as: "BusyBox")
        #expect(image.configuration.command == ["sh"])
    }

    @Test("what has no shell has no command, and a command can be given")
    func commands() throws {
        let fixture = ImageFixture()
        fixture.shell("mkdir tree; echo x > tree/file")
        #expect(try fixture.importing("tree").configuration.command == [])
        var options = ImportOptions()
        options.command = ["/file"]
        let image = try fixture.store.importImage(name: "with", from: fixture.folder("tree"), options: options)
        #expect(image.configuration.command == ["/file"])
    }

    @Test("a file called like the mark of a layout does not make a root file system one")
    func lookalike() throws {
        let fixture = ImageFixture()
        fixture.makeTree()
        fixture.shell("echo '[]' > tree/manifest.json; echo '{}' > tree/index.json; echo '{}' > tree/oci-layout")
        fixture.shell("cd tree; tar -cf ../in manifest.json index.json oci-layout bin etc")
        #expect(try fixture.text("manifest.json", of: fixture.importing("in")) == "[]\n")
    }

    @Test("progress begins at nothing, goes up, and ends at the whole file")
    func progress() throws {
        let fixture = ImageFixture()
        fixture.makeTree()
        fixture.shell("head -c 3000000 /dev/urandom > tree/big; tar -C tree -czf in .")
        var seen: [ImportProgress] = []
        try fixture.store.importImage(name: "x", from: fixture.folder("in")) { seen.append($0) }
        for phase in [ImportProgress.Phase.reading, .unpacking] {
            let part = seen.filter { $0.phase == phase }
            #expect(part.map(\.done) == part.map(\.done).sorted())
            #expect(part.last?.done == part.last?.total)
            #expect(!part.isEmpty)
        }
    }

    @Test("an import under a name that is taken replaces that image; its layers go with the garbage")
    func replaces() throws {
        let fixture = ImageFixture()
        fixture.makeTree("a", motd: "a\n")
        fixture.makeTree("b", motd: "b\n")
        let first = try fixture.importing("a")
        let second = try fixture.importing("b")
        #expect(try fixture.store.list() == [second])
        let kept = try fixture.store.collectGarbage(keeping: [first.layers[0].chainID])
        #expect(kept.layers == [])
        #expect(fixture.text("etc/motd", of: first) == "a\n")
        #expect(try fixture.store.collectGarbage(keeping: []).layers == [first.layers[0].chainID])
        #expect(fixture.text("etc/motd", of: first) == nil)
        #expect(fixture.text("etc/motd", of: second) == "b\n")
    }

    @Test("what a killed import was writing goes with the next import, and with the garbage")
    func leftovers() throws {
        let fixture = ImageFixture()
        fixture.makeTree()
        let leave =
            "mkdir -p store/layers/.x.partial/bin store/blobs/sha256; : > store/layers/.x.partial/bin/sh; "
            + ": > store/blobs/sha256/.y.partial"
        fixture.shell(leave)
        try fixture.importing("tree")
        let clean = fixture.stored
        #expect(clean.count == 4 && clean.allSatisfy { $0.utf8.count == 64 })
        fixture.shell(leave)
        #expect(try fixture.store.collectGarbage(keeping: []) == ImageRemoval())
        #expect(fixture.stored == clean)
    }

    @Test("an image of 130 layers imports, each layer over the one before")
    func manyLayers() throws {
        let fixture = ImageFixture()
        var layout = try SampleLayout(fixture)
        for index in 0..<130 {
            fixture.shell("mkdir -p t\(index); echo \(index) > t\(index)/same; echo \(index) > t\(index)/file-\(index)")
            try layout.addLayer("t\(index)", pack: "gzip")
        }
        try layout.finish()
        let image = try fixture.importing("layout")
        #expect(image.layers.count == 130 && Set(image.layers.map(\.chainID)).count == 130)
        #expect(fixture.text("same", of: image) == "129\n" && fixture.text("file-0", of: image) == "0\n")
        #expect(try fixture.store.remove("sample", keeping: []).layers.count == 130)
        #expect(fixture.stored == [])
    }
}
