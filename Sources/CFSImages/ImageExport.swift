import CFSLayers
import CFSLinux
import CFSModel

extension ImageStore {
    /// Writes an image as a tar of the image-spec's layout, which every other engine reads; the same image always gives
    /// the same bytes. The file appears whole or not at all, and every blob is verified on its way.
    ///
    /// - Parameters:
    ///   - reference: a name or id of an image that is there.
    ///   - path: of the new file; one that is there is replaced.
    /// - Returns: what was written.
    @discardableResult
    public func export(
        _ reference: String, to path: String, progress: @escaping (ImportProgress) -> Void = { _ in }
    ) throws(CFSError) -> ImageRecord {
        try exporting(reference) { image throws(CFSError) in
            try ExportedFile.write(to: path, suggesting: "image.tar") { sink throws(CFSError) in
                try write(image, to: TarWriter(sink), progress)
            }
        }
    }

    /// Writes the same bytes to a sink. What it has taken when this throws is no image.
    @discardableResult
    public func export(
        _ reference: String, to sink: any ByteSink, progress: @escaping (ImportProgress) -> Void = { _ in }
    ) throws(CFSError) -> ImageRecord {
        try exporting(reference) { image throws(CFSError) in try write(image, to: TarWriter(sink), progress) }
    }

    private func exporting(
        _ reference: String, _ body: (ImageRecord) throws(CFSError) -> Void
    ) throws(CFSError) -> ImageRecord {
        // Holding the lock keeps a removal from taking blobs away meanwhile.
        let lock = try self.lock()
        defer { extendLifetime(lock) }
        guard let image = try existing(reference) else { throw try notFound(reference) }
        try body(image)
        return image
    }

    private func write(
        _ image: ImageRecord, to tar: TarWriter, _ progress: @escaping (ImportProgress) -> Void
    ) throws(CFSError) {
        let needed = try Self.blobs(of: image, in: blobs).sorted { $0.hex < $1.hex }
        var total: UInt64 = 0
        for digest in needed { total += try blobs.open(digest).size() }
        try write(["imageLayoutVersion": "1.0.0"], "oci-layout", to: tar)
        try write(index(of: image), "index.json", to: tar)
        try tar.write(ArchiveEntry(.directory, "blobs"), body: BytesSource([]))
        try tar.write(ArchiveEntry(.directory, "blobs/sha256"), body: BytesSource([]))
        var done: UInt64 = 0
        for digest in needed {
            let source = try blobs.open(digest)
            let size = try source.size()
            let before = done
            let watched = ProgressSource(source) { progress(ImportProgress(.reading, done: before + $0, total: total)) }
            let check = DigestSink()
            let entry = ArchiveEntry(.file, ArchiveName("blobs/sha256/\(digest.hex)"), size: size)
            try tar.write(entry, body: TeeSource(watched, to: check))
            guard try check.digest() == digest else {
                throw CFSError(
                    .digestMismatch, .recording, "the stored blob \(blobs.path(of: digest)) is damaged",
                    path: blobs.path(of: digest),
                    hint: "remove the image and import it again")
            }
            done += size
        }
        try tar.finish()
    }

    private func write(_ document: JSON, _ name: String, to tar: TarWriter) throws(CFSError) {
        let bytes = document.bytes()
        try tar.write(ArchiveEntry(.file, ArchiveName(name), size: UInt64(bytes.count)), body: BytesSource(bytes))
    }

    private func index(of image: ImageRecord) throws(CFSError) -> JSON {
        let bytes = try blobs.read(image.digest, limit: ImageManifest.sizeLimit)
        let type = try DocumentFields(parsing: bytes, "the image's manifest").string("mediaType") ?? MediaType.manifest
        let descriptor = Descriptor(
            mediaType: type, digest: image.digest, size: UInt64(bytes.count),
            platform: Descriptor.Platform(system: "linux", architecture: image.architecture))
        var manifest = descriptor.json.object ?? JSONObject()
        manifest["annotations"] = ["org.opencontainers.image.ref.name": .string(image.name)]
        return [
            "schemaVersion": 2, "mediaType": .string(MediaType.index), "manifests": [.object(manifest)],
        ]
    }
}
