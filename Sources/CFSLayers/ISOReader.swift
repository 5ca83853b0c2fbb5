import CArchive
import CFSLinux
import CFSModel

/// Finds files in ISO 9660 images (ECMA-119, with Rock Ridge and Joliet names) through libarchive.
///
/// libarchive only reads here; nothing that it says reaches a disk but through this module's own writer.
public struct ISOReader: Sendable {
    public struct Item: Sendable, Hashable {
        /// Relative, without a leading slash.
        public var path: String
        /// Bytes; 0 for a folder.
        public var size: UInt64
        public var isDirectory: Bool

        public init(path: String, size: UInt64, isDirectory: Bool) {
            self.path = path
            self.size = size
            self.isDirectory = isDirectory
        }
    }

    private let path: String
    private let limits: ArchiveLimits

    /// - Parameter path: of the image, on the host.
    public init(path: String, limits: ArchiveLimits = .standard) {
        self.path = path
        self.limits = limits
    }

    /// Everything in the image, in the order in which it lies there.
    public func listing() throws(CFSError) -> [Item] {
        let archive = try ISOArchive(path)
        var items: [Item] = []
        while let item = try archive.next() {
            guard UInt64(items.count) < limits.entries else {
                throw CFSError(
                    .limitExceeded, .importing, "\(path) holds more than \(limits.entries) files", path: path)
            }
            items.append(item)
        }
        return items
    }

    /// Opens a file in the image; upper and lower case are the same, as images without Rock Ridge know only upper.
    public func open(_ name: String) throws(CFSError) -> any ByteSource {
        let wanted = name.pathNames.joined(separator: "/").lowercased()
        let archive = try ISOArchive(path)
        while let item = try archive.next() {
            if !item.isDirectory && item.path.lowercased() == wanted { return archive }
        }
        throw CFSError(.invalidArchive, .importing, "\(path) holds no file \(name)", path: path)
    }
}

/// One pass over an image; the content of the last item is its bytes.
private final class ISOArchive: ByteSource {
    private let archive: OpaquePointer
    private let path: String

    init(_ path: String) throws(CFSError) {
        guard let archive = archive_read_new() else {
            throw CFSError(.limitExceeded, .importing, "not enough memory for libarchive")
        }
        self.archive = archive
        self.path = path
        archive_read_support_filter_none(archive)
        // All formats together would add libxml2 and ICU to a static executable.
        archive_read_support_format_iso9660(archive)
        guard archive_read_open_filename(archive, path, 64 << 10) == ARCHIVE_OK else { throw failure() }
    }

    deinit { archive_read_free(archive) }

    func next() throws(CFSError) -> ISOReader.Item? {
        var entry: OpaquePointer?
        while true {
            let status = archive_read_next_header(archive, &entry)
            if status == ARCHIVE_EOF { return nil }
            guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry else { throw failure() }
            guard let name = archive_entry_pathname(entry) ?? archive_entry_pathname_utf8(entry) else { continue }
            let plain = String(cString: name).pathNames.filter { $0 != "." }.joined(separator: "/")
            let isDirectory = archive_entry_filetype(entry) & 0o170000 == 0o040000
            return ISOReader.Item(
                path: plain, size: isDirectory ? 0 : UInt64(max(0, archive_entry_size(entry))), isDirectory: isDirectory
            )
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
        if buffer.isEmpty { return 0 }
        let count = archive_read_data(archive, buffer.baseAddress, buffer.count)
        guard count >= 0 else { throw failure() }
        return count
    }

    private func failure() -> CFSError {
        let text = archive_error_string(archive).map { String(cString: $0) } ?? "unknown error"
        return CFSError(
            .invalidArchive, .importing, "\(path) is no ISO 9660 image that can be read: \(text)", path: path)
    }
}
