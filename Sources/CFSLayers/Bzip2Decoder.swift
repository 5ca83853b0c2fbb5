import CCompression
import CFSModel

/// One bzip2 stream through libbz2.
final class Bzip2Decoder: StreamDecoder {
    // libbz2 keeps the address of the stream in its own state.
    private let stream: UnsafeMutablePointer<bz_stream>

    init() throws(CFSError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: bz_stream())
        let status = BZ2_bzDecompressInit(stream, 0, 0)
        guard status == BZ_OK else {
            stream.deallocate()
            throw CFSError(.limitExceeded, .unpacking, "libbz2 could not start (\(status))")
        }
    }

    deinit {
        BZ2_bzDecompressEnd(stream)
        stream.deallocate()
    }

    func step(
        _ input: UnsafeRawBufferPointer, isLast: Bool, into output: UnsafeMutableRawBufferPointer
    ) throws(CFSError) -> DecoderStep {
        let available = min(input.count, Int(UInt32.max))
        let room = min(output.count, Int(UInt32.max))
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: CChar.self))
        stream.pointee.avail_in = UInt32(available)
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: CChar.self)
        stream.pointee.avail_out = UInt32(room)
        let status = BZ2_bzDecompress(stream)
        guard status == BZ_OK || status == BZ_STREAM_END else {
            if status == BZ_MEM_ERROR { throw CFSError(.limitExceeded, .unpacking, "not enough memory for bzip2") }
            throw CompressionFormat.bzip2.corrupt("error \(status)")
        }
        return DecoderStep(
            consumed: available - Int(stream.pointee.avail_in), produced: room - Int(stream.pointee.avail_out),
            ended: status == BZ_STREAM_END)
    }
}
