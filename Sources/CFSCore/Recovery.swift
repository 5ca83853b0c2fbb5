import CFSCgroups
import CFSLinux
import CFSModel
import CFSMonitor
import CFSRegistry
import Glibc

/// What ``Engine/recover()`` has put right.
public struct Recovery: Sendable, Hashable {
    /// Containers whose monitor was killed, or whose start was; or that stood still for a commit that was.
    public var containers: [ContainerID] = []
    /// Cgroups that nobody looked after.
    public var cgroups = 0
    /// Folders without a container, and layers and blobs that an import left half-written.
    public var folders = 0
    /// Rules of the packet filter and names on networks that were there for nobody, or not there for somebody.
    public var networkParts = 0
    /// The first thing that kept something of networks from its place; all else is put right all the same.
    public var networkFailure: CFSError?

    public init() {}
}

extension Engine {
    /// Puts right what only a killed process can leave: a cgroup, a folder, a row. Safe at any time, from any number of
    /// processes, also while containers are made, run and end: whatever somebody looks after is passed over.
    ///
    /// A container whose monitor is gone is *exited* from then on, with the reason "monitor lost"; one that was to remove
    /// itself is removed, unless it was never started.
    public func recover() throws(CFSError) -> Recovery {
        try requirePrivilege("putting the engine's state right")
        try makeFolders()
        var recovery = Recovery()
        let cgroups = try cgroups()
        let rows = try registry.containers()
        var names = Set(rows.map(\.id.text))
        for folder in ["\(options.root)/containers", options.run] {
            let opened = try Directory.open(folder)
            names.formUnion(try Directory.names(opened.raw))
        }
        names.formUnion(try cgroups?.names() ?? [])
        let known = Dictionary(rows.map { ($0.id.text, $0) }) { first, _ in first }
        for name in names.sorted() {
            // Other names are not ours to touch.
            guard let id = ContainerID(name) else { continue }
            try recover(id, known[name], cgroups, lends: true, &recovery)
            // It may have ended meanwhile.
            Engine.regardless { () throws(CFSError) in
                if known[name] != nil, try Container(id: id, engine: self).endStandstill() {
                    recovery.containers.append(id)
                }
            }
        }
        try cgroups?.removeFolderIfEmpty()
        recovery.folders += try store.removeUnfinished()
        do throws(CFSError) {
            recovery.networkParts += try recoverNetworks()
        } catch {
            recovery.networkFailure = error
        }
        return recovery
    }

    /// Puts right what a killed monitor, or a machine that went down, has left of one container, as ``recover()`` does for
    /// all. One that somebody looks after, and one whose removal was begun, is left alone.
    ///
    /// - Parameter lends: whether what is kept for what makes room is given up for that: for a removal, and not for a start or a
    ///   question.
    /// - Returns: whether there was anything; one that was to remove itself is gone then.
    @discardableResult
    func recoverIfLost(_ id: ContainerID, lends: Bool) throws(CFSError) -> Bool {
        let folder = folder(id)
        guard let row = try registry.container(id), row.decision.phase != .removing, File.exists(folder.configPath),
            RunLock.exists(folder) || Self.saysToRun(row)
        else { return false }
        var recovery = Recovery()
        try recover(id, row, try cgroups(), lends: lends, &recovery)
        return !recovery.containers.isEmpty
    }

    /// Whether a row says that somebody looks after its container. One that removes itself stays at its start until it is gone.
    private static func saysToRun(_ row: ContainerRow) -> Bool {
        [.starting, .running, .stopping].contains(row.decision.phase) && row.decision.claim?.isAlive != true
    }

    /// The cgroup that is left of a container, wherever it wanted it; nil when there is none.
    func leftCgroup(
        _ id: ContainerID, _ folder: ContainerFolder, _ cgroups: CgroupHierarchy?
    ) throws(CFSError) -> Cgroup? {
        if let cgroup = try cgroups?.cgroup(id.text) { return cgroup }
        guard let cgroups, let parent = Self.request(of: folder)?.cgroupFolder, parent != cgroups.folder else {
            return nil
        }
        return try CgroupHierarchy(mountPoint: cgroups.mountPoint, folder: parent).cgroup(id.text)
    }

