import CFSImages
import CFSLinux
import CFSModel
import CFSRegistry

/// What an engine takes on the disk. All sizes are bytes of blocks that are really used, a file with several names once.
public struct DiskUse: Sendable, Hashable {
    public struct ContainerUse: Sendable, Hashable {
        public var record: ContainerRecord
        /// What it wrote, its log and its configuration.
        public var size: UInt64
    }

    public struct ImageUse: Sendable, Hashable {
        public var image: ImageRecord
        /// Of its layers and blobs.
        public var size: UInt64
        /// The part of it that other images have too.
        public var shared: UInt64
        /// How many containers were made of it, by this name.
        public var containers: Int
    }

    /// A layer, by chain ID, or a blob.
    public struct StoredUse: Sendable, Hashable {
        public var digest: Digest
        public var size: UInt64
        /// The names of images that need it.
        public var images: [String]
        /// How many containers need it; of a blob none.
        public var containers: Int
        var isNeeded: Bool { !images.isEmpty || containers > 0 }
    }

    /// One kind in one line.
    public struct Summary: Sendable, Hashable {
        public var total: Int
        /// Containers that run, images that containers were made of, layers and blobs that are needed.
        public var active: Int
        public var size: UInt64
        /// What comes free when all that is not active is removed.
        public var reclaimable: UInt64
    }

    /// Newest first.
    public var containers: [ContainerUse]
    /// By name.
    public var images: [ImageUse]
    /// By digest.
    public var layers: [StoredUse]
    public var blobs: [StoredUse]
    public let imageSummary: Summary

    public var containerSummary: Summary {
        let active = containers.filter { $0.record.state.pid != nil }
        let size = containers.reduce(0) { $0 + $1.size }
        return Summary(
            total: containers.count, active: active.count, size: size,
            reclaimable: size - active.reduce(0) { $0 + $1.size })
    }
    public var layerSummary: Summary { Self.summary(layers) }
    public var blobSummary: Summary { Self.summary(blobs) }

    private static func summary(_ stored: [StoredUse]) -> Summary {
        let needed = stored.filter(\.isNeeded)
        let size = stored.reduce(0) { $0 + $1.size }
        return Summary(
            total: stored.count, active: needed.count, size: size,
            reclaimable: size - needed.reduce(0) { $0 + $1.size })
    }

    /// - Parameter rows: of the containers, also of those that are about to vanish.
    init(_ store: StoreUse, images: [ImageRecord], rows: [ContainerRow], containers: [ContainerUse]) {
        self.containers = containers
        let users = ImageUsers(rows, of: images)
        var mounted: [Digest: Int] = [:]
        for row in rows { for layer in Set(row.layers) { mounted[layer, default: 0] += 1 } }
        let pieces = images.map { ImagePieces($0, store) }
        var layerImages: [Digest: [String]] = [:]
        var blobImages: [Digest: [String]] = [:]
        for piece in pieces {
            for layer in piece.layers { layerImages[layer, default: []].append(piece.image.name) }
            for blob in piece.blobs { blobImages[blob, default: []].append(piece.image.name) }
        }
        // What a damaged image needs is unknown, and nothing is removed then.
        let unknown = images.filter { store.blobsOfImages[$0.digest] == nil }.map(\.name)
        layers = store.layers.map {
            StoredUse(digest: $0, size: $1, images: layerImages[$0] ?? [], containers: mounted[$0] ?? 0)
        }.sorted { $0.digest.hex < $1.digest.hex }
        blobs = store.blobs.map {
            StoredUse(digest: $0, size: $1, images: blobImages[$0] ?? unknown, containers: 0)
        }.sorted { $0.digest.hex < $1.digest.hex }
        self.images = pieces.map { piece in
            ImageUse(
                image: piece.image,
                size: Self.size(piece.layers, store.layers) + Self.size(piece.blobs, store.blobs),
                shared: Self.size(piece.layers.filter { layerImages[$0, default: []].count > 1 }, store.layers)
                    + Self.size(piece.blobs.filter { blobImages[$0, default: []].count > 1 }, store.blobs),
                containers: users[piece.image.name])
        }
        let active = pieces.filter { users[$0.image.name] > 0 }
        let (allLayers, allBlobs) = (pieces.union(\.layers), pieces.union(\.blobs))
        let neededLayers = active.union(\.layers).union(mounted.keys)
        imageSummary = Summary(
            total: images.count, active: active.count,
            size: Self.size(allLayers, store.layers) + Self.size(allBlobs, store.blobs),
            reclaimable: Self.size(allLayers.subtracting(neededLayers), store.layers)
                + Self.size(allBlobs.subtracting(active.union(\.blobs)), store.blobs))
    }

    private static func size(_ digests: some Sequence<Digest>, _ sizes: [Digest: UInt64]) -> UInt64 {
        digests.reduce(0) { $0 + (sizes[$1] ?? 0) }
    }
}

/// What an image consists of.
private struct ImagePieces {
    let image: ImageRecord
    let layers: Set<Digest>
    let blobs: Set<Digest>

    init(_ image: ImageRecord, _ store: StoreUse) {
        self.image = image
        layers = Set(image.layers.map(\.chainID))
        blobs = store.blobsOfImages[image.digest] ?? []
    }
}

extension [ImagePieces] {
    fileprivate func union(_ part: (ImagePieces) -> Set<Digest>) -> Set<Digest> {
        reduce(into: []) { $0.formUnion(part($1)) }
    }
}

extension Engine {
    /// What containers, images and their parts take on the disk. Walks through all of it, so it takes a while.
    ///
    /// - Throws: `notPermitted` without root.
    public func diskUse() throws(CFSError) -> DiskUse {
        try requirePrivilege("measuring what lies on the disk")
        try prepareStore()
        let rows = try registry.containers()
        var containers: [DiskUse.ContainerUse] = []
        for row in rows {
            guard let record = try record(of: row) else { continue }
            containers.append(DiskUse.ContainerUse(record: record, size: try diskUse(of: row.id)))
        }
        return DiskUse(try store.use(), images: try store.list(), rows: rows, containers: containers)
    }

    /// What lies in a container's own folder.
    func diskUse(of id: ContainerID) throws(CFSError) -> UInt64 { try DiskSpace.used(at: folder(id).container) }
}
