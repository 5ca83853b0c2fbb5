import CCompression
import CFSModel

/// One gzip member (RFC 1952) through zlib; its checksum and length are verified by zlib.
final class GzipDecoder: StreamDecoder {
    // zlib keeps the address of the stream in its own state.
    private let stream: UnsafeMutablePointer<z_stream>

    init() throws(CFSError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 bits of window, plus 16: a gzip header is expected.
        let status = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            stream.deallocate()
            throw CFSError(.limitExceeded, .unpacking, "zlib could not start (\(status))")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    func step(
        _ input: UnsafeRawBufferPointer, isLast: Bool, into output: UnsafeMutableRawBufferPointer
    ) throws(CFSError) -> DecoderStep {
        let available = min(input.count, Int(UInt32.max))
        let room = min(output.count, Int(UInt32.max))
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(available)
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(room)
        let status = inflate(stream, Z_NO_FLUSH)
        guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
            if status == Z_MEM_ERROR { throw CFSError(.limitExceeded, .unpacking, "not enough memory for zlib") }
            throw CompressionFormat.gzip.corrupt(stream.pointee.msg.map { String(cString: $0) } ?? "error \(status)")
        }
        return DecoderStep(
            consumed: available - Int(stream.pointee.avail_in), produced: room - Int(stream.pointee.avail_out),
            ended: status == Z_STREAM_END)
    }
}
