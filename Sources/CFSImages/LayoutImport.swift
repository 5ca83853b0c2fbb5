import CFSLayers
import CFSModel

/// Imports an image layout (image-spec, image-layout.md), with every digest and size verified.
struct LayoutImport {
    private let files: any LayoutFiles
    private let transaction: ImportTransaction
    /// Indexes in each other.
    private static let depthLimit = 4

    init(_ files: any LayoutFiles, _ transaction: ImportTransaction) {
        self.files = files
        self.transaction = transaction
    }

    func run(_ name: String, _ source: ImageRecord.Source, _ options: ImportOptions) throws(CFSError) -> ImageRecord {
        let layout = try DocumentFields(parsing: files.document("oci-layout"), "oci-layout")
        let version = try layout.required("imageLayoutVersion", layout.string("imageLayoutVersion"))
        guard version.hasPrefix("1.") else {
            throw DocumentFields.invalid("the image layout has the unknown version \"\(version.prefix(100))\"")
        }
        let chosen = try manifestDescriptor()
        let manifest = try ImageManifest(parsing: read(chosen), mediaType: chosen.mediaType)
        try MediaType.check(
            manifest.configuration.mediaType, among: MediaType.configurations, "the image's configuration")
        var document = try ImageDocument(parsing: read(manifest.configuration))
        try LayerImport.check(document, layers: manifest.layers.count)
        for layer in manifest.layers {
            try MediaType.check(layer.mediaType, among: MediaType.layers, "a layer")
            try store(layer)
        }
        let added = try LayerImport.unpack(manifest.layers, document, transaction)
        let record: ImageRecord
        if let command = options.command {
            document.configuration.command = command
            record = try transaction.finish(document, layers: added, name: name, source: source)
        } else {
            record = transaction.record(document, manifest: chosen.digest, layers: added, name: name, source: source)
        }
        try transaction.removeBlobs(except: try ImageStore.blobs(of: record, in: transaction.blobs))
        return record
    }

    private func manifestDescriptor() throws(CFSError) -> Descriptor {
        var chosen = try ImageIndex(parsing: files.document("index.json")).choice()
        for _ in 0..<Self.depthLimit {
            guard try ManifestKind(mediaType: chosen.mediaType) == .index else { return chosen }
            chosen = try ImageIndex(parsing: read(chosen), mediaType: chosen.mediaType).choice()
        }
        throw DocumentFields.invalid("the image has more than \(Self.depthLimit) indexes in each other")
    }

    private func store(_ descriptor: Descriptor) throws(CFSError) {
        let path = "blobs/sha256/\(descriptor.digest.hex)"
        let size = try files.blob(path, expecting: descriptor.digest).size
        guard size == descriptor.size else {
            throw CFSError(
                .digestMismatch, .importing, "\(path) has \(size) bytes, and the image says \(descriptor.size)",
                path: path)
        }
    }

    private func read(_ descriptor: Descriptor) throws(CFSError) -> [UInt8] {
        guard descriptor.size <= UInt64(ImageManifest.sizeLimit) else {
            throw CFSError(
                .limitExceeded, .importing, "a document of the image is larger than \(ImageManifest.sizeLimit) bytes")
        }
        try store(descriptor)
        return try transaction.blobs.read(descriptor.digest, limit: ImageManifest.sizeLimit)
    }
}

/// What image layouts and `docker save` archives share: layers that the configuration knows by their content.
enum LayerImport {
    /// Layers in one image; the kernel takes 500 lower folders in an overlay.
    static let countLimit = 500

    static func check(_ document: ImageDocument, layers count: Int) throws(CFSError) {
        guard document.system == "linux" else {
            throw DocumentFields.invalid("the image is for \(document.system.prefix(100)), not for linux")
        }
        guard document.diffIDs.count == count else {
            throw DocumentFields.invalid(
                "the image has \(count) layers, but its configuration knows \(document.diffIDs.count)")
        }
        guard (1...countLimit).contains(count) else {
            throw CFSError(
                count == 0 ? .invalidArchive : .limitExceeded, .importing,
                count == 0 ? "the image has no layers" : "the image has more than \(countLimit) layers")
        }
    }

    static func unpack(
        _ blobs: [Descriptor], _ document: ImageDocument, _ transaction: ImportTransaction
    ) throws(CFSError) -> [ImportTransaction.AddedLayer] {
        var added: [ImportTransaction.AddedLayer] = []
        for (blob, diffID) in zip(blobs, document.diffIDs) {
            added.append(try transaction.unpack(blob, expecting: diffID, over: added.last))
        }
        return added
    }
}
