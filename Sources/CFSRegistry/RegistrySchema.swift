import CFSModel

/// The tables, and how an older file gets them. `docs/registry.md` describes each column.
enum RegistrySchema {
    /// Migrations numbered from 1; the number of the last one that ran is the file's `user_version`.
    static let migrations = [
        """
        CREATE TABLE images (
            name TEXT PRIMARY KEY,
            digest TEXT NOT NULL,
            record TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE containers (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            slot INTEGER UNIQUE,
            image TEXT NOT NULL,
            image_digest TEXT NOT NULL,
            layers TEXT NOT NULL,
            command TEXT NOT NULL,
            labels TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            auto_remove INTEGER NOT NULL
        ) WITHOUT ROWID;
        """,
        """
        ALTER TABLE containers ADD COLUMN phase TEXT NOT NULL DEFAULT 'created';
        ALTER TABLE containers ADD COLUMN claim TEXT;
        ALTER TABLE containers ADD COLUMN started_at INTEGER;
        CREATE TABLE history (
            number INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            uid INTEGER NOT NULL,
            verb TEXT NOT NULL,
            container TEXT NOT NULL,
            name TEXT NOT NULL,
            image TEXT NOT NULL,
            command TEXT NOT NULL,
            ended_at INTEGER,
            status INTEGER,
            reason TEXT
        );
        CREATE INDEX history_open ON history (container) WHERE ended_at IS NULL;
        CREATE TABLE marks (
            name TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) WITHOUT ROWID;
        """,
        """
        CREATE TABLE networks (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            record TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE endpoints (
            container TEXT NOT NULL,
            network TEXT NOT NULL,
            ipv4 TEXT,
            ipv6 TEXT,
            hardware TEXT NOT NULL,
            PRIMARY KEY (container, network)
        ) WITHOUT ROWID;
        CREATE UNIQUE INDEX endpoints_ipv4 ON endpoints (network, ipv4) WHERE ipv4 IS NOT NULL;
        CREATE UNIQUE INDEX endpoints_ipv6 ON endpoints (network, ipv6) WHERE ipv6 IS NOT NULL;
        CREATE UNIQUE INDEX endpoints_hardware ON endpoints (network, hardware);
        CREATE TRIGGER endpoints_gone AFTER DELETE ON containers
        BEGIN DELETE FROM endpoints WHERE container = OLD.id; END;
        """,
        "ALTER TABLE history ADD COLUMN process TEXT;",
    ]

    static func prepare(_ database: SQLiteDatabase, isHeld: Bool) throws(CFSError) {
        // A row is there for every reader at once, and survives a killed process; NORMAL syncs at checkpoints only, so what
        // a power cut takes is the last rows, never the file.
        try database.execute("PRAGMA synchronous = NORMAL")
        if try isCurrent(database) { return }
        if isHeld { return try migrate(database) }
        // One process at a time: two that both want to turn a new file into one with a log would block each other, and
        // SQLite ends that with "database is locked" at once, whatever its timeout.
        try CreationLock.hold(beside: database.path) { () throws(CFSError) in try migrate(database) }
    }

    /// Whether every migration has run. While another process makes the file, the answer may be a refusal, which is no.
    static func isCurrent(_ database: SQLiteDatabase) throws(CFSError) -> Bool {
        do throws(CFSError) {
            return try version(database) == migrations.count
        } catch {
            guard error.code == .conflict else { throw error }
            return false
        }
    }

    private static func migrate(_ database: SQLiteDatabase) throws(CFSError) {
        // Another process may have been faster.
        if try version(database) == migrations.count { return }
        // Cannot be changed inside a transaction; is kept in the file.
        try database.execute("PRAGMA journal_mode = WAL")
        try database.transaction { () throws(CFSError) in
            let done = try version(database)
            guard done <= migrations.count else {
                throw CFSError(
                    .invalidState, .recording,
                    "the registry \(database.path) was written by a newer cfs (schema \(done))",
                    path: database.path, hint: "use that version, or another --root")
            }
            for migration in migrations[done...] { try database.execute(migration) }
            try database.execute("PRAGMA user_version = \(migrations.count)")
        }
    }

    private static func version(_ database: SQLiteDatabase) throws(CFSError) -> Int {
        let statement = try database.statement("PRAGMA user_version")
        defer { statement.reset() }
        return try statement.step() ? Int(statement.integer(0)) : 0
    }
}
