import CFSModel

/// An index: the manifests of one image for several platforms (image-spec, image-index.md).
struct ImageIndex: Hashable, Sendable {
    var manifests: [Descriptor]

    init(parsing bytes: [UInt8], mediaType: String = MediaType.index) throws(CFSError) {
        let fields = try DocumentFields(parsing: bytes, "the image's index")
        // The index.json of a layout need not say what it is; its name does.
        let type = try fields.string("mediaType") ?? mediaType
        try ManifestKind.check(fields, mediaType: type == mediaType ? mediaType : type, expecting: .index)
        manifests = []
        for manifest in try fields.required("manifests", fields.list("manifests")) {
            manifests.append(try Descriptor(manifest))
        }
    }

    /// The manifest for this machine: its own architecture, else one that it can run, else the first that is an image.
    func choice(for architectures: [String] = ImageArchitecture.runnable) throws(CFSError) -> Descriptor {
        // Attestations and the like call their platform unknown.
        let images = manifests.filter { $0.platform?.architecture != "unknown" }
        for architecture in architectures {
            let platform = Descriptor.Platform(system: "linux", architecture: architecture)
            if let found = images.first(where: { $0.platform == platform }) { return found }
        }
        guard let first = images.first else { throw DocumentFields.invalid("the image's index names no manifest") }
        return first
    }
}
