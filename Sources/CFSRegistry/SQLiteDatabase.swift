import CFSModel
import CSQLite
import Glibc

/// One connection to an SQLite file: the thin typed layer over libsqlite3.
///
/// Not for two threads at once: whoever has it uses it under the mutex of ``Registry`` only, which makes it safe to send.
final class SQLiteDatabase: @unchecked Sendable {
    private let handle: OpaquePointer
    let path: String
    /// Statements that were prepared once.
    private var prepared: [SQLiteStatement] = []

    /// Opens the file, and makes it when it is not there.
    ///
    /// - Parameters:
    ///   - isLost: whether it may be an empty file with a log.
    ///   - onlyReads: whether nothing is written, not even the index of the log that processes share: this one makes its own in
    ///     memory where nobody else has the file open (sqlite.org/wal.html, "Read-Only Databases"). The file must be there.
    init(_ path: String, isLost: Bool = false, onlyReads: Bool = false) throws(CFSError) {
        self.path = path
        if !isLost { try Self.refuseLostFile(path) }
        var opened: OpaquePointer?
        // The registry has its own lock, so SQLite's mutexes are left out.
        let access =
            onlyReads ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        let name = onlyReads ? "file:\(Self.escaped(path))?readonly_shm=1" : path
        let status = sqlite3_open_v2(name, &opened, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, nil)
        guard status == SQLITE_OK, let opened else {
            let text = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            let number = opened.map { sqlite3_system_errno($0) } ?? ENOMEM
            sqlite3_close_v2(opened)
            throw Self.failure("cannot be opened: \(text)", path, number)
        }
        handle = opened
        sqlite3_extended_result_codes(handle, 1)
        // Other processes hold the write lock for microseconds; a queue of a thousand starts is still through in this time.
        sqlite3_busy_timeout(handle, 30_000)
        cfs_sqlite_keep_log(handle)
        // A short log keeps the first read of every process short. The call costs nothing; the same as a PRAGMA is parsed.
        sqlite3_wal_autocheckpoint(handle, 64)
    }

