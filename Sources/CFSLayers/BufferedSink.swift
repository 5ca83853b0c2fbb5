import CFSModel

/// Gathers small pieces, so that each does not cost a system call. Call ``flush()`` at the end.
public final class BufferedSink: ByteSink {
    private let target: any ByteSink
    private let buffer = RawBuffer(256 << 10)
    private var count = 0

    public init(_ target: any ByteSink) { self.target = target }

    public func write(_ bytes: UnsafeRawBufferPointer) throws(CFSError) {
        if bytes.count > buffer.count - count { try flush() }
        guard bytes.count < buffer.count else { return try target.write(bytes) }
        buffer.slice(count..<(count + bytes.count)).copyMemory(from: bytes)
        count += bytes.count
    }

    /// Hands over what was gathered.
    public func flush() throws(CFSError) {
        guard count > 0 else { return }
        let gathered = UnsafeRawBufferPointer(buffer.slice(0..<count))
        count = 0
        try target.write(gathered)
    }
}
