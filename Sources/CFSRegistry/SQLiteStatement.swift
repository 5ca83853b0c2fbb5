import CFSModel
import CSQLite

/// A prepared statement: bind in order, step, read the columns.
final class SQLiteStatement {
    private let pointer: OpaquePointer
    /// Where its text stands in the program.
    let text: UnsafePointer<UInt8>
    private unowned let database: SQLiteDatabase
    private var nextParameter: Int32 = 1

    init(_ pointer: OpaquePointer, _ text: UnsafePointer<UInt8>, _ database: SQLiteDatabase) {
        self.pointer = pointer
        self.text = text
        self.database = database
    }

    deinit { sqlite3_finalize(pointer) }

    func reset() {
        sqlite3_reset(pointer)
        sqlite3_clear_bindings(pointer)
        nextParameter = 1
    }

    // MARK: Parameters, from the first to the last

    @discardableResult
    func bind(_ text: String?) throws(CFSError) -> SQLiteStatement {
        guard let text else { return try bound(sqlite3_bind_null(pointer, nextParameter)) }
        // SQLITE_TRANSIENT: SQLite copies the text before the call returns.
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        return try bound(sqlite3_bind_text(pointer, nextParameter, text, Int32(text.utf8.count), transient))
    }

    @discardableResult
    func bind(_ number: Int64?) throws(CFSError) -> SQLiteStatement {
        guard let number else { return try bound(sqlite3_bind_null(pointer, nextParameter)) }
        return try bound(sqlite3_bind_int64(pointer, nextParameter, number))
    }

    private func bound(_ status: Int32) throws(CFSError) -> SQLiteStatement {
        guard status == SQLITE_OK else { throw database.failure(status) }
        nextParameter += 1
        return self
    }

    // MARK: Rows

    /// Goes to the next row; false after the last one.
    func step() throws(CFSError) -> Bool {
        let status = sqlite3_step(pointer)
        switch status {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default:
            let failure = database.failure(status)
            reset()
            throw failure
        }
    }

    /// Runs to its end; for statements without rows.
    func run() throws(CFSError) {
        while try step() {}
        reset()
    }

    func text(_ column: Int32) -> String {
        guard let bytes = sqlite3_column_text(pointer, column) else { return "" }
        let count = Int(sqlite3_column_bytes(pointer, column))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(pointer, column) }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(pointer, column) == SQLITE_NULL }
}
