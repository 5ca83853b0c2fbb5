import CFSModel
import Glibc

/// What could be read of a damaged registry.
public struct SalvagedRegistry: Sendable {
    /// Where the damaged file lies from now on.
    public let path: String
    public var images: [ImageRecord] = []
    public var containers: [ContainerRow] = []
    public var history: [HistoryEntry] = []
    public var networks: [NetworkRecord] = []
    public var endpoints: [EndpointRow] = []

    init(path: String) { self.path = path }
}

extension Registry {
    /// Puts a damaged file aside, with its log, as `FILE.damaged`, and begins a new one with what can be read of it. One that
    /// was put aside before is replaced.
    ///
    /// For nobody else who has the file open: such a process goes on with the old one.
    ///
    /// - Throws: `conflict` when the registry is not damaged.
    public static func rebuild(path: String) throws(CFSError) -> SalvagedRegistry {
        let aside = "\(path).damaged"
        try CreationLock.hold(beside: path) { () throws(CFSError) in
            guard try isDamaged(path) else {
                throw CFSError(
                    .conflict, .recording, "the registry \(path) is not damaged", path: path,
                    hint: "`cfs system recover` puts right what killed processes left")
            }
            for ending in ["-wal", "-shm"] { _ = unlink(aside + ending) }
            // The log first: without the file beside it, it is never taken for that of a new one.
            for ending in ["-wal", ""]
            where renameat(AT_FDCWD, path + ending, AT_FDCWD, aside + ending) != 0 && errno != ENOENT {
                throw CFSError(
                    .registryFailed, .recording, "the registry \(path) cannot be put aside", systemCall: "renameat",
                    path: path, errno: errno)
            }
            _ = unlink("\(path)-shm")
        }
        var salvaged = SalvagedRegistry(path: aside)
        salvaged.read()
        let new = Registry(path: path)
        try new.write { database throws(CFSError) in
            for row in salvaged.containers { try add(row, slot: row.slot, database) }
            for entry in salvaged.history { try remember(entry, database) }
            for network in salvaged.networks { try add(network, database) }
            for row in salvaged.endpoints { try add(row, database) }
        }
        for image in salvaged.images { try new.put(image) }
        return salvaged
    }

    /// Whether SQLite finds fault with a file, or a row is not understood; for the holder of the ``CreationLock``.
    private static func isDamaged(_ path: String) throws(CFSError) -> Bool {
        do throws(CFSError) {
            let registry = Registry(path: path, isHeld: true)
            let answer = try registry.read { database throws(CFSError) in
                let statement = try database.statement("PRAGMA integrity_check(1)")
                defer { statement.reset() }
                return try statement.step() ? statement.text(0) : ""
            }
            _ = (try registry.containers(), try registry.images(), try registry.history())
            _ = (try registry.networks(), try registry.endpoints())
            return answer != "ok"
        } catch {
            // A disk that fails and rights that lack are no damage.
            guard error.errno == nil, error.code == .registryFailed || error.code == .invalidConfiguration else {
                throw error
            }
            return true
        }
    }
}

extension SalvagedRegistry {
    /// Reads each table from both of its ends up to where it is damaged.
    fileprivate mutating func read() {
        let cut = CutFile(path)
        readWholePages()
        cut?.putBack()
    }

