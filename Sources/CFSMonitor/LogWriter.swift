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
    /// The file of a log grows to this many bytes. Then it becomes the old one, and the old one of before goes: a container
    /// that writes without end fills twice as much.
    static let fileLimit = 64 << 20

    private let path: String
    private let oldPath: String
    private let fileLimit: Int
    private var file: SharedFD?
    private var size = 0
    /// Lines that are not written yet, or not to their end: who writes on behind half a line spoils two.
    private var rest: ArraySlice<UInt8> = []
    /// The error number with which output was lost first.
    private var lost: Int32?

    /// The file is made with the first output.
    init(path: String, oldPath: String, fileLimit: Int = LogWriter.fileLimit) {
        self.path = path
        self.oldPath = oldPath
        self.fileLimit = fileLimit
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
        if size > 0, size + rest.count > fileLimit, let number = rotate() {
            lost = lost ?? number
            rest = []
            return
        }
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
        guard rename(path, oldPath) == 0 else { return errno }
        file = nil
        size = 0
        return nil
    }

    /// Writes what waits; the error number when that did not go to its end.
    private func writeRest() -> Int32? {
        guard !rest.isEmpty else { return nil }
        if file == nil, let number = open() { return number }
        guard let file else { return EBADF }
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { File.write(file.raw, $0) }
            guard count > 0 else { return count < 0 ? Int32(-count) : EIO }
            rest = rest.dropFirst(count)
            size += count
        }
        rest = []
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
        file = opening
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
