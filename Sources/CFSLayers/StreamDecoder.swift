import CFSModel

/// What one step of a decoder did.
struct DecoderStep {
    var consumed: Int
    var produced: Int
    /// The member is complete.
    var ended: Bool
}

/// A decoder of one compressed member (stream, frame): C state with an owner.
protocol StreamDecoder: AnyObject {
    /// Decodes as far as input and room allow. Both buffers are never empty, but the input when `isLast`.
    func step(
        _ input: UnsafeRawBufferPointer, isLast: Bool, into output: UnsafeMutableRawBufferPointer
    ) throws(CFSError) -> DecoderStep
}

/// How bytes are compressed.
public enum CompressionFormat: String, Sendable, Hashable {
    case gzip, xz, lzma, zstd, bzip2

    /// How many first bytes ``init(magic:)`` wants to see.
    static let magicLength = 13

    /// Recognises a format by its first bytes; nil when these are something else, or too few.
    ///
    /// gzip: RFC 1952, 2.3.1. xz: xz-file-format 2.1.1.1. zstd: RFC 8878, 3.1 (also skippable frames). bzip2: `BZh`, a
    /// digit, and the block or end magic. LZMA-alone has no magic: the properties byte of every encoder in use, and
    /// the plausible dictionary and uncompressed sizes that liblzma's own detection asks for.
    public init?<Bytes: Collection>(magic bytes: Bytes) where Bytes.Element == UInt8 {
        let head = Array(bytes.prefix(Self.magicLength))
        func starts(_ magic: [UInt8]) -> Bool { head.starts(with: magic) }
        if starts([0x1f, 0x8b, 8]) {
            self = .gzip
        } else if starts([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]) {
            self = .xz
        } else if starts([0x28, 0xb5, 0x2f, 0xfd]) {
            self = .zstd
        } else if head.count >= 4, head[0] & 0xf0 == 0x50, head[1...].starts(with: [0x2a, 0x4d, 0x18]) {
            self = .zstd
        } else if starts([0x42, 0x5a, 0x68]), head.count >= 10, (0x31...0x39).contains(head[3]),
            head[4] == 0x31 && head[5] == 0x41 || head[4] == 0x17 && head[5] == 0x72
        {
            self = .bzip2
        } else if Self.looksLikeLZMA(head) {
            self = .lzma
        } else {
            return nil
        }
    }

    private static func looksLikeLZMA(_ head: [UInt8]) -> Bool {
        guard head.count == magicLength, head[0] == 0x5d else { return false }
        let dictionary = head[1..<5].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        // 2^n or 2^n + 2^(n-1), as every encoder writes it.
        guard dictionary != 0 else { return false }
        let rest = dictionary & (dictionary - 1)
        let isPlausible = dictionary == .max || rest == 0 || (rest & (rest - 1) == 0 && rest << 1 == dictionary - rest)
        let size = head[5..<13].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return isPlausible && (size == .max || size < 1 << 38)
    }

    func makeDecoder(_ limits: ArchiveLimits) throws(CFSError) -> any StreamDecoder {
        switch self {
        case .gzip: try GzipDecoder()
        case .xz: try LZMADecoder(alone: false, memory: limits.decoderMemory)
        case .lzma: try LZMADecoder(alone: true, memory: limits.decoderMemory)
        case .zstd: try ZstdDecoder(memory: limits.decoderMemory)
        case .bzip2: try Bzip2Decoder()
        }
    }

    func corrupt(_ detail: String) -> CFSError {
        CFSError(
            .invalidArchive, .unpacking, "the \(rawValue) data is corrupt: \(detail)",
            hint: "check the file, or fetch it again")
    }
}
