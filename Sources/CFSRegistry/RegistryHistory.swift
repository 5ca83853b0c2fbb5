import CFSModel

/// What somebody did, and how it ended.
public struct HistoryEntry: Sendable, Hashable {
    /// Every ``verb`` that there is.
    public static let verbs = [
        "run", "create", "start", "restart", "stop", "kill", "pause", "unpause", "rename", "update", "attach", "exec",
        "cp", "commit", "network connect", "network disconnect", "rm",
    ]

    /// Counts up from 1, over all entries that there ever were.
    public var number: Int64
    /// Nanoseconds since 1970.
    public var time: UInt64
    /// The user who did it, as a number.
    public var uid: UInt32
    /// As on the command line: `run`, `stop`, `rm`, ...
    public var verb: String
    /// The container's id; empty for what concerns none.
    public var container: String
    /// The container's name at that time.
    public var name: String
    public var image: String
    /// The command with its arguments, for verbs that run one; the network of `network connect` and `network disconnect`; the
    /// options of `update` that say what has changed.
    public var command: [String]
    /// When it ended, in nanoseconds since 1970; nil while it runs.
    public var endedAt: UInt64?
    /// The exit status by the shell's convention; nil for what has none.
    public var status: Int32?
    /// Why the engine ended it where it did.
    public var reason: String?
    /// The process that tells how it ended, of an `exec`: nobody does any more when that is gone.
    public var process: ProcessClaim?

    public init(
        number: Int64 = 0, time: UInt64, uid: UInt32, verb: String, container: String, name: String, image: String,
        command: [String] = [], endedAt: UInt64? = nil, status: Int32? = nil, reason: String? = nil,
        process: ProcessClaim? = nil
    ) {
        self.number = number
        self.time = time
        self.uid = uid
        self.verb = verb
        self.container = container
        self.name = name
        self.image = image
        self.command = command
        self.endedAt = endedAt
        self.status = status
        self.reason = reason
        self.process = process
    }

    /// Whether it is a run of the container, which ends when that does.
    public var isRun: Bool { ["run", "start", "restart"].contains(verb) }
}

/// Which entries are wanted; what is nil or empty asks for nothing.
public struct HistoryFilter: Sendable, Hashable {
    public var since: UInt64?
    public var until: UInt64?
    public var verbs: [String] = []
    /// Names or the beginnings of ids.
    public var containers: [String] = []
    public var images: [String] = []
    public var uid: UInt32?
    /// At most so many, the newest ones.
    public var limit: Int?

    public init() {}

    /// Those of these entries, oldest first, that it takes.
    public func select(_ entries: [HistoryEntry]) -> [HistoryEntry] {
        let taken = entries.filter { takes($0) }
        return limit.map { Array(taken.suffix(max(0, $0))) } ?? taken
    }

    func takes(_ entry: HistoryEntry) -> Bool {
        if let since, entry.time < since { return false }
        if let until, entry.time >= until { return false }
        if let uid, entry.uid != uid { return false }
        if !verbs.isEmpty, !verbs.contains(entry.verb) { return false }
        if !images.isEmpty, !images.contains(entry.image) { return false }
        return containers.isEmpty || containers.contains { $0 == entry.name || entry.container.hasPrefix($0) }
    }
}

extension Registry {
    /// Adds an entry.
    public func remember(_ entry: HistoryEntry) throws(CFSError) {
        try write { database throws(CFSError) in try Self.remember(entry, database) }
    }

