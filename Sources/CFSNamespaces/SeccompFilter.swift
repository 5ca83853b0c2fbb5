import CFSLinux
import CFSModel
import CLinux

/// A compiled filter: what seccomp(2) takes.
public struct SeccompFilter: Sendable, Hashable {
    /// `struct sock_filter[]`.
    public var bytes: [UInt8]
    /// SECCOMP_FILTER_FLAG_*.
    public var flags: UInt32

    public init(bytes: [UInt8], flags: UInt32) {
        self.bytes = bytes
        self.flags = flags
    }

    /// Whether its load gives a descriptor at which somebody has to answer for calls.
    public var notifies: Bool { flags & UInt32(CFS_SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0 }

    /// How many instructions of 8 bytes it has.
    public var instructionCount: Int { bytes.count / BPFProgram.instructionSize }
}

// MARK: As a file

/// A file holds a mark, the flags, a checksum of flags and instructions, and the instructions; all numbers little-endian. The
/// checksum is for a power cut in the middle of a write, not for an enemy: the folder is the engine's own.
extension SeccompFilter {
    private static let mark: UInt64 = 0x3143_4553_5346_43  // "CFSSEC1"
    private static let headerSize = 24
    static let fileSizeLimit = headerSize + BPFProgram.limit * BPFProgram.instructionSize

    /// Reads a filter that ``SeccompCache`` wrote.
    public init(readingFile path: String) throws(CFSError) {
        guard let filter = SeccompFilter(fileBytes: try File.readAll(at: path, limit: Self.fileSizeLimit)) else {
            throw CFSError(
                .invalidState, .preparing, "\(path) does not hold a seccomp filter", path: path,
                hint: "remove the file: it is made again")
        }
        self = filter
    }

    /// Nil for anything but a whole file.
    init?(fileBytes: [UInt8]) {
        guard fileBytes.count > Self.headerSize, fileBytes.count % BPFProgram.instructionSize == 0 else { return nil }
        func word(_ index: Int) -> UInt64 {
            fileBytes[index * 8..<index * 8 + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        guard word(0) == Self.mark, let flags = UInt32(exactly: word(1)) else { return nil }
        self.init(bytes: Array(fileBytes[Self.headerSize...]), flags: flags)
        guard word(2) == checksum else { return nil }
    }

    private var checksum: UInt64 { FowlerNollVo.sum64(Self.littleEndian(UInt64(flags)) + bytes) }

    private static func littleEndian(_ word: UInt64) -> [UInt8] {
        stride(from: 0, to: 64, by: 8).map { UInt8(truncatingIfNeeded: word >> $0) }
    }

    var fileBytes: [UInt8] {
        [Self.mark, UInt64(flags), checksum].flatMap { Self.littleEndian($0) } + bytes
    }
}
