import CFSImages
import CFSModel

/// An image that can be had by its name alone.
public struct CatalogueItem: Sendable, Hashable {
    public var name: String
    public var description: String
    /// Whether an image of this name is in the store.
    public var isPresent: Bool
    /// Whether `fetchImage` knows an address for it.
    public var hasUpstream: Bool
}

/// An unpacked layer, and who uses it: it is stored once.
public struct LayerUse: Sendable, Hashable {
    public var chainID: Digest
    /// Bytes of file content.
    public var size: UInt64
    /// The names of the images that are built on it.
    public var images: [String]
}

extension Engine {
    /// All images, sorted by name.
    public func images() throws(CFSError) -> [ImageRecord] {
        try prepareStore()
        return try store.list()
    }

    /// What can be run by name without importing anything.
    public func catalogue() throws(CFSError) -> [CatalogueItem] {
        let present = Set(try images().map(\.name))
        return try store.catalogue.entries().map {
            CatalogueItem(
                name: $0.name, description: $0.description, isPresent: present.contains($0.name),
                hasUpstream: $0.upstream != nil)
        }
    }

    /// Whether the catalogue has an image of this name, here already or not. What is no name of an image is not there.
    package func hasCatalogueImage(_ reference: String) throws(CFSError) -> Bool {
        try prepareStore()
        return try store.isInCatalogue(reference)
    }

    /// Imports a folder, a tar (plain, gzip, xz, zstd, bzip2), an initramfs, an ISO image, an OCI layout or a `docker save`
    /// archive. The name appears only when all of it was read, verified and unpacked.
    @discardableResult
    public func importImage(
        name: String, from path: String, options: ImportOptions = ImportOptions(),
        progress: @escaping (ImportProgress) -> Void = { _ in }
    ) throws(CFSError) -> ImageRecord {
        try requirePrivilege("making an image")
        try prepareStore()
        let image = try store.importImage(name: name, from: path, options: options, progress: progress)
        note("import", image)
        return image
    }

    /// Imports an archive that comes through a descriptor, which stays the caller's: a pipe, for example. Nothing is left of
    /// one that ends too early.
    ///
    /// - Parameter label: how errors call the descriptor.
    @discardableResult
    public func importImage(
        name: String, fromDescriptor descriptor: Int32, called label: String, options: ImportOptions = ImportOptions(),
        progress: @escaping (ImportProgress) -> Void = { _ in }
    ) throws(CFSError) -> ImageRecord {
        try requirePrivilege("making an image")
        try prepareStore()
        let image = try store.importImage(
            name: name, fromDescriptor: descriptor, called: label, options: options, progress: progress)
        note("import", image)
        return image
    }

    /// Fetches an image of the catalogue from its makers' address, verifies it, and imports it.
    @discardableResult
    public func fetchImage(
        name: String, options: FetchOptions = FetchOptions(),
        progress: @escaping @Sendable (ImportProgress) -> Void = { _ in }
    ) async throws(CFSError) -> ImageRecord {
        try requirePrivilege("fetching an image")
        try prepareStore()
        let image = try await store.fetch(name: name, options: options, progress: progress)
        note("fetch", image)
        return image
    }

    /// Writes an image as a tar in the form of an OCI layout. The file appears whole or not at all.
    ///
    /// - Returns: what was written.
    @discardableResult
    public func exportImage(
        _ reference: String, to path: String, progress: @escaping (ImportProgress) -> Void = { _ in }
    ) throws(CFSError) -> ImageRecord {
        try prepareStore()
        return try store.export(reference, to: path, progress: progress)
    }

    /// Writes the same bytes to a descriptor, which stays the caller's: a pipe, for example. What was written when this
    /// throws is no image.
    @discardableResult
    public func exportImage(
        _ reference: String, toDescriptor descriptor: Int32, name: String? = nil,
        progress: @escaping (ImportProgress) -> Void = { _ in }
    ) throws(CFSError) -> ImageRecord {
        try prepareStore()
        let sink = try DescriptorSink.make(descriptor, name)
        let image = try store.export(reference, to: sink, progress: progress)
        try sink.flush()
        return image
    }

    /// What is known of an image, as JSON with the members that users of Docker look for.
    public func inspectImage(_ reference: String) throws(CFSError) -> JSON {
        try prepareStore()
        return try store.inspect(reference)
    }

    /// Removes a name, and every layer and blob that nothing else needs. Layers of containers stay.
    ///
    /// - Parameter force: whether an image may lose its last name while containers of it are there. One of several goes
    ///   without that: the image stays.
    /// - Throws: `imageNotFound`; `imageInUse` when it is the last name, a container was made of the image and `force` is false;
    ///   `conflict` for an id of several names.
    @discardableResult
    public func removeImage(_ reference: String, force: Bool = false) throws(CFSError) -> ImageRemoval {
        try requirePrivilege("removing an image")
        try prepareStore()
        try forgetVanished()
        let removal = try store.remove(
            reference,
            unless: { image throws(CFSError) in if !force { try refuseUsed(image) } },
            keeping: { () throws(CFSError) in Set(try registry.containers().flatMap(\.layers)) })
        for image in removal.images { note("untag", image) }
        reserve.make()
        return removal
    }

    private func refuseUsed(_ image: ImageRecord) throws(CFSError) {
        let users = try registry.containers().filter { $0.imageDigest == image.digest }
        guard !users.isEmpty else { return }
        throw CFSError(
            .imageInUse, .removing,
            "the image \(image.name) is used by the container\(users.count == 1 ? "" : "s") "
                + users.map(\.name).joined(separator: ", "),
            hint: "remove them first with `cfs rm`, or use --force: their layers stay until they are gone")
    }

    /// The layers of these images, from the most shared to the least, each once.
    public func layerUse(_ images: [ImageRecord]) -> [LayerUse] {
        var uses: [Digest: LayerUse] = [:]
        for image in images {
            for layer in image.layers {
                uses[layer.chainID, default: LayerUse(chainID: layer.chainID, size: layer.size, images: [])].images
                    .append(image.name)
            }
        }
        return uses.values.sorted { ($1.images.count, $0.chainID.hex) < ($0.images.count, $1.chainID.hex) }
    }

    func prepareStore() throws(CFSError) { try makeFolders(withRun: false) }
}
