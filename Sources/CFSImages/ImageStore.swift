import CFSLayers
import CFSLinux
import CFSModel

/// Images by name: the names in the registry, the blobs and unpacked layers below one folder, and the catalogue of what
/// can be had.
///
/// Whatever changes blobs or layers holds one lock, across processes; asking for an image that is there takes none.
public struct ImageStore {
    let root: String
    let names: any ImageNames
    /// What can be composed or fetched by name.
    public let catalogue: Catalogue
    /// Called again and again while another process changes the store and this one waits for it; ends the wait with what it
    /// throws. Nil waits without end.
    public var whileLocked: (() throws(CFSError) -> Void)?
    /// Where to look for the executable of the offline base.
    var busyBoxPaths = BusyBoxBase.usualPaths

    /// - Parameters:
    ///   - root: the folder of `blobs` and `layers`; made when it is needed.
    ///   - names: where records are kept by name.
    public init(root: String, names: any ImageNames, catalogue: Catalogue = .embedded) {
        self.root = root
        self.names = names
        self.catalogue = catalogue
    }

    /// The image of this name or id. One of the catalogue that is not there yet is composed offline, which is how a
    /// first `cfs run TinyCore ls` works without internet.
    ///
    /// - Parameter reference: a name, with a tag or not, or at least four digits of an id.
    /// - Throws: `imageNotFound` with the nearest names, `ambiguousID`, and what composing throws.
    public func image(_ reference: String) throws(CFSError) -> ImageRecord {
        if let image = try existing(reference) { return image }
        if let name = Self.name(of: reference), let entry = try catalogue.entry(named: name), entry.recipe != nil {
            return try compose(entry)
        }
        throw try notFound(reference)
    }

    /// The image of this name or id, only when it is there; nil otherwise.
    public func existing(_ reference: String) throws(CFSError) -> ImageRecord? {
        if let name = Self.name(of: reference), let image = try names.image(named: name) { return image }
        guard let prefix = Self.idPrefix(reference) else { return nil }
        let found = try names.images().filter { $0.digest.hex.hasPrefix(prefix) }
        guard Set(found.map(\.digest)).count <= 1 else {
            throw CFSError(
                .ambiguousID, .looking, "several images have an id that begins with \(prefix)",
                hint: "write more digits, or a name: \(found.map(\.name).joined(separator: ", "))")
        }
        return found.first
    }

    /// All images, sorted by name.
    public func list() throws(CFSError) -> [ImageRecord] { try names.images() }

    /// Where the unpacked files of an image lie, from the lowest layer to the topmost: the lower folders of an overlay.
    public func layerPaths(_ image: ImageRecord) -> [String] { image.layers.map { layers.path(of: $0.chainID) } }

    /// What an image says of itself, as it is stored.
    ///
    /// - Parameter digest: that of the manifest.
    func documents(of digest: Digest) throws(CFSError) -> (manifest: ImageManifest, document: ImageDocument) {
        let bytes = try blobs.read(digest, limit: ImageManifest.sizeLimit)
        let type = try DocumentFields(parsing: bytes, "the image's manifest").string("mediaType")
        let manifest = try ImageManifest(parsing: bytes, mediaType: type ?? MediaType.manifest)
        let configuration = try blobs.read(manifest.configuration.digest, limit: ImageManifest.sizeLimit)
        return (manifest, try ImageDocument(parsing: configuration))
    }

    var blobs: BlobStore { BlobStore(root: root) }
    var layers: LayerStore { LayerStore(root: root) }

    /// Runs what adds blobs and layers, alone among all processes; takes away what it added when it fails. A disk that is
    /// full is told with the store's folder.
    func change<Result>(
        _ limits: ArchiveLimits, _ body: (ImportTransaction) throws(CFSError) -> Result
    ) throws(CFSError) -> Result {
        let lock = try self.lock()
        defer { extendLifetime(lock) }
        try removeLeftovers()
        let transaction = try ImportTransaction(blobs: blobs, layers: layers, limits: limits)
        do throws(CFSError) {
            return try body(transaction)
        } catch {
            transaction.rollBack()
            throw error.naming(fullStore: root)
        }
    }

    /// Removes what imports that were killed were writing. Whoever calls holds the lock.
    @discardableResult
    func removeLeftovers() throws(CFSError) -> Int { try blobs.removeLeftovers() + layers.removeLeftovers() }

    /// Removes what imports that were killed were writing, unless another process is at work in the store.
    ///
    /// - Returns: how many blobs and layers that were.
    public func removeUnfinished() throws(CFSError) -> Int {
        guard let lock = try FileLock(ifFree: "\(root)/images.lock") else { return 0 }
        defer { extendLifetime(lock) }
        return try removeLeftovers()
    }

    func lock() throws(CFSError) -> FileLock {
        try Directory.makeAll(root)
        return try FileLock("\(root)/images.lock", whileTaken: whileLocked)
    }

    /// Whether the catalogue has an image of this name, here already or not.
    public func isInCatalogue(_ reference: String) throws(CFSError) -> Bool {
        guard let name = Self.name(of: reference) else { return false }
        return try catalogue.entry(named: name) != nil
    }

    func notFound(_ reference: String) throws(CFSError) -> CFSError {
        let known = Set(try names.images().map(\.name) + catalogue.names).sorted()
        let name = Self.name(of: reference) ?? reference
        if let entry = try catalogue.entry(named: name) {
            let way =
                entry.recipe == nil ? "fetch it with `cfs image fetch \(name)`" : "the first `cfs run \(name)` makes it"
            return CFSError(
                .imageNotFound, .looking, "the image \(name) of the catalogue is not here yet",
                hint: "\(way); see `cfs images --all`")
        }
        let nearest = NearestName.suggestions(for: name, among: known)
        let means = "import one with `cfs image import NAME FILE`, or see `cfs images`"
        return CFSError(
            .imageNotFound, .looking, "there is no image \"\(reference.prefix(300))\"",
            hint: nearest.isEmpty ? means : "did you mean \(nearest.joined(separator: ", "))? Or \(means)")
    }

    private static func name(of reference: String) -> String? {
        do {
            return try ImageReference(reference).name
        } catch {
            // What is no name may be an id; and what is neither is simply not found.
            return nil
        }
    }

    private static func idPrefix(_ reference: String) -> String? {
        let digits = reference.hasPrefix("sha256:") ? String(reference.dropFirst("sha256:".count)) : reference
        let isHex = digits.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        return isHex && (4...64).contains(digits.utf8.count) ? digits : nil
    }
}
