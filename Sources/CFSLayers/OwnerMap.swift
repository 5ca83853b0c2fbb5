import CFSModel

/// How the ids of a container's files on the host and those inside belong together (user_namespaces(7)).
public struct OwnerMap: Sendable, Hashable {
    /// Without a user namespace both are the same.
    public static let identity = OwnerMap(uids: [], gids: [])
    /// What the kernel shows for an id without a place inside.
    public static let nobody: UInt32 = 65_534

    private let uids: [RuntimeSpec.IDRange]
    private let gids: [RuntimeSpec.IDRange]

    /// - Parameters:
    ///   - uids: the lines of the user map; empty for the identity.
    ///   - gids: those of the group map.
    public init(uids: [RuntimeSpec.IDRange], gids: [RuntimeSpec.IDRange]) {
        self.uids = uids
        self.gids = gids
    }

    public var isIdentity: Bool { uids.isEmpty && gids.isEmpty }

    /// The user inside whose number on the host this is; ``nobody`` when there is none.
    public func inside(uid: UInt32) -> UInt32 { Self.inside(uid, uids) ?? Self.nobody }
    public func inside(gid: UInt32) -> UInt32 { Self.inside(gid, gids) ?? Self.nobody }

    /// The number on the host of a user inside; nil when it has none.
    public func outside(uid: UInt32) -> UInt32? { Self.outside(uid, uids) }
    public func outside(gid: UInt32) -> UInt32? { Self.outside(gid, gids) }

    /// The root of the container, on the host.
    public var root: (uid: UInt32, gid: UInt32) { (outside(uid: 0) ?? 0, outside(gid: 0) ?? 0) }

    /// Like ``inside(uid:)``, but nil when there is none.
    func mapped(uid: UInt32) -> UInt32? { Self.inside(uid, uids) }

    private static func inside(_ id: UInt32, _ ranges: [RuntimeSpec.IDRange]) -> UInt32? {
        if ranges.isEmpty { return id }
        for range in ranges where id >= range.hostID && id - range.hostID < range.size {
            return range.containerID + (id - range.hostID)
        }
        return nil
    }

    private static func outside(_ id: UInt32, _ ranges: [RuntimeSpec.IDRange]) -> UInt32? {
        if ranges.isEmpty { return id }
        for range in ranges where id >= range.containerID && id - range.containerID < range.size {
            return range.hostID + (id - range.containerID)
        }
        return nil
    }
}
