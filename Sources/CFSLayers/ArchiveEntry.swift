import CFSLinux
import CFSModel

/// A name in an archive: bytes, as in the kernel; usually UTF-8, without a promise.
public struct ArchiveName: Hashable, Sendable, Comparable, CustomStringConvertible, ExpressibleByStringInterpolation {
    public var bytes: [UInt8]

    public init(bytes: [UInt8]) { self.bytes = bytes }
    public init(_ text: String) { bytes = Array(text.utf8) }
    public init(stringLiteral text: String) { self.init(text) }

    /// The name as text; bytes that are no UTF-8 become U+FFFD.
    public var string: String { String(decoding: bytes, as: UTF8.self) }
    public var description: String { string }
    public var isEmpty: Bool { bytes.isEmpty }

    public static func < (left: ArchiveName, right: ArchiveName) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

/// A point in time (timespec(3)).
public struct ArchiveTime: Hashable, Sendable {
    /// Seconds since 1970, negative before.
    public var seconds: Int64
    /// 0 to 999,999,999, counted forward from the second.
    public var nanoseconds: Int64

    public init(seconds: Int64, nanoseconds: Int64 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }
}

/// One area of a sparse file that has data; all else is a hole.
public struct SparseSegment: Hashable, Sendable {
    public var offset: UInt64
    public var length: UInt64

    public init(offset: UInt64, length: UInt64) {
        self.offset = offset
        self.length = length
    }
}

/// An extended attribute (xattr(7)).
public struct ExtendedAttribute: Hashable, Sendable {
    public var name: String
    public var value: [UInt8]

    public init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// One member of an archive, as its header describes it: hostile until it was checked.
public struct ArchiveEntry: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case file
        case directory
        case symlink(ArchiveName)
        /// The name of an entry that came before, in the same archive.
        case hardlink(ArchiveName)
        case characterDevice(UInt32, UInt32)
        case blockDevice(UInt32, UInt32)
        case fifo
    }

    public var kind: Kind
    /// As the archive has it; may be absolute, or lead outside.
    public var name: ArchiveName
    /// Permission bits with set-uid, set-gid and sticky: `0o7777` at most.
    public var mode: UInt32
    public var uid: UInt32
    public var gid: UInt32
    public var modified: ArchiveTime
    /// Bytes of a file, holes included.
    public var size: UInt64
    public var attributes: [ExtendedAttribute]
    /// The areas with data, ascending; nil when the file has no holes. The body then holds these areas only.
    public var sparse: [SparseSegment]?

    public init(
        _ kind: Kind, _ name: ArchiveName, mode: UInt32? = nil, uid: UInt32 = 0, gid: UInt32 = 0,
        modified: ArchiveTime = ArchiveTime(seconds: 0), size: UInt64 = 0, attributes: [ExtendedAttribute] = [],
        sparse: [SparseSegment]? = nil
    ) {
        self.kind = kind
        self.name = name
        switch kind {
        case .directory: self.mode = mode ?? 0o755
        case .symlink: self.mode = mode ?? 0o777
        default: self.mode = mode ?? 0o644
        }
        self.uid = uid
        self.gid = gid
        self.modified = modified
        self.size = size
        self.attributes = attributes
        self.sparse = sparse
    }

    /// The name as text.
    public var path: String { name.string }

    /// The name without `./` and `/` around it, as text: how one looks for an entry.
    public var plainPath: String {
        name.string.pathNames.filter { $0 != "." }.joined(separator: "/")
    }

    /// Bytes that the body has: the size, or without the holes.
    public var bodySize: UInt64 {
        guard case .file = kind else { return 0 }
        return sparse.map { $0.reduce(0) { $0 + $1.length } } ?? size
    }
}

/// Entries that come one after the other, each with its body.
public protocol EntryReader: AnyObject {
    /// The next entry, or nil at the end. What is left of the body before is passed over.
    func next() throws(CFSError) -> ArchiveEntry?
    /// Reads from the body of the last entry; 0 at its end.
    func readBody(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int
    /// The file that the last entry's body is the content of; nil for a part of an archive.
    var bodyDescriptor: Int32? { get }
}

extension EntryReader {
    public var bodyDescriptor: Int32? { nil }

    /// What is left of the body of the last entry; more than `limit` bytes are an error (`limitExceeded`).
    public func readBody(limit: Int) throws(CFSError) -> [UInt8] { try BodySource(self).readAll(limit: limit) }
}

/// The body of a reader's last entry as a source, until the reader goes on.
public final class BodySource: ByteSource {
    private let reader: any EntryReader
    public init(_ reader: any EntryReader) { self.reader = reader }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
        try reader.readBody(into: buffer)
    }
}

/// Entries in memory: a layer that is composed here.
public final class EntryList: EntryReader {
    private let entries: [(entry: ArchiveEntry, body: [UInt8])]
    private var position = 0
    private var body: BytesSource?

    /// The size of a file is that of its body.
    public init(_ entries: [(entry: ArchiveEntry, body: [UInt8])]) { self.entries = entries }

    public func next() throws(CFSError) -> ArchiveEntry? {
        guard position < entries.count else { return nil }
        var (entry, bytes) = entries[position]
        position += 1
        if case .file = entry.kind { entry.size = UInt64(bytes.count) }
        body = BytesSource(bytes)
        return entry
    }

    public func readBody(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
        try body?.read(into: buffer) ?? 0
    }
}
