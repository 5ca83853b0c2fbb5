import CFSLayers
import CFSModel
import TestSupport

@testable import CFSImages

/// An image layout made by hand, each part of which a test can spoil.
struct SampleLayout {
    let fixture: ImageFixture
    let name: String
    var layers: [Descriptor] = []
    var diffIDs: [Digest] = []
    var configuration: Descriptor?
    var manifest: Descriptor?

    init(_ fixture: ImageFixture, _ name: String = "layout") throws {
        self.fixture = fixture
        self.name = name
        fixture.shell("mkdir -p \(name)/blobs/sha256")
        fixture.folder.write(#"{"imageLayoutVersion":"1.0.0"}"#, to: "\(name)/oci-layout")
    }

    /// A layout of one image with two layers, the upper over the lower.
    @discardableResult
    static func complete(
        _ fixture: ImageFixture, _ name: String = "layout", pack: String = "gzip"
    ) throws -> SampleLayout {
        var layout = try SampleLayout(fixture, name)
        fixture.makeTree("lower", motd: "lower\n")
        fixture.shell(
            "mkdir -p upper/etc; echo upper > upper/etc/motd; : > upper/etc/.wh.gone; echo x > lower/etc/gone")
        try layout.addLayer("lower", pack: pack)
        try layout.addLayer("upper", pack: pack)
        try layout.finish()
        return layout
    }

    @discardableResult
    mutating func addBlob(_ text: String, mediaType: String) throws -> Descriptor {
        let bytes = Array(text.utf8)
        let digest = try SHA256Stream.digest(of: bytes)
        fixture.folder.write(text, to: "\(name)/blobs/sha256/\(digest.hex)")
        return Descriptor(mediaType: mediaType, digest: digest, size: UInt64(bytes.count))
    }

    mutating func addLayer(_ tree: String, pack: String) throws {
        fixture.shell("tar -C \(tree) -cf layer.tar .; \(pack) < layer.tar > layer.packed")
        let digest = fixture.shell("sha256sum layer.packed | cut -d' ' -f1")
        let size = fixture.shell("stat -c %s layer.packed")
        fixture.shell("mv layer.packed \(name)/blobs/sha256/\(digest)")
        let types = ["cat": MediaType.tar, "gzip": MediaType.tarGzip, "zstd -q": MediaType.tarZstd]
        layers.append(
            Descriptor(
                mediaType: types[pack] ?? pack, digest: try Digest("sha256:\(digest)"), size: UInt64(size) ?? 0))
        diffIDs.append(try Digest("sha256:" + fixture.shell("sha256sum layer.tar | cut -d' ' -f1")))
    }

    /// Writes configuration, manifest and index.
    mutating func finish() throws {
        var run = ImageRecord.Configuration()
        run.command = ["/bin/sh", "-c", "true"]
        run.environment = ["A=b"]
        let document = ImageDocument(architecture: "386", configuration: run, diffIDs: diffIDs)
        let configuration = try addBlob(
            String(decoding: document.bytes, as: UTF8.self), mediaType: MediaType.configuration)
        self.configuration = configuration
        let bytes = ImageManifest(configuration: configuration, layers: layers).bytes
        let manifest = try addBlob(String(decoding: bytes, as: UTF8.self), mediaType: MediaType.manifest)
        self.manifest = manifest
        writeIndex([manifest])
    }

    func writeIndex(_ manifests: [Descriptor], to path: String = "index.json") {
        let index: JSON = ["schemaVersion": 2, "manifests": .array(manifests.map(\.json))]
        fixture.folder.write(index.text(), to: "\(name)/\(path)")
    }

    func blobPath(_ descriptor: Descriptor?) -> String { "\(name)/blobs/sha256/\(descriptor?.digest.hex ?? "")" }
}
