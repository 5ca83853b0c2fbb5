import CFSModel
import CLinux
import Glibc

/// Counts what files really take on a disk.
public enum DiskSpace {
    /// Bytes of all blocks (st_blocks of stat(2)) at a path and below it, folders included; a file with several names
    /// counts once. Nothing there is 0.
    ///
    /// Whatever is changed meanwhile is counted or passed over; other file systems are passed over. A container decides
    /// what lies in its folders: names need not be UTF-8, and folders may lie in each other deeper than there are
    /// descriptors, so only two are open at a time.
    ///
    /// - Throws: what openat(2) or fstatat(2) say, but for what is gone.
    public static func used(at path: String) throws(CFSError) -> UInt64 {
        guard let status = File.statusIfThere(path) else { return 0 }
        let own = blocks(status)
        guard status.isDirectory, let top = try open(path, at: File.currentDirectory) else { return own }
        var walk = DiskWalk(try File.status(at: top.raw))
        return own + (try walk.run(top))
    }

    fileprivate static func blocks(_ status: cfs_stat) -> UInt64 { UInt64(max(0, status.blocks)) * 512 }

    /// A folder; nil when it is gone, or something else by now.
    fileprivate static func open(_ name: UnsafePointer<CChar>, at directory: Int32) throws(CFSError) -> SharedFD? {
        let opened = Glibc.openat(
            directory, name, O_RDONLY | Int32(CFS_O_DIRECTORY | CFS_O_NOFOLLOW | CFS_O_CLOEXEC))
        if opened >= 0 { return SharedFD(OwnedFD(opened)) }
        let number = errno
        if [ENOENT, ENOTDIR, ELOOP].contains(number) { return nil }
        throw CFSError(kernel: number, "openat", .looking)
    }
}

/// One way through a tree.
private struct DiskWalk {
    /// A folder on the way down, with those of its folders that were not entered yet.
    private struct Level {
        let name: [CChar]
        let status: cfs_stat
        var waiting: [[CChar]]
    }

    private let device: UInt64
    private var total: UInt64 = 0
    /// Inodes of files with several names.
    private var linked: Set<UInt64> = []
    private var levels: [Level] = []

    init(_ top: cfs_stat) { device = top.dev }

    mutating func run(_ top: SharedFD) throws(CFSError) -> UInt64 {
        try enter(top, name: [])
        var folder = top
        while let last = levels.indices.last {
            if let name = levels[last].waiting.popLast() {
                guard let inner = try DiskSpace.open(name, at: folder.raw) else { continue }
                try enter(inner, name: name)
                folder = inner
            } else {
                levels.removeLast()
                guard let above = levels.last else { break }
                if let parent = try parent(of: folder, above.status) {
                    folder = parent
                } else {
                    folder = try reopen(top)
                }
            }
        }
        return total
    }

    /// Counts what lies in a folder directly, and remembers the folders in it.
    private mutating func enter(_ folder: SharedFD, name: [CChar]) throws(CFSError) {
        var level = Level(name: name, status: try File.status(at: folder.raw), waiting: [])
        var (sum, seen) = (total, linked)
        let device = device
        try Directory.forEachEntry(of: folder.raw) { name, _ throws(CFSError) in
            var status = cfs_stat()
            let result = Int(cfs_fstatat(folder.raw, name, &status, CFS_AT_SYMLINK_NOFOLLOW))
            if result == -ErrorCode.notFound { return }
            try checked(result, "fstatat", .looking)
            guard status.dev == device else { return }
            if status.isDirectory {
                level.waiting.append(Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1)))
            } else if status.links > 1, !seen.insert(status.inode).inserted {
                return
            }
            sum += DiskSpace.blocks(status)
        }
        (total, linked) = (sum, seen)
        levels.append(level)
    }

    /// The folder above; nil when it is another by now: somebody has moved something, and `..` may lead anywhere.
    private func parent(of folder: SharedFD, _ expected: cfs_stat) throws(CFSError) -> SharedFD? {
        guard let above = try DiskSpace.open("..", at: folder.raw) else { return nil }
        return try File.status(at: above.raw).isSameFile(as: expected) ? above : nil
    }

    /// Goes down again by names, as far as the folders are where they were.
    private mutating func reopen(_ top: SharedFD) throws(CFSError) -> SharedFD {
        var folder = top
        for (depth, level) in levels.enumerated().dropFirst() {
            guard let inner = try DiskSpace.open(level.name, at: folder.raw),
                try File.status(at: inner.raw).isSameFile(as: level.status)
            else {
                levels.removeLast(levels.count - depth)
                break
            }
            folder = inner
        }
        return folder
    }
}