    private func recover(
        _ id: ContainerID, _ row: ContainerRow?, _ cgroups: CgroupHierarchy?, lends: Bool, _ recovery: inout Recovery
    ) throws(CFSError) {
        let folder = folder(id)
        if row == nil, try takeUpIfLost(id) { recovery.containers.append(id) }
        let hasRun = File.exists(folder.run)
        if hasRun, RunLock.exists(folder) {
            guard let lock = try RunLock(ifFree: folder) else { return }
            defer { extendLifetime(lock) }
            if try putRight(id, folder, cgroups, lends: lends, &recovery), recovery.containers.last != id {
                recovery.containers.append(id)
            }
            return
        }
        // Whoever makes a container takes the lock first, and removes it last: nobody is at work here. Its maker was killed
        // between making the folder and the lock, or is about to make it: then it makes the folder once more.
        if hasRun {
            guard rmdir(folder.run) == 0 else { return }
            recovery.folders += 1
        }
        if try registry.container(id) == nil, !RunLock.exists(folder) {
            if File.exists(folder.container) {
                try folder.removeContainer()
                recovery.folders += 1
            }
        } else if row != nil, !File.exists(folder.container), !RunLock.exists(folder) {
            try lend(if: lends) { () throws(CFSError) in try registry.removeContainer(id) }
        } else if let row, try record(of: row)?.state == .dead, row.decision.claim?.isAlive != true {
            // Its removal was begun, and whoever did it is gone.
            do throws(CFSError) {
                try Container(id: id, engine: self).remove()
                recovery.containers.append(id)
            } catch {
                // Somebody was faster, or is at it.
                guard error.code == .containerNotFound || error.code == .conflict else { throw error }
            }
        } else if let row, Self.saysToRun(row), let lock = try RunLock(ifStopped: folder) {
            // Nothing in the run folder: the machine was started anew, or the monitor ended in order.
            do throws(CFSError) {
                if try putRightWithoutRun(id, folder, lends: lends) { recovery.containers.append(id) }
            } catch {
                // A lock that is left would be that of a monitor.
                try lock.release()
                throw error
            }
            try lock.release()
        }
        if let cgroup = try cgroups?.cgroup(id.text), !RunLock.exists(folder) {
            try cgroup.remove()
            recovery.cgroups += 1
        }
    }

    /// False when all was right but for a record that its own folder still has no room for.
    private func putRight(
        _ id: ContainerID, _ folder: ContainerFolder, _ cgroups: CgroupHierarchy?, lends: Bool,
        _ recovery: inout Recovery
    ) throws(CFSError) -> Bool {
        if let cgroup = try leftCgroup(id, folder, cgroups) {
            try cgroup.remove()
            recovery.cgroups += 1
        }
        recovery.networkParts += removeNetworkRemains(id, folder)
        // Asked again, now that nobody else can change it.
        let row = try registry.container(id)
        let wasMade = File.exists(folder.configPath)
        // Who removed it was killed behind that decision: whatever of it is still there goes now.
        let isRemoval = row.map { $0.decision.phase == .removing && $0.decision.claim?.isAlive != true } ?? false
        // It does so at its end, and when its start breaks off; of one that nobody has started somebody read or changed only.
        let hasRun = try folder.readState() != nil
        let removesItself = row.map { $0.autoRemove && ($0.decision.phase != .created || hasRun) } ?? true
        if let row, wasMade, !removesItself, !isRemoval {
            let (live, exit) = (try folder.readState(), try folder.readExit())
            // Where nothing is left of what its monitor wrote, the row knows at least when.
            let startedAt = live?.startedAt ?? (row.decision.phase == .running ? row.decision.startedAt : nil)
            if let startedAt, exit.map({ $0.startedAt < startedAt }) ?? true {
                try writeLoss(row, folder, startedAt: startedAt, timing: live?.timing ?? [], lends: lends)
            } else if let exit, try folder.readKeptExit() == exit {
                do throws(CFSError) {
                    try folder.writeExit(exit)
                } catch {
                    guard error.code == .noSpace else { throw error }
                    return false
                }
            } else if row.decision.phase == .starting {
                try closeBrokenStart(id, lends: lends)
            }
            try closeLastRun(id, folder, lends: lends)
            try putRight(row, lends: lends)
        } else {
            if let row {
                if let live = try folder.readState(),
                    try folder.readExit().map({ $0.startedAt < live.startedAt }) ?? true
                {
                    noteLoss(row)
                } else if !isRemoval {
                    try closeBrokenStart(id, lends: lends)
                }
            }
            try folder.removeContainer()
            let entry = isRemoval ? row.map { historyEntry("rm", $0, isDone: true) } : nil
            try lend(if: lends) { () throws(CFSError) in try registry.removeContainer(id, history: entry) }
            if let row { note("destroy", row) }
        }
        try folder.removeRun()
        return true
    }

