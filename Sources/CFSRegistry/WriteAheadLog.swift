import Glibc

/// What stands in a write-ahead log, as far as it must be known before SQLite opens it (sqlite.org/fileformat2.html, "WAL File
/// Format"). All numbers have their highest byte first.
enum WriteAheadLog {
    /// Of the log, in bytes.
    static let headerSize = 32
    private static let frameHeaderSize = 24

    /// Whether a transaction that was committed has left a page in the log: SQLite reads it there, and not in the file.
    ///
    /// - Parameter number: pages are counted from 1.
    static func holds(page number: Int, in path: String) -> Bool {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return false }
        defer { close(file) }
        var header = [UInt8](repeating: 0, count: headerSize)
        guard pread(file, &header, header.count, 0) == header.count else { return false }
        var frame = [UInt8](repeating: 0, count: frameHeaderSize)
        var offset = headerSize
        var isThere = false
        // The two salts are those of the header as long as a frame belongs to this round of the log.
        while pread(file, &frame, frame.count, offset) == frame.count, frame[8..<16].elementsEqual(header[16..<24]) {
            if value(frame, at: 0) == number { isThere = true }
            // The size of the file after a commit; other frames have none.
            if isThere, value(frame, at: 4) != 0 { return true }
            offset += frame.count + SQLiteDatabase.page
        }
        return false
    }

    private static func value(_ bytes: [UInt8], at index: Int) -> Int {
        bytes[index..<index + 4].reduce(0) { $0 << 8 | Int($1) }
    }
}
