import CFSLinux
import CFSModel
import CFSMonitor
import Glibc

/// Reads the journal from its oldest event on, or from a place in it, and goes on with what comes.
final class JournalReader {
    /// A place between two lines of a file.
    struct Position: Sendable, Hashable {
        var inode: UInt64
        var offset: UInt64

        /// `INODE:OFFSET`.
        var text: String { "\(inode):\(offset)" }

        init(inode: UInt64, offset: UInt64) {
            self.inode = inode
            self.offset = offset
        }

        init?(_ text: String) {
            let parts = text.split(separator: ":")
            guard parts.count == 2, let inode = UInt64(parts[0]), let offset = UInt64(parts[1]) else { return nil }
            self.init(inode: inode, offset: offset)
        }
    }

    private let journal: Journal
    /// Told once of a damaged file, in a sentence that names it.
    private var report: ((String) -> Void)?
    private var file: SharedFD?
    private var buffer: [UInt8] = []
    private var start = 0
    /// Behind the last line that was handed out.
    private(set) var position: Position?

    /// - Parameters:
    ///   - position: where to go on; the oldest event when it is nil, or in a file that is gone.
    ///   - report: told of a file that is damaged, once.
    init(
        _ journal: Journal, from position: Position?, report: ((String) -> Void)? = nil
    ) throws(CFSError) {
        self.journal = journal
        self.report = report
        let old = try Self.open(journal.oldPath)
        let growing = try Self.open(journal.path)
        if let position {
            for candidate in [growing, old] {
                guard let candidate else { continue }
                let status = try File.status(at: candidate.raw)
                guard status.inode == position.inode else { continue }
                // A file that was cut off is read on from where it ends.
                try begin(candidate, at: min(position.offset, UInt64(clamping: status.size)))
                return
            }
        }
        if let first = old ?? growing { try begin(first, at: 0) }
    }

    /// A reader of what is appended from now on.
    static func atEnd(
        of journal: Journal, report: ((String) -> Void)? = nil
    ) throws(CFSError) -> JournalReader {
        guard let growing = try open(journal.path) else {
            return try JournalReader(journal, from: nil, report: report)
        }
        let status = try File.status(at: growing.raw)
        return try JournalReader(
            journal, from: Position(inode: status.inode, offset: UInt64(clamping: status.size)), report: report)
    }

    private func begin(_ file: SharedFD, at offset: UInt64) throws(CFSError) {
        let moved = lseek(file.raw, Int(clamping: offset), SEEK_SET)
        try checked(moved < 0 ? -Int(errno) : 0, "lseek", .looking)
        self.file = file
        (buffer, start) = ([], 0)
        position = Position(inode: try File.status(at: file.raw).inode, offset: offset)
    }

    /// The next event; nil when there is none yet.
    func next() throws(CFSError) -> EngineEvent? {
        while true {
            if let end = buffer[start...].firstIndex(of: 0x0a) {
                let line = buffer[start..<end]
                position?.offset += UInt64(end + 1 - start)
                start = end + 1
                if let event = Self.parse(line) { return event }
                // Half a line, of a full disk. A line that is empty ended one.
                if !line.isEmpty { tellDamage() }
                continue
            }
            guard try fill() else { return nil }
        }
    }

    /// Tells of half a line at the end, which the next one would show to be one. A line that somebody writes at this moment
    /// is none: writers hold the lock.
    func tellHalfLine() throws(CFSError) {
        guard start < buffer.count, let file, report != nil, flock(file.raw, LOCK_EX) == 0 else { return }
        defer { _ = flock(file.raw, LOCK_UN) }
        if try File.read(file.raw, atMost: 1, path: journal.path).isEmpty { tellDamage() }
    }

    private func tellDamage() {
        guard let report, let file else { return }
        self.report = nil
        // It may have become the old one.
        var path = journal.path
        do throws(CFSError) { path = try File.readLink("/proc/self/fd/\(file.raw)") } catch { path = journal.path }
        report("\(path) is damaged: what is not whole of it is passed over")
    }

    private static func parse(_ line: ArraySlice<UInt8>) -> EngineEvent? {
        do throws(CFSError) {
            return EngineEvent(json: try JSON(parsing: Array(line), what: "the journal"))
        } catch {
            return nil
        }
    }

    private func fill() throws(CFSError) -> Bool {
        if file == nil, let growing = try Self.open(journal.path) { try begin(growing, at: 0) }
        while let file {
            // Asked before the end is seen: a file that has a next one does not grow any more.
            let hasNext = try hasNext(file)
            let bytes = try File.read(file.raw, atMost: 64 << 10, path: journal.path)
            if !bytes.isEmpty {
                buffer.removeFirst(start)
                start = 0
                buffer += bytes
                return true
            }
            guard hasNext, let next = try next(after: file) else { return false }
            try begin(next, at: 0)
        }
        return false
    }

    private func hasNext(_ file: SharedFD) throws(CFSError) -> Bool {
        guard let named = File.statusIfThere(journal.path) else { return false }
        return !(try File.status(at: file.raw).isSameFile(as: named))
    }

    /// The oldest file that was begun after this one.
    private func next(after file: SharedFD) throws(CFSError) -> SharedFD? {
        let own = try File.status(at: file.raw)
        if let old = try Self.open(journal.oldPath), !own.isSameFile(as: try File.status(at: old.raw)) { return old }
        return try Self.open(journal.path)
    }

    private static func open(_ path: String) throws(CFSError) -> SharedFD? {
        let opened = File.tryOpen(path, [.read, .noFollow])
        if opened == -ErrorCode.notFound { return nil }
        return SharedFD(OwnedFD(try checked(opened, "open", .looking, path: path)))
    }
}
