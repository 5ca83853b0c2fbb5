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

/// A file holds a mark, the flags, a checksum of flags and instructions, and the instructions; or, where what they were made of is
/// kept with them, another mark, a checksum of what follows, the flags, the length of the instructions in bytes, the
/// instructions, and that. All numbers are little-endian. The checksum is for a power cut in the middle of a write, not for an
/// enemy: the folder is the engine's own. Monitors of an older cfs read files of the first kind, and may long be there.
extension SeccompFilter {
    /// A filter with what it was made of.
    struct Kept {
        var filter: SeccompFilter
        /// Empty when the file's name says all.
        var origin: ArraySlice<UInt8>
    }

    private static let plainMark: UInt64 = 0x3143_4553_5346_43  // "CFSSEC1"
    private static let plainHeaderSize = 24
    private static let mark: UInt64 = 0x3243_4553_5346_43  // "CFSSEC2"
    private static let headerSize = 32
    /// The instructions, and a configuration as large as one may be.
    static let fileSizeLimit = headerSize + BPFProgram.limit * BPFProgram.instructionSize + (16 << 20)

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
        guard let kept = Self.kept(in: fileBytes) else { return nil }
        self = kept.filter
    }

    /// Nil for anything but a whole file.
    static func kept(in file: [UInt8]) -> Kept? {
        guard file.count > plainHeaderSize else { return nil }
        func word(_ index: Int) -> UInt64 {
            file[index * 8..<index * 8 + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        if word(0) == plainMark {
            let bytes = file[plainHeaderSize...]
            guard bytes.count % BPFProgram.instructionSize == 0, let flags = UInt32(exactly: word(1)),
                word(2) == plainChecksum(flags, bytes)
            else { return nil }
            return Kept(filter: SeccompFilter(bytes: Array(bytes), flags: flags), origin: [])
        }
        guard file.count > headerSize, word(0) == mark, word(1) == FowlerNollVo.sum64(file[16...]),
            let flags = UInt32(exactly: word(2)),
            let length = Int(exactly: word(3)), length > 0, length <= file.count - headerSize,
            length % BPFProgram.instructionSize == 0
        else { return nil }
        let filter = SeccompFilter(bytes: Array(file[headerSize..<headerSize + length]), flags: flags)
        return Kept(filter: filter, origin: file[(headerSize + length)...])
    }

    private static func plainChecksum(_ flags: UInt32, _ bytes: ArraySlice<UInt8>) -> UInt64 {
        FowlerNollVo.sum64(littleEndian(UInt64(flags)) + bytes)
    }

    private static func littleEndian(_ word: UInt64) -> [UInt8] {
        stride(from: 0, to: 64, by: 8).map { UInt8(truncatingIfNeeded: word >> $0) }
    }

    /// The file of a filter whose name says all.
    var fileBytes: [UInt8] {
        [Self.plainMark, UInt64(flags), Self.plainChecksum(flags, bytes[...])].flatMap { Self.littleEndian($0) } + bytes
    }

    /// The file of a filter that was made of `origin`.
    func fileBytes(of origin: [UInt8]) -> [UInt8] {
        let rest = Self.littleEndian(UInt64(flags)) + Self.littleEndian(UInt64(bytes.count)) + bytes + origin
        return Self.littleEndian(Self.mark) + Self.littleEndian(FowlerNollVo.sum64(rest[...])) + rest
    }
}
