import CFSLinux
import CFSModel
import Glibc

/// Which of its two outputs a container wrote to.
public enum LogStream: String, Sendable { case stdout, stderr }

/// The container's log: a line for each piece of output, `TIME STREAM F|P TEXT`, the form that Kubernetes' container
/// runtimes write. `F` ends with a line feed of the container, `P` does not; so every byte can be read back as it was.
final class LogWriter {
    /// A piece longer than this is written as several.
    static let pieceLimit = 16 << 10

    private let path: String
    private let fileLimit: Int
    private let fileCount: Int
    private var file: SharedFD?
    private var size = 0
    /// Lines that are not written yet, or not to their end: who writes on behind half a line spoils two.
    private var rest: ArraySlice<UInt8> = []
    /// Whether the file ends in the middle of a line, whose end waits.
    private var isMidLine = false
    /// The error number with which output was lost first.
    private var lost: Int32?

    /// The file is made with the first output. When it is full it becomes `path.1`, that one `path.2`, and the oldest goes:
    /// a container that writes without end fills all files of its policy, and no more.
    init(path: String, _ policy: LogPolicy = LogPolicy()) {
        self.path = path
        fileLimit = Int(clamping: policy.fileSize)
        fileCount = policy.fileCount
    }

    /// Writes output down. A log that cannot be written (a full disk) must not stop the container: what comes meanwhile is
    /// not in it.
    func append(_ bytes: UnsafeRawBufferPointer, _ stream: LogStream) {
        guard !bytes.isEmpty else { return }
        if let number = writeRest() {
            lost = lost ?? number
            return
        }
        rest = lines(bytes, stream)[...]
        // What remains is tried again with the next output.
        _ = writeRest()
    }

    /// Nothing more comes.
    ///
    /// - Returns: why the log lacks something (errno(3)); nil when it has everything.
    func finish() -> Int32? {
        let number = writeRest()
        return lost ?? number
    }

    private func rotate() -> Int32? {
        // The oldest first, so that a reader at any moment finds all files that are left, in their order.
        for age in stride(from: fileCount - 1, to: 0, by: -1) {
            let moved = rename(
                ContainerFolder.logPath(path, age: age - 1), ContainerFolder.logPath(path, age: age))
            // Not as many files yet; the one that grows is there.
            guard moved == 0 || errno == ENOENT && age > 1 else { return errno }
        }
        if fileCount == 1, unlink(path) != 0 { return errno }
        file = nil
        size = 0
        return nil
    }

    /// Writes what waits; the error number when that did not go to its end.
    private func writeRest() -> Int32? {
        while !rest.isEmpty {
            if file == nil, let number = open() { return number }
            let portion = portion
            if portion == 0 {
                if let number = rotate() { return number }
            } else if let number = write(portion) {
                return number
            }
        }
        rest = []
        return nil
    }

    /// How much of what waits belongs into this file: whole lines, as many as it has room for; a line that is larger than a
    /// file has one for itself. Zero when the next file's turn has come.
    private var portion: Int {
        let room = max(0, fileLimit - size)
        if rest.count <= room { return rest.count }
        let end = rest.prefix(room).lastIndex(of: 0x0a) ?? (isMidLine || size == 0 ? rest.firstIndex(of: 0x0a) : nil)
        return end.map { $0 + 1 - rest.startIndex } ?? 0
    }

    private func write(_ portion: Int) -> Int32? {
        guard let file else { return EBADF }
        var left = portion
        while left > 0 {
            let count = rest.prefix(left).withUnsafeBytes { File.write(file.raw, $0) }
            guard count > 0 else { return count < 0 ? Int32(-count) : EIO }
            isMidLine = rest[rest.startIndex + count - 1] != 0x0a
            rest = rest.dropFirst(count)
            left -= count
            size += count
        }
        return nil
    }

    private func open() -> Int32? {
        let opened = File.tryOpen(path, [.write, .create, .append, .noFollow], mode: 0o600)
        guard opened >= 0 else { return Int32(-opened) }
        let opening = SharedFD(OwnedFD(opened))
        do throws(CFSError) {
            size = Int(try File.status(at: opening.raw).size)
        } catch {
            return error.errno ?? EIO
        }
        // Not before that has worked: what is tried again opens it again.
        if !isMidLine, let number = endTornLine(opening) { return number }
        file = opening
        return nil
    }

    /// Ends the line that a power cut or a full disk has left without its end: what is written behind it would be a part of it.
    private func endTornLine(_ file: SharedFD) -> Int32? {
        guard size > 0 else { return nil }
        let reading = File.tryOpen(path, [.noFollow])
        guard reading >= 0 else { return Int32(-reading) }
        let present = OwnedFD(reading)
        var last: UInt8 = 0x0a
        guard pread(present.raw, &last, 1, off_t(size - 1)) == 1, last != 0x0a else { return nil }
        let count = [0x0a as UInt8].withUnsafeBytes { File.write(file.raw, $0) }
        guard count == 1 else { return count < 0 ? Int32(-count) : EIO }
        size += 1
        return nil
    }

    private func lines(_ bytes: UnsafeRawBufferPointer, _ stream: LogStream) -> [UInt8] {
        let prefix = Array("\(Timestamp.text(SystemClock.realtime)) \(stream.rawValue) ".utf8)
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + prefix.count + 3)
        var rest = bytes[...]
        while !rest.isEmpty {
            let window = rest.prefix(Self.pieceLimit)
            let end = window.firstIndex(of: 0x0a)
            let piece = end.map { rest[rest.startIndex..<$0] } ?? window
            out += prefix
            out += (end == nil ? "P " : "F ").utf8
            out += piece
            out.append(0x0a)
            rest = rest[(end.map { $0 + 1 } ?? window.endIndex)...]
        }
        return out
    }
}
