import CCompression
import CFSModel

/// One .xz stream or one .lzma file (LZMA-alone, as old initramfs images use) through liblzma.
final class LZMADecoder: StreamDecoder {
    private let stream: UnsafeMutablePointer<lzma_stream>
    private let format: CompressionFormat

    init(alone: Bool, memory: UInt64) throws(CFSError) {
        format = alone ? .lzma : .xz
        stream = .allocate(capacity: 1)
        stream.initialize(to: lzma_stream())
        let status = alone ? lzma_alone_decoder(stream, memory) : lzma_stream_decoder(stream, memory, 0)
        guard status == LZMA_OK else {
            stream.deallocate()
            throw CFSError(.limitExceeded, .unpacking, "liblzma could not start (\(status.rawValue))")
        }
    }

    deinit {
        lzma_end(stream)
        stream.deallocate()
    }

    func step(
        _ input: UnsafeRawBufferPointer, isLast: Bool, into output: UnsafeMutableRawBufferPointer
    ) throws(CFSError) -> DecoderStep {
        stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = input.count
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = output.count
        let status = lzma_code(stream, isLast ? LZMA_FINISH : LZMA_RUN)
        switch status {
        case LZMA_OK, LZMA_STREAM_END, LZMA_BUF_ERROR: break
        case LZMA_MEMLIMIT_ERROR, LZMA_MEM_ERROR:
            throw CFSError(
                .limitExceeded, .unpacking, "the \(format.rawValue) data needs more memory than a decoder may use")
        case LZMA_OPTIONS_ERROR: throw format.corrupt("it uses options that liblzma does not know")
        case LZMA_FORMAT_ERROR: throw format.corrupt("its header is not valid")
        default: throw format.corrupt("error \(status.rawValue)")
        }
        return DecoderStep(
            consumed: input.count - stream.pointee.avail_in, produced: output.count - stream.pointee.avail_out,
            ended: status == LZMA_STREAM_END)
    }
}
