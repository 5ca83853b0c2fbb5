import CFSLinux
import CFSModel
import CFSMonitor

/// Reads a log as the monitor writes it: its old file, then the one that grows. Neither need be there yet, and while it is
/// read the second may become the first.
final class LogReader {
    private let path: String
    private let oldPath: String
    private var file: SharedFD?
    /// The file that was begun after this one: then this one is finished. Open from when it is seen: it may be gone when
    /// its turn comes.
    private var next: SharedFD?
    private var buffer: [UInt8] = []
    private var position = 0

    init(path: String, oldPath: String) {
        self.path = path
        self.oldPath = oldPath
    }

    /// The next whole line; nil when there is none yet.
    func nextLine() throws(CFSError) -> LogLine? {
        while true {
            if let end = buffer[position...].firstIndex(of: 0x0a) {
                let line = buffer[position..<end]
                position = end + 1
                if let read = Self.parse(line) { return read }
                // A line that a killed monitor has written in part only.
                continue
            }
            guard try fill() else { return nil }
        }
    }

    private func fill() throws(CFSError) -> Bool {
        while true {
            // Before the file's end is seen: what comes before that is all there will be in a file that has a next one.
            try lookForNext()
            guard let file else { return false }
            let bytes = try File.read(file.raw, atMost: 64 << 10, path: path)
            if !bytes.isEmpty {
                buffer.removeFirst(position)
                position = 0
                buffer += bytes
                return true
            }
            guard let next else { return false }
            self.file = next
            self.next = nil
            // Half a line: the disk was full, or the monitor was killed.
            (buffer, position) = ([], 0)
        }
    }

    private func lookForNext() throws(CFSError) {
        guard next == nil else { return }
        if let file, let growing = File.statusIfThere(path), try File.status(at: file.raw).isSameFile(as: growing) {
            return
        }
        while true {
            let growing = try Self.open(path)
            let old = try Self.open(oldPath)
            // Both belong together only if none was renamed in between.
            guard try Self.isStill(growing, at: path) else { continue }
            guard let file else {
                (self.file, next) = old == nil ? (growing, nil) : (old, growing)
                return
            }
            let own = try File.status(at: file.raw)
            if let growing, try own.isSameFile(as: File.status(at: growing.raw)) { return }
            let isOld = if let old { try own.isSameFile(as: File.status(at: old.raw)) } else { true }
            // A reader that is further behind goes on with the oldest that there is.
            next = isOld ? growing : old
            return
        }
    }

    private static func open(_ path: String) throws(CFSError) -> SharedFD? {
        let opened = File.tryOpen(path, [.read, .noFollow])
        if opened == -ErrorCode.notFound { return nil }
        return SharedFD(OwnedFD(try checked(opened, "open", .looking, path: path)))
    }

    private static func isStill(_ file: SharedFD?, at path: String) throws(CFSError) -> Bool {
        guard let file, let named = File.statusIfThere(path) else { return file == nil && !File.exists(path) }
        return try File.status(at: file.raw).isSameFile(as: named)
    }

    /// `TIME STREAM F|P TEXT`.
    static func parse(_ line: ArraySlice<UInt8>) -> LogLine? {
        let parts = line.split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, let time = Timestamp.parse(String(decoding: parts[0], as: UTF8.self)),
            let stream = LogStream(rawValue: String(decoding: parts[1], as: UTF8.self))
        else { return nil }
        switch String(decoding: parts[2], as: UTF8.self) {
        case "F": return LogLine(time: time, stream: stream, bytes: Array(parts[3]) + [0x0a])
        case "P": return LogLine(time: time, stream: stream, bytes: Array(parts[3]))
        default: return nil
        }
    }
}
