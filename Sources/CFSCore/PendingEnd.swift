import CFSLinux
import CFSModel
import CFSMonitor
import Glibc
import Synchronization

/// What somebody waits for who waits for a container.
public enum WaitCondition: Sendable, Hashable {
    /// That it does not run.
    case notRunning
    /// That it is gone, with all that it wrote.
    case removed
}

extension Container {
    /// Waits for the container's end or removal, whoever started it.
    ///
    /// - Returns: how its last run ended; of one that was removed before it ever ran status 0.
    /// - Throws: `containerNotRunning` when it was never started, and its end is waited for.
    public func wait(_ condition: WaitCondition = .notRunning) async throws(CFSError) -> ExitStatus {
        let container = self
        return try await Blocking.run { () throws(CFSError) in try container.beginWait(condition).wait() }
    }

    /// Begins to watch the container, and leaves waiting to the answer: of several containers all are watched before any
    /// is waited for, so that none vanishes unseen.
    public func beginWait(_ condition: WaitCondition = .notRunning) throws(CFSError) -> PendingEnd {
        let record = try record()
        let removal = condition == .removed ? try RemovalWatch(folder) : nil
        do throws(CFSError) {
            return PendingEnd(self, try folder.connect(), removal)
        } catch {
            guard error.code == .containerNotRunning else { throw error }
        }
        guard condition == .removed || record.state != .created else {
            throw CFSError(
                .containerNotRunning, .running, "the container \(record.name) has not been started",
                hint: "nothing has ended that could be told")
        }
        return PendingEnd(self, try ended(), removal)
    }

    /// How it ended when it has.
    fileprivate func ended() throws(CFSError) -> ExitStatus? {
        guard let row = try engine.registry.container(id),
            case .exited(let status, let reason)? =
                try engine.record(of: row)?.state
        else { return nil }
        // Of a run that nobody has written down, an older record tells nothing.
        if let kept = try folder.readExit(), kept.status == status, kept.reason == reason { return ExitStatus(kept) }
        return ExitStatus(code: status, reason: reason)
    }

    /// A handle on the process of one whose monitor was killed: the kernel ends it at this moment, or somebody has started the
    /// container anew. Nil when it has ended.
    fileprivate func processWithoutMonitor() throws(CFSError) -> SharedFD? {
        guard let row = try engine.registry.container(id), let pid = try engine.record(of: row)?.state.pid,
            let process = try ProcessControl.open(pid: pid),
            // Only now is it certain whose it is: the number may be another process's already.
            try engine.record(of: row)?.state.pid == pid
        else { return nil }
        return SharedFD(process)
    }

    /// How one has ended whose monitor was killed: what is left of it says so. Nil for one that is gone.
    fileprivate func endedWithoutWord() throws(CFSError) -> ExitStatus? {
        while let process = try processWithoutMonitor() {
            let poll = try EventPoll()
            try poll.add(process.raw, .readable, token: 0)
            _ = try poll.wait(milliseconds: -1)
        }
        return try ended()
    }
}

/// A container that somebody waits for, watched from then on.
public final class PendingEnd: Sendable {
    private let container: Container
    /// Nil for one that does not run.
    private let monitor: MessageSocket?
    private let known: ExitStatus?
    private let removal: RemovalWatch?
    /// What ``poll()`` has seen.
    private struct Seen {
        /// Whether the monitor has told all.
        var isOver = false
        var status: ExitStatus?
        /// The process of a container whose monitor is gone.
        var process: SharedFD?
    }
    private let seen = Mutex(Seen())

    fileprivate init(_ container: Container, _ monitor: consuming MessageSocket, _ removal: RemovalWatch?) {
        self.container = container
        self.monitor = consume monitor
        self.removal = removal
        known = nil
    }

    fileprivate init(_ container: Container, _ known: ExitStatus?, _ removal: RemovalWatch?) {
        self.container = container
        self.known = known
        self.removal = removal
        monitor = nil
    }

    /// Waits for what was asked for.
    public func wait() throws(CFSError) -> ExitStatus {
        var last = try awaitExit() ?? known
        guard let removal else {
            if last == nil { last = try container.endedWithoutWord() }
            guard let last else { throw container.gone }
            return last
        }
        repeat {
            // It may have run again meanwhile.
            if let ended = try container.ended() { last = ended }
        } while try removal.isThereAfterChange()
        return try unseen() ?? last ?? ExitStatus(code: 0)
    }

