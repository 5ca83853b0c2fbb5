import CFSCore
import CFSLinux
import Glibc

/// Reading and writing of pipes without waiting: whoever has to wait does it with ``DescriptorWatch``.
enum PipeEnd {
    /// What came of a read.
    enum Piece {
        case bytes([UInt8])
        case nothingYet
        case end
    }

    /// From now on calls return at once.
    static func makeNonBlocking(_ descriptor: Int32) throws(CFSError) {
        let flags = fcntl(descriptor, F_GETFL)
        let set = flags == -1 ? -1 : fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
        try checked(set == -1 ? -Int(errno) : 0, "fcntl", .preparing)
    }

    static func read(_ descriptor: Int32, atMost size: Int = 64 << 10) throws(CFSError) -> Piece {
        var result = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            result = File.read(descriptor, into: UnsafeMutableRawBufferPointer(buffer))
            count = max(0, result)
        }
        if result == -ErrorCode.again { return .nothingYet }
        try checked(result, "read", .running)
        return bytes.isEmpty ? .end : .bytes(bytes)
    }

    /// How much was taken of the bytes; 0 when there is no room. Nil when nobody reads any more.
    static func write(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) throws(CFSError) -> Int? {
        let result = bytes.withUnsafeBytes { File.write(descriptor, $0) }
        if result == -ErrorCode.again { return 0 }
        if result == -ErrorCode.brokenPipe { return nil }
        return try checked(result, "write", .running)
    }

    /// Whether a read would return at once.
    static func isReadable(_ descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }
}

/// What a command wrote, as far as it is kept.
struct CapturedOutput: Sendable {
    /// Bytes that are kept of each stream.
    static let limit = 1 << 20

    private(set) var output: [UInt8] = []
    private(set) var error: [UInt8] = []
    private(set) var both: [UInt8] = []
    private(set) var isTruncated = false

    mutating func take(_ bytes: [UInt8], isError: Bool) {
        let room = Self.limit - (isError ? error.count : output.count)
        let kept = bytes.prefix(max(0, room))
        if kept.count < bytes.count { isTruncated = true }
        if isError { error += kept } else { output += kept }
        both += kept
    }

    func add(to object: inout JSONObject, _ status: ExitStatus) {
        object["exitCode"] = .integer(Int64(status.code))
        object["signal"] = status.signal.map { .integer(Int64($0)) }
        object["reason"] = status.reason.map(JSON.string)
        object["stdout"] = .string(String(decoding: output, as: UTF8.self))
        object["stderr"] = .string(String(decoding: error, as: UTF8.self))
        object["output"] = .string(String(decoding: both, as: UTF8.self))
        object["truncated"] = .bool(isTruncated)
    }
}

extension DescriptorWatch {
    /// Takes all output of a command until its end, without a thread of its own.
    ///
    /// - Parameters: the reading ends of its pipes, which are not blocking from then on.
    func capture(
        _ session: Session, output: SharedFD, error: SharedFD
    ) async throws -> (status: ExitStatus, captured: CapturedOutput) {
        try PipeEnd.makeNonBlocking(output.raw)
        try PipeEnd.makeNonBlocking(error.raw)
        var captured = CapturedOutput()
        var open = [(output, false), (error, true)]
        var status: ExitStatus?
        while !open.isEmpty || status == nil {
            var waiting = open.map(\.0.raw)
            if status == nil { waiting.append(session.descriptor) }
            try await wait(reading: waiting)
            if status == nil, PipeEnd.isReadable(session.descriptor), case .ended(let end)? = try session.receive() {
                status = end
            }
            var left: [(SharedFD, Bool)] = []
            for (end, isError) in open {
                switch try PipeEnd.read(end.raw) {
                case .bytes(let bytes):
                    captured.take(bytes, isError: isError)
                    left.append((end, isError))
                case .nothingYet: left.append((end, isError))
                case .end: continue
                }
            }
            open = left
        }
        guard let status else { throw CancellationError() }
        return (status, captured)
    }
}
