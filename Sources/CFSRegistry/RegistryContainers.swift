import CFSModel

/// A container as the registry keeps it: what it was made of, and what was decided about it. What its command does is its
/// monitor's to tell.
public struct ContainerRow: Sendable, Hashable {
    public var id: ContainerID
    public var name: String
    /// Which range of host ids it has, counted from 0; nil without a user namespace of its own.
    public var slot: UInt32?
    /// The image's name as the caller gave it, and the digest of its manifest.
    public var image: String
    public var imageDigest: Digest
    /// Chain IDs, from the lowest layer to the topmost.
    public var layers: [Digest]
    public var command: [String]
    public var labels: [String: String]
    /// Nanoseconds since 1970.
    public var createdAt: UInt64
    public var autoRemove: Bool
    public var decision: ContainerDecision

    public init(
        id: ContainerID, name: String, slot: UInt32?, image: String, imageDigest: Digest, layers: [Digest],
        command: [String], labels: [String: String], createdAt: UInt64, autoRemove: Bool,
        decision: ContainerDecision = ContainerDecision(phase: .created)
    ) {
        self.id = id
        self.name = name
        self.slot = slot
        self.image = image
        self.imageDigest = imageDigest
        self.layers = layers
        self.command = command
        self.labels = labels
        self.createdAt = createdAt
        self.autoRemove = autoRemove
        self.decision = decision
    }
}

/// What processes of the engine have decided about a container.
public struct ContainerDecision: Sendable, Hashable {
    public var phase: ContainerPhase
    /// Whose decision it is, while that is at work on it.
    public var claim: ProcessClaim?
    /// When its last start was begun: nanoseconds since 1970.
    public var startedAt: UInt64?

    public init(phase: ContainerPhase, claim: ProcessClaim? = nil, startedAt: UInt64? = nil) {
        self.phase = phase
        self.claim = claim
        self.startedAt = startedAt
    }
}

extension Registry {
    /// How many ranges of host ids there are.
    public static let slotCount: UInt32 = 16_384

    /// Adds a container, and gives it the lowest free range of ids when it wants one.
    ///
    /// - Parameters:
    ///   - history: what is remembered of it, in the same transaction.
    ///   - needsImage: whether its image must have a name still. Whoever removes an image takes its names away first, and
    ///     then looks which layers containers need: so either the row is seen, or it is not written.
    /// - Returns: the number of its range.
    /// - Throws: `nameTaken`; `limitExceeded` when every range is taken; `imageNotFound`.
    @discardableResult
    public func insert(
        _ row: ContainerRow, wantsSlot: Bool, history: HistoryEntry? = nil, needsImage: Bool = false
    ) throws(CFSError) -> UInt32? {
        try write { database throws(CFSError) in
            if needsImage, try !Self.hasImage(row.imageDigest, database) {
                throw CFSError(
                    .imageNotFound, .recording, "the image \(row.image) was removed while a container was made of it")
            }
            let slot = wantsSlot ? try Self.freeSlot(database) : nil
            try Self.add(row, slot: slot, database)
            if let history {
                var entry = history
                entry.name = row.name
                try Self.remember(entry, database)
            }
            return slot
        }
    }

    private static func hasImage(_ digest: Digest, _ database: SQLiteDatabase) throws(CFSError) -> Bool {
        let statement = try database.statement("SELECT 1 FROM images WHERE digest = ?").bind("\(digest)")
        defer { statement.reset() }
        return try statement.step()
    }

    /// Takes a container up again that the registry has lost, with the range of ids that it has.
    ///
    /// - Returns: false when there is such a container, or when another one has that range.
    /// - Throws: `nameTaken`.
    public func takeUp(_ row: ContainerRow) throws(CFSError) -> Bool {
        do throws(CFSError) {
            try write { database throws(CFSError) in try Self.add(row, slot: row.slot, database) }
            return true
        } catch {
            guard error.code == .conflict, error.message.contains("UNIQUE") else { throw error }
            return false
        }
    }

