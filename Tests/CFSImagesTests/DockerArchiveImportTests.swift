import CFSModel
import TestSupport
import Testing

@testable import CFSImages

@Suite("Importing what docker save writes", .enabled(if: ImageFixture.isRoot, ImageFixture.needsRoot))
struct DockerArchiveImportTests {
    /// The form before Docker 25: a folder for each layer, the second a link to the first.
    private func old(_ fixture: ImageFixture) throws -> [String] {
        let layout = try SampleLayout.complete(fixture, pack: "cat")
        let ids = [
            String(repeating: "a1", count: 32), String(repeating: "b2", count: 32), String(repeating: "c3", count: 32),
        ]
        let configuration = try #require(layout.configuration).digest.hex
        fixture.shell("mkdir -p save/\(ids[0]) save/\(ids[1]) save/\(ids[2])")
        fixture.shell("cp \(layout.blobPath(layout.layers[0])) save/\(ids[0])/layer.tar")
        fixture.shell("cp \(layout.blobPath(layout.layers[1])) save/\(ids[2])/layer.tar")
        fixture.shell("ln -s ../\(ids[2])/layer.tar save/\(ids[1])/layer.tar; echo 1.0 > save/\(ids[0])/VERSION")
        fixture.shell(
            "cp \(layout.blobPath(layout.configuration)) save/\(configuration).json; echo '{}' > save/repositories")
        fixture.folder.write(
            #"[{"Config":"\#(configuration).json","RepoTags":["x:1"],"Layers":["\#(ids[0])/layer.tar","\#(ids[1])/layer.tar"]}]"#,
            to: "save/manifest.json")
        return layout.diffIDs.map(\.hex)
    }

    @Test("the older form, with a linked layer, plain and compressed", arguments: ["-cf", "-czf"])
    func older(flag: String) throws {
        let fixture = ImageFixture()
        let diffIDs = try old(fixture)
        fixture.shell("cd save; tar \(flag) ../in *")
        let image = try fixture.importing("in")
        #expect(image.layers.map(\.diffID.hex) == diffIDs)
        #expect(image.configuration.command == ["/bin/sh", "-c", "true"])
        #expect(fixture.text("etc/motd", of: image) == "upper\n")
        #expect(namesInFolder(fixture.folder("store/blobs/sha256")).count == 4)
    }

    @Test("the newer form, with the blobs of a layout inside")
    func newer() throws {
        let fixture = ImageFixture()
        let layout = try SampleLayout.complete(fixture, pack: "cat")
        let layers = layout.layers.map { #""blobs/sha256/\#($0.digest.hex)""# }.joined(separator: ",")
        let configuration = try #require(layout.configuration).digest.hex
        fixture.folder.write(
            #"[{"Config":"blobs/sha256/\#(configuration)","RepoTags":null,"Layers":[\#(layers)]}]"#,
            to: "layout/manifest.json")
        fixture.shell("cd layout; tar -cf ../in blobs index.json manifest.json oci-layout")
        #expect(try fixture.importing("in").digest == layout.manifest?.digest)
        fixture.shell("cd layout; tar -cf ../without-index blobs manifest.json")
        let image = try fixture.importing("without-index", as: "other")
        #expect(image.layers.map(\.diffID) == layout.diffIDs)
    }

    /// As makers of images write it who are not Docker: `sha256:...` and `....tar.gz`, or names of their own.
    @Test("other names, with a file beside them, in a tar and in a folder", arguments: [true, false])
    func otherNames(isDigest: Bool) throws {
        let fixture = ImageFixture()
        let layout = try SampleLayout.complete(fixture, pack: "gzip -c")
        let hex = try #require(layout.configuration).digest.hex
        let configuration = isDigest ? "sha256:\(hex)" : "config.json"
        let layers = layout.layers.enumerated().map { index, layer in
            isDigest ? "\(layer.digest.hex).tar.gz" : "layer\(index)/layer.tar"
        }
        fixture.shell("mkdir -p save/layer0 save/layer1; echo made by hand > save/README")
        fixture.shell("cp \(layout.blobPath(layout.configuration)) save/\(configuration)")
        for (blob, name) in zip(layout.layers, layers) { fixture.shell("cp \(layout.blobPath(blob)) save/\(name)") }
        let names = layers.map { "\"\($0)\"" }.joined(separator: ",")
        fixture.folder.write(
            #"[{"Config":"\#(configuration)","RepoTags":["x:1"],"Layers":[\#(names)]}]"#, to: "save/manifest.json")
        fixture.shell("cd save; tar -cf ../in *")
        for (path, name) in [("in", "packed"), ("save", "unpacked")] {
            let image = try fixture.importing(path, as: name)
            #expect(image.layers.map(\.diffID) == layout.diffIDs)
            #expect(image.configuration.command == ["/bin/sh", "-c", "true"])
            #expect(fixture.text("etc/motd", of: image) == "upper\n")
        }
    }

    @Test(
        "a root file system with a manifest.json of its own is one",
        arguments: ["{\"name\":\"page\"}", "[1]", "[]", "{"])
    func notAnImage(manifest: String) throws {
        let fixture = ImageFixture()
        fixture.shell("mkdir -p tree/page; echo hello > tree/page/index")
        fixture.folder.write(manifest, to: "tree/manifest.json")
        fixture.shell("cd tree; tar -cf ../in page manifest.json")
        for (path, name) in [("in", "packed"), ("tree", "unpacked")] {
            let image = try fixture.importing(path, as: name)
            #expect(fixture.text("manifest.json", of: image) == manifest)
            #expect(fixture.text("page/index", of: image) == "hello\n")
        }
    }

    @Test("a root file system is one whatever its manifest.json says")
    func systemWithManifest() throws {
        let fixture = ImageFixture()
        let manifest = #"[{"Config":"a.json","Layers":["b.tar"]}]"#
        fixture.shell("mkdir -p tree/etc; echo hello > tree/etc/motd")
        fixture.folder.write(manifest, to: "tree/manifest.json")
        fixture.shell("cd tree; tar -cf ../in manifest.json etc")
        for (path, name) in [("in", "packed"), ("tree", "unpacked")] {
            #expect(fixture.text("etc/motd", of: try fixture.importing(path, as: name)) == "hello\n")
        }
    }

    @Test("an archive that lacks a layer, or holds several images, says so and leaves nothing")
    func wrong() throws {
        let fixture = ImageFixture()
        _ = try old(fixture)
        fixture.shell("cd save; rm -r b2*; tar -cf ../in *; echo '[{},{}]' > manifest.json; tar -cf ../several *")
        for (path, message) in [("in", "lacks the file"), ("several", "holds 2 images")] {
            let error = failure { () throws(CFSError) in
                try fixture.store.importImage(name: "x", from: fixture.folder(path))
            }
            #expect(error?.code == .invalidArchive)
            #expect(error?.message.contains(message) == true, "\(error?.message ?? "-")")
            #expect(fixture.stored == [])
        }
    }

    @Test("a layer with other content than the configuration says leaves nothing")
    func wrongContent() throws {
        let fixture = ImageFixture()
        _ = try old(fixture)
        fixture.shell("cd save; cp c3*/layer.tar a1*/layer.tar; tar -cf ../in *")
        let error = failure { () throws(CFSError) in
            try fixture.store.importImage(name: "x", from: fixture.folder("in"))
        }
        #expect(error?.code == .digestMismatch)
        #expect(fixture.stored == [])
    }
}
