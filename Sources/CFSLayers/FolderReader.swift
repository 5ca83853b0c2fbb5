import CFSLinux
import CFSModel
import CLinux
import Glibc

/// Reads a folder of the host as an archive: sorted by bytes, so that the same folder always gives the same entries. No
/// link is followed.
///
/// The folder itself is a place on the host and no part of what it holds: its owner and mode are not taken. Sockets are
/// passed over, and what the kernel has mounted inside (proc, sysfs, devpts, cgroups) comes out as an empty folder.
public final class FolderReader: EntryReader {
    private struct Level {
        var folder: SharedFD
        /// With a slash behind it, but the first.
        var path: [UInt8]
        /// Those that are still to come, the next one last.
        var names: [FileName]
    }

    private struct Identity: Hashable {
        var device, inode: UInt64
    }

    private let limits: ArchiveLimits
    private var levels: [Level] = []
    private var firstNames: [Identity: ArchiveName] = [:]
    private var body: FolderFile?

    /// - Parameter path: of the folder.
    public init(path: String, limits: ArchiveLimits = .standard) throws(CFSError) {
        self.limits = limits
        levels = [try Self.level(SharedFD(try Directory.open(path)), [])]
    }

    public func next() throws(CFSError) -> ArchiveEntry? {
        body = nil
        while let level = levels.last {
            guard let name = level.names.last else {
                levels.removeLast()
                continue
            }
            levels[levels.count - 1].names.removeLast()
            if let entry = try entry(name, level) { return entry }
        }
        return nil
    }

    public func readBody(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
        try body?.read(into: buffer) ?? 0
    }

    private func entry(_ name: FileName, _ level: Level) throws(CFSError) -> ArchiveEntry? {
        let full = ArchiveName(bytes: level.path + name.bytes)
        guard !LayerStep.isReserved(name) else {
            throw CFSError(
                .invalidArgument, .importing,
                "\"\(full.printable)\" has a name that images reserve for what is deleted", path: full.printable,
                hint: "rename or remove it")
        }
        var status = cfs_stat()
        let result = Int(cfs_fstatat(level.folder.raw, name.cString, &status, CFS_AT_SYMLINK_NOFOLLOW))
        if result == -ErrorCode.notFound { return nil }
        try checked(result, "fstatat", .importing, path: full.printable)
        switch status.mode & S_IFMT {
        case S_IFDIR: return try folder(full, name, level)
        case S_IFREG: return try file(full, name, level)
        case S_IFLNK: return Self.entry(.symlink(try target(full, name, level)), full, status)
        case S_IFCHR: return Self.entry(.characterDevice(status.rdev_major, status.rdev_minor), full, status)
        case S_IFBLK: return Self.entry(.blockDevice(status.rdev_major, status.rdev_minor), full, status)
        case S_IFIFO: return Self.entry(.fifo, full, status)
        default: return nil
        }
    }

    private func folder(_ full: ArchiveName, _ name: FileName, _ level: Level) throws(CFSError) -> ArchiveEntry {
        guard levels.count < limits.depth else {
            throw CFSError(
                .limitExceeded, .importing, "there are more than \(limits.depth) folders in each other",
                path: full.printable)
        }
        let opened = LayerCalls.openFolder(name, at: level.folder)
        let folder = SharedFD(OwnedFD(try checked(opened, "openat", .importing, path: full.printable)))
        let status = try File.status(at: folder.raw)
        if !Self.kernelFileSystems.contains(Int(cfs_filesystem_magic(folder.raw))) {
            levels.append(try Self.level(folder, full.bytes + [0x2f]))
        }
        return Self.entry(.directory, full, status, try FileAttributes.of(folder.raw, .directory, full))
    }

    private func file(_ full: ArchiveName, _ name: FileName, _ level: Level) throws(CFSError) -> ArchiveEntry? {
        let flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | CFS_O_NOFOLLOW | CFS_O_CLOEXEC
        let result = openat(level.folder.raw, name.cString, flags)
        let opened = try checked(result >= 0 ? Int(result) : -Int(errno), "openat", .importing, path: full.printable)
        let file = SharedFD(OwnedFD(opened))
        let status = try File.status(at: file.raw)
        // Somebody may have put something else there meanwhile.
        guard status.isRegular else { return nil }
        if status.links > 1 {
            let identity = Identity(device: status.dev, inode: status.inode)
            if let first = firstNames[identity] { return Self.entry(.hardlink(first), full, status) }
            firstNames[identity] = full
        }
        let size = UInt64(max(0, status.size))
        let isSparse = UInt64(max(0, status.blocks)) * 512 < size
        let areas = isSparse ? try FolderFile.areas(file.raw, size: size, limits, full) : nil
        body = FolderFile(file, areas ?? [SparseSegment(offset: 0, length: size)], full)
        var entry = Self.entry(.file, full, status, try FileAttributes.of(file.raw, .file, full))
        entry.size = size
        entry.sparse = areas
        return entry
    }

    private func target(_ full: ArchiveName, _ name: FileName, _ level: Level) throws(CFSError) -> ArchiveName {
        let buffer = RawBuffer(4096)
        let result = readlinkat(
            level.folder.raw, name.cString, buffer.start.assumingMemoryBound(to: CChar.self), buffer.count)
        let count = try checked(result >= 0 ? result : -Int(errno), "readlinkat", .importing, path: full.printable)
        return ArchiveName(bytes: Array(buffer.slice(0..<count)))
    }

    private static let kernelFileSystems = Set(
        [CFS_PROC_SUPER_MAGIC, CFS_SYSFS_MAGIC, CFS_CGROUP2_SUPER_MAGIC, CFS_DEVPTS_SUPER_MAGIC].map { Int($0) })

    private static func level(_ folder: SharedFD, _ path: [UInt8]) throws(CFSError) -> Level {
        var names: [[UInt8]] = []
        try Directory.forEachEntry(of: folder.raw) { name, _ in
            names.append(Array(UnsafeRawBufferPointer(start: name, count: strlen(name))))
        }
        names.sort { $1.lexicographicallyPrecedes($0) }
        return Level(folder: folder, path: path, names: names.map { FileName($0) })
    }

    private static func entry(
        _ kind: ArchiveEntry.Kind, _ name: ArchiveName, _ status: cfs_stat, _ attributes: [ExtendedAttribute] = []
    ) -> ArchiveEntry {
        ArchiveEntry(
            kind, name, mode: status.mode & 0o7777, uid: status.uid, gid: status.gid,
            modified: ArchiveTime(seconds: status.mtime_seconds, nanoseconds: status.mtime_nanoseconds),
            attributes: attributes)
    }
}
