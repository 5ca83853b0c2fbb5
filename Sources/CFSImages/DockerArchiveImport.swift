import CFSLayers
import CFSModel

/// Imports what `docker save` writes: `manifest.json` beside configurations and layers
/// (moby, image/spec/v1.2.md, "Combined Image JSON + Filesystem Changeset Format").
struct DockerArchiveImport {
    private let files: any LayoutFiles
    private let transaction: ImportTransaction

    init(_ files: any LayoutFiles, _ transaction: ImportTransaction) {
        self.files = files
        self.transaction = transaction
    }

    func run(_ name: String, _ source: ImageRecord.Source, _ options: ImportOptions) throws(CFSError) -> ImageRecord {
        let image = try manifest()
        let configurationPath = try image.required("Config", image.string("Config"))
        var document = try ImageDocument(parsing: files.document(Self.plain(configurationPath)))
        let paths = try image.required("Layers", image.strings("Layers"))
        try LayerImport.check(document, layers: paths.count)
        var blobs: [Descriptor] = []
        for path in paths {
            let (digest, size) = try files.blob(Self.plain(path), expecting: nil)
            let magic = try PeekingSource(try transaction.blobs.open(digest)).peek(16)
            guard let type = ImportTransaction.mediaType(of: magic) else {
                throw DocumentFields.invalid("the layer \(path) is compressed in a way that images do not know")
            }
            blobs.append(Descriptor(mediaType: type, digest: digest, size: size))
        }
        let added = try LayerImport.unpack(blobs, document, transaction)
        let record: ImageRecord
        if let command = options.command {
            document.configuration.command = command
            record = try transaction.finish(document, layers: added, name: name, source: source)
        } else {
            let configuration = try files.blob(Self.plain(configurationPath), expecting: nil)
            let manifest = ImageManifest(
                configuration: Descriptor(
                    mediaType: MediaType.configuration, digest: configuration.digest, size: configuration.size),
                layers: added.map(\.blob))
            let digest = try transaction.store(BytesSource(manifest.bytes)).digest
            record = transaction.record(document, manifest: digest, layers: added, name: name, source: source)
        }
        try transaction.removeBlobs(except: try ImageStore.blobs(of: record, in: transaction.blobs))
        return record
    }

    private func manifest() throws(CFSError) -> DocumentFields {
        let json: JSON
        do {
            json = try JSON(parsing: files.document("manifest.json"), what: "manifest.json")
        } catch {
            throw DocumentFields.invalid(error.message)
        }
        guard let images = json.array, let first = images.first else {
            throw DocumentFields.invalid("manifest.json names no image")
        }
        guard images.count == 1 else {
            throw CFSError(
                .invalidArchive, .importing, "the archive holds \(images.count) images",
                hint: "save one image to one file")
        }
        return try DocumentFields(first, "manifest.json")
    }

    /// Whether a `manifest.json` is one of such an archive, and not the file of that name that a web page has.
    static func isManifest(_ bytes: [UInt8]) -> Bool {
        do throws(CFSError) {
            let images = try JSON(parsing: bytes, what: "manifest.json").array ?? []
            return !images.isEmpty && images.allSatisfy { $0["Config"]?.string != nil && $0["Layers"]?.array != nil }
        } catch {
            return false
        }
    }

    private static func plain(_ path: String) -> String {
        path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }
}