    static func remember(_ entry: HistoryEntry, _ database: SQLiteDatabase) throws(CFSError) {
        try database.statement(
            """
            INSERT INTO history (time, uid, verb, container, name, image, command, ended_at, status, reason, process)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        )
        .bind(Int64(clamping: entry.time)).bind(Int64(entry.uid)).bind(entry.verb).bind(entry.container)
        .bind(entry.name).bind(entry.image).bind(JSON(entry.command).text())
        .bind(entry.endedAt.map { Int64(clamping: $0) }).bind(entry.status.map { Int64($0) }).bind(entry.reason)
        .bind(entry.process?.text).run()
    }

    /// How runs ended and went on, that nobody watched: closes and opens their entries, in this order.
    ///
    /// - Parameter position: how far the journal was read for this; kept in the same transaction.
    public func absorb(_ news: [HistoryNews], position: String) throws(CFSError) {
        try write { database throws(CFSError) in
            for one in news {
                switch one {
                case .ended(let end): try Self.closeEntry(end, database)
                case .begun(let container, let time): try Self.openEntry(of: container, before: time, database)
                }
            }
            try database.statement("INSERT OR REPLACE INTO marks (name, value) VALUES ('journal', ?)")
                .bind(position).run()
        }
    }

    /// Closes the entry of a run whose end the journal does not tell of: of a start that failed.
    public func closeEntry(_ end: HistoryEnd) throws(CFSError) {
        try write { database throws(CFSError) in try Self.closeEntry(end, database) }
    }

    /// The same as ``HistoryEntry/close(_:)``, of all entries. That nobody tells the end of a command was a guess, made while
    /// its helper was gone and whoever had started it had not said so yet.
    private static func closeEntry(_ end: HistoryEnd, _ database: SQLiteDatabase) throws(CFSError) {
        if let process = end.process {
            return try database.statement(
                """
                UPDATE history SET ended_at = ?, status = ?, reason = ?
                WHERE container = ? AND (ended_at IS NULL OR reason = ?) AND process = ?
                """
            )
            .bind(Int64(clamping: end.time)).bind(Int64(end.status)).bind(end.reason).bind(end.container)
            .bind(ContainerLifecycle.lostReason).bind(process.text).run()
        }
        try database.statement(
            """
            UPDATE history SET ended_at = ?, status = ?, reason = ?
            WHERE container = ? AND ended_at IS NULL AND time <= ? AND verb IN ('run', 'start', 'restart')
            """
        )
        .bind(Int64(clamping: end.time)).bind(Int64(end.status)).bind(end.reason).bind(end.container)
        .bind(Int64(clamping: end.time)).run()
    }

    /// The newest run of a container goes on: it has been started again by its policy.
    private static func openEntry(
        of container: String, before time: UInt64, _ database: SQLiteDatabase
    ) throws(CFSError) {
        try database.statement(
            """
            UPDATE history SET ended_at = NULL, status = NULL, reason = NULL
            WHERE number = (
                SELECT max(number) FROM history
                WHERE container = ? AND time <= ? AND verb IN ('run', 'start', 'restart')
            ) AND ended_at <= ?
            """
        )
        .bind(container).bind(Int64(clamping: time)).bind(Int64(clamping: time)).run()
    }

    /// How far the journal was read by ``absorb(_:position:)``; nil before the first time.
    public func journalPosition() throws(CFSError) -> String? {
        try read { database throws(CFSError) in
            let statement = try database.statement("SELECT value FROM marks WHERE name = 'journal'")
            defer { statement.reset() }
            return try statement.step() ? statement.text(0) : nil
        }
    }

    /// The entries that a filter takes, oldest first.
    public func history(_ filter: HistoryFilter = HistoryFilter()) throws(CFSError) -> [HistoryEntry] {
        try read { database throws(CFSError) in
            let statement = try database.statement("SELECT * FROM history ORDER BY number DESC")
            defer { statement.reset() }
            var entries: [HistoryEntry] = []
            while try statement.step() {
                let entry = try HistoryEntry(statement, path: path)
                guard filter.takes(entry) else { continue }
                if let limit = filter.limit, entries.count >= limit { break }
                entries.append(entry)
            }
            return entries.reversed()
        }
    }

    /// When somebody last stopped or killed each container, in nanoseconds since 1970, by its id.
    public func lastStops() throws(CFSError) -> [String: UInt64] {
        try read { database throws(CFSError) in
            let statement = try database.statement(
                "SELECT container, max(time) FROM history WHERE verb IN ('stop', 'kill') GROUP BY container")
            defer { statement.reset() }
            var times: [String: UInt64] = [:]
            while try statement.step() { times[statement.text(0)] = UInt64(clamping: statement.integer(1)) }
            return times
        }
    }

    /// Forgets entries that began before a time; those of what still runs stay.
    ///
    /// - Returns: how many went.
    public func pruneHistory(before time: UInt64) throws(CFSError) -> Int {
        try write { database throws(CFSError) in
            try database.statement("DELETE FROM history WHERE time < ? AND ended_at IS NOT NULL")
                .bind(Int64(clamping: time)).run()
            return database.changes
        }
    }
}

/// What the journal tells the history of.
public enum HistoryNews: Sendable, Hashable {
    case ended(HistoryEnd)
    /// A container's run goes on, at this time (nanoseconds since 1970).
    case begun(container: String, time: UInt64)
}

extension [HistoryEntry] {
    /// The same as ``Registry/absorb(_:position:)``, in memory.
    ///
    /// - Precondition: these are all entries, oldest first.
    public mutating func absorb(_ news: [HistoryNews]) {
        for one in news {
            switch one {
            case .ended(let end): for index in indices { self[index].close(end) }
            case .begun(let container, let time):
                let run = lastIndex { $0.container == container && $0.isRun && $0.time <= time }
                if let run { self[run].open(at: time) }
            }
        }
    }
}

/// How one run of a container ended, or one more command in it.
public struct HistoryEnd: Sendable, Hashable {
    public var container: String
    /// Nanoseconds since 1970.
    public var time: UInt64
    public var status: Int32
    public var reason: String?
    /// That of the `exec` which has ended; nil for the container's own command.
    public var process: ProcessClaim?

    public init(container: String, time: UInt64, status: Int32, reason: String?, process: ProcessClaim? = nil) {
        self.container = container
        self.time = time
        self.status = status
        self.reason = reason
        self.process = process
    }
}

extension HistoryEntry {
    /// Takes over how a run ended, when this is the entry of that run and is still open. One that begins after the end is of a
    /// later run.
    public mutating func close(_ end: HistoryEnd) {
        let isOpen = endedAt == nil || end.process != nil && reason == ContainerLifecycle.lostReason
        guard container == end.container, isOpen,
            end.process == nil ? isRun && time <= end.time : process == end.process
        else { return }
        endedAt = end.time
        status = end.status
        reason = end.reason
    }

    /// Takes over that a run goes on, when this is the newest one of that container.
    fileprivate mutating func open(at time: UInt64) {
        if endedAt.map({ $0 <= time }) ?? false { (endedAt, status, reason) = (nil, nil, nil) }
    }

    init(_ row: SQLiteStatement, path: String) throws(CFSError) {
        let command =
            try SQLiteDatabase.document(row.text(7), "a command of the history", path).strings ?? []
        self.init(
            number: row.integer(0), time: UInt64(clamping: row.integer(1)), uid: UInt32(clamping: row.integer(2)),
            verb: row.text(3), container: row.text(4), name: row.text(5), image: row.text(6), command: command,
            endedAt: row.isNull(8) ? nil : UInt64(clamping: row.integer(8)),
            status: row.isNull(9) ? nil : Int32(clamping: row.integer(9)), reason: row.isNull(10) ? nil : row.text(10),
            process: row.isNull(11) ? nil : ProcessClaim(row.text(11)))
    }
}
