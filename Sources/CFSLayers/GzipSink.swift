import CCompression
import CFSModel

/// Compresses what it takes as one gzip member (RFC 1952) without a name or a time: the same bytes always give the same
/// ones.
public final class GzipSink: ByteSink {
    private let target: any ByteSink
    private let buffer = RawBuffer(64 << 10)
    /// On the heap: zlib keeps the address of the stream that it was given.
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameter level: 1 (fast) to 9 (small).
    public init(_ target: any ByteSink, level: Int32 = 6) throws(CFSError) {
        self.target = target
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let windowWithGzipHeader: Int32 = 15 + 16
        let result = deflateInit2_(
            stream, level, Z_DEFLATED, windowWithGzipHeader, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard result == Z_OK else {
            throw CFSError(.limitExceeded, .recording, "not enough memory for gzip")
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    public func write(_ bytes: UnsafeRawBufferPointer) throws(CFSError) {
        var rest = bytes
        // zlib counts its input in 32 bits.
        while !rest.isEmpty {
            let part = rest.prefix(1 << 30)
            stream.pointee.next_in = UnsafeMutablePointer(
                mutating: part.base.baseAddress?.assumingMemoryBound(to: Bytef.self))
            stream.pointee.avail_in = uInt(part.count)
            try deflate(Z_NO_FLUSH)
            rest = UnsafeRawBufferPointer(rebasing: rest[part.endIndex...])
        }
    }

    /// Writes what is left, and the checksum. Nothing may be written afterwards.
    public func finish() throws(CFSError) {
        stream.pointee.next_in = nil
        stream.pointee.avail_in = 0
        try deflate(Z_FINISH)
    }

    private func deflate(_ flush: Int32) throws(CFSError) {
        while true {
            stream.pointee.next_out = buffer.start.assumingMemoryBound(to: Bytef.self)
            stream.pointee.avail_out = uInt(buffer.count)
            let result = CCompression.deflate(stream, flush)
            guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
                throw CFSError(.invalidState, .recording, "gzip failed with \(result)")
            }
            let produced = buffer.count - Int(stream.pointee.avail_out)
            if produced > 0 { try target.write(UnsafeRawBufferPointer(buffer.slice(0..<produced))) }
            if produced < buffer.count { return }
        }
    }
}
