import CFSCore
import CFSLinux

/// Writes log lines to the stream that they were written to, in order.
struct LogPrinter {
    private static let capacity = 64 << 10
    private let timestamps: Bool
    private let follow: Bool
    /// Bytes that wait, all of one stream: the two may be the same terminal, and order counts there.
    private var pending: [UInt8] = []
    private var stream = LogStream.stdout
    /// Whether the next bytes of a stream begin a line.
    private var atLineStart = (output: true, errors: true)

    /// - Parameters:
    ///   - timestamps: put the time before each line.
    ///   - follow: nothing waits: somebody looks on.
    init(timestamps: Bool, follow: Bool) {
        self.timestamps = timestamps
        self.follow = follow
    }

    mutating func print(_ line: LogLine) throws(CFSError) {
        if line.stream != stream || pending.count >= Self.capacity { try flush() }
        stream = line.stream
        pending += bytes(of: line)
        if follow { try flush() }
    }

    /// What is written for a line: with its time in front, where one begins.
    mutating func bytes(of line: LogLine) -> [UInt8] {
        let isStart = line.stream == .stdout ? atLineStart.output : atLineStart.errors
        let endsLine = line.bytes.last == 0x0a
        if line.stream == .stdout { atLineStart.output = endsLine } else { atLineStart.errors = endsLine }
        return timestamps && isStart ? Array("\(Timestamp.text(line.time)) ".utf8) + line.bytes : line.bytes
    }

    mutating func flush() throws(CFSError) {
        guard !pending.isEmpty else { return }
        switch stream {
        case .stdout: try StandardOutput.write(pending)
        case .stderr: try StandardError.write(pending)
        }
        pending.removeAll(keepingCapacity: true)
    }
}
