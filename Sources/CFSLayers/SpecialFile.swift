import CFSModel
import Glibc

/// What is neither file nor folder nor link, and no place for a copy: whoever uses it would lose it.
enum SpecialFile {
    /// What it is called in messages; nil for everything else.
    ///
    /// - Parameter mode: `st_mode` of stat(2).
    static func name(_ mode: UInt32) -> String? {
        switch mode & S_IFMT {
        case S_IFCHR, S_IFBLK: "a device"
        case S_IFIFO: "a pipe"
        case S_IFSOCK: "a socket"
        default: nil
        }
    }

    static func conflict(_ what: String, _ name: String, path: String? = nil) -> CFSError {
        CFSError(
            .conflict, path == nil ? .looking : .recording, "\(what) is \(name), which nothing else replaces",
            path: path, hint: "choose another name, or remove it first")
    }
}

extension ArchiveEntry.Kind {
    /// The type of the file as stat(2) has it.
    var fileType: UInt32 {
        switch self {
        case .directory: S_IFDIR
        case .file, .hardlink: S_IFREG
        case .symlink: S_IFLNK
        case .fifo: S_IFIFO
        case .characterDevice: S_IFCHR
        case .blockDevice: S_IFBLK
        }
    }
}
