import CFSModel

/// A container as the registry keeps it: what does not change while it lives. Its state is its monitor's to tell.
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

    public init(
        id: ContainerID, name: String, slot: UInt32?, image: String, imageDigest: Digest, layers: [Digest],
        command: [String], labels: [String: String], createdAt: UInt64, autoRemove: Bool
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
    }
}

extension Registry {
    /// How many ranges of host ids there are.
    public static let slotCount: UInt32 = 16_384

    /// Adds a container, and gives it the lowest free range of ids when it wants one.
    ///
    /// - Returns: the number of its range.
    /// - Throws: `nameTaken`; `limitExceeded` when every range is taken.
    @discardableResult
    public func insert(_ row: ContainerRow, wantsSlot: Bool) throws(CFSError) -> UInt32? {
        try write { database throws(CFSError) in
            let slot = wantsSlot ? try Self.freeSlot(database) : nil
            do throws(CFSError) {
                try database.statement(
                    """
                    INSERT INTO containers
                    (id, name, slot, image, image_digest, layers, command, labels, created_at, auto_remove)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """
                )
                .bind(row.id.text).bind(row.name).bind(slot.map { Int64($0) }).bind(row.image)
                .bind("\(row.imageDigest)").bind(row.layers.map(\.hex).text(separator: " "))
                .bind(JSON(row.command).text()).bind(JSON(row.labels).text()).bind(Int64(clamping: row.createdAt))
                .bind(row.autoRemove ? 1 : 0).run()
            } catch {
                guard error.code == .conflict, error.message.hasSuffix("containers.name") else { throw error }
                throw CFSError(
                    .nameTaken, .preparing, "the name \"\(row.name)\" is taken",
                    hint: "remove the other container (`cfs rm \(row.name)`), or choose another name")
            }
            return slot
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
    public func removeContainer(_ id: ContainerID) throws(CFSError) {
        try write { database throws(CFSError) in
            try database.statement("DELETE FROM containers WHERE id = ?").bind(id.text).run()
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
            while try statement.step() { rows.append(try ContainerRow(statement)) }
            return rows
        }
    }
}

extension ContainerRow {
    fileprivate init(_ row: SQLiteStatement) throws(CFSError) {
        let command = try JSON(parsing: Array(row.text(6).utf8), what: "the registry's command").strings
        let labels = try JSON(parsing: Array(row.text(7).utf8), what: "the registry's labels").stringMap
        guard let id = ContainerID(row.text(0)), let command, let labels,
            let createdAt = UInt64(exactly: row.integer(8))
        else {
            throw CFSError(
                .registryFailed, .recording, "the registry has a container that is not understood: \(row.text(0))")
        }
        self.init(
            id: id, name: row.text(1), slot: row.isNull(2) ? nil : UInt32(exactly: row.integer(2)), image: row.text(3),
            imageDigest: try Digest(row.text(4)),
            layers: row.text(5).split(separator: " ").compactMap { Digest(hex: String($0)) },
            command: command, labels: labels, createdAt: createdAt, autoRemove: row.integer(9) != 0)
    }
}
