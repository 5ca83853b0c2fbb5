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
    /// Whether a container stands still meanwhile, so that its files fit together: one that runs is paused, one that waits for its
    /// next run waits on, and there is no image of one that somebody starts or lets go on.
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
    ///   `conflict` when somebody starts the container meanwhile or lets it go on, or when it cannot be paused;
    ///   `invalidArgument` for a file whose name layers reserve (`.wh.`); `limitExceeded`, `noSpace`. Then there is no new image.
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
        let standing = Standing()
        defer { end(standing) }
        var store = engine.store
        if let interruption { store.whileLocked = interruption.waitAMoment }
        let image = try store.commit(commit) { layers throws(CFSError) in
            // Only now: another process may have changed the store for a long time.
            if request.pauses { standing.still = try standStill(interruption) }
            let reader = try layers.reader(
                of: upper, over: row.layers.last, places: configuration.places, owners: OwnerMap(configuration))
            let watched = WatchedReader(InterruptibleReader.make(reader, interruption), of: self)
            guard standing.still != nil else { return watched }
            return ConfirmedReader(watched) { () throws(CFSError) in
                if let still = standing.still { try self.confirm(still, row.name) }
                // All is read: the image is made without it.
                self.end(standing)
            }
        }
        noteDone("commit", [EngineEvent.Attribute("imageID", "\(image.digest)")], history: "commit")
        return image
    }

    /// A container whose files nobody changes, as long as this is there.
    private enum Standstill {
        final class Mark {
            let lock: FileLock
            /// The connection by which the monitor knows that this is there.
            var connection: SharedFD?
            init(_ lock: consuming FileLock) { self.lock = lock }
        }

        /// It is paused for this. When this process is killed, its monitor lets it go on; where that cannot,
        /// ``Engine/recover()``. The mark is nil where there was no room for one.
        case paused(Mark?)
        /// It does not run, or somebody has paused it. One that waits for its next run waits as long as the connection lasts.
        case found(ContainerRecord, SharedFD?)
    }

    private final class Standing {
        var still: Standstill?
    }

    /// Nil when there is no way to pause one that runs. For whoever has the store to himself: one at a time.
    private func standStill(_ interruption: StartInterruption?) throws(CFSError) -> Standstill? {
        let begin = SystemClock.monotonic
        func isWithin(_ seconds: UInt64) -> Bool { SystemClock.monotonic - begin < seconds * 1_000_000_000 }
        // What ends or starts at this moment is waited for.
        while isWithin(10) {
            let record = try record()
            switch record.state {
            // It stands still for the commit before, which is over, or was killed.
            case .paused where isWithin(1) && File.exists(folder.standstillPath): break
            case .stopping: break
            case .running:
                if try hasProcess() {
                    do throws(CFSError) {
                        if let standstill = try pauseForThis(interruption) { return standstill }
                    } catch {
                        guard error.code != .cgroupControllerUnavailable else { return nil }
                        let isGone = error.code == .containerNotRunning
                        // Somebody else was faster.
                        let isPaused = if case .paused = try self.record().state { true } else { false }
                        guard isGone || error.code == .conflict && isPaused else { throw withWayOut(error) }
                    }
                } else if !isWithin(1) {
                    // Its monitor still has output for somebody who does not read.
                    return .found(record, nil)
                }
            case .exited where record.restartsAt != nil:
                // What it is at is certain only now.
                if let connection = try holdNextRun() { return .found(try self.record(), connection) }
            default: return .found(record, nil)
            }
            if let interruption { try interruption.waitAMoment() } else { _ = poll(nil, 0, 10) }
        }
        throw CFSError(
            .conflict, .recording, "somebody starts or ends the container \(try row().name) at this moment",
            hint: "try again, or take its files as they are with --no-pause")
    }

    private func withWayOut(_ error: CFSError) -> CFSError {
        guard error.code != .containerNotFound else { return error }
        var error = error
        error.hint = "\(error.hint.map { "\($0); " } ?? "")--no-pause takes its files as they are"
        return error
    }

    /// Whether its first process is there: until the monitor has told of its end, it counts as running.
    private func hasProcess() throws(CFSError) -> Bool {
        guard let live = try engine.live(row(), folder) else { return false }
        return ProcessControl.isRunning(live.pid, startTime: live.startTime)
    }

    /// Nil for one that is being stopped, or has just ended, of which its monitor has not told yet.
    private func pauseForThis(_ interruption: StartInterruption?) throws(CFSError) -> Standstill? {
        let mark = standstillMark(interruption)
        if let mark { mark.connection = tellMonitor(of: mark.lock) }
        var isPaused = false
        defer { if !isPaused, let mark { removeMark(mark.lock) } }
        try pause(history: nil)
        defer { if !isPaused { Engine.regardless { () throws(CFSError) in try thaw() } } }
        // A stop that was begun just before has its time for what it asked of the container.
        let decision = try row().decision
        let isAsked = decision.phase == .stopping && decision.claim?.isAlive == true
        if !isAsked, case .paused = try record().state { isPaused = true }
        return isPaused ? .paused(mark) : nil
    }

    /// Throws when somebody has let it go on meanwhile: its files may not be of one moment then.
    private func confirm(_ standstill: Standstill, _ name: String) throws(CFSError) {
        let after = try record()
        let how: String
        switch standstill {
        case .paused(let mark):
            let isOwn = if let mark { try isMark(mark.lock) } else { true }
            if isOwn, case .paused = after.state { return }
            how = "somebody has let it go on, paused it himself, or ended it"
        case .found(let before, _):
            if case .paused = before.state {
                guard after.state != before.state else { return }
                how = "somebody has let it go on, or ended it"
            } else {
                let runs = try hasProcess()
                guard runs || after.startedAt != before.startedAt else { return }
                how = "it was started"
            }
        }
        throw CFSError(
            .conflict, .recording, "the container \(name) did not stand still to the end: \(how)",
            hint: "commit it once more; --no-pause takes its files as they are")
    }

    /// Nil for a monitor that is too old for that. One that was stopped must not hold the commit up: it hears of this later,
    /// while the connection is there.
    private func tellMonitor(of lock: borrowing FileLock) -> SharedFD? {
        do throws(CFSError) {
            let (connection, agrees) = try askMonitor(.standstill, descriptors: [lock.descriptor], within: 1000)
            return agrees == false ? nil : connection
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

    private func end(_ standing: Standing) {
        guard let still = standing.still else { return }
        standing.still = nil
        Engine.regardless { () throws(CFSError) in try end(still) }
    }

    private func end(_ standstill: Standstill) throws(CFSError) {
        guard case .paused(let taken) = standstill else { return }
        guard let mark = taken else { return try unpause(history: nil) }
        // Whoever has let it go on, and has paused it again, wants it to be so.
        guard try isMark(mark.lock) else { return }
        defer { removeMark(mark.lock) }
        try unpause(history: nil)
    }

    /// The error of who wants something of a container that is paused. One that stands still for a commit goes on by itself, and who lets
    /// it go on breaks that.
    func pausedError(_ record: ContainerRecord, _ phase: CFSError.Phase, _ consequence: String) -> CFSError {
        let isForCommit = standsForCommit
        return CFSError(
            .conflict, phase,
            "the container \(record.name) is paused\(isForCommit ? " for a commit" : ""): \(consequence)",
            hint: isForCommit
                ? "it goes on when the commit has ended" : "let it go on first: cfs unpause \(record.name)")
    }

    /// False also where it cannot be known.
    private var standsForCommit: Bool {
        guard File.exists(folder.standstillPath) else { return false }
        do throws(CFSError) {
            guard let mark = try FileLock(ifFree: folder.standstillPath) else { return true }
            withExtendedLifetime(mark) {}
            return false
        } catch {
            return false
        }
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
