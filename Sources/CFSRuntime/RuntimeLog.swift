import CFSLinux
import CFSModel
import Glibc

/// Where the runtime tells what went wrong: standard error, for people and for callers that keep it, and a file of lines
/// (`--log`) that callers read.
struct RuntimeLog: Sendable {
    enum Format { case text, json }

    var path: String?
    var format = Format.text
    var isDebugging = false

    func error(_ message: String) { write("error", message) }

    func warning(_ message: String) {
        write("warning", message)
        if path == nil { Self.print("cfs-runtime: warning: \(message)\n", to: 2) }
    }

    func debug(_ message: String) { if isDebugging { write("debug", message) } }

    /// Appends a line. A log that cannot be written has nobody to be told to but standard error.
    private func write(_ level: String, _ message: String) {
        guard let path else { return }
        let time = Timestamp.text(SystemClock.realtime)
        let line: String
        switch format {
        case .json:
            let json: JSON = ["level": .string(level), "msg": .string(message), "time": .string(time)]
            line = json.text()
        case .text: line = "time=\"\(time)\" level=\(level) msg=\(JSON.string(message).text())"
        }
        do throws(CFSError) {
            let file = try File.open(path, [.write, .create, .append], mode: 0o644, phase: .recording)
            try File.writeAll(file.raw, Array((line + "\n").utf8), path: path)
        } catch {
            Self.print("cfs-runtime: the log \(path) cannot be written: \(error)\n", to: 2)
        }
    }

    /// Writes all of a text; what nobody reads is lost.
    static func print(_ text: String, to fd: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { File.write(fd, $0) }
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }
}

/// Text for standard output: an error when it cannot be written, so that a caller with a full disk hears of it.
enum StandardOutput {
    static func write(_ text: String) throws(CFSError) {
        try File.writeAll(1, Array(text.utf8), path: "standard output")
    }
}
