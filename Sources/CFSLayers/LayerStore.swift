import CFSLinux
import CFSModel
import Glibc

/// Unpacked layers below `root/layers`, by chain ID: read-only, and shared by all containers. A layer appears whole or not
/// at all.
///
/// Whoever adds or removes holds a lock of its own among all processes; reading needs none.
public struct LayerStore: Sendable {
    let folder: StoreFolder

    /// - Parameter root: made when the first layer is unpacked.
    public init(root: String) { folder = StoreFolder(path: "\(root)/layers") }

    /// Where a layer's files lie, whether it is there or not.
    public func path(of chainID: Digest) -> String { folder.path(of: chainID) }

    /// The chain IDs of all layers, sorted.
    public func all() throws(CFSError) -> [Digest] { try folder.digests() }

    /// The identity of a layer on top of others (image-spec, config.md, "Layer ChainID").
    public static func chainID(of diffID: Digest, over parent: Digest?) throws(CFSError) -> Digest {
        guard let parent else { return diffID }
        return try SHA256Stream.digest(of: Array("\(parent) \(diffID)".utf8))
    }

    /// Unpacks a layer: owners, modes, times, links, devices and the attributes that ``AttributePolicy`` keeps are as in
    /// the archive; whiteouts become those of overlayfs. What fails leaves nothing.
    ///
    /// - Parameters:
    ///   - source: a tar, compressed or not.
    ///   - diffID: what the SHA-256 of the uncompressed tar has to be; nil for whatever it is. A layer that is there
    ///     already is used as it is, after the source was verified.
    ///   - parent: the chain ID of the layer below; nil for the lowest, whose whiteouts have nothing to hide.
    /// - Throws: `digestMismatch`, `unsafeLayer`, `limitExceeded`, `invalidArchive`, `noSpace`.
    public func unpack(
        _ source: any ByteSource, expecting diffID: Digest?, parent: Digest?, limits: ArchiveLimits = .standard
    ) throws(CFSError) -> ImageRecord.Layer {
        if let parent, !File.exists(path(of: parent)) {
            throw CFSError(
                .invalidState, .unpacking, "the layer below, \(parent.short), is not there", path: path(of: parent))
        }
        let content = DigestSink()
        let tar = TeeSource(try decompress(source, limits: limits), to: content)
        if let diffID {
            let chainID = try Self.chainID(of: diffID, over: parent)
            if File.exists(path(of: chainID)) {
                try tar.drain()
                try Self.verify(content, diffID)
                return ImageRecord.Layer(
                    diffID: diffID, chainID: chainID, size: try LayerSize.measure(path(of: chainID)))
            }
        }
        try folder.make()
        let temporary = folder.temporaryName()
        do throws(CFSError) {
            // Nobody but root may come near set-uid programs of an image: the folder above is 0700.
            try Directory.make(temporary)
            // A digest tells whether the tar is whole; without one, only its end does.
            let reader = TarReader(tar, limits: limits, needsEndMarker: diffID == nil)
            let size = try fill(temporary, from: reader, over: parent, limits)
            // Blocks behind the end belong to what the digest is of.
            try tar.drain()
            if let diffID { try Self.verify(content, diffID) }
            let found = try content.digest()
            let chainID = try Self.chainID(of: found, over: parent)
            try publish(temporary, as: chainID)
            return ImageRecord.Layer(diffID: found, chainID: chainID, size: size)
        } catch {
            do throws(CFSError) {
                try Directory.removeTree(temporary)
            } catch {
                // The first error is what the caller needs; what stays is found by the next clean-up.
            }
            throw error
        }
    }

    /// Removes a layer; one that is gone already is fine. Mounts that use it are the caller's to know of.
    ///
    /// The name goes at once, so that a removal that is cut short never leaves half a layer under it.
    public func remove(_ chainID: Digest) throws(CFSError) {
        let temporary = folder.temporaryName()
        if rename(path(of: chainID), temporary) != 0 {
            if errno == ENOENT { return }
            throw CFSError(kernel: errno, "rename", .removing, path: path(of: chainID))
        }
        try Directory.removeTree(temporary)
    }

    /// Removes what imports and removals that were killed have left. Only for whoever holds the lock: an import at work
    /// would lose its files.
    ///
    /// - Returns: how many.
    @discardableResult
    public func removeLeftovers() throws(CFSError) -> Int { try folder.removeUnfinished() }

    // MARK: Steps

    private func fill(
        _ path: String, from reader: TarReader, over parent: Digest?, _ limits: ArchiveLimits
    ) throws(CFSError) -> UInt64 {
        let root = SharedFD(try Directory.open(path))
        if let parent {
            let note = ExtendedAttribute(name: LowerLayers.parentAttribute, value: Array(parent.hex.utf8))
            try checked(ExtraSystemCalls.setAttribute(root.raw, note), "fsetxattr", .unpacking, path: path)
        }
        let tree = try LayerTree(root, over: LowerLayers(store: folder, nearest: parent), limits: limits)
        var unpacker = LayerUnpacker(reader, to: tree, limits: limits)
        try unpacker.run()
        return tree.hasReplaced ? try LayerSize.measure(path) : unpacker.size
    }

    private func publish(_ temporary: String, as chainID: Digest) throws(CFSError) {
        let target = path(of: chainID)
        if File.exists(target) {
            try Directory.removeTree(temporary)
            return
        }
        let layer = try Directory.open(temporary)
        // A name whose files are not on the disk yet would pass for the layer after a power cut.
        try checked(ExtraSystemCalls.synchronizeFileSystem(layer.raw), "syncfs", .recording, path: temporary)
        try checked(rename(temporary, target) == 0 ? 0 : -Int(errno), "rename", .recording, path: target)
        try folder.synchronize()
    }

    private static func verify(_ content: DigestSink, _ diffID: Digest) throws(CFSError) {
        let found = try content.digest()
        guard found == diffID else {
            throw CFSError(
                .digestMismatch, .unpacking, "the layer's content has the digest \(found), not \(diffID)",
                hint: "the image is damaged or was changed: fetch it again")
        }
    }
}
