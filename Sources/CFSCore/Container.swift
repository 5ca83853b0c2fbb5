import CFSLinux
import CFSModel
import CFSMonitor
import CFSNamespaces
import CFSRegistry
import Glibc

/// One container of an engine. A value that names it: what it does at the moment is asked anew with every call.
public struct Container: Sendable {
    public let id: ContainerID
    /// What the caller should know of how it was made: limits that had to be lowered, for example. One sentence each.
    public let warnings: [String]
    let engine: Engine
    /// The phases of its creation.
    let trace: Timeline

    init(id: ContainerID, engine: Engine, trace: Timeline = Timeline(), warnings: [String] = []) {
        self.id = id
        self.engine = engine
        self.trace = trace
        self.warnings = warnings
    }

    var folder: ContainerFolder { engine.folder(id) }

    func row() throws(CFSError) -> ContainerRow {
        guard let row = try engine.registry.container(id) else { throw gone }
        return row
    }

    var gone: CFSError { CFSError(.containerNotFound, .looking, "the container \(id.short) is gone") }

    /// What its monitor was told. While it is removed, its files go before its row does.
    func request() throws(CFSError) -> MonitorRequest {
        do throws(CFSError) {
            return try folder.readRequest()
        } catch {
            if error.errno == ENOENT { throw try missingRequest(error) }
            var error = error
            if error.code == .invalidConfiguration {
                explain(&error, "\(folder.configPath): \(error.message)", of: try row().name)
            }
            throw error
        }
    }

    private func explain(_ error: inout CFSError, _ what: String, of name: String) {
        error.message = "the container \(name) cannot be used: \(what)"
        error.hint = "what it wrote lies in \(folder.upperPath); to remove it: cfs rm -f \(name)"
    }

    /// Why there is no configuration.
    private func missingRequest(_ error: CFSError) throws(CFSError) -> CFSError {
        let (row, hasFolder) = (try row(), File.exists(folder.container))
        if row.decision.phase == .removing {
            guard hasFolder, row.decision.claim?.isAlive != true else { return gone }
            return ContainerLifecycle.removalBrokeOff(row.name, error.phase)
        }
        let isNew = [.created, .starting].contains(row.decision.phase) && !row.autoRemove
        if isNew, RunLock.exists(folder), try folder.readState() == nil, try folder.readExit() == nil {
            let isHeld = try RunLock.isHeld(folder)
            // By this call itself, where it is a start.
            let isMade = isHeld && row.decision.claim == nil
            return CFSError(
                .conflict, error.phase,
                isMade
                    ? "the container \(row.name) is being made by somebody else"
                    : "the container \(row.name) was not made to its end: who made it was killed",
                hint: isMade ? "wait for that, and see `cfs ps -a`" : "remove it: cfs rm \(row.name)")
        }
        // One that has ended removes itself.
        guard hasFolder else { return gone }
        let now = row.autoRemove ? try engine.record(of: row) : nil
        if row.autoRemove, now?.state.pid == nil { return gone }
        var error = error
        explain(&error, "\(folder.configPath) is not there", of: row.name)
        return error
    }

    /// What is known of it now.
    public func record() throws(CFSError) -> ContainerRecord {
        guard let record = try engine.record(of: row()) else { throw gone }
        return record
    }
}

extension Engine {
    /// The container with this id, else with this name, else the only one whose id begins so: a name is never taken for the
    /// beginning of another's id.
    ///
    /// - Throws: `containerNotFound` with the nearest names; `ambiguousID`.
    public func container(_ reference: String) throws(CFSError) -> Container {
        try makeFolders()
        if let id = ContainerID(reference), let row = try registry.container(id), try !forgetIfVanished(row) {
            return Container(id: id, engine: self)
        }
        if let row = try registry.container(named: reference), try !forgetIfVanished(row) {
            return Container(id: row.id, engine: self)
        }
        var found = reference.isEmpty ? [] : try registry.containers(idPrefix: reference)
        // One that removed itself while nobody watched has left its row.
        for row in found where try forgetIfVanished(row) { found.removeAll { $0.id == row.id } }
        guard found.count <= 1 else {
            throw CFSError(
                .ambiguousID, .looking, "several containers have an id that begins with \(reference)",
                hint:
                    "write more of it: \(found.prefix(4).map { String($0.id.text.prefix(reference.count + 4)) }.joined(separator: ", "))"
            )
        }
        if let row = found.first { return Container(id: row.id, engine: self) }
        // Nobody means somebody by nothing: a variable of a shell was empty.
        let near = reference.isEmpty ? [] : NearestName.suggestions(for: reference, among: try containers().map(\.name))
        throw CFSError(
            .containerNotFound, .looking, "there is no container \"\(reference.prefix(300))\"",
            hint: near.isEmpty ? "see `cfs ps -a`" : "did you mean \(near.joined(separator: " or "))?")
    }

