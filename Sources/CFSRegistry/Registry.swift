import CFSModel
import Glibc
import Synchronization

/// Containers and the names of images, durable and shared by any number of processes: one SQLite file in WAL mode.
///
/// The file is opened at the first use, by one connection that all threads of the process take turns with.
public final class Registry: Sendable {
    let path: String
    private let connection = Mutex<SQLiteDatabase?>(nil)
    private let isHeld: Bool

    /// - Parameter path: of the file; the folder above it must be there.
    public convenience init(path: String) { self.init(path: path, isHeld: false) }

    /// - Parameter isHeld: whether the caller has the ``CreationLock``, which is not to be taken twice.
    init(path: String, isHeld: Bool) {
        self.path = path
        self.isHeld = isHeld
    }

    /// Calls `body` with the file, for what only reads. On a full disk, too: of two ways to read, the usual one needs room for
    /// what processes share. Then `body` may be called twice.
    func read<Result>(_ body: (SQLiteDatabase) throws(CFSError) -> Result) throws(CFSError) -> Result {
        do throws(CFSError) {
            return try use(body)
        } catch {
            guard error.code == .noSpace else { throw error }
            do throws(CFSError) {
                let readable = try SQLiteDatabase(path, onlyReads: true)
                guard try RegistrySchema.isCurrent(readable) else { throw error }
                return try body(readable)
            } catch let second {
                // What keeps it from being read so (there is no file yet, for example) is not what is wrong.
                throw [.notPermitted, .registryFailed].contains(second.code) ? error : second
            }
        }
    }

    private func use<Result>(_ body: (SQLiteDatabase) throws(CFSError) -> Result) throws(CFSError) -> Result {
        try connection.withLock { database throws(CFSError) in
            if let database { return try body(database) }
            let opened = try SQLiteDatabase(path)
            try RegistrySchema.prepare(opened, isHeld: isHeld)
            database = opened
            return try body(opened)
        }
    }

    /// Waits until what was committed has reached the disk: a power cut takes none of it any more (fdatasync(2) of the log).
    public func sync() throws(CFSError) {
        // The log, not the file: closing any descriptor of the file itself would free SQLite's locks on it.
        let log = "\(path)-wal"
        let descriptor = open(log, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        // Without a log everything is in the file, and was synced when it was written there.
        if descriptor < 0, errno == ENOENT { return }
        guard descriptor >= 0, fdatasync(descriptor) == 0 else {
            let number = errno
            if descriptor >= 0 { _ = close(descriptor) }
            throw CFSError(
                .registryFailed, .recording, "the registry could not be made safe",
                systemCall: descriptor < 0 ? "open" : "fdatasync", path: log, errno: number)
        }
        _ = close(descriptor)
    }

    /// Like ``read(_:)``, as one transaction.
    func write<Result>(_ body: (SQLiteDatabase) throws(CFSError) -> Result) throws(CFSError) -> Result {
        try use { database throws(CFSError) in
            try database.transaction { () throws(CFSError) in try body(database) }
        }
    }
}
