import CFSLayers
import CFSLinux
import CFSModel

/// What lies in the store of images, in bytes on the disk.
public struct StoreUse: Sendable, Hashable {
    /// Unpacked layers by chain ID.
    public var layers: [Digest: UInt64] = [:]
    public var blobs: [Digest: UInt64] = [:]
    /// The blobs of each image, by the image's digest. An image whose manifest cannot be read is missing: what it needs is
    /// unknown.
    public var blobsOfImages: [Digest: Set<Digest>] = [:]

    public init() {}
}

extension ImageStore {
    /// Measures every layer and blob; whatever is removed meanwhile counts as nothing.
    public func use() throws(CFSError) -> StoreUse {
        var use = StoreUse()
        for layer in try layers.all() { use.layers[layer] = try DiskSpace.used(at: layers.path(of: layer)) }
        for blob in try blobs.all() { use.blobs[blob] = try DiskSpace.used(at: blobs.path(of: blob)) }
        for image in try names.images() where use.blobsOfImages[image.digest] == nil {
            do throws(CFSError) {
                use.blobsOfImages[image.digest] = try Self.blobs(of: image, in: blobs)
            } catch {
                // The image can still be listed and removed.
                continue
            }
        }
        return use
    }
}
