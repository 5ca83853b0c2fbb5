import CFSLinux
import CFSModel
import Glibc

/// Bytes that come one after the other.
public protocol ByteSource: AnyObject {
    /// Reads up to `buffer.count` bytes; 0 only at the end (or for an empty buffer).
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int
}

extension ByteSource {
    /// Reads what is left, for what must be seen to its end: checksums and digests.
    ///
    /// - Returns: how many bytes there were.
    @discardableResult
    public func drain() throws(CFSError) -> UInt64 {
        let buffer = RawBuffer(256 << 10)
        var total: UInt64 = 0
        while true {
            let count = try read(into: buffer.all)
            if count == 0 { return total }
            total += UInt64(count)
        }
    }

    /// Reads what is left into memory; more than `limit` bytes are an error (`limitExceeded`).
    public func readAll(limit: Int) throws(CFSError) -> [UInt8] {
        let buffer = RawBuffer(64 << 10)
        var bytes: [UInt8] = []
        while true {
            let count = try read(into: buffer.all)
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else {
                throw CFSError(.limitExceeded, .unpacking, "the content is larger than \(limit) bytes")
            }
            bytes.append(contentsOf: buffer.slice(0..<count))
        }
    }
}

/// The bytes behind a descriptor: a file, a pipe, a socket.
public final class FileSource: ByteSource {
    private let file: SharedFD
    private let path: String?

    public init(_ fd: consuming OwnedFD, path: String? = nil) {
        file = SharedFD(fd)
        self.path = path
    }

    /// Opens a file of the host for reading from its start.
    public convenience init(path: String) throws(CFSError) {
        let fd = try File.open(path, .read, phase: .importing)
        // EINVAL for pipes: the advice is worth nothing there.
        _ = posix_fadvise(fd.raw, 0, 0, POSIX_FADV_SEQUENTIAL)
        self.init(fd, path: path)
    }

    /// The descriptor, open as long as this object lives.
    public var descriptor: Int32 { file.raw }

    /// The file's size in bytes.
    public func size() throws(CFSError) -> UInt64 { UInt64(max(0, try File.status(at: file.raw).size)) }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
        if buffer.isEmpty { return 0 }
        return try checked(File.read(file.raw, into: buffer), "read", .unpacking, path: path)
    }
}

/// Bytes in memory.
public final class BytesSource: ByteSource {
    private let bytes: [UInt8]
    private var position = 0

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
        let count = min(buffer.count, bytes.count - position)
        if count == 0 { return 0 }
        bytes.withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<(position + count)]))
        }
        position += count
        return count
    }
}

/// Tells how far another source was read.
public final class ProgressSource: ByteSource {
    private let source: any ByteSource
    private let report: (UInt64) -> Void
    /// Bytes read so far.
    public private(set) var position: UInt64 = 0

    /// - Parameter report: called after each read with the bytes read so far.
    public init(_ source: any ByteSource, report: @escaping (UInt64) -> Void) {
        self.source = source
        self.report = report
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
        let count = try source.read(into: buffer)
        position += UInt64(count)
        report(position)
        return count
    }
}

/// Hands everything that is read from a source to a sink as well: a digest, a blob, or both.
public final class TeeSource: ByteSource {
    private let source: any ByteSource
    private let sink: any ByteSink

    public init(_ source: any ByteSource, to sink: any ByteSink) {
        self.source = source
        self.sink = sink
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
        let count = try source.read(into: buffer)
        if count > 0 { try sink.write(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
        return count
    }
}
