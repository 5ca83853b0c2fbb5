import CFSLinux
import CFSModel

/// Which of its two outputs a container wrote to.
public enum LogStream: String, Sendable { case stdout, stderr }

/// The container's log: a line for each piece of output, `TIME STREAM F|P TEXT`, the form that Kubernetes' container
/// runtimes write. `F` ends with a line feed of the container, `P` does not; so every byte can be read back as it was.
final class LogWriter {
    /// A piece longer than this is written as several.
    static let pieceLimit = 16 << 10

    private let path: String
    private var file: SharedFD?
    private var failed = false

    /// The file is made with the first output.
    init(path: String) { self.path = path }

    /// Writes output down. A log that cannot be written (a full disk) must not stop the container: it is given up.
    func append(_ bytes: UnsafeRawBufferPointer, _ stream: LogStream) {
        guard !failed, !bytes.isEmpty else { return }
        do {
            let file = try openFile()
            try File.writeAll(file.raw, lines(bytes, stream), path: path)
        } catch {
            failed = true
        }
    }

    private func openFile() throws(CFSError) -> SharedFD {
        if let file { return file }
        let opened = SharedFD(
            try File.open(path, [.write, .create, .append, .noFollow], mode: 0o600, phase: .recording))
        file = opened
        return opened
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
