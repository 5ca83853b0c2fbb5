import CFSModel

/// How much an archive may ask for. The defaults let every ordinary image through and stop bombs.
public struct ArchiveLimits: Sendable, Hashable {
    /// Entries in one layer.
    public var entries: UInt64 = 1_000_000
    /// Bytes of one whole name, and of one link's target (PATH_MAX, without the final zero).
    public var nameLength = 4095
    /// Bytes of one component of a name (NAME_MAX).
    public var componentLength = 255
    /// Folders in each other.
    public var depth = 256
    /// Bytes of one entry's extended header: pax records, or a GNU long name.
    public var extendedHeaderSize = 1 << 20
    /// Data areas of one sparse file.
    public var sparseSegments = 65_536
    /// Bytes of all folders' names together, which are kept until the end.
    public var folderNames = 128 << 20
    /// Bytes of content, unpacked; also what one sparse file may seem to have.
    public var totalBytes: UInt64 = 64 << 30
    /// Decompressed bytes for each compressed one, counted from ``ratioGrace`` on.
    public var expansionRatio: UInt64 = 200
    /// Decompressed bytes that are always allowed.
    public var ratioGrace: UInt64 = 1 << 30
    /// Bytes of memory that an xz, LZMA or zstd decoder may use.
    public var decoderMemory: UInt64 = 256 << 20

    public init() {}
    public static let standard = ArchiveLimits()
    /// For what is only read and packed: a file system has as many files, and as large ones, as it has.
    public static let unlimited: ArchiveLimits = {
        var limits = ArchiveLimits()
        (limits.entries, limits.totalBytes, limits.sparseSegments) = (.max, .max, 1 << 22)
        return limits
    }()

    /// Decompressed bytes in one stream: the content, and generous headers.
    var streamBytes: UInt64 {
        let headers = entries.multipliedReportingOverflow(by: 4096)
        let sum = totalBytes.addingReportingOverflow(headers.partialValue)
        return headers.overflow || sum.overflow ? .max : sum.partialValue
    }
}
