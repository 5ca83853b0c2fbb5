import CFSModel
import Synchronization

/// Containers and the names of images, durable and shared by any number of processes: one SQLite file in WAL mode.
///
/// The file is opened at the first use, by one connection that all threads of the process take turns with.
public final class Registry: Sendable {
    private let path: String
    private let connection = Mutex<SQLiteDatabase?>(nil)

    /// - Parameter path: of the file; the folder above it must be there.
    public init(path: String) { self.path = path }

    func read<Result>(_ body: (SQLiteDatabase) throws(CFSError) -> Result) throws(CFSError) -> Result {
        try connection.withLock { database throws(CFSError) in
            if let database { return try body(database) }
            let opened = try SQLiteDatabase(path)
            try RegistrySchema.prepare(opened)
            database = opened
            return try body(opened)
        }
    }

    /// Like ``read(_:)``, as one transaction.
    func write<Result>(_ body: (SQLiteDatabase) throws(CFSError) -> Result) throws(CFSError) -> Result {
        try read { database throws(CFSError) in
            try database.transaction { () throws(CFSError) in try body(database) }
        }
    }
}
