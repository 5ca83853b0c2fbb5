import CFSImages
import CFSModel
import CFSRegistry

/// What a prune may take: all of it has to hold.
public struct PruneFilter: Sendable, Hashable {
    /// Only what was made before this time, in nanoseconds since 1970.
    public var until: UInt64?
    public var labels: [LabelCondition] = []
    /// None of them may hold.
    public var excludedLabels: [LabelCondition] = []

    public init() {}

    func takes(_ labels: [String: String], createdAt: UInt64) -> Bool {
        if let until, createdAt >= until { return false }
        return self.labels.allSatisfy { $0.holds(for: labels) }
            && !excludedLabels.contains { $0.holds(for: labels) }
    }
}

/// What a prune took away.
public struct Pruned: Sendable, Hashable {
    public var containers: [ContainerID] = []
    /// Names of images.
    public var images: [String] = []
    /// Chain IDs of layers.
    public var layers: [Digest] = []
    public var blobs: [Digest] = []
    /// Bytes that came free on the disk.
    public var bytes: UInt64 = 0
    /// Why something stayed that was to go.
    public var failures: [CFSError] = []

    public init() {}
}

extension Engine {
    /// Removes all containers that do not run, with what they wrote. One that somebody is about to start stays.
    ///
    /// - Returns: also the failures: each container is tried.
    /// - Throws: `notPermitted` without root; what keeps the registry from being read.
    public func pruneContainers(_ filter: PruneFilter = PruneFilter()) throws(CFSError) -> Pruned {
        try requirePrivilege("removing containers")
        try makeFolders()
        try forgetVanished()
        var pruned = Pruned()
        for row in try registry.containers() where filter.takes(row.labels, createdAt: row.createdAt) {
            do throws(CFSError) {
                guard try isIdle(row) else { continue }
                let size = try diskUse(of: row.id)
                try Container(id: row.id, engine: self).remove()
                pruned.containers.append(row.id)
                pruned.bytes += size
            } catch {
                // Somebody else started it, or removed it, at the same time.
                let isOther = [.containerRunning, .containerNotFound, .invalidState, .conflict].contains(error.code)
                if !isOther { pruned.failures.append(error) }
            }
        }
        return pruned
    }

    private func isIdle(_ row: ContainerRow) throws(CFSError) -> Bool {
        guard let record = try record(of: row), record.state.pid == nil, record.restartsAt == nil else { return false }
        return try !RunLock.isHeld(folder(row.id))
    }

    /// Removes all containers that do not run, and the layers and blobs that nobody uses then.
    ///
    /// - Parameter images: whether the names of images go too that no container was made of.
    /// - Throws: as ``pruneContainers(_:)``.
    public func prune(images: Bool = false, _ filter: PruneFilter = PruneFilter()) throws(CFSError) -> Pruned {
        var pruned = try pruneContainers(filter)
        let removal = try store.prune { () throws(CFSError) in
            let rows = try registry.containers()
            let users = ImageUsers(rows, of: try registry.images())
            return StoreNeeds(layers: Set(rows.flatMap(\.layers))) { image in
                !images || users[image.name] > 0
                    || !filter.takes(image.configuration.labels, createdAt: image.createdAt)
            }
        }
        for image in removal.images { note("untag", image) }
        pruned.images = removal.names
        pruned.layers = removal.layers
        pruned.blobs = removal.blobs
        pruned.bytes += removal.bytes
        reserve.make()
        return pruned
    }
}
