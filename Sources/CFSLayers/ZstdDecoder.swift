import CCompression
import CFSModel

/// One Zstandard frame (RFC 8878) through libzstd.
final class ZstdDecoder: StreamDecoder {
    private let context: OpaquePointer
    /// ZSTD_error_frameParameter_windowTooLarge and ZSTD_error_memory_allocation of zstd_errors.h, whose numbers never
    /// change ("pinned down" there).
    private static let memoryErrors: Set<Int> = [16, 64]

    init(memory: UInt64) throws(CFSError) {
        guard let context = ZSTD_createDCtx() else {
            throw CFSError(.limitExceeded, .unpacking, "not enough memory for zstd")
        }
        self.context = context
        // The window is the decoder's memory: the largest power of two that fits, from the format's least on.
        let bits = max(10, 63 - max(1, memory).leadingZeroBitCount)
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Int32(min(bits, 31)))
    }

    deinit { ZSTD_freeDCtx(context) }

    func step(
        _ input: UnsafeRawBufferPointer, isLast: Bool, into output: UnsafeMutableRawBufferPointer
    ) throws(CFSError) -> DecoderStep {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let status = ZSTD_decompressStream(context, &target, &source)
        if ZSTD_isError(status) != 0 {
            let text = ZSTD_getErrorName(status).map { String(cString: $0) } ?? "error \(status)"
            if Self.memoryErrors.contains(0 &- status) {
                throw CFSError(.limitExceeded, .unpacking, "the zstd data needs more memory than a decoder may use")
            }
            throw CompressionFormat.zstd.corrupt(text)
        }
        return DecoderStep(consumed: source.pos, produced: target.pos, ended: status == 0)
    }
}