    private mutating func readWholePages() {
        let database: SQLiteDatabase
        do throws(CFSError) {
            database = try SQLiteDatabase(path, isLost: true)
        } catch {
            return
        }
        let path = path
        images = Self.rows(
            database, "SELECT record FROM images ORDER BY name", "SELECT record FROM images ORDER BY name DESC",
            key: \.name
        ) { statement throws(CFSError) in try ImageRecord(stored: statement.text(0), path: path) }
        containers = Self.rows(
            database, "SELECT * FROM containers ORDER BY id", "SELECT * FROM containers ORDER BY id DESC",
            key: \.id.text
        ) { statement throws(CFSError) in try ContainerRow(statement, path: path) }
        history = Self.rows(
            database, "SELECT * FROM history ORDER BY number", "SELECT * FROM history ORDER BY number DESC",
            key: \.number
        ) { statement throws(CFSError) in try HistoryEntry(statement, path: path) }
        .sorted { $0.number < $1.number }
        networks = Self.rows(
            database, "SELECT record FROM networks ORDER BY id", "SELECT record FROM networks ORDER BY id DESC",
            key: \.id
        ) { statement throws(CFSError) in try NetworkRecord(stored: statement.text(0), path) }
        endpoints = Self.rows(
            database, "SELECT container, network, ipv4, ipv6, hardware FROM endpoints ORDER BY container, network",
            "SELECT container, network, ipv4, ipv6, hardware FROM endpoints ORDER BY container DESC, network DESC",
            key: { "\($0.container.text) \($0.network)" }
        ) { statement throws(CFSError) in
            guard let row = EndpointRow(statement) else {
                throw SQLiteDatabase.damaged("a place on a network is not understood", path)
            }
            return row
        }
    }

    private static func rows<Row, Key: Hashable>(
        _ database: SQLiteDatabase, _ forwards: StaticString, _ backwards: StaticString, key: (Row) -> Key,
        _ read: (SQLiteStatement) throws(CFSError) -> Row
    ) -> [Row] {
        var seen: Set<Key> = []
        var rows: [Row] = []
        for text in [forwards, backwards] {
            do throws(CFSError) {
                let statement = try database.statement(text)
                defer { statement.reset() }
                while try statement.step() {
                    guard let row = understood(statement, read), seen.insert(key(row)).inserted else { continue }
                    rows.append(row)
                }
                break
            } catch {
                // Here it is damaged: the rest is read from the other end.
                continue
            }
        }
        return rows
    }

    private static func understood<Row>(
        _ statement: SQLiteStatement, _ read: (SQLiteStatement) throws(CFSError) -> Row
    ) -> Row? {
        do throws(CFSError) { return try read(statement) } catch { return nil }
    }
}

/// A file that may have been cut off, made such that SQLite reads the pages that are whole: what is missing is zeros, which are no
/// page for it. Without that it takes an empty file for a new one and removes its log, refuses one with fewer pages than its
/// header says, and takes a row in a page that was cut off for a whole one with other values.
private final class CutFile {
    private static let page = SQLiteDatabase.page
    /// A file may say anything; what is filled up takes no space on the disk.
    private static let mostPages = 1 << 22

    private let file: Int32
    /// What lay behind the last whole page, and where.
    private let tail: [UInt8]
    private let offset: Int

    /// - Returns: nil for a file that cannot be written.
    init?(_ path: String) {
        file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        var status = stat()
        let size = fstat(file, &status) == 0 ? Int(status.st_size) : 0
        offset = size / Self.page * Self.page
        var tail = [UInt8](repeating: 0, count: size - offset)
        let isRead = file >= 0 && pread(file, &tail, tail.count, offset) == tail.count
        self.tail = tail
        guard isRead else { return nil }
        // "In-header database size" (sqlite.org/fileformat2.html): pages, at byte 28, its highest byte first.
        var count = [UInt8](repeating: 0, count: 4)
        _ = pread(file, &count, count.count, 28)
        let pages = min(count.reduce(0) { $0 << 8 | Int($1) }, Self.mostPages)
        guard ftruncate(file, offset) == 0, ftruncate(file, max(offset, max(1, pages) * Self.page)) == 0 else {
            return nil
        }
    }

    deinit { close(file) }

    /// Unless the log had that page, and the file has it by now.
    func putBack() {
        var there = [UInt8](repeating: 0, count: tail.count)
        guard pread(file, &there, there.count, offset) >= 0, there.allSatisfy({ $0 == 0 }) else { return }
        _ = pwrite(file, tail, tail.count, offset)
    }
}
