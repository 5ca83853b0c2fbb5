import CFSLinux
import CFSModel

/// One thing that a container has changed of its image's files.
public struct LayerChange: Sendable, Hashable {
    /// As `docker diff` writes it.
    public enum Kind: String, Sendable, Hashable {
        case added = "A"
        case modified = "C"
        case deleted = "D"
    }

    public var kind: Kind
    /// Its bytes, from `/` on.
    public var path: ArchiveName

    public init(_ kind: Kind, _ path: ArchiveName) {
        self.kind = kind
        self.path = path
    }
}

extension LayerStore {
    /// What a container has changed of the layers below its own folder, sorted by path.
    ///
    /// - Parameters:
    ///   - upper: the container's folder of an overlay, open for reading; it may change meanwhile.
    ///   - parent: the chain ID of the topmost layer below.
    ///   - places: absolute paths where the engine mounts something or begins: what it had to make there is no change.
    ///   - owners: from the ids on the host to those of the layers.
    public func changes(
        in upper: SharedFD, over parent: Digest?, places: [String], owners: OwnerMap
    ) throws(CFSError) -> [LayerChange] {
        let reader = try self.reader(of: upper, over: parent, places: places, owners: owners)
        var changes: [LayerChange] = []
        while let step = try reader.step() { if let change = step.change { changes.append(change) } }
        return changes
    }

    /// The same as entries of a layer (image-spec, layer.md): what is deleted becomes a whiteout.
    ///
    /// - Returns: a reader that throws `invalidArgument` for a name that layers give a meaning of their own.
    public func reader(
        of upper: SharedFD, over parent: Digest?, places: [String], owners: OwnerMap,
        limits: ArchiveLimits = .standard
    ) throws(CFSError) -> UpperReader {
        try UpperReader(
            upper, lower: LowerLayers(store: folder, nearest: parent), places: places,
            entries: FileEntries(limits, owners: owners, isHostile: true, phase: .looking))
    }
}
