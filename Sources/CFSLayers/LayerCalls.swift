import CFSLinux
import CFSModel
import CLinux
import Glibc

/// The system calls that make a layer's files: by folder descriptor and one component, never through a link.
///
/// Those that callers decide upon return a value, or minus the error number; the others throw.
enum LayerCalls {
    static func openFolder(_ name: FileName, at parent: SharedFD) -> Int {
        code(openat(parent.raw, name.cString, O_RDONLY | CFS_O_DIRECTORY | CFS_O_NOFOLLOW | CFS_O_CLOEXEC))
    }

    static func makeFolder(_ name: FileName, at parent: SharedFD) -> Int {
        code(mkdirat(parent.raw, name.cString, 0o700))
    }

    static func makeFile(_ name: FileName, at parent: SharedFD) -> Int {
        code(openat(parent.raw, name.cString, O_WRONLY | O_CREAT | O_EXCL | CFS_O_NOFOLLOW | CFS_O_CLOEXEC, 0o600))
    }

    static func makeSymlink(_ name: FileName, at parent: SharedFD, to target: FileName) -> Int {
        code(symlinkat(target.cString, parent.raw, name.cString))
    }

    static func makeNode(_ name: FileName, at parent: SharedFD, _ type: mode_t, device: UInt64) -> Int {
        code(mknodat(parent.raw, name.cString, type | 0o600, dev_t(device)))
    }

    static func link(_ target: FileName, at folder: SharedFD, as name: FileName, at parent: SharedFD) -> Int {
        code(linkat(folder.raw, target.cString, parent.raw, name.cString, 0))
    }

    static func exists(_ name: FileName, at parent: SharedFD) -> Bool { status(name, at: parent) != nil }

    static func isWhiteout(_ name: FileName, at parent: SharedFD) -> Bool {
        guard let status = status(name, at: parent) else { return false }
        return status.isCharacterDevice && status.rdev == 0
    }

    /// Whether overlayfs hides what lower layers have in this folder.
    static func isOpaque(_ folder: SharedFD) -> Bool {
        let value = RawBuffer(1)
        return ExtraSystemCalls.getAttribute(folder.raw, opaqueAttribute, into: value.all) == 1 && value.all[0] == 0x79
    }

    static func setOpaque(_ folder: SharedFD, _ path: LayerPath) throws(CFSError) {
        let mark = ExtendedAttribute(name: opaqueAttribute, value: [0x79])
        try checked(ExtraSystemCalls.setAttribute(folder.raw, mark), "fsetxattr", .unpacking, path: path.printable)
    }

    private static let opaqueAttribute = "trusted.overlay.opaque"

    static func isRegular(_ name: FileName, at parent: SharedFD) -> Bool {
        status(name, at: parent)?.isRegular ?? false
    }

    private static func status(_ name: FileName, at parent: SharedFD) -> cfs_stat? {
        var status = cfs_stat()
        return cfs_fstatat(parent.raw, name.cString, &status, CFS_AT_SYMLINK_NOFOLLOW) == 0 ? status : nil
    }

    // MARK: What files say of themselves

    /// The owner first: a change of it clears set-uid bits.
    static func setOwner(
        _ fd: Int32, _ uid: UInt32, _ gid: UInt32, mode: UInt32, _ path: LayerPath
    ) throws(CFSError) {
        try checked(code(fchown(fd, uid, gid)), "fchown", .unpacking, path: path.printable)
        // Whatever the umask has left of the mode.
        try checked(code(fchmod(fd, mode)), "fchmod", .unpacking, path: path.printable)
    }

    /// - Parameter mode: nil for a symbolic link, which has none.
    static func setOwner(
        _ name: FileName, at parent: SharedFD, _ uid: UInt32, _ gid: UInt32, mode: UInt32?, _ path: LayerPath
    ) throws(CFSError) {
        let changed = code(fchownat(parent.raw, name.cString, uid, gid, AT_SYMLINK_NOFOLLOW))
        try checked(changed, "fchownat", .unpacking, path: path.printable)
        guard let mode else { return }
        try checked(code(fchmodat(parent.raw, name.cString, mode, 0)), "fchmodat", .unpacking, path: path.printable)
    }

    static func setTime(_ fd: Int32, _ time: ArchiveTime, _ path: LayerPath) throws(CFSError) {
        try checked(code(futimens(fd, times(time))), "futimens", .unpacking, path: path.printable)
    }

    static func setTime(
        _ name: FileName, at parent: SharedFD, _ time: ArchiveTime, _ path: LayerPath
    ) throws(CFSError) {
        let changed = code(utimensat(parent.raw, name.cString, times(time), AT_SYMLINK_NOFOLLOW))
        try checked(changed, "utimensat", .unpacking, path: path.printable)
    }

    static func setAttributes(_ fd: Int32, _ attributes: [ExtendedAttribute], _ path: LayerPath) throws(CFSError) {
        for attribute in attributes {
            let result = ExtraSystemCalls.setAttribute(fd, attribute)
            // A file system without attributes of users can still hold the image; one that loses capabilities cannot.
            if result == -ErrorCode.notSupported && attribute.name.hasPrefix("user.") { continue }
            try checked(result, "fsetxattr", .unpacking, path: path.printable)
        }
    }

    /// Of access and of change.
    private static func times(_ time: ArchiveTime) -> [timespec] {
        let value = timespec(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds))
        return [value, value]
    }

    private static func code(_ result: Int32) -> Int { result >= 0 ? Int(result) : -Int(errno) }
}
