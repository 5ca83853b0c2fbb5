import CFSLinux
import CFSModel
import CLinux
import Glibc

/// Copies what lies under a mount into the file system that will cover it (`tmpcopyup` of runtime-spec, config.md, mounts).
/// All by descriptors, in a root that may be hostile: links are copied, never followed.
enum TreeCopy {
    /// - Parameters:
    ///   - target: the folder that will be covered (O_PATH).
    ///   - tree: the new mount; still writable.
    ///   - attributes: what the mount gets in the end.
    static func copy(from target: Int32, to tree: Int32, attributes: Mounting.Attributes) throws(CFSError) {
        let source = try File.open(".", [.directory, .read], at: target, phase: .mounting)
        let place = try File.open(".", [.directory, .read], at: tree, phase: .mounting)
        try entries(source.raw, place.raw, depth: 0)
        let status = try File.status(at: source.raw)
        _ = fchown(place.raw, status.uid, status.gid)
        try checked(fchmod(place.raw, status.mode & 0o7777) == 0 ? 0 : -Int(errno), "fchmod", .mounting)
        if !attributes.isEmpty { try Mounting.setAttributes(tree, set: attributes) }
    }

    private static func entries(_ source: Int32, _ place: Int32, depth: Int) throws(CFSError) {
        guard depth < 256 else {
            throw CFSError(.limitExceeded, .mounting, "the folder to copy up is deeper than 256 folders")
        }
        try Directory.forEachEntry(of: source) { name, _ throws(CFSError) in
            var status = cfs_stat()
            try checked(
                Int(cfs_fstatat(source, name, &status, CFS_AT_SYMLINK_NOFOLLOW)), "fstatat", .mounting)
            try entry(name, status, source, place, depth)
        }
    }

    private static func entry(
        _ name: UnsafePointer<CChar>, _ status: cfs_stat, _ source: Int32, _ place: Int32, _ depth: Int
    ) throws(CFSError) {
        func check(_ result: Int32, _ call: StaticString) throws(CFSError) {
            try checked(result < 0 ? -Int(errno) : 0, call, .mounting, path: String(cString: name))
        }
        func openSource(_ flags: Int32) throws(CFSError) -> OwnedFD {
            let fd = openat(source, name, flags | Int32(CFS_O_NOFOLLOW | CFS_O_CLOEXEC))
            try check(fd, "openat")
            return OwnedFD(fd)
        }
        switch status.mode & S_IFMT {
        case S_IFDIR:
            try check(mkdirat(place, name, 0o700), "mkdirat")
            let inner = try openSource(O_RDONLY | Int32(CFS_O_DIRECTORY))
            let made = openat(place, name, O_RDONLY | Int32(CFS_O_DIRECTORY | CFS_O_NOFOLLOW | CFS_O_CLOEXEC))
            try check(made, "openat")
            let folder = OwnedFD(made)
            try entries(inner.raw, folder.raw, depth: depth + 1)
        case S_IFREG:
            let inner = try openSource(O_RDONLY | O_NONBLOCK)
            let made = openat(place, name, O_WRONLY | O_CREAT | O_EXCL | Int32(CFS_O_CLOEXEC), 0o600)
            try check(made, "openat")
            let file = OwnedFD(made)
            while true {
                let bytes = try File.read(inner.raw, atMost: 1 << 20)
                if bytes.isEmpty { break }
                try File.writeAll(file.raw, bytes)
            }
        case S_IFLNK:
            var buffer = [CChar](repeating: 0, count: 4097)
            try check(Int32(readlinkat(source, name, &buffer, 4096)), "readlinkat")
            try check(symlinkat(buffer, place, name), "symlinkat")
        default:
            // Devices, pipes and sockets: those that may be made are.
            if mknodat(place, name, status.mode, UInt(status.rdev)) != 0, errno == EPERM { return }
        }
        try check(fchownat(place, name, status.uid, status.gid, Int32(CFS_AT_SYMLINK_NOFOLLOW)), "fchownat")
        if status.mode & S_IFMT != S_IFLNK { try check(fchmodat(place, name, status.mode & 0o7777, 0), "fchmodat") }
    }
}