    /// How the last run of a container that is gone has ended, where no monitor was there to tell it: it was started after
    /// this wait had begun. Nil where the history knows none.
    private func unseen() throws(CFSError) -> ExitStatus? {
        guard monitorDescriptor == nil else { return nil }
        var filter = HistoryFilter()
        filter.containers = [container.id.text]
        filter.verbs = ["run", "start", "restart"]
        filter.limit = 1
        guard let run = try container.engine.history(filter).last, let status = run.status else { return nil }
        return ExitStatus(code: status, reason: run.reason)
    }

    /// What becomes readable when ``poll()`` may know more.
    package var descriptors: [Int32] {
        if let monitor = monitorDescriptor, !seen.withLock(\.isOver) { return [monitor] }
        if let process = seen.withLock(\.process) { return [process.raw] }
        return removal.map { [$0.descriptor] } ?? []
    }

    private var monitorDescriptor: Int32? {
        switch monitor {
        case nil: nil
        case let monitor?: monitor.fd.raw
        }
    }

    /// How it ended when what is waited for has come about, and nil before that; does not wait.
    package func poll() throws(CFSError) -> ExitStatus? {
        try seen.withLock { seen throws(CFSError) in
            if let descriptor = monitorDescriptor, !seen.isOver {
                guard try Self.takeMessages(descriptor, &seen) else { return nil }
            }
            guard let removal else {
                if let status = seen.status ?? known { return status }
                seen.process = try container.processWithoutMonitor()
                if seen.process != nil { return nil }
                if let status = try container.ended() { return status }
                throw container.gone
            }
            try removal.take()
            if let ended = try container.ended() { seen.status = ended }
            return removal.isThere ? nil : try unseen() ?? seen.status ?? known ?? ExitStatus(code: 0)
        }
    }

    /// False while the monitor has more to tell.
    private static func takeMessages(
        _ descriptor: Int32, _ seen: inout Seen
    ) throws(CFSError) -> Bool {
        let poll = try EventPoll()
        try poll.add(descriptor, .readable, token: 0)
        do throws(CFSError) {
            while try !poll.wait(milliseconds: 0).isEmpty {
                guard let (bytes, _) = try MessageSocket.receive(descriptor) else {
                    seen.isOver = true
                    return true
                }
                guard case .exited(let record) = try MonitorMessage(parsing: bytes) else { continue }
                (seen.isOver, seen.status) = (true, ExitStatus(record))
                return true
            }
            return false
        } catch {
            guard PendingStop.meansEnded(error) else { throw error }
            seen.isOver = true
            return true
        }
    }

    private func awaitExit() throws(CFSError) -> ExitStatus? {
        switch monitor {
        case nil: return nil
        case let monitor?:
            do throws(CFSError) {
                while let (bytes, _) = try monitor.receive() {
                    if case .exited(let record) = try MonitorMessage(parsing: bytes) { return ExitStatus(record) }
                }
            } catch {
                guard PendingStop.meansEnded(error) else { throw error }
            }
            return nil
        }
    }
}

/// Tells when a container's folder is gone (inotify(7)).
private final class RemovalWatch: Sendable {
    private let changes: PathWatch
    private let path: String

    init(_ folder: ContainerFolder) throws(CFSError) {
        path = folder.container
        changes = try PathWatch()
        // In its own folder a new end is written down; in the one above its name goes.
        let above = String(path[..<(path.lastSlash ?? path.endIndex)])
        let places: [(String, PathWatch.Change)] = [(above, [.deleted, .movedFrom]), (path, .movedTo)]
        // When it is gone already, the first look finds that.
        for (place, kinds) in places { _ = try changes.addIfThere(place, kinds) }
    }

    var descriptor: Int32 { changes.descriptor }
    var isThere: Bool { File.exists(path) }

    /// Forgets what has changed until now.
    func take() throws(CFSError) { try changes.take() }

    /// Waits for a change while the folder is there; false when it is gone.
    func isThereAfterChange() throws(CFSError) -> Bool {
        guard File.exists(path) else { return false }
        try changes.wait()
        return true
    }
}
