import CFSLayers
import CFSLinux
import CFSModel

/// What a removal took away.
public struct ImageRemoval: Sendable, Hashable {
    /// The images whose names are gone.
    public var images: [ImageRecord] = []
    public var names: [String] { images.map(\.name) }
    /// Chain IDs of unpacked layers.
    public var layers: [Digest] = []
    public var blobs: [Digest] = []
    /// Bytes that came free on the disk.
    public var bytes: UInt64 = 0

    public init() {}
}

extension ImageStore {
    /// Removes an image by name or id, and every layer and blob that no other image needs.
    ///
    /// - Parameter layersInUse: chain IDs that containers have mounted: they stay, also without an image.
    /// - Throws: `imageNotFound`; `conflict` for an id that has several names.
    @discardableResult
    public func remove(_ reference: String, keeping layersInUse: Set<Digest>) throws(CFSError) -> ImageRemoval {
        try remove(reference, unless: { _ in }, keeping: { () throws(CFSError) in layersInUse })
    }

    /// The same where containers are made meanwhile.
    ///
    /// - Parameters:
    ///   - refuseLast: asked before an image loses the last of its names, when nobody else can change them; what it throws keeps
    ///     the image as it is. One of several names is removed without asking.
    ///   - layersInUse: asked once the name is gone, so that no container can be made of the image any more.
    public func remove(
        _ reference: String, unless refuseLast: (ImageRecord) throws(CFSError) -> Void,
        keeping layersInUse: () throws(CFSError) -> Set<Digest>
    ) throws(CFSError) -> ImageRemoval {
        let lock = try self.lock()
        defer { extendLifetime(lock) }
        guard let image = try existing(reference) else { throw try notFound(reference) }
        let sameID = try names.images().filter { $0.digest == image.digest }.map(\.name)
        let isNamed = image.name == reference || "\(image.name):latest" == reference
        guard isNamed || sameID.count == 1 else {
            throw CFSError(
                .conflict, .removing, "the image \(image.digest.short) has several names",
                hint: "remove it by each of them: \(sameID.joined(separator: ", "))")
        }
        if sameID.count == 1 { try refuseLast(image) }
        try names.removeImage(named: image.name)
        var removal = try collect(keeping: try layersInUse())
        removal.images = [image]
        return removal
    }

    /// Removes every layer and blob that no image and no container needs: what replaced images and killed imports left.
    @discardableResult
    public func collectGarbage(keeping layersInUse: Set<Digest>) throws(CFSError) -> ImageRemoval {
        let lock = try self.lock()
        defer { extendLifetime(lock) }
        return try collect(keeping: layersInUse)
    }

    /// The digests of everything that an image consists of, as blobs.
    static func blobs(of image: ImageRecord, in blobs: BlobStore) throws(CFSError) -> Set<Digest> {
        let bytes = try blobs.read(image.digest, limit: ImageManifest.sizeLimit)
        let type = try DocumentFields(parsing: bytes, "the image's manifest").string("mediaType") ?? MediaType.manifest
        let manifest = try ImageManifest(parsing: bytes, mediaType: type)
        return Set([image.digest, manifest.configuration.digest] + manifest.layers.map(\.digest))
    }

    /// Whoever calls holds the lock.
    func collect(keeping layersInUse: Set<Digest>) throws(CFSError) -> ImageRemoval {
        var removal = ImageRemoval()
        try removeLeftovers()
        let images = try names.images()
        let neededLayers = layersInUse.union(images.flatMap { $0.layers.map(\.chainID) })
        for layer in try layers.all() where !neededLayers.contains(layer) {
            let size = try DiskSpace.used(at: layers.path(of: layer))
            try layers.remove(layer)
            removal.layers.append(layer)
            removal.bytes += size
        }
        guard let neededBlobs = try neededBlobs(images) else { return removal }
        for blob in try blobs.all() where !neededBlobs.contains(blob) {
            let size = try DiskSpace.used(at: blobs.path(of: blob))
            try blobs.remove(blob)
            removal.blobs.append(blob)
            removal.bytes += size
        }
        return removal
    }

    /// Nil when a manifest cannot be read: what its image needs is unknown then, and every blob must stay.
    private func neededBlobs(_ images: [ImageRecord]) throws(CFSError) -> Set<Digest>? {
        var needed: Set<Digest> = []
        for image in images {
            do throws(CFSError) {
                needed.formUnion(try Self.blobs(of: image, in: blobs))
            } catch {
                return nil
            }
        }
        return needed
    }
}
