import CFSLinux
import CFSModel
import CFSMonitor
import CLinux
import Glibc
import Synchronization

/// A piece of what a command wrote, as it was read: any number of lines, or a part of one.
public struct OutputPiece: Sendable, Hashable {
    public var stream: LogStream
    public var bytes: [UInt8]
    /// The bytes as text; what is no UTF-8 becomes U+FFFD.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// The output of one command, piece by piece, in the order in which it came on each of its two streams.
///
/// Nothing is read before it is asked for, so a slow reader slows the command down and no memory grows. For one reader.
public struct OutputPieces: AsyncSequence, Sendable {
    private let source: OutputSource

    init(output: SharedFD, errors: SharedFD) { source = OutputSource(output, errors) }

    /// Ends the output where nobody waits for it at this moment.
    func closeIfNobodyReads() { source.closeIfNobodyReads() }

    public func makeAsyncIterator() -> Iterator { Iterator(source: source) }

    public struct Iterator: AsyncIteratorProtocol, Sendable {
        fileprivate let source: OutputSource

        /// The next piece; nil when both streams have ended.
        public func next() async throws(CFSError) -> OutputPiece? {
            let source = source
            return try await Blocking.run { () throws(CFSError) in try source.next() }
        }

        public func next(isolation actor: isolated (any Actor)?) async throws(CFSError) -> OutputPiece? {
            let source = source
            return try await Blocking.run { () throws(CFSError) in try source.next() }
        }
    }
}

/// Reads two streams in turns.
private final class OutputSource: Sendable {
    private let open: Mutex<[(stream: LogStream, end: SharedFD)]>

    init(_ output: SharedFD, _ errors: SharedFD) { open = Mutex([(.stdout, output), (.stderr, errors)]) }

    func closeIfNobodyReads() { open.withLockIfAvailable { $0 = [] } }

    func next() throws(CFSError) -> OutputPiece? {
        try open.withLock { open throws(CFSError) in
            while !open.isEmpty {
                let poll = try EventPoll()
                for (index, entry) in open.enumerated() { try poll.add(entry.end.raw, .readable, token: UInt64(index)) }
                guard let event = try poll.wait().first else { continue }
                let index = Int(event.token)
                let bytes = try File.read(open[index].end.raw, atMost: 64 << 10)
                if !bytes.isEmpty { return OutputPiece(stream: open[index].stream, bytes: bytes) }
                open.remove(at: index)
            }
            return nil
        }
    }
}

/// Both ends of a pipe (pipe(7)), close-on-exec.
package struct Pipe {
    package let reading: SharedFD
    package let writing: SharedFD

    package init() throws(CFSError) {
        var ends: (Int32, Int32) = (-1, -1)
        let made = withUnsafeMutableBytes(of: &ends) { Int(cfs_pipe($0.bindMemory(to: Int32.self).baseAddress)) }
        try checked(made, "pipe2", .starting)
        reading = SharedFD(OwnedFD(ends.0))
        writing = SharedFD(OwnedFD(ends.1))
    }
}

/// The end of a pipe that is written to, until it is closed.
final class OutputPipe: Sendable {
    private let end: Mutex<SharedFD?>

    init(_ end: SharedFD) { self.end = Mutex(end) }

    func close() { end.withLock { $0 = nil } }

    func write(_ bytes: [UInt8]) throws(CFSError) {
        guard let open = end.withLock({ $0 }) else {
            throw CFSError(.invalidState, .running, "the standard input is closed")
        }
        try File.writeAll(open.raw, bytes)
    }
}
