import CFSLinux
import CFSModel
import Glibc

/// The file of what happened: a line of JSON for each event, written by whoever makes it happen, monitors too.
///
/// A line is there whole or not at all, and lines are in the order of the file: each is one write(2) to a file that is opened
/// for appending. A writer holds a shared lock meanwhile, so a file that was renamed to the old one under the exclusive lock
/// never grows again: a reader that has come to its end misses nothing.
public struct Journal: Sendable, Hashable {
    public let path: String
    /// What the journal held before its file was full.
    public var oldPath: String { "\(path).1" }

    /// Where both lie.
    public var folder: String { path.parentFolder }

    public init(path: String) { self.path = path }

    /// Events of what ends or makes room.
    private static let ends = ["die", "exec_die", "kill", "stop", "destroy", "untag"]

    /// In the engine's folder, two above the journal.
    private var reserve: DiskReserve { DiskReserve(root: folder.parentFolder) }

    /// Writes an event down. That of an end finds room on a full disk too, in the reserve.
    ///
    /// - Returns: the size of the file behind it, in bytes.
    @discardableResult
    public func append(_ event: EngineEvent) throws(CFSError) -> UInt64 {
        let line = event.json.bytes() + [0x0a]
        guard Self.ends.contains(event.action) else { return try append(line) }
        return try reserve.lend(.part) { () throws(CFSError) in try append(line) }
    }

    private func append(_ event: [UInt8]) throws(CFSError) -> UInt64 {
        return try withFile(shared: true) { file throws(CFSError) in
            let size = UInt64(clamping: try File.status(at: file).size)
            // What a failing disk has cut off must not become the beginning of this line.
            let line = Self.isAtLineStart(file, size) ? event : [0x0a] + event
            let written = line.withUnsafeBytes { File.write(file, $0) }
            try checked(written, "write", .recording, path: path)
            guard written == line.count else {
                // The disk is full: half a line is no event, and must not become the beginning of the next one.
                _ = [UInt8(0x0a)].withUnsafeBytes { File.write(file, $0) }
                throw CFSError(
                    .noSpace, .recording, "an event could not be written down", systemCall: "write", path: path,
                    errno: ENOSPC)
            }
            return size + UInt64(line.count)
        }
    }

    private static func isAtLineStart(_ file: Int32, _ size: UInt64) -> Bool {
        var last: UInt8 = 0x0a
        if size > 0 { _ = pread(file, &last, 1, Int(clamping: size) - 1) }
        return last == 0x0a
    }

    /// Makes the file the old one, so that the next event begins a new one. The one that was old goes.
    ///
    /// - Parameters:
    ///   - limit: nothing is done with a file that is no larger, in bytes: somebody else was faster.
    ///   - before: called while nobody can write, with the file.
    public func rotate(above limit: UInt64 = 0, before: (Int32) throws(CFSError) -> Void) throws(CFSError) {
        try withFile(shared: false) { file throws(CFSError) in
            guard UInt64(clamping: try File.status(at: file).size) > limit else { return 0 }
            try before(file)
            try checked(rename(path, oldPath) == 0 ? 0 : -Int(errno), "rename", .recording, path: path)
            return 0
        }
    }

    @discardableResult
    private func withFile(
        shared: Bool, _ body: (Int32) throws(CFSError) -> UInt64
    ) throws(CFSError) -> UInt64 {
        while true {
            let file = try File.open(path, [.readWrite, .create, .append, .noFollow], mode: 0o600)
            while flock(file.raw, shared ? LOCK_SH : LOCK_EX) != 0 {
                guard errno == EINTR else { throw CFSError(kernel: errno, "flock", .recording, path: path) }
            }
            // Renamed meanwhile: this is the old file now.
            guard let named = File.statusIfThere(path), try File.status(at: file.raw).isSameFile(as: named) else {
                continue
            }
            return try body(file.raw)
        }
    }
}

extension MonitorRequest {
    /// Takes the name that a rename has left since the start.
    mutating func takeName(toldIn folder: ContainerFolder) { name = folder.toldName() ?? name }

    /// Writes an event of the container down; one that cannot be written harms nobody.
    func note(_ action: String, _ attributes: [EngineEvent.Attribute], in folder: ContainerFolder) {
        guard let journalPath else { return }
        let name = folder.toldName() ?? name
        let event = EngineEvent(
            time: SystemClock.realtime, action: action, id: id.text, name: name, image: image, attributes: attributes)
        do throws(CFSError) { try Journal(path: journalPath).append(event) } catch { return }
    }
}