    /// Under the lock: what a row says to run and what no monitor has told the end of is lost. False when it was not so.
    private func putRightWithoutRun(
        _ id: ContainerID, _ folder: ContainerFolder, lends: Bool
    ) throws(CFSError) -> Bool {
        // Asked again, now that nobody else can change it: it may have been removed, or be about to start.
        guard let row = try registry.container(id), File.exists(folder.configPath), Self.saysToRun(row) else {
            return false
        }
        if row.autoRemove {
            noteLoss(row)
            try folder.removeContainer()
            try lend(if: lends) { () throws(CFSError) in try registry.removeContainer(id) }
            note("destroy", row)
            return true
        }
        if row.decision.phase == .starting {
            // It ran to its end where only the registry had no room for that.
            let hasEnded = try folder.readExit().map { $0.startedAt >= row.decision.startedAt ?? 0 } ?? false
            if hasEnded {
                try closeLastRun(id, folder, lends: lends)
            } else {
                try closeBrokenStart(id, lends: lends)
            }
            try putRight(row, lends: lends)
            return !hasEnded
        }
        guard let startedAt = row.decision.startedAt,
            try folder.readExit().map({ $0.startedAt < startedAt }) ?? true
        else {
            try closeLastRun(id, folder, lends: lends)
            try putRight(row, lends: lends)
            return false
        }
        try writeLoss(row, folder, startedAt: startedAt, timing: [], lends: lends)
        try closeLastRun(id, folder, lends: lends)
        try putRight(row, lends: lends)
        return true
    }

    private func writeLoss(
        _ row: ContainerRow, _ folder: ContainerFolder, startedAt: UInt64, timing: [PhaseTime], lends: Bool
    ) throws(CFSError) {
        let record = ExitRecord(
            status: ContainerLifecycle.lostStatus, signal: 9, reason: ContainerLifecycle.lostReason,
            startedAt: startedAt, finishedAt: SystemClock.realtime, timing: timing)
        try lend(if: lends) { () throws(CFSError) in try folder.writeExit(record) }
        noteLoss(row)
    }

    private func noteLoss(_ row: ContainerRow) {
        note(
            "die", row,
            [
                EngineEvent.Attribute("exitCode", "\(ContainerLifecycle.lostStatus)"),
                EngineEvent.Attribute("reason", ContainerLifecycle.lostReason),
            ])
    }

    /// A start that was killed is no event, but an entry of the history that nobody closes.
    private func closeBrokenStart(_ id: ContainerID, lends: Bool) throws(CFSError) {
        let end = HistoryEnd(
            container: id.text, time: SystemClock.realtime, status: ContainerLifecycle.lostStatus,
            reason: "its start broke off")
        try lend(if: lends) { () throws(CFSError) in try registry.closeEntry(end) }
    }

    /// Before the row says that nothing runs: then nobody looks any more.
    private func closeLastRun(_ id: ContainerID, _ folder: ContainerFolder, lends: Bool) throws(CFSError) {
        guard let record = try folder.readExit() else { return }
        do throws(CFSError) {
            try lend(if: lends) { () throws(CFSError) in try closeEntry(of: id, record) }
        } catch {
            // Where there is room, a line of the history keeps nobody from anything.
            guard error.code != .noSpace else { throw error }
        }
    }

    /// A row that says what nobody is at any more.
    private func putRight(_ seen: ContainerRow, lends: Bool) throws(CFSError) {
        try lend(if: lends) { () throws(CFSError) in
            _ = try registry.change(seen.id) { row throws(CFSError) in
                if let claim = row.decision.claim, claim.isAlive { return nil }
                switch row.decision.phase {
                case .created, .exited, .removing: return ContainerDecision(phase: row.decision.phase)
                case .starting:
                    return ContainerDecision(phase: try folder(row.id).readExit() == nil ? .created : .exited)
                case .running, .stopping: return ContainerDecision(phase: .exited, startedAt: row.decision.startedAt)
                }
            }
        }
    }

    /// Removes the rows of containers that removed themselves while nobody watched.
    func forgetVanished() throws(CFSError) {
        for row in try registry.containers() where try record(of: row) == nil {
            try reserve.lend { () throws(CFSError) in try registry.removeContainer(row.id) }
        }
    }

    /// Frees a name whose container has removed itself; false when there is such a container.
    func forgetIfVanished(named name: String) throws(CFSError) -> Bool {
        guard let row = try registry.container(named: name) else { return true }
        return try forgetIfVanished(row)
    }

    func forgetIfVanished(_ row: ContainerRow) throws(CFSError) -> Bool {
        guard try record(of: row) == nil else { return false }
        // Who may only read sees it no more, too.
        guard geteuid() == 0 else { return true }
        do throws(CFSError) {
            try registry.removeContainer(row.id)
        } catch {
            // Who looks for another one can do without; who wants the name hears of the full disk.
            guard error.code == .noSpace else { throw error }
        }
        return true
    }
}
