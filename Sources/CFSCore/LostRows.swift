import CFSLinux
import CFSModel
import CFSMonitor
import CFSRegistry
import Glibc

/// What ``Engine/rebuildRegistry()`` could save.
public struct RebuiltRegistry: Sendable, Hashable {
    /// Where the damaged file lies now, for whoever knows how to get more out of it.
    public var damagedPath: String
    /// How many could be read from it, and how many containers were taken up from their own folders.
    public var images: Int
    public var containers: Int
    public var history: Int
    public var takenUp: Int
}

extension Engine {
    /// Replaces a registry that is damaged by a new one, with what can still be read of it. A container that it has lost is
    /// taken up from its own configuration; a name of an image that it has lost is gone.
    ///
    /// For nobody else at work with the same folders. What runs, runs on.
    ///
    /// - Throws: `conflict` when the registry is not damaged.
    public func rebuildRegistry() throws(CFSError) -> RebuiltRegistry {
        try requirePrivilege("putting the engine's state right")
        try makeFolders()
        let saved = try Registry.rebuild(path: "\(options.root)/registry.db")
        var rebuilt = RebuiltRegistry(
            damagedPath: saved.path, images: saved.images.count, containers: saved.containers.count,
            history: saved.history.count, takenUp: 0)
        let folder = try Directory.open("\(options.root)/containers")
        for name in try Directory.names(folder.raw) {
            guard let id = ContainerID(name), try takeUpIfLost(id) else { continue }
            rebuilt.takenUp += 1
        }
        return rebuilt
    }

    /// Takes up a container that has its configuration and no row: the row is made before that, and goes after it, so the
    /// registry has lost it. False when that is not so, and for one that would have removed itself at its end and has ended.
    func takeUpIfLost(_ id: ContainerID) throws(CFSError) -> Bool {
        let folder = folder(id)
        guard let request = Self.request(of: folder), request.id == id, try registry.container(id) == nil else {
            return false
        }
        let layers = request.layers.reversed().compactMap { Self.chainID(ofFolder: $0) }
        // One that an older cfs has made does not say which image it was: the one that has the name now, or its topmost layer.
        var digest = request.registered.flatMap { Self.digest($0.imageDigest) }
        if digest == nil { digest = try registry.image(named: request.image)?.digest ?? layers.last }
        guard let digest else { return false }
        let exit = try folder.readExit()
        let live = try folder.readState()
        let runs = live.map { ProcessControl.isRunning($0.pid, startTime: $0.startTime) } ?? false
        if request.autoRemove && !runs { return false }
        let first = request.spec.linux.uidMappings.first { $0.containerID == 0 }?.hostID
        var row = ContainerRow(
            id: id, name: request.name, slot: first.flatMap { IDRanges.slot(base: $0) }, image: request.image,
            imageDigest: digest, layers: layers,
            command: request.spec.process.args, labels: request.registered?.labels?.stringMap ?? [:],
            createdAt: request.registered?.createdAt ?? SystemClock.realtime, autoRemove: request.autoRemove)
        if let live {
            row.decision = ContainerDecision(phase: .running, startedAt: live.startedAt)
        } else if let exit {
            row.decision = ContainerDecision(phase: .exited, startedAt: exit.startedAt)
        }
        var attempt = 0
        while true {
            do throws(CFSError) {
                return try registry.takeUp(row)
            } catch {
                guard error.code == .nameTaken, attempt < 20 else { throw error }
                row.name = NameMaker.make(attempt: attempt)
                attempt += 1
            }
        }
    }

    /// Nil for one that is not there, or damaged: nothing can be made of such a folder.
    static func request(of folder: ContainerFolder) -> MonitorRequest? {
        do throws(CFSError) { return try folder.readRequest() } catch { return nil }
    }

    private static func digest(_ text: String) -> Digest? {
        do throws(CFSError) { return try Digest(text) } catch { return nil }
    }

    private static func chainID(ofFolder path: String) -> Digest? {
        Digest(hex: String(path[(path.lastSlash.map { path.utf8.index(after: $0) } ?? path.startIndex)...]))
    }
}
