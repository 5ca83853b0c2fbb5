import CFSImages
import CFSLayers
import CFSLinux
import CFSModel
import CFSMonitor
import Glibc

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
    /// - Throws: `imageNotFound` when the container's image was removed; `containerNotFound` when the container is, meanwhile;
    ///   `conflict` when somebody lets a container go on that stands still for this; `invalidArgument` for a file whose name layers
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
        var standstill: Standstill?
        defer { if let standstill { Engine.regardless { () throws(CFSError) in try end(standstill) } } }
        var store = engine.store
        if let interruption { store.whileLocked = interruption.waitAMoment }
        let image = try store.commit(commit) { layers throws(CFSError) in
            // Only now: another process may have changed the store for a long time.
            if request.pauses { standstill = try standStill(interruption) }
            let reader = try layers.reader(
                of: upper, over: row.layers.last, places: configuration.places, owners: OwnerMap(configuration))
            let watched = WatchedReader(InterruptibleReader.make(reader, interruption), of: self)
            guard let begun = standstill else { return watched }
            return ConfirmedReader(watched) { () throws(CFSError) in try self.confirm(begun, row.name) }
        }
        noteDone("commit", [EngineEvent.Attribute("imageID", "\(image.digest)")], history: "commit")
        return image
    }

    /// A container that stands still for this process, as long as this is there. When it is killed, the monitor lets the
    /// container go on; where that cannot, ``Engine/recover()``.
    private struct Standstill {
        final class Mark {
            let lock: FileLock
            /// The connection by which the monitor knows that this is there.
            var connection: SharedFD?
            init(_ lock: consuming FileLock) { self.lock = lock }
        }

        /// Nil where there was no room for one.
        var mark: Mark?
    }

    /// Pauses a container that runs; nil when there is nothing to pause, or no way to. For whoever has the store to himself: one
    /// at a time.
    private func standStill(_ interruption: StartInterruption?) throws(CFSError) -> Standstill? {
        var state = try record().state
        // It stands still for the commit before, which is over, or was killed: a second at most.
        for _ in 0..<100 {
            guard case .paused = state, File.exists(folder.standstillPath) else { break }
            if let interruption { try interruption.waitAMoment() } else { _ = poll(nil, 0, 10) }
            state = try record().state
        }
        guard case .running = state else { return nil }
        let standstill = Standstill(mark: standstillMark(interruption))
        if let mark = standstill.mark { mark.connection = tellMonitor(of: mark.lock) }
        do throws(CFSError) {
            try pause(history: nil)
            return standstill
        } catch {
            if let mark = standstill.mark { removeMark(mark.lock) }
            let isNoFault = [.cgroupControllerUnavailable, .containerNotRunning, .conflict].contains(error.code)
            guard isNoFault else { throw error }
            return nil
        }
    }

    /// Throws when somebody has let it go on meanwhile: its files may not be of one moment then.
    private func confirm(_ standstill: Standstill, _ name: String) throws(CFSError) {
        var isOwn = true
        if let mark = standstill.mark { isOwn = try isMark(mark.lock) }
        if isOwn, case .paused = try record().state { return }
        throw CFSError(
            .conflict, .recording,
            "the container \(name) did not stand still to the end: somebody has let it go on, paused it himself, or ended it",
            hint: "commit it once more; --no-pause takes its files as they are")
    }

    /// Nil for a monitor that is too old for that.
    private func tellMonitor(of lock: borrowing FileLock) -> SharedFD? {
        do throws(CFSError) {
            let monitor = try folder.connect()
            try monitor.send(MonitorMessage.standstill.bytes, descriptors: [lock.descriptor])
            let answers = try EventPoll()
            try answers.add(monitor.fd.raw, .readable, token: 0)
            // One that was stopped must not hold the commit up. It hears of this later, while the connection is there.
            while try !answers.wait(milliseconds: 1000).isEmpty {
                guard let (bytes, _) = try monitor.receive() else { return nil }
                switch try MonitorMessage(parsing: bytes) {
                case .changed: return SharedFD(try monitor.fd.duplicate())
                case .refused: return nil
                default: continue
                }
            }
            return SharedFD(try monitor.fd.duplicate())
        } catch {
            return nil
        }
    }

    private func standstillMark(_ interruption: StartInterruption?) -> Standstill.Mark? {
        do throws(CFSError) {
            while true {
                // Only recover() may have it, or the monitor of the one before: for a moment.
                let lock = try FileLock(folder.standstillPath, whileTaken: interruption?.waitAMoment)
                if try isMark(lock) { return Standstill.Mark(lock) }
            }
        } catch {
            return nil
        }
    }

    /// Whether a lock is of the file that is there now, and not of one that somebody has removed meanwhile.
    private func isMark(_ lock: borrowing FileLock) throws(CFSError) -> Bool {
        guard let named = File.statusIfThere(folder.standstillPath) else { return false }
        return try File.status(at: lock.descriptor).isSameFile(as: named)
    }

    private func removeMark(_ lock: borrowing FileLock) {
        do throws(CFSError) { guard try isMark(lock) else { return } } catch { return }
        _ = unlink(folder.standstillPath)
    }

    private func end(_ standstill: Standstill) throws(CFSError) {
        guard let mark = standstill.mark else { return try unpause(history: nil) }
        // Whoever has let it go on, and has paused it again, wants it to be so.
        guard try isMark(mark.lock) else { return }
        defer { removeMark(mark.lock) }
        try unpause(history: nil)
    }

    /// Makes the standstill for somebody who was killed a pause of its own: it is not for him any more.
    ///
    /// - Returns: whether there was one.
    /// - Throws: `conflict` when he is still there, and lets it go on when he is done.
    func takeStandstill(_ record: ContainerRecord) throws(CFSError) -> Bool {
        guard File.exists(folder.standstillPath) else { return false }
        guard let mark = try FileLock(ifFree: folder.standstillPath), try isMark(mark) else {
            throw CFSError(
                .conflict, .stopping, "the container \(record.name) stands still for a commit, and goes on after it",
                hint: "pause it when the commit has ended")
        }
        removeMark(mark)
        return true
    }

    /// Lets a container go on that stands still for somebody who was killed.
    ///
    /// - Returns: whether it did.
    func endStandstill() throws(CFSError) -> Bool {
        guard File.exists(folder.standstillPath), let mark = try FileLock(ifFree: folder.standstillPath),
            try isMark(mark)
        else { return false }
        defer { removeMark(mark) }
        guard case .paused = try record().state else { return false }
        try unpause(history: nil)
        return true
    }
}
