import CFSLayers
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSImages

@Suite("Input that is no image", .enabled(if: ImageFixture.isRoot, ImageFixture.needsRoot))
struct BadInputTests {
    private func expectFailure(
        _ fixture: ImageFixture, _ path: String = "in", _ codes: Set<CFSError.Code> = [.invalidArchive],
        name: String = "bad",
        location: SourceLocation = #_sourceLocation
    ) -> CFSError? {
        let before = fixture.stored
        let error = failure { () throws(CFSError) in
            try fixture.store.importImage(name: name, from: fixture.folder(path))
        }
        #expect(error.map { codes.contains($0.code) } == true, "\(String(describing: error))", sourceLocation: location)
        #expect(fixture.stored == before, "something is left", sourceLocation: location)
        #expect(
            failure { () throws(CFSError) in try fixture.store.image(name) }?.code == .imageNotFound,
            sourceLocation: location)
        return error
    }

    @Test("a missing file, an empty one, and what is no archive, are told apart")
    func noArchive() {
        let fixture = ImageFixture()
        #expect(
            expectFailure(fixture, "missing", [.invalidArgument])?.message.contains("there is no file or folder")
                == true)
        fixture.shell(": > empty; head -c 5000 /dev/urandom > noise; echo hello > text; mkfifo pipe")
        #expect(expectFailure(fixture, "empty")?.message.contains("is empty") == true)
        #expect(expectFailure(fixture, "noise")?.message.contains("is no archive") == true)
        #expect(expectFailure(fixture, "text")?.hint?.contains("importable are") == true)
        #expect(
            expectFailure(fixture, "pipe", [.invalidArgument])?.message.contains("neither a file nor a folder") == true)
    }

    @Test(
        "a truncated archive leaves nothing, wherever it was cut",
        arguments: [
            "tar -C tree -cf full .", "tar -C tree -czf full .", "tar -C tree -cJf full .", "tar -C tree -cjf full .",
            "tar -C tree -c . | zstd -q > full", "cd tree; find . | cpio -o -H newc 2>/dev/null | gzip > ../full",
            "cd tree; find . | cpio -o -H newc 2>/dev/null > ../full",
            "cd tree; find . | cpio -o -H newc 2>/dev/null | lzma > ../full",
        ])
    func truncated(script: String) throws {
        let fixture = ImageFixture()
        fixture.makeTree()
        fixture.shell("head -c 200000 /dev/urandom > tree/big; \(script)")
        let size = try #require(Int(fixture.shell("stat -c %s full")))
        for part in [1, 7, 100, size / 4, size / 2, size * 3 / 4] {
            fixture.shell("head -c \(part) full > in")
            _ = expectFailure(fixture)
        }
    }

    @Test("an archive with one wrong byte in its compressed data leaves nothing")
    func corrupt() throws {
        let fixture = ImageFixture()
        fixture.makeTree()
        fixture.shell("head -c 200000 /dev/urandom > tree/big")
        for packed in ["gzip", "xz", "bzip2", "zstd -q --check"] {
            fixture.shell(
                "tar -C tree -c . | \(packed) > in; printf 'XXXX' | dd of=in bs=1 seek=90000 conv=notrunc 2>/dev/null")
            _ = expectFailure(fixture)
        }
    }

    @Test("a layer that tries to escape leaves nothing, inside and outside")
    func escape() throws {
        let fixture = ImageFixture()
        fixture.shell(
            "mkdir -p t/sub; echo evil > t/sub/evil; cd t/sub; tar -P --transform 's,evil,../../evil,' -cf ../../in evil"
        )
        _ = expectFailure(fixture, "in", [.unsafeLayer, .invalidArchive])
        fixture.shell(
            "rm -rf t; mkdir t; ln -s / t/link; cd t; tar -cf ../in link; rm link; mkdir link; echo x > link/cfs-evil; "
                + "tar -rf ../in link/cfs-evil")
        if failure({ () throws(CFSError) in try fixture.store.importImage(name: "x", from: fixture.folder("in")) })
            == nil
        {
            // Replacing the link by a folder is also right: then the file lies inside.
            #expect(access("/cfs-evil", F_OK) != 0)
        }
        #expect(access("/cfs-evil", F_OK) != 0)
    }

    @Test("an archive that grows beyond its limit is stopped")
    func bomb() throws {
        let fixture = ImageFixture()
        fixture.shell("mkdir t; head -c 50000000 /dev/zero > t/zero; tar -C t -czf in .")
        var options = ImportOptions()
        options.limits.totalBytes = 1 << 20
        let error = failure { () throws(CFSError) in
            try fixture.store.importImage(name: "x", from: fixture.folder("in"), options: options)
        }
        #expect(error?.code == .limitExceeded)
        #expect(fixture.stored == [])
    }

    @Test("a name that cannot be kept takes everything back")
    func registryFails() throws {
        let fixture = ImageFixture()
        fixture.makeTree()
        fixture.names.failure = CFSError(.registryFailed, .recording, "no")
        _ = expectFailure(fixture, "tree", [.registryFailed])
    }

    @Test("what fails takes back only what it added")
    func keepsOthers() throws {
        let fixture = ImageFixture()
        fixture.makeTree()
        let image = try fixture.importing("tree", as: "good")
        fixture.names.failure = CFSError(.registryFailed, .recording, "no")
        fixture.shell("cp -a tree same; cp -a tree more; echo x > more/x")
        _ = expectFailure(fixture, "same", [.registryFailed])
        _ = expectFailure(fixture, "more", [.registryFailed])
        #expect(fixture.text("etc/motd", of: image) == "hello\n")
    }

    @Test("a name that is none is refused before anything is read", arguments: ["", "a b", "../x", "x:"])
    func names(name: String) {
        let fixture = ImageFixture()
        let error = failure { () throws(CFSError) in try fixture.store.importImage(name: name, from: "/missing") }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("is not the name of an image") == true)
    }
}
