import CFSModel

/// The content of a source: decompressed when its first bytes say gzip, xz, LZMA, zstd or bzip2, as it is otherwise.
///
/// Members that follow each other are one content, also with zero padding between and behind them. Anything else
/// behind a member is an error (`invalidArchive`), and so is an end in the middle of one; a bomb is `limitExceeded`.
///
/// - Parameter endsAtOtherBytes: whether the content ends, without an error, where something else follows: for a look at
///   an initramfs, which may go on uncompressed.
public func decompress(
    _ source: any ByteSource, limits: ArchiveLimits = .standard, endsAtOtherBytes: Bool = false
) throws(CFSError) -> any ByteSource {
    let peeking = PeekingSource(source)
    guard let format = CompressionFormat(magic: try peeking.peek(CompressionFormat.magicLength)) else { return peeking }
    return try DecompressingSource(peeking, format, limits: limits, stopsAtOtherBytes: endsAtOtherBytes)
}

/// Decompresses member after member.
final class DecompressingSource: ByteSource {
    private let input: PeekingSource
    private let limits: ArchiveLimits
    /// Whether other bytes behind a member are left to the caller (initramfs images), instead of being an error.
    private let stopsAtOtherBytes: Bool
    private var format: CompressionFormat
    private var decoder: (any StreamDecoder)?
    private var consumed: UInt64 = 0
    private var produced: UInt64 = 0
    private var idleSteps = 0

    init(
        _ input: PeekingSource, _ format: CompressionFormat, limits: ArchiveLimits, stopsAtOtherBytes: Bool
    ) throws(CFSError) {
        self.input = input
        self.format = format
        self.limits = limits
        self.stopsAtOtherBytes = stopsAtOtherBytes
        decoder = try format.makeDecoder(limits)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
        if buffer.isEmpty { return 0 }
        var filled = 0
        while let current = decoder {
            let window = try input.window(atLeast: 1)
            let isLast = window.isEmpty
            let step = try current.step(
                window, isLast: isLast, into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
            input.consume(step.consumed)
            filled += step.produced
            try count(step)
            if step.ended {
                try startNextMember()
            } else if isLast && step.produced == 0 {
                throw CFSError(
                    .invalidArchive, .unpacking, "the \(format.rawValue) data ends too early",
                    hint: "the file is truncated: fetch it again")
            }
            // A decoder with input and room that does neither read nor write never will.
            idleSteps = step.consumed == 0 && step.produced == 0 ? idleSteps + 1 : 0
            if idleSteps > 4 { throw format.corrupt("the decoder does not go on") }
            if filled == buffer.count { return filled }
            // Whoever asked can work on what there is before the next block of input is read.
            if filled > 0 && filled >= buffer.count / 2 { return filled }
        }
        return filled
    }

    private func count(_ step: DecoderStep) throws(CFSError) {
        consumed += UInt64(step.consumed)
        produced += UInt64(step.produced)
        if produced > limits.streamBytes {
            throw CFSError(
                .limitExceeded, .unpacking, "the data is larger than \(limits.streamBytes) bytes when unpacked")
        }
        // Compared by division: the product could overflow.
        if produced > limits.ratioGrace && produced / limits.expansionRatio > consumed {
            throw CFSError(
                .limitExceeded, .unpacking,
                "the data grows more than \(limits.expansionRatio) times when unpacked: it looks like a bomb")
        }
    }

    private func startNextMember() throws(CFSError) {
        decoder = nil
        try input.skipZeros()
        let head = try input.peek(CompressionFormat.magicLength)
        if head.isEmpty { return }
        guard let next = CompressionFormat(magic: head) else {
            if stopsAtOtherBytes { return }
            throw CFSError(
                .invalidArchive, .unpacking, "other bytes follow the \(format.rawValue) data",
                hint: "check the file, or fetch it again")
        }
        format = next
        decoder = try next.makeDecoder(limits)
    }
}
