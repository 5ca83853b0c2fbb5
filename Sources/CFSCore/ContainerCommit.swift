import CFSImages
import CFSLayers
import CFSLinux
import CFSModel
import CFSMonitor

/// How to make an image of a container.
public struct CommitRequest: Sendable, Hashable {
    /// With a tag or not; an image that has it is replaced. Nil names the image by the first twelve digits of its digest.
    public var name: String?
    /// For the image's document.
    public var author = ""
    public var message = ""
    /// What it says about running it, beside what the container's image says.
    public var changes: [ImageChange] = []
    /// Whether a container that runs stands still meanwhile, so that its files fit together.
    public var pauses = true

    public init(name: String? = nil) { self.name = name }
}

extension Container {
    /// Makes an image: the container's own image, with one more layer of what ``diff()`` lists on top.
    ///
    /// Works in every state. Owners are those that are seen inside; volumes and other mounts do not come along.
    ///
    /// - Parameter interruption: how to end it before it is done.
    /// - Returns: the image; its digest is its id.
    /// - Throws: `imageNotFound` when the container's image was removed; `invalidArgument` for a file whose name layers
    ///   reserve (`.wh.`); `limitExceeded`, `noSpace`. Then there is no new image.
    @discardableResult
    public func commit(
        _ request: CommitRequest = CommitRequest(), interruption: StartInterruption? = nil
    ) throws(CFSError) -> ImageRecord {
        try engine.requirePrivilege("making an image")
        let (row, configuration) = (try row(), try self.request())
        var commit = ImageCommit(base: row.imageDigest, command: row.command)
        commit.name = request.name
        commit.author = request.author
        commit.message = request.message
        commit.changes = request.changes
        let upper = SharedFD(try Directory.open(folder.upperPath))
        let mark = request.pauses ? standstillMark() : nil
        var stands = false
        defer {
            if stands { Engine.regardless { () throws(CFSError) in try unpause(history: nil) } }
            extendLifetime(mark)
        }
        var store = engine.store
        if let interruption { store.whileLocked = interruption.waitAMoment }
        let image = try store.commit(commit) { layers throws(CFSError) in
            // Only now: another process may have changed the store for a long time.
            if request.pauses { stands = try standStill() }
            let reader = try layers.reader(
                of: upper, over: row.layers.last, places: configuration.places, owners: OwnerMap(configuration))
            return InterruptibleReader.make(reader, interruption)
        }
        noteDone("commit", [EngineEvent.Attribute("imageID", "\(image.digest)")], history: "commit")
        return image
    }

    /// Says as long as it lives that the container stands still for this process: of one that is killed, ``Engine/recover()`` lets
    /// it go on. Nil for one that does not run, and where there is no room for a mark.
    private func standstillMark() -> FileLock? {
        do throws(CFSError) {
            guard case .running = try record().state else { return nil }
            return try FileLock(folder.standstillPath)
        } catch {
            return nil
        }
    }

    /// Lets a container go on that stands still for somebody who was killed.
    ///
    /// - Returns: whether it did.
    func endStandstill() throws(CFSError) -> Bool {
        guard File.exists(folder.standstillPath), let lock = try FileLock(ifFree: folder.standstillPath) else {
            return false
        }
        defer { extendLifetime(lock) }
        guard case .paused = try record().state else { return false }
        try unpause(history: nil)
        return true
    }

    /// Pauses a container that runs; false when there is nothing to pause, or no way to.
    private func standStill() throws(CFSError) -> Bool {
        guard case .running = try record().state else { return false }
        do throws(CFSError) {
            try pause(history: nil)
            return true
        } catch {
            let isNoFault = [.cgroupControllerUnavailable, .containerNotRunning, .conflict].contains(error.code)
            guard isNoFault else { throw error }
            return false
        }
    }
}
