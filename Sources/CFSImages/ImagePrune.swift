import CFSModel

/// What has to stay in a store.
public struct StoreNeeds {
    /// Chain IDs that containers have mounted.
    public var layers: Set<Digest>
    public var isWanted: (ImageRecord) -> Bool

    public init(layers: Set<Digest>, isWanted: @escaping (ImageRecord) -> Bool = { _ in true }) {
        self.layers = layers
        self.isWanted = isWanted
    }
}

extension ImageStore {
    /// Removes the images that nobody wants, and every layer and blob that no image and no container needs.
    ///
    /// - Parameter needs: asked once nobody else can change the store, and once more when the names are gone: a container that
    ///   was made of one of those images before that keeps its layers, and after that none can be.
    public func prune(_ needs: () throws(CFSError) -> StoreNeeds) throws(CFSError) -> ImageRemoval {
        let lock = try self.lock()
        defer { extendLifetime(lock) }
        let before = try needs()
        var gone: [ImageRecord] = []
        for image in try names.images() where !before.isWanted(image) {
            try names.removeImage(named: image.name)
            gone.append(image)
        }
        var removal = try collect(keeping: try needs().layers)
        removal.images = gone
        return removal
    }
}
