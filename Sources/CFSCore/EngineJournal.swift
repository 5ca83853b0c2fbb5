import CFSLinux
import CFSModel
import CFSMonitor
import CFSRegistry
import Glibc

extension Container {
    /// Writes down what was done with it. One that was removed meanwhile keeps nobody from having done it.
    ///
    /// - Parameters:
    ///   - verb: the word that the history has for it; nil for what it leaves out.
    ///   - words: what stands beside that there.
    func noteDone(
        _ action: String, _ attributes: [EngineEvent.Attribute] = [], history verb: String? = nil,
        _ words: [String] = []
    ) {
        Engine.regardless { () throws(CFSError) in
            let row = try row()
            engine.note(action, row, attributes)
            if let verb { engine.remember(verb, row, command: words) }
        }
    }
}

extension Engine {
    var journal: Journal { Journal(path: "\(options.root)/events/journal") }

    /// When the file of the journal becomes the old one, in bytes: some 50,000 events.
    private static let journalLimit: UInt64 = 16 << 20

    /// Writes down what happened. An event that cannot be written (a full disk) keeps nobody from what it tells about.
    func note(_ action: String, _ row: ContainerRow, _ attributes: [EngineEvent.Attribute] = []) {
        write(
            EngineEvent(
                time: SystemClock.realtime, action: action, id: row.id.text, name: row.name, image: row.image,
                attributes: attributes))
    }

    /// The same of an image.
    func note(_ action: String, _ image: ImageRecord) {
        write(
            EngineEvent(
                time: SystemClock.realtime, kind: .image, action: action, id: "\(image.digest)", name: image.name))
    }

    /// The same of a network.
    func note(_ action: String, _ network: NetworkRecord) {
        write(
            EngineEvent(
                time: SystemClock.realtime, kind: .network, action: action, id: network.id, name: network.name,
                attributes: [EngineEvent.Attribute("driver", network.driver.rawValue)]))
    }

    private func write(_ event: EngineEvent) {
        Self.regardless { () throws(CFSError) in
            if try journal.append(event) > Self.journalLimit { try turnFullJournal() }
        }
    }

    /// For what others have written there, who have no registry.
    func turnJournal() {
        Self.regardless { () throws(CFSError) in
            guard let status = File.statusIfThere(journal.path), status.size > Self.journalLimit else { return }
            try turnFullJournal()
        }
    }

    /// What only the journal knows is taken over before it can go.
    private func turnFullJournal() throws(CFSError) {
        try journal.rotate(above: Self.journalLimit) { _ throws(CFSError) in try absorbEnds() }
    }

    /// Remembers that the caller did something.
    ///
    /// - Parameter endsIt: whether that ends the container: only then what is kept for what makes room is given up for it.
    func remember(_ verb: String, _ row: ContainerRow, command: [String] = [], endsIt: Bool = false) {
        let entry = historyEntry(verb, row, command: command, isDone: true)
        Self.regardless { () throws(CFSError) in
            try lend(if: endsIt) { () throws(CFSError) in try registry.remember(entry) }
        }
    }

    /// Remembers that a start came to nothing: no monitor tells the journal how that run ended.
    func rememberFailure(of id: ContainerID, _ error: CFSError) {
        Self.regardless { () throws(CFSError) in
            // The run before this one has ended in its own way.
            try absorbEnds()
            try registry.closeEntry(
                HistoryEnd(
                    container: id.text, time: SystemClock.realtime, status: error.exitStatus, reason: error.message))
        }
    }

    func historyEntry(
        _ verb: String, _ row: ContainerRow, command: [String] = [], isDone: Bool = false, process: ProcessClaim? = nil
    ) -> HistoryEntry {
        let now = SystemClock.realtime
        return HistoryEntry(
            time: now, uid: options.user ?? getuid(), verb: verb, container: row.id.text, name: row.name,
            image: row.image,
            command: command, endedAt: isDone ? now : nil, process: process)
    }

    /// Who did what, oldest first: every verb that changed something, with how each run ended. Kept after a container is
    /// removed, until ``pruneHistory(before:)``. A full disk keeps nobody from asking.
    public func history(_ filter: HistoryFilter = HistoryFilter()) throws(CFSError) -> [HistoryEntry] {
        try makeFolders()
        let entries = try readHistory(filter)
        do throws(CFSError) {
            guard try endLostRuns(entries) else { return entries }
        } catch {
            guard error.code == .noSpace else { throw error }
            return entries
        }
        return try readHistory(filter)
    }

    /// What the registry has, and what only the journal knows: the registry takes that over, where there is room.
    private func readHistory(_ filter: HistoryFilter) throws(CFSError) -> [HistoryEntry] {
        guard let told = try untold() else { return try registry.history(filter) }
        do throws(CFSError) {
            try registry.absorb(told.news, position: told.position)
            return try registry.history(filter)
        } catch {
            guard error.code == .noSpace else { throw error }
        }
        // Which run is a container's newest, only all of them tell.
        var entries = try registry.history()
        entries.absorb(told.news)
        return filter.select(entries)
    }

