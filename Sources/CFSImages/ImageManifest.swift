import CFSModel

/// An image's manifest: its configuration and layers, from the lowest to the topmost (image-spec, manifest.md).
struct ImageManifest: Hashable, Sendable {
    /// Bytes that a manifest or index may have (the limit that registries use).
    static let sizeLimit = 4 << 20

    var configuration: Descriptor
    var layers: [Descriptor]

    init(configuration: Descriptor, layers: [Descriptor]) {
        self.configuration = configuration
        self.layers = layers
    }

    init(parsing bytes: [UInt8], mediaType: String) throws(CFSError) {
        let fields = try DocumentFields(parsing: bytes, "the image's manifest")
        try ManifestKind.check(fields, mediaType: mediaType, expecting: .manifest)
        configuration = try Descriptor(fields.required("config", fields.fields("config")))
        layers = []
        for layer in try fields.required("layers", fields.list("layers")) { layers.append(try Descriptor(layer)) }
    }

    /// As stored: the same content always gives the same bytes, and so the same digest.
    var bytes: [UInt8] {
        let document: JSON = [
            "schemaVersion": 2, "mediaType": .string(MediaType.manifest), "config": configuration.json,
            "layers": .array(layers.map(\.json)),
        ]
        return document.bytes()
    }
}

/// What a document that a descriptor points at is. One that could be read as both must be refused: else two engines
/// see two images behind one digest (CVE-2021-41190).
enum ManifestKind: String {
    case manifest, index

    init(mediaType: String) throws(CFSError) {
        if MediaType.indexes.contains(mediaType) {
            self = .index
        } else {
            try MediaType.check(mediaType, among: MediaType.manifests, "a manifest")
            self = .manifest
        }
    }

    static func check(_ fields: DocumentFields, mediaType: String, expecting kind: ManifestKind) throws(CFSError) {
        guard try ManifestKind(mediaType: mediaType) == kind else {
            throw DocumentFields.invalid("the media type \(mediaType) is not that of an image's \(kind.rawValue)")
        }
        if let own = try fields.string("mediaType"), own != mediaType {
            throw DocumentFields.invalid(
                "the image's \(kind.rawValue) calls itself \(own), its descriptor \(mediaType)")
        }
        let isManifest = fields.has("layers") || fields.has("config")
        guard isManifest != fields.has("manifests"), isManifest == (kind == .manifest) else {
            throw DocumentFields.invalid("a document could be read as a manifest and as an index: it is refused")
        }
        if let version = try fields.unsigned("schemaVersion"), version != 2 {
            throw DocumentFields.invalid("the image's \(kind.rawValue) has the unknown schema version \(version)")
        }
    }
}
