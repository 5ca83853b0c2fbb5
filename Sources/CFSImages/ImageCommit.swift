import CFSLayers
import CFSLinux
import CFSModel

/// What becomes of a container's files: an image on top of the one that it was made of.
public struct ImageCommit: Sendable, Hashable {
    /// The digest of the manifest of the container's image.
    public var base: Digest
    /// The container's command, for the image's history.
    public var command: [String]
    /// With a tag or not; nil names the image by the first digits of its digest.
    public var name: String?
    public var author = ""
    public var message = ""
    public var changes: [ImageChange] = []

    public init(base: Digest, command: [String]) {
        self.base = base
        self.command = command
    }
}

extension ImageStore {
    /// Stores a layer on top of an image, and names the two together. An image that had the name is replaced; what fails
    /// leaves nothing.
    ///
    /// - Parameter content: gives the entries of the layer, once nobody else changes the store.
    /// - Throws: `imageNotFound` when the base was removed; `limitExceeded`, `noSpace`; what reading the content throws.
    public func commit(
        _ commit: ImageCommit, _ content: (LayerStore) throws(CFSError) -> any EntryReader
    ) throws(CFSError) -> ImageRecord {
        let reference = try commit.name.map { name throws(CFSError) in try Self.newName(name) }
        return try change(.standard) { transaction throws(CFSError) in
            let (below, base) = try base(commit.base)
            guard below.count < LayerImport.countLimit else {
                throw CFSError(
                    .limitExceeded, .importing, "the image would have more than \(LayerImport.countLimit) layers",
                    hint: "make one of a single layer: cfs export -o root.tar CONTAINER; cfs image import NAME root.tar"
                )
            }
            var document = base
            for change in commit.changes { change.apply(to: &document.configuration) }
            let added = try transaction.add(try content(layers), over: below.last)
            document.diffIDs.append(added.layer.diffID)
            document.created = SystemClock.realtime
            if !commit.author.isEmpty { document.author = commit.author }
            document.history = history(of: base, commit, document.created)
            var record = try transaction.finish(
                document, layers: below + [added], name: reference?.name ?? "", source: .committed)
            if reference == nil { record.name = record.digest.short }
            try names.put(record)
            return record
        }
    }

    /// The layers of an image with their blobs, from the lowest to the topmost, and its document.
    private func base(
        _ digest: Digest
    ) throws(CFSError) -> (layers: [ImportTransaction.AddedLayer], document: ImageDocument) {
        let found: (manifest: ImageManifest, document: ImageDocument)
        do throws(CFSError) {
            found = try documents(of: digest)
        } catch {
            guard error.errno == Int32(ErrorCode.notFound) else { throw error }
            throw CFSError(
                .imageNotFound, .looking, "the image of the container, \(digest.short), was removed",
                hint: "its files can still be had: cfs export -o root.tar CONTAINER; cfs image import NAME root.tar")
        }
        let (manifest, document) = found
        try LayerImport.check(document, layers: manifest.layers.count)
        // What is counted when a layer is unpacked.
        let known = try names.images().flatMap(\.layers)
        var layers: [ImportTransaction.AddedLayer] = []
        for (blob, diffID) in zip(manifest.layers, document.diffIDs) {
            var blob = blob
            blob.mediaType = MediaType.ofLayer(blob.mediaType)
            let chainID = try LayerStore.chainID(of: diffID, over: layers.last?.layer.chainID)
            let size = known.first { $0.chainID == chainID }?.size ?? 0
            layers.append(
                ImportTransaction.AddedLayer(
                    blob: blob, layer: ImageRecord.Layer(diffID: diffID, chainID: chainID, size: size)))
        }
        return (layers, document)
    }

    /// With an entry for each layer, as others want it.
    private func history(of base: ImageDocument, _ commit: ImageCommit, _ created: UInt64?) -> [JSON] {
        let layersKnown = base.history.count { $0["empty_layer"]?.bool != true }
        let before = layersKnown == base.diffIDs.count ? base.history : base.diffIDs.map { _ in .object(JSONObject()) }
        var own = JSONObject([("created_by", .string(commit.command.text(separator: " ")))])
        if let created { own["created"] = .string(Timestamp.text(created)) }
        if !commit.author.isEmpty { own["author"] = .string(commit.author) }
        if !commit.message.isEmpty { own["comment"] = .string(commit.message) }
        return before + [.object(own)]
    }
}
