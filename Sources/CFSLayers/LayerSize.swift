import CFSLinux
import CFSModel
import CLinux
import Glibc

/// Counts what an unpacked layer holds.
enum LayerSize {
    /// Bytes of all regular files, holes included, a file with several names once.
    static func measure(_ path: String) throws(CFSError) -> UInt64 {
        var linked: Set<UInt64> = []
        return try measure(SharedFD(try Directory.open(path)), &linked)
    }

    /// As deep as the limits let layers be.
    private static func measure(_ folder: SharedFD, _ linked: inout Set<UInt64>) throws(CFSError) -> UInt64 {
        var total: UInt64 = 0
        var seen = linked
        try Directory.forEachEntry(of: folder.raw) { name, _ throws(CFSError) in
            var status = cfs_stat()
            try checked(cfs_fstatat(folder.raw, name, &status, CFS_AT_SYMLINK_NOFOLLOW), "fstatat", .looking)
            if status.isDirectory {
                let inner = openat(folder.raw, name, O_RDONLY | CFS_O_DIRECTORY | CFS_O_NOFOLLOW | CFS_O_CLOEXEC)
                let opened = SharedFD(OwnedFD(try checked(inner >= 0 ? Int(inner) : -Int(errno), "openat", .looking)))
                total += try measure(opened, &seen)
            } else if status.isRegular, status.links == 1 || seen.insert(status.inode).inserted {
                total += UInt64(max(0, status.size))
            }
        }
        linked = seen
        return total
    }
}
