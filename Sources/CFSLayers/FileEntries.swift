import CFSLinux
import CFSModel
import CLinux
import Glibc

/// Describes what lies in folders as entries of an archive: by descriptor, and without following a link. Somebody may put
/// something else there at any time: nothing but a regular file is ever opened, and what is told is of what was opened.
final class FileEntries {
    /// What lies under a name.
    struct Found {
        var entry: ArchiveEntry
        /// A folder, open for reading.
        var folder: SharedFD?
        var body: FolderFile?
    }

    private struct Identity: Hashable {
        var device, inode: UInt64
    }

    let limits: ArchiveLimits
    let owners: OwnerMap
    private let isHostile: Bool
    private let phase: CFSError.Phase
    /// Of files that have several names.
    private var firstNames: [Identity: ArchiveName] = [:]

    /// - Parameter isHostile: whether somebody may change the files at any time: one that becomes shorter while it is read
    ///   ends with zeros then, as with GNU tar.
    init(
        _ limits: ArchiveLimits, owners: OwnerMap = .identity, isHostile: Bool = false, phase: CFSError.Phase
    ) {
        self.limits = limits
        self.owners = owners
        self.isHostile = isHostile
        self.phase = phase
    }

    /// Opens a name without reading from it (O_PATH); nil when there is none.
    func open(_ name: FileName, at folder: SharedFD, as full: ArchiveName) throws(CFSError) -> SharedFD? {
        let result = openat(folder.raw, name.cString, Int32(CFS_O_PATH) | CFS_O_NOFOLLOW | CFS_O_CLOEXEC)
        let opened = result >= 0 ? Int(result) : -Int(errno)
        if opened == -ErrorCode.notFound { return nil }
        return SharedFD(OwnedFD(try checked(opened, "openat", phase, path: full.printable)))
    }

    /// What was opened by ``open(_:at:as:)``; nil for a socket.
    func describe(_ item: SharedFD, as full: ArchiveName) throws(CFSError) -> Found? {
        let status = try File.status(at: item.raw)
        switch status.mode & S_IFMT {
        case S_IFDIR: return try folder(item, full, status)
        case S_IFREG: return try file(item, full, status)
        case S_IFLNK: return Found(entry: entry(.symlink(try target(item, full)), full, status))
        case S_IFCHR:
            return Found(entry: entry(.characterDevice(status.rdev_major, status.rdev_minor), full, status))
        case S_IFBLK: return Found(entry: entry(.blockDevice(status.rdev_major, status.rdev_minor), full, status))
        case S_IFIFO: return Found(entry: entry(.fifo, full, status))
        default: return nil
        }
    }

    /// The names in a folder, sorted by bytes.
    func names(in folder: SharedFD, _ full: ArchiveName) throws(CFSError) -> [FileName] {
        var names: [[UInt8]] = []
        try Directory.forEachEntry(of: folder.raw) { name, _ throws(CFSError) in
            names.append(Array(UnsafeRawBufferPointer(start: name, count: strlen(name))))
            guard UInt64(names.count) <= limits.entries else {
                throw CFSError(
                    .limitExceeded, phase, "\"\(full.printable)\" has more than \(limits.entries) entries",
                    path: full.printable)
            }
        }
        names.sort { $0.lexicographicallyPrecedes($1) }
        return names.map { FileName($0) }
    }

    private func folder(_ item: SharedFD, _ full: ArchiveName, _ status: cfs_stat) throws(CFSError) -> Found {
        let folder = SharedFD(try File.open(".", [.directory, .read], at: item.raw, phase: phase))
        let attributes = try attributes(folder, .directory, full)
        return Found(entry: entry(.directory, full, status, attributes), folder: folder)
    }

    private func file(_ item: SharedFD, _ full: ArchiveName, _ status: cfs_stat) throws(CFSError) -> Found {
        if status.links > 1 {
            let identity = Identity(device: status.dev, inode: status.inode)
            if let first = firstNames[identity] { return Found(entry: entry(.hardlink(first), full, status)) }
            firstNames[identity] = full
        }
        // By our own descriptor of what was just seen to be a regular file.
        let file = SharedFD(
            try File.open("/proc/self/fd/\(item.raw)", [.read, .nonBlocking, .noControllingTerminal], phase: phase))
        if status.blocks == 0, KernelFile.isIn(file.raw) { return try kernelFile(file, full, status) }
        let size = UInt64(max(0, status.size))
        let isSparse = UInt64(max(0, status.blocks)) * 512 < size
        let areas = isSparse ? try FolderFile.areas(file.raw, size: size, limits, full, isHostile: isHostile) : nil
        var found = Found(entry: entry(.file, full, status, try attributes(file, .file, full)))
        found.body = FolderFile(
            file, areas ?? [SparseSegment(offset: 0, length: size)], full, fillsUp: isHostile)
        found.entry.size = size
        found.entry.sparse = areas
        return found
    }

    /// The size of such a file says nothing of its content: that is read here.
    private func kernelFile(_ file: SharedFD, _ full: ArchiveName, _ status: cfs_stat) throws(CFSError) -> Found {
        let content = try KernelFile.read(file, full, phase)
        var found = Found(entry: entry(.file, full, status))
        found.entry.size = UInt64(content.size)
        found.body = FolderFile(
            content.file, [SparseSegment(offset: 0, length: found.entry.size)], full, fillsUp: false)
        return found
    }

    private func attributes(
        _ file: SharedFD, _ kind: ArchiveEntry.Kind, _ full: ArchiveName
    ) throws(CFSError) -> [ExtendedAttribute] {
        let found = try FileAttributes.of(file.raw, kind, full)
        if owners.isIdentity { return found }
        return found.compactMap { attribute in
            guard attribute.name == CapabilityAttribute.name else { return attribute }
            let value = CapabilityAttribute.inside(attribute.value, owners)
            return value.map { ExtendedAttribute(name: attribute.name, value: $0) }
        }
    }

    private func target(_ item: SharedFD, _ full: ArchiveName) throws(CFSError) -> ArchiveName {
        let buffer = RawBuffer(4096)
        let result = readlinkat(item.raw, "", buffer.start.assumingMemoryBound(to: CChar.self), buffer.count)
        let count = try checked(result >= 0 ? result : -Int(errno), "readlinkat", phase, path: full.printable)
        return ArchiveName(bytes: Array(buffer.slice(0..<count)))
    }

    private func entry(
        _ kind: ArchiveEntry.Kind, _ name: ArchiveName, _ status: cfs_stat, _ attributes: [ExtendedAttribute] = []
    ) -> ArchiveEntry {
        ArchiveEntry(
            kind, name, mode: status.mode & 0o7777, uid: owners.inside(uid: status.uid),
            gid: owners.inside(gid: status.gid),
            modified: ArchiveTime(seconds: status.mtime_seconds, nanoseconds: status.mtime_nanoseconds),
            attributes: attributes)
    }
}
