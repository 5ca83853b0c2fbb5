import CFSModel
import TestSupport
import Testing

@testable import CFSImages

@Suite("Importing image layouts", .enabled(if: ImageFixture.isRoot, ImageFixture.needsRoot))
struct LayoutImportTests {
    private func expectFailure(
        _ fixture: ImageFixture, _ message: String, _ code: CFSError.Code = .invalidArchive,
        location: SourceLocation = #_sourceLocation
    ) {
        fixture.shell("tar -C layout -cf layout.tar .")
        for path in ["layout", "layout.tar"] {
            let error = failure { () throws(CFSError) in
                try fixture.store.importImage(name: "x", from: fixture.folder(path))
            }
            #expect(error?.code == code, "\(path): \(String(describing: error))", sourceLocation: location)
            #expect(
                error?.message.contains(message) == true, "\(path): \(error?.message ?? "-")", sourceLocation: location)
            #expect(fixture.stored == [], sourceLocation: location)
        }
    }

    @Test(
        "a layout keeps its digests, layers and configuration, as folder and as tar",
        arguments: ["gzip", "zstd -q", "cat"])
    func complete(pack: String) throws {
        for archive in [false, true] {
            let fixture = ImageFixture()
            let layout = try SampleLayout.complete(fixture, pack: pack)
            fixture.shell("tar -C layout -czf layout.tar .")
            let image = try fixture.importing(archive ? "layout.tar" : "layout")
            #expect(image.digest == layout.manifest?.digest)
            #expect(image.layers.map(\.diffID) == layout.diffIDs)
            #expect(image.configuration.command == ["/bin/sh", "-c", "true"])
            #expect(image.architecture == "386")
            #expect(fixture.text("etc/motd", of: image) == "upper\n")
            #expect(namesInFolder(fixture.folder("store/blobs/sha256")).count == 4)
        }
    }

    @Test("of several platforms this machine's is chosen, through an index in the index")
    func platforms() throws {
        let fixture = ImageFixture()
        var layout = try SampleLayout.complete(fixture)
        var own = try #require(layout.manifest)
        own.platform = Descriptor.Platform(system: "linux", architecture: ImageArchitecture.native)
        var foreign = try layout.addBlob("{}", mediaType: MediaType.manifest)
        foreign.platform = Descriptor.Platform(system: "linux", architecture: "s390x")
        let index: JSON = [
            "schemaVersion": 2, "mediaType": .string(MediaType.index), "manifests": [foreign.json, own.json],
        ]
        layout.writeIndex([try layout.addBlob(index.text(), mediaType: MediaType.index)])
        let image = try fixture.importing("layout")
        #expect(image.digest == own.digest)
        #expect(namesInFolder(fixture.folder("store/blobs/sha256")).count == 4)
    }

    @Test("a blob with other bytes than its digest says leaves nothing")
    func wrongDigest() throws {
        let fixture = ImageFixture()
        let layout = try SampleLayout.complete(fixture)
        // Another byte than the one that is there, which is a different one each second: the layer has times in it.
        let change = """
            old=$(od -An -tu1 -j60 -N1 \(layout.blobPath(layout.layers[1])))
            printf "\\\\$(printf %o $((old ^ 1)))" |
                dd of=\(layout.blobPath(layout.layers[1])) bs=1 seek=60 conv=notrunc 2>/dev/null
            """
        fixture.shell(change)
        expectFailure(fixture, "", .digestMismatch)
    }

    @Test("a wrong size leaves nothing")
    func wrongSize() throws {
        let fixture = ImageFixture()
        var layout = try SampleLayout.complete(fixture)
        layout.layers[0].size += 1
        try layout.finish()
        expectFailure(fixture, "bytes, and the image says", .digestMismatch)
    }

    @Test("a layer whose content is not that of its diff ID leaves nothing")
    func wrongDiffID() throws {
        let fixture = ImageFixture()
        var layout = try SampleLayout.complete(fixture)
        layout.diffIDs.swapAt(0, 1)
        try layout.finish()
        expectFailure(fixture, "", .digestMismatch)
    }

    @Test("a missing blob is named")
    func missingBlob() throws {
        let fixture = ImageFixture()
        let layout = try SampleLayout.complete(fixture)
        fixture.shell("rm \(layout.blobPath(layout.layers[0]))")
        expectFailure(fixture, "lacks the file blobs/sha256/\(layout.layers[0].digest.hex)")
    }

    @Test("a manifest that could be read as an index is refused")
    func confused() throws {
        let fixture = ImageFixture()
        var layout = try SampleLayout.complete(fixture)
        let both: JSON = [
            "schemaVersion": 2, "config": try #require(layout.configuration).json, "layers": [], "manifests": [],
        ]
        layout.writeIndex([try layout.addBlob(both.text(), mediaType: MediaType.manifest)])
        expectFailure(fixture, "as a manifest and as an index")
    }

    @Test("a layer of an unknown type is refused")
    func unknownType() throws {
        let fixture = ImageFixture()
        var layout = try SampleLayout.complete(fixture)
        layout.layers[1].mediaType = "application/vnd.oci.image.layer.v1.tar+gzip+encrypted"
        try layout.finish()
        expectFailure(fixture, "is not supported")
    }

    @Test("layers and diff IDs must be as many")
    func counts() throws {
        let fixture = ImageFixture()
        var layout = try SampleLayout.complete(fixture)
        layout.diffIDs.removeLast()
        try layout.finish()
        expectFailure(fixture, "has 2 layers, but its configuration knows 1")
    }

    @Test("documents that are no JSON, are too deep or too large, are errors")
    func documents() throws {
        let fixture = ImageFixture()
        try SampleLayout.complete(fixture)
        fixture.folder.write("{", to: "layout/index.json")
        expectFailure(fixture, "index")
        fixture.folder.write(String(repeating: "[", count: 100_000), to: "layout/index.json")
        expectFailure(fixture, "index")
        fixture.folder.write(#"{"imageLayoutVersion":"9.0"}"#, to: "layout/oci-layout")
        expectFailure(fixture, "unknown version")
        fixture.shell(
            "head -c 5000000 /dev/zero > layout/index.json; echo '{\"imageLayoutVersion\":\"1.0.0\"}' > layout/oci-layout"
        )
        let error = failure { () throws(CFSError) in
            try fixture.store.importImage(name: "x", from: fixture.folder("layout"))
        }
        #expect(error?.code == .limitExceeded)
        #expect(fixture.stored == [])
    }

    @Test("a layout whose blobs are links out of it is refused")
    func links() throws {
        let fixture = ImageFixture()
        let layout = try SampleLayout.complete(fixture)
        let blob = layout.blobPath(layout.layers[0])
        fixture.shell("mv \(blob) outside; ln -s \(fixture.folder("outside")) \(blob)")
        let error = failure { () throws(CFSError) in
            try fixture.store.importImage(name: "x", from: fixture.folder("layout"))
        }
        #expect(error != nil)
        #expect(fixture.stored == [])
    }

    @Test("a command that is given replaces the image's own")
    func command() throws {
        let fixture = ImageFixture()
        try SampleLayout.complete(fixture)
        var options = ImportOptions()
        options.command = ["/bin/other"]
        let image = try fixture.store.importImage(name: "x", from: fixture.folder("layout"), options: options)
        #expect(image.configuration.command == ["/bin/other"])
        #expect(image.configuration.environment == ["A=b"])
        #expect(namesInFolder(fixture.folder("store/blobs/sha256")).count == 4)
    }
}
