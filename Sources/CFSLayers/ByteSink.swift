import CFSLinux
import CFSModel

/// Where bytes go, in order.
public protocol ByteSink: AnyObject {
    /// Takes every byte, or throws.
    func write(_ bytes: UnsafeRawBufferPointer) throws(CFSError)
}

extension ByteSink {
    public func write(_ bytes: [UInt8]) throws(CFSError) {
        let buffer = RawBuffer(max(1, bytes.count))
        buffer.all.copyBytes(from: bytes)
        try write(UnsafeRawBufferPointer(buffer.slice(0..<bytes.count)))
    }

    /// Takes everything that is left in a source.
    ///
    /// - Returns: how many bytes there were.
    @discardableResult
    public func copy(from source: any ByteSource) throws(CFSError) -> UInt64 {
        let buffer = RawBuffer(256 << 10)
        var total: UInt64 = 0
        while true {
            let count = try source.read(into: buffer.all)
            if count == 0 { return total }
            try write(UnsafeRawBufferPointer(buffer.slice(0..<count)))
            total += UInt64(count)
        }
    }
}

/// Writes behind a descriptor.
public final class FileSink: ByteSink {
    private let file: SharedFD
    private let path: String?

    public init(_ fd: consuming OwnedFD, path: String? = nil) {
        file = SharedFD(fd)
        self.path = path
    }

    public func write(_ bytes: UnsafeRawBufferPointer) throws(CFSError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = try checked(File.write(file.raw, rest), "write", .recording, path: path)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }
}

/// Keeps the bytes in memory.
public final class BytesSink: ByteSink {
    public private(set) var bytes: [UInt8] = []
    public init() {}
    public func write(_ bytes: UnsafeRawBufferPointer) throws(CFSError) { self.bytes.append(contentsOf: bytes) }
}

/// Hands the bytes to two sinks.
public final class TeeSink: ByteSink {
    private let first: any ByteSink
    private let second: any ByteSink

    public init(_ first: any ByteSink, _ second: any ByteSink) {
        self.first = first
        self.second = second
    }

    public func write(_ bytes: UnsafeRawBufferPointer) throws(CFSError) {
        try first.write(bytes)
        try second.write(bytes)
    }
}
