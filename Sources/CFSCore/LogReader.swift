import CFSLinux
import CFSModel
import CFSMonitor

/// Reads a log as the monitor writes it: its old files, then the one that grows. None need be there yet, and while it is
/// read files may change their names and go.
final class LogReader {
    private let path: String
    private let fileCount: Int
    private var file: SharedFD?
    /// The files that were begun after this one, oldest first: then this one is finished. Open from when they are seen:
    /// they may be gone when their turn comes.
    private var next: ArraySlice<SharedFD> = []
    private var buffer: [UInt8] = []
    private var position = 0
    /// Where in its file the next line begins.
    private var offset: Int64 = 0
    private var limit: Limit?
    /// How often files went before they were read: the log was turned faster than that.
    private(set) var gaps = 0
    /// Whether something was passed over that is no line: a monitor was killed, or the disk was full, while it was written.
    private(set) var isDamaged = false
    /// Whether a line has begun and not ended so far; it is damage, too, once nobody writes any more.
    var endsInHalfALine: Bool { position < buffer.count }

    /// - Parameter fileCount: how many files the log may have.
    init(path: String, fileCount: Int = LogPolicy().fileCount) {
        self.path = path
        self.fileCount = fileCount
    }

    /// Reads only what is there now, until ``goOn()``: a container can write faster than anybody reads. All of it is read,
    /// also when its files are gone by then.
    func stopAtPresentEnd() throws(CFSError) {
        try lookForNext()
        guard let file else {
            limit = Limit()
            return
        }
        let newest = next.last ?? file
        limit = Limit(end: newest, size: try File.status(at: newest.raw).size)
        try limit?.begin(file, next)
    }

    /// Reads whatever comes.
    func goOn() { limit = nil }

    /// The next whole line; nil when there is none yet.
    func nextLine() throws(CFSError) -> LogLine? {
        while true {
            if limit?.isReached(at: offset) == true { return nil }
            if let end = buffer[position...].firstIndex(of: 0x0a) {
                let line = buffer[position..<end]
                offset += Int64(end + 1 - position)
                position = end + 1
                if let read = Self.parse(line) { return read }
                if !line.isEmpty { isDamaged = true }
                continue
            }
            guard try fill() else { return nil }
        }
    }

    private func fill() throws(CFSError) -> Bool {
        while true {
            // Before the file's end is seen: what comes before that is all there will be in a file that has a next one. With a
            // limit all are known.
            if limit == nil { try lookForNext() }
            guard let file else { return false }
            let bytes = try File.read(file.raw, atMost: 64 << 10, path: path)
            if !bytes.isEmpty {
                buffer.removeFirst(position)
                position = 0
                buffer += bytes
                return true
            }
            guard let next = next.popFirst() else { return false }
            try begin(next)
            if limit?.isReached(at: offset) == true { return false }
        }
    }

    /// What is left of the last file is half a line: the disk was full, or the monitor was killed.
    private func begin(_ file: SharedFD) throws(CFSError) {
        if position < buffer.count { isDamaged = true }
        self.file = file
        (buffer, position, offset) = ([], 0, 0)
        try limit?.begin(file, next)
    }

    private func lookForNext() throws(CFSError) {
        guard next.isEmpty else { return }
        if let file, let growing = File.statusIfThere(path), try File.status(at: file.raw).isSameFile(as: growing) {
            return
        }
        let files = try wholeLog()
        guard let file else {
            next = files.dropFirst()
            if let first = files.first { try begin(first) }
            return
        }
        let own = try File.status(at: file.raw)
        var newer = files[...]
        var isFound = false
        for (index, other) in files.enumerated() where try own.isSameFile(as: File.status(at: other.raw)) {
            newer = files[(index + 1)...]
            isFound = true
        }
        // A reader that is so far behind that its file is gone goes on with the oldest that there is. Where no file is kept but
        // the one that grows, nobody knows whether there was one in between.
        if !isFound, !files.isEmpty, fileCount > 1 { gaps += 1 }
        next = newer
    }

    /// All files of the log that are there, oldest first.
    ///
    /// Names change meanwhile, always to the next higher number. So files are looked for from the newest to the oldest: one
    /// may be met twice, and none is missed. And it is done again unless the newest has kept its name, for files that were
    /// begun after it would be taken for older ones.
    private func wholeLog() throws(CFSError) -> [SharedFD] {
        while true {
            var files: [SharedFD] = []
            var newest: (file: SharedFD, age: Int)?
            for age in 0..<fileCount {
                guard let file = try Self.open(ContainerFolder.logPath(path, age: age)) else { continue }
                if newest == nil { newest = (file, age) }
                let isKnown = try files.last.map { last throws(CFSError) in
                    try File.status(at: last.raw).isSameFile(as: File.status(at: file.raw))
                }
                if isKnown != true { files.append(file) }
            }
            guard let newest else {
                if File.exists(path) { continue }
                return []
            }
            if try isNewest(newest.file, newest.age) { return files.reversed() }
        }
    }

    /// Whether a file has the name of this age, and none has a younger one's.
    private func isNewest(_ file: SharedFD, _ age: Int) throws(CFSError) -> Bool {
        for younger in 0..<age where File.exists(ContainerFolder.logPath(path, age: younger)) { return false }
        guard let named = File.statusIfThere(ContainerFolder.logPath(path, age: age)) else { return false }
        return try File.status(at: file.raw).isSameFile(as: named)
    }

    private static func open(_ path: String) throws(CFSError) -> SharedFD? {
        let opened = File.tryOpen(path, [.read, .noFollow])
        if opened == -ErrorCode.notFound { return nil }
        return SharedFD(OwnedFD(try checked(opened, "open", .looking, path: path)))
    }

    /// How far is read of a log that grows.
    private struct Limit {
        private enum Place { case before, inLast, behind }

        /// The newest file when the limit was set, held so that no other one is taken for it; nil for none.
        var end: SharedFD?
        /// Of that file, at that time.
        var size: Int64 = 0
        private var place = Place.behind

        init(end: SharedFD? = nil, size: Int64 = 0) {
            self.end = end
            self.size = size
        }

        /// - Parameter next: the files that come after it, as far as they are known.
        mutating func begin(_ file: SharedFD, _ next: ArraySlice<SharedFD>) throws(CFSError) {
            guard let end else { return }
            let last = try File.status(at: end.raw)
            place = .behind
            for other in next where try last.isSameFile(as: File.status(at: other.raw)) { place = .before }
            if try last.isSameFile(as: File.status(at: file.raw)) { place = .inLast }
        }

        /// A line that was being written when the limit was set is read to its end.
        func isReached(at offset: Int64) -> Bool {
            switch place {
            case .before: false
            case .inLast: offset >= size
            case .behind: true
            }
        }
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
