import CFSModel
import CLinux

/// Paths that are too long: for the kernel, or for the file system that would have to keep their names
/// (path_resolution(7); NAME_MAX and PATH_MAX of limits.h).
package enum PathLength {
    /// Bytes of one name on nearly every file system.
    package static let name = 255
    /// Bytes of a whole path, without the zero at its end.
    package static let whole = 4095
    private static let shown = 60

    /// Whether the kernel says so of a path of the host. How long a name may be depends on the file system: on VFAT its 255
    /// are UTF-16 units, and up to 765 bytes.
    package static func isTooLong(_ path: String) -> Bool {
        var status = cfs_stat()
        let flags = CFS_AT_SYMLINK_NOFOLLOW
        return Int(cfs_fstatat(File.currentDirectory, path, &status, flags)) == -ErrorCode.nameTooLong
    }

    /// Throws for a path inside a container that cannot be there.
    ///
    /// - Parameter subject: what the path is, for the message; the path follows it.
    /// - Throws: `invalidArgument`.
    package static func check(_ path: String, _ subject: String) throws(CFSError) {
        guard path.utf8.count > whole || path.pathNames.contains(where: { $0.utf8.count > name }) else { return }
        throw error(path, "\(subject) \(shortened(path))")
    }

    /// The error for a path that is too long.
    ///
    /// - Parameter subject: what is too long, with the path, shortened.
    package static func error(
        _ path: String, _ subject: String, _ phase: CFSError.Phase = .parsing
    ) -> CFSError {
        let longest = path.pathNames.map(\.utf8.count).max() ?? 0
        let size =
            if longest > name {
                "has a name of \(longest) bytes, which is too long"
            } else if path.utf8.count > whole {
                "has \(path.utf8.count) bytes, which is too long"
            } else {
                "is too long for its file system"
            }
        return CFSError(
            .invalidArgument, phase, "\(subject) \(size)", path: path,
            hint: "a name may have \(name) bytes, and a whole path \(whole)")
    }

    /// Its beginning, for a message.
    package static func shortened(_ path: String) -> String {
        path.count <= shown ? path : "\(path.prefix(shown - 1))…"
    }
}
