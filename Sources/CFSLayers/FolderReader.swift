import CFSLinux
import CFSModel
import CLinux
import Glibc

/// Reads a folder as an archive: sorted by bytes, so that the same folder always gives the same entries. No link is
/// followed.
///
/// Sockets are passed over, and what the kernel has mounted inside (proc, sysfs, devpts, cgroups) comes out as an empty
/// folder.
public final class FolderReader: EntryReader {
    private struct Level {
        var folder: SharedFD
        /// With a slash behind it, but the first.
        var path: [UInt8]
        /// Those that are still to come, the next one last.
        var names: [FileName]
    }

    private let entries: FileEntries
    private let isLayer: Bool
    private var first: (item: SharedFD, name: ArchiveName)?
    private var levels: [Level] = []
    private var body: FolderFile?

    /// A folder of the host, which is going to be a layer. The folder itself is a place on the host and no part of what it
    /// holds: its owner and mode are not taken.
    ///
    /// - Parameter path: of the folder.
    /// - Throws: later, `invalidArgument` for a name that layers give a meaning of their own.
    public init(path: String, limits: ArchiveLimits = .standard) throws(CFSError) {
        entries = FileEntries(limits, phase: .importing)
        isLayer = true
        try push(SharedFD(try Directory.open(path)), ArchiveName(bytes: []))
    }

    /// What is open already, with all that lies below it.
    ///
    /// - Parameters:
    ///   - item: of any kind; O_PATH is enough.
    ///   - name: of the first entry, which is the item itself, and so in front of all others; nil for the content of a
    ///     folder alone.
    ///   - owners: from the ids on the host to those of the entries.
    public init(
        _ item: SharedFD, as name: ArchiveName?, owners: OwnerMap = .identity, limits: ArchiveLimits = .standard
    ) throws(CFSError) {
        entries = FileEntries(limits, owners: owners, isHostile: true, phase: .looking)
        isLayer = false
        if let name {
            first = (item, name)
        } else {
            try push(
                SharedFD(try File.open(".", [.directory, .read], at: item.raw, phase: .looking)), ArchiveName(bytes: [])
            )
        }
    }

    public func next() throws(CFSError) -> ArchiveEntry? {
        body = nil
        if let (item, name) = first {
            first = nil
            if let entry = try take(item, name) { return entry }
        }
        while let level = levels.last {
            guard let name = level.names.last else {
                levels.removeLast()
                continue
            }
            levels[levels.count - 1].names.removeLast()
            let full = ArchiveName(bytes: level.path + name.bytes)
            guard !isLayer || !LayerStep.isReserved(name) else { throw Self.reserved(full) }
            guard let item = try entries.open(name, at: level.folder, as: full) else { continue }
            if let entry = try take(item, full) { return entry }
        }
        return nil
    }

    public func readBody(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
        try body?.read(into: buffer) ?? 0
    }

    public var bodyDescriptor: Int32? { body?.descriptor }

    /// For a name that layers give a meaning of their own.
    static func reserved(_ name: ArchiveName) -> CFSError {
        CFSError(
            .invalidArgument, .importing,
            "\"\(name.printable)\" has a name that images reserve for what is deleted", path: name.printable,
            hint: "rename or remove it")
    }

    private func take(_ item: SharedFD, _ name: ArchiveName) throws(CFSError) -> ArchiveEntry? {
        guard let found = try entries.describe(item, as: name) else { return nil }
        if let folder = found.folder { try push(folder, name) }
        body = found.body
        return found.entry
    }

    private func push(_ folder: SharedFD, _ name: ArchiveName) throws(CFSError) {
        guard levels.count < entries.limits.depth else {
            throw CFSError(
                .limitExceeded, .importing, "there are more than \(entries.limits.depth) folders in each other",
                path: name.printable)
        }
        if KernelFile.isIn(folder.raw) { return }
        let path = name.isEmpty || name.bytes.last == 0x2f ? name.bytes : name.bytes + [0x2f]
        levels.append(Level(folder: folder, path: path, names: try entries.names(in: folder, name).reversed()))
    }
}