    /// A path as part of a URI, every byte but letters, digits, slashes, dots and hyphens as its number
    /// (sqlite.org/uri.html, "URI Format").
    private static func escaped(_ path: String) -> String {
        var text = ""
        for byte in path.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d...0x2f: text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += (byte < 0x10 ? "%0" : "%") + String(byte, radix: 16)
            }
        }
        return text
    }

    deinit {
        prepared = []
        sqlite3_close_v2(handle)
    }

    /// Runs statements that return nothing.
    func execute(_ text: String) throws(CFSError) {
        let status = sqlite3_exec(handle, text, nil, nil, nil)
        guard status == SQLITE_OK else { throw failure(status) }
    }

    /// A statement, prepared at its first use and reset at every other.
    func statement(_ text: StaticString) throws(CFSError) -> SQLiteStatement {
        // The identity of a static text is its address; a process uses a handful.
        for known in prepared where known.text == text.utf8Start {
            known.reset()
            return known
        }
        var pointer: OpaquePointer?
        let status = sqlite3_prepare_v3(
            handle, UnsafePointer(OpaquePointer(text.utf8Start)), Int32(text.utf8CodeUnitCount),
            UInt32(SQLITE_PREPARE_PERSISTENT), &pointer, nil)
        guard status == SQLITE_OK, let pointer else { throw failure(status) }
        let made = SQLiteStatement(pointer, text.utf8Start, self)
        prepared.append(made)
        return made
    }

    /// Rows that the last statement changed.
    var changes: Int { Int(sqlite3_changes(handle)) }

    /// Runs `body` as one transaction that has the write lock from its beginning.
    func transaction<Result>(_ body: () throws(CFSError) -> Result) throws(CFSError) -> Result {
        try execute("BEGIN IMMEDIATE")
        do throws(CFSError) {
            let result = try body()
            try execute("COMMIT")
            return result
        } catch {
            // A failed COMMIT may have ended the transaction already; then there is nothing to roll back.
            if sqlite3_get_autocommit(handle) == 0 { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
            throw error
        }
    }

    /// SQLite takes a file that is empty, has one byte or is not there for a new one, and removes the log beside it, with all
    /// that only the log has. One with a log was never new. And it reads a file that ends within a page, as nothing of SQLite
    /// leaves one unless the log has that page.
    ///
    /// - Throws: `registryFailed`.
    private static func refuseLostFile(_ path: String) throws(CFSError) {
        // Twice: another process may make both files between the first look and the one at the log.
        let size = size(of: path)
        if size > 1 {
            guard size % page != 0, !WriteAheadLog.holds(page: size / page + 1, in: "\(path)-wal") else { return }
            throw damaged("it ends within a page", path)
        }
        guard Self.size(of: "\(path)-wal") > WriteAheadLog.headerSize, Self.size(of: path) <= 1 else { return }
        throw damaged("it is empty, and its log is not", path)
    }

    /// What SQLite writes at once, in bytes: its default. A page that was cut off it takes for one that ends in zeros, and so a
    /// row there for one with other values.
    static let page = 4096

    /// In bytes; 0 for a file that is not there.
    private static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_size : 0
    }

    /// The error for a result code; the message is SQLite's own.
    func failure(_ status: Int32) -> CFSError {
        let text = String(cString: sqlite3_errmsg(handle))
        switch status & 0xff {
        case SQLITE_FULL: return Self.failure("cannot grow: \(text)", path, ENOSPC)
        case SQLITE_READONLY, SQLITE_PERM:
            return CFSError(.notPermitted, .recording, "the registry \(path) cannot be written: \(text)", path: path)
        case SQLITE_CANTOPEN: return Self.failure("cannot be opened: \(text)", path, sqlite3_system_errno(handle))
        // A page that the file ends before is no fault of the disk.
        case SQLITE_IOERR where status != cfs_sqlite_short_read:
            return Self.failure("cannot be read or written: \(text)", path, sqlite3_system_errno(handle))
        case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_IOERR: return Self.damaged(text, path)
        case SQLITE_BUSY:
            return CFSError(
                .conflict, .recording, "the registry \(path) is in use by another process: \(text)", path: path,
                hint: "try again")
        case SQLITE_CONSTRAINT:
            return CFSError(.conflict, .recording, text, path: path)
        // A file that says it has our schema, and has not: it was cut off in its first page.
        case SQLITE_ERROR where text.hasPrefix("no such table") || text.hasPrefix("no such column"):
            return Self.damaged(text, path)
        default:
            return CFSError(
                .registryFailed, .recording, "the registry \(path) failed: \(text) (\(status))", path: path)
        }
    }

    /// - Parameter number: the kernel's error number; 0 when it was not the kernel.
    private static func failure(_ text: String, _ path: String, _ number: Int32) -> CFSError {
        let code: CFSError.Code =
            switch number {
            case EACCES, EPERM, EROFS: .notPermitted
            case ENOSPC, EDQUOT: .noSpace
            case EMFILE, ENFILE: .limitExceeded
            default: .registryFailed
            }
        // What SQLite calls it depends on which write it was: that of a page, or that of what processes share.
        let told = code == .noSpace ? "cannot grow: the disk is full" : text
        return CFSError(
            code, .recording, "the registry \(path) \(told)", path: path, errno: number == 0 ? nil : number)
    }

    /// A document of a row.
    ///
    /// - Throws: `registryFailed` for text that is none: what wrote it wrote a document.
    static func document(_ text: String, _ what: String, _ path: String) throws(CFSError) -> JSON {
        do throws(CFSError) {
            return try JSON(parsing: Array(text.utf8), what: what)
        } catch {
            throw damaged(error.message, path)
        }
    }

    static func damaged(_ text: String, _ path: String) -> CFSError {
        CFSError(
            .registryFailed, .recording, "the registry \(path) is damaged: \(text)", path: path,
            hint: "`cfs system recover --rebuild` keeps the file aside, and makes a new one of what can be read")
    }
}