    static func add(_ row: ContainerRow, slot: UInt32?, _ database: SQLiteDatabase) throws(CFSError) {
        do throws(CFSError) {
            try database.statement(
                """
                INSERT INTO containers
                (id, name, slot, image, image_digest, layers, command, labels, created_at, auto_remove, phase, claim,
                 started_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
            )
            .bind(row.id.text).bind(row.name).bind(slot.map { Int64($0) }).bind(row.image)
            .bind("\(row.imageDigest)").bind(row.layers.map(\.hex).text(separator: " "))
            .bind(JSON(row.command).text()).bind(JSON(row.labels).text()).bind(Int64(clamping: row.createdAt))
            .bind(row.autoRemove ? 1 : 0).bind(row.decision.phase.rawValue).bind(row.decision.claim?.text)
            .bind(row.decision.startedAt.map { Int64(clamping: $0) }).run()
        } catch {
            guard error.code == .conflict, error.message.hasSuffix("containers.name") else { throw error }
            throw nameTaken(row.name)
        }
    }

    /// Changes what is decided about a container: reads, decides and writes as one transaction, so of two that want different
    /// things one is first, and the other sees that.
    ///
    /// - Parameters:
    ///   - history: what is remembered of a change, in the same transaction.
    ///   - decide: given the row as it is; nil leaves it so.
    /// - Returns: the row as it was; nil when there is no such container.
    @discardableResult
    public func change(
        _ id: ContainerID, history: ((ContainerRow) -> HistoryEntry)? = nil,
        _ decide: (ContainerRow) throws(CFSError) -> ContainerDecision?
    ) throws(CFSError) -> ContainerRow? {
        try write { database throws(CFSError) in
            let statement = try database.statement("SELECT * FROM containers WHERE id = ?").bind(id.text)
            guard try statement.step() else {
                statement.reset()
                return nil
            }
            let row = try ContainerRow(statement, path: path)
            statement.reset()
            guard let decision = try decide(row), decision != row.decision else { return row }
            try database.statement("UPDATE containers SET phase = ?, claim = ?, started_at = ? WHERE id = ?")
                .bind(decision.phase.rawValue).bind(decision.claim?.text)
                .bind(decision.startedAt.map { Int64(clamping: $0) }).bind(id.text).run()
            if let history { try Self.remember(history(row), database) }
            return row
        }
    }

    private static func freeSlot(_ database: SQLiteDatabase) throws(CFSError) -> UInt32 {
        let statement = try database.statement(
            """
            SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM containers WHERE slot = 0) THEN 0 ELSE
                (SELECT min(taken.slot) + 1 FROM containers AS taken WHERE taken.slot IS NOT NULL AND NOT EXISTS
                    (SELECT 1 FROM containers AS next WHERE next.slot = taken.slot + 1)) END
            """)
        defer { statement.reset() }
        guard try statement.step(), let slot = UInt32(exactly: statement.integer(0)), slot < slotCount else {
            throw CFSError(
                .limitExceeded, .preparing, "all \(slotCount) ranges of user ids are taken",
                hint: "remove containers that are not needed (`cfs rm`), or use --userns host")
        }
        return slot
    }

    /// Forgets a container; one that is not there is fine.
    ///
    /// - Parameter history: what is remembered of it, in the same transaction.
    public func removeContainer(_ id: ContainerID, history: HistoryEntry? = nil) throws(CFSError) {
        try write { database throws(CFSError) in
            try database.statement("DELETE FROM containers WHERE id = ?").bind(id.text).run()
            if let history { try Self.remember(history, database) }
        }
    }

    /// All, newest first.
    public func containers() throws(CFSError) -> [ContainerRow] {
        try rows { database throws(CFSError) in
            try database.statement("SELECT * FROM containers ORDER BY created_at DESC, id")
        }
    }

    public func container(_ id: ContainerID) throws(CFSError) -> ContainerRow? {
        try rows { database throws(CFSError) in
            try database.statement("SELECT * FROM containers WHERE id = ?").bind(id.text)
        }.first
    }

    public func container(named name: String) throws(CFSError) -> ContainerRow? {
        try rows { database throws(CFSError) in
            try database.statement("SELECT * FROM containers WHERE name = ?").bind(name)
        }.first
    }

    /// Those whose id begins with these characters; at most ten.
    public func containers(idPrefix: String) throws(CFSError) -> [ContainerRow] {
        guard idPrefix.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) || $0 == 0x2d })
        else {
            return []
        }
        return try rows { database throws(CFSError) in
            // "g" follows every digit of an id.
            try database.statement("SELECT * FROM containers WHERE id >= ? AND id < ? ORDER BY id LIMIT 10")
                .bind(idPrefix).bind(idPrefix + "g")
        }
    }

    private func rows(
        _ statement: (SQLiteDatabase) throws(CFSError) -> SQLiteStatement
    ) throws(CFSError) -> [ContainerRow] {
        try read { database throws(CFSError) in
            let statement = try statement(database)
            defer { statement.reset() }
            var rows: [ContainerRow] = []
            while try statement.step() { rows.append(try ContainerRow(statement, path: path)) }
            return rows
        }
    }
}

extension ContainerRow {
    init(_ row: SQLiteStatement, path: String) throws(CFSError) {
        let command = try SQLiteDatabase.document(row.text(6), "a command", path).strings
        let labels = try SQLiteDatabase.document(row.text(7), "a list of labels", path).stringMap
        guard let id = ContainerID(row.text(0)), let command, let labels,
            let imageDigest = Digest(hex: String(row.text(4).dropFirst("sha256:".utf8.count))),
            let createdAt = UInt64(exactly: row.integer(8))
        else {
            throw SQLiteDatabase.damaged("a container is not understood", path)
        }
        self.init(
            id: id, name: row.text(1), slot: row.isNull(2) ? nil : UInt32(exactly: row.integer(2)), image: row.text(3),
            imageDigest: imageDigest,
            layers: row.text(5).split(separator: " ").compactMap { Digest(hex: String($0)) },
            command: command, labels: labels, createdAt: createdAt, autoRemove: row.integer(9) != 0,
            // A phase of a newer cfs is one that this one cannot tell from the files either.
            decision: ContainerDecision(
                phase: ContainerPhase(rawValue: row.text(10)) ?? .created,
                claim: row.isNull(11) ? nil : ProcessClaim(row.text(11)),
                startedAt: row.isNull(12) ? nil : UInt64(exactly: row.integer(12))))
    }
}
