import CFSLayers
import CFSLinux
import CFSModel

/// The blobs and layers that one import adds. Whoever has it holds the store's lock, so whatever was not there before
/// is its own to take away again.
final class ImportTransaction {
    /// A layer with its blob.
    struct AddedLayer {
        var blob: Descriptor
        var layer: ImageRecord.Layer
    }

    let blobs: BlobStore
    let layers: LayerStore
    let limits: ArchiveLimits
    var report: (ImportProgress) -> Void = { _ in }
    private let blobsBefore: Set<Digest>
    private let layersBefore: Set<Digest>

    init(blobs: BlobStore, layers: LayerStore, limits: ArchiveLimits) throws(CFSError) {
        self.blobs = blobs
        self.layers = layers
        self.limits = limits
        blobsBefore = Set(try blobs.all())
        layersBefore = Set(try layers.all())
    }

    // MARK: Blobs

    /// Stores the bytes of a source; fails, and stores nothing, when they do not have the digest that is expected.
    func store(
        _ source: any ByteSource, expecting digest: Digest? = nil
    ) throws(CFSError) -> (digest: Digest, size: UInt64) {
        let writer = try blobs.makeWriter()
        try writer.copy(from: source)
        return try writer.finish(expecting: digest)
    }

    /// Reports how far a source was read as the progress of reading.
    func watching(_ source: any ByteSource, total: UInt64?) -> any ByteSource {
        let report = report
        return ProgressSource(source) { report(ImportProgress(.reading, done: $0, total: total)) }
    }

    // MARK: Layers

    /// Stores entries as a compressed tar that depends on nothing but them, and unpacks it.
    func add(_ entries: any EntryReader, over parent: AddedLayer?) throws(CFSError) -> AddedLayer {
        try addCompressed(over: parent) { sink throws(CFSError) in
            try TarWriter(sink).writeAll(entries)
        }
    }

    /// Stores a tar, compressed or not, and unpacks it. What the image-spec has no media type for is compressed anew.
    func add(tar source: any ByteSource, over parent: AddedLayer?) throws(CFSError) -> AddedLayer {
        let peeking = PeekingSource(source)
        guard let type = Self.mediaType(of: try peeking.peek(16)) else {
            let plain = try decompress(peeking, limits: limits)
            return try addCompressed(over: parent) { sink throws(CFSError) in try sink.copy(from: plain) }
        }
        let (digest, size) = try store(peeking)
        let blob = Descriptor(mediaType: type, digest: digest, size: size)
        return try unpack(blob, expecting: nil, over: parent)
    }

    /// Unpacks a layer whose blob is stored, and verifies its content.
    func unpack(_ blob: Descriptor, expecting diffID: Digest?, over parent: AddedLayer?) throws(CFSError) -> AddedLayer
    {
        let report = report
        let source = ProgressSource(try blobs.open(blob.digest)) {
            report(ImportProgress(.unpacking, done: $0, total: blob.size))
        }
        let layer = try layers.unpack(source, expecting: diffID, parent: parent?.layer.chainID, limits: limits)
        return AddedLayer(blob: blob, layer: layer)
    }

    /// The media type of a tar by its first bytes; nil when the image-spec has none for its compression.
    static func mediaType(of magic: [UInt8]) -> String? {
        switch CompressionFormat(magic: magic) {
        case nil: MediaType.tar
        case .gzip: MediaType.tarGzip
        case .zstd: MediaType.tarZstd
        default: nil
        }
    }

    private func addCompressed(
        over parent: AddedLayer?, _ write: (any ByteSink) throws(CFSError) -> Void
    ) throws(CFSError) -> AddedLayer {
        let writer = try blobs.makeWriter()
        let gzip = try GzipSink(writer)
        let content = DigestSink()
        try write(TeeSink(content, gzip))
        try gzip.finish()
        let (digest, size) = try writer.finish(expecting: nil)
        let blob = Descriptor(mediaType: MediaType.tarGzip, digest: digest, size: size)
        return try unpack(blob, expecting: content.digest(), over: parent)
    }

    // MARK: The end

    /// Writes a configuration and a manifest for these layers.
    func finish(
        _ document: ImageDocument, layers added: [AddedLayer], name: String, source: ImageRecord.Source
    ) throws(CFSError) -> ImageRecord {
        let bytes = document.bytes
        let configuration = try store(BytesSource(bytes))
        let manifest = ImageManifest(
            configuration: Descriptor(
                mediaType: MediaType.configuration, digest: configuration.digest, size: configuration.size),
            layers: added.map(\.blob))
        let digest = try store(BytesSource(manifest.bytes)).digest
        return record(document, manifest: digest, layers: added, name: name, source: source)
    }

    /// The record of an image whose manifest is stored.
    func record(
        _ document: ImageDocument, manifest: Digest, layers added: [AddedLayer], name: String,
        source: ImageRecord.Source
    ) -> ImageRecord {
        ImageRecord(
            name: name, digest: manifest, source: source, architecture: document.architecture,
            layers: added.map(\.layer), configuration: document.configuration,
            createdAt: document.created ?? SystemClock.realtime)
    }

    /// Removes the blobs that this import stored and does not need.
    func removeBlobs(except needed: Set<Digest>) throws(CFSError) {
        for blob in try blobs.all() where !blobsBefore.contains(blob) && !needed.contains(blob) {
            try blobs.remove(blob)
        }
    }

    /// Removes everything that this import added.
    func rollBack() {
        do throws(CFSError) {
            for layer in try layers.all() where !layersBefore.contains(layer) { try layers.remove(layer) }
            try removeBlobs(except: [])
        } catch {
            // The import's own error is what its caller needs; no name shows what stays, and garbage is collected.
        }
    }
}