    /// Puts right the containers whose runs nobody will tell the end of, and closes the entries whose ends the journal has not
    /// told; false when there are none.
    private func endLostRuns(_ entries: [HistoryEntry]) throws(CFSError) -> Bool {
        // Who may only read is told of a run without an end.
        guard geteuid() == 0 else { return false }
        var hasEnded = try endLostExecutions(entries)
        for text in Set(entries.filter { $0.endedAt == nil && $0.isRun }.map(\.container)) {
            guard let id = ContainerID(text) else { continue }
            if try recoverIfLost(id, lends: false) { hasEnded = true }
            // The line that tells its end had no room in the journal. What has just been put right is read again, too.
            guard try registry.container(id)?.decision.phase == .exited, let record = try folder(id).readExit() else {
                continue
            }
            try closeEntry(of: id, record)
            hasEnded = true
        }
        return hasEnded
    }

    /// The same for commands of `exec`.
    private func endLostExecutions(_ entries: [HistoryEntry]) throws(CFSError) -> Bool {
        let lost = entries.filter { $0.endedAt == nil && $0.process?.isAlive == false }
        guard !lost.isEmpty else { return false }
        // Whoever is gone now may have told its end before that.
        try absorbEnds()
        for entry in lost {
            try registry.closeEntry(
                HistoryEnd(
                    container: entry.container, time: SystemClock.realtime, status: ContainerLifecycle.lostStatus,
                    reason: ContainerLifecycle.lostReason, process: entry.process))
        }
        return true
    }

    /// Those of these containers whose end was wanted: somebody has stopped or killed them since their start.
    public func stopped(among records: [ContainerRecord]) throws(CFSError) -> Set<ContainerID> {
        let ended = records.filter { record in
            if case .exited = record.state { true } else { false }
        }
        guard !ended.isEmpty else { return [] }
        let stops = try registry.lastStops()
        return Set(ended.filter { stops[$0.id.text, default: 0] > $0.startedAt ?? .max }.map(\.id))
    }

    /// Forgets what began before a time (nanoseconds since 1970); what still runs stays.
    ///
    /// - Returns: how many entries went.
    public func pruneHistory(before time: UInt64) throws(CFSError) -> Int {
        try requirePrivilege("pruning the history")
        try makeFolders()
        return try reserve.lend { () throws(CFSError) in
            try absorbEnds()
            _ = try endLostExecutions(try registry.history())
            return try registry.pruneHistory(before: time)
        }
    }

    /// Closes the entry of the history of a container's last run by the record of its end: the journal may have had no room for
    /// the line that tells it.
    func closeEntry(of id: ContainerID, _ record: ExitRecord) throws(CFSError) {
        // The runs before that one have ended in their own way.
        try absorbEnds()
        try registry.closeEntry(
            HistoryEnd(
                container: id.text, time: record.isDamaged ? SystemClock.realtime : record.finishedAt,
                status: record.status, reason: record.reason))
    }

    /// Takes over from the journal how runs ended. Monitors write there, and have no registry.
    func absorbEnds() throws(CFSError) {
        guard let told = try untold() else { return }
        try registry.absorb(told.news, position: told.position)
    }

    /// What the journal tells behind the place that it was read up to, and where it ends; nil when that is the same place.
    private func untold() throws(CFSError) -> (news: [HistoryNews], position: String)? {
        let known = try registry.journalPosition().flatMap { JournalReader.Position($0) }
        let reader = try JournalReader(journal, from: known)
        var news: [HistoryNews] = []
        while let event = try reader.next() {
            news += HistoryNews.told(by: event)
        }
        guard let position = reader.position, position != known else { return nil }
        return (news, position.text)
    }
}

extension HistoryNews {
    /// Nothing for what the history does not take from the journal.
    static func told(by event: EngineEvent) -> [HistoryNews] {
        guard event.kind == .container else { return [] }
        let goesOn = event[attribute: "restarts"].map { _ in begun(container: event.id, time: event.time) }
        switch event.action {
        case "die", "exec_die":
            let end = HistoryEnd(
                container: event.id, time: event.time,
                status: event[attribute: "exitCode"].flatMap { Int32($0) } ?? 255,
                reason: event[attribute: "reason"],
                process: event[attribute: "execID"].flatMap { ProcessClaim($0) })
            // An attempt of the policy that did not even start has no other line.
            return (goesOn.map { [$0] } ?? []) + [.ended(end)]
        case "start": return goesOn.map { [$0] } ?? []
        default: return []
        }
    }
}