    /// All containers, newest first, each with its state at this moment.
    public func containers() throws(CFSError) -> [ContainerRecord] {
        try makeFolders(withRun: false)
        var records: [ContainerRecord] = []
        for row in try registry.containers() {
            if let record = try record(of: row) { records.append(record) }
        }
        return records
    }

    private static func isFrozen(_ cgroup: String?) -> Bool {
        guard let cgroup else { return false }
        let opened = File.tryOpen("\(cgroup)/cgroup.freeze", .read)
        guard opened >= 0 else { return false }
        let file = OwnedFD(opened)
        var byte: UInt8 = 0
        return withUnsafeMutableBytes(of: &byte) { File.read(file.raw, into: $0) } == 1 && byte == UInt8(ascii: "1")
    }

    /// How many containers have a folder that tells of them while the registry knows none at all: its file was lost, and
    /// ``recover()`` takes them up again. 0 where that cannot be read.
    public func unregisteredContainers() -> Int {
        do throws(CFSError) {
            guard try registry.containers().isEmpty else { return 0 }
            let folder = try Directory.open("\(options.root)/containers")
            let count = try Directory.names(folder.raw).count { name in
                guard let id = ContainerID(name), let request = Self.request(of: self.folder(id)) else { return false }
                return !request.autoRemove
            }
            // Asked again behind that: the row of a new one is there before its folder.
            return try registry.containers().isEmpty ? count : 0
        } catch {
            return 0
        }
    }

    /// The names of all containers, sorted.
    public func containerNames() throws(CFSError) -> [String] {
        try makeFolders(withRun: false)
        return try registry.containers().map(\.name).sorted()
    }

    /// A row seen together with its monitor; nil when nothing but the row is left of the container.
    func record(of row: ContainerRow) throws(CFSError) -> ContainerRecord? {
        let folder = folder(row.id)
        var record = ContainerRecord(
            id: row.id, name: row.name, image: row.image, imageDigest: "\(row.imageDigest)", command: row.command,
            labels: row.labels, state: .created, createdAt: row.createdAt, startedAt: nil, finishedAt: nil,
            autoRemove: row.autoRemove, idBase: row.slot.map { IDRanges.base(slot: $0) })
        let (live, exit) = (try live(row, folder), try folder.readExit())
        let isDamaged = exit?.isDamaged ?? false
        guard live != nil || exit != nil || File.exists(folder.container) || File.exists(folder.run) else { return nil }
        let seen = ContainerLifecycle.Evidence(
            live: live.map {
                let isThere = ProcessControl.isRunning($0.pid, startTime: $0.startTime)
                return ContainerLifecycle.Evidence.Live(
                    pid: $0.pid, startedAt: $0.startedAt, isThere: isThere,
                    isFrozen: isThere && Self.isFrozen($0.cgroup))
            },
            end: exit.map {
                ContainerLifecycle.Evidence.End(status: $0.status, reason: $0.reason, startedAt: $0.startedAt)
            },
            isHeld: try RunLock.isHeld(folder))
        record.state = ContainerLifecycle.state(
            row.decision.phase, isClaimed: row.decision.claim?.isAlive ?? false, startedAt: row.decision.startedAt, seen
        )
        record.startedAt = live?.startedAt ?? (isDamaged ? row.decision.startedAt : exit?.startedAt)
        record.damage = damage(folder, live, exit)
        if record.state.pid != nil {
            (record.restarts, record.health) = (live?.restarts ?? 0, live?.health)
            record.ports = live?.ports ?? []
        } else if case .exited = record.state, let exit, record.startedAt == exit.startedAt {
            (record.finishedAt, record.restarts) = (exit.finishedAt, exit.restarts)
            if seen.isHeld, row.decision.phase != .starting { record.restartsAt = exit.restartsAt }
        }
        return record
    }
}
