import CFSLinux
import CFSModel
import Glibc

/// What is said of a working directory that cannot be one. At a start no link of the kernel's own is followed to it: such a one
/// leads where its process has something open, also out of the container (CVE-2024-21626).
enum WorkingDirectory {
    /// What opening or making it threw, in words about it.
    static func failure(_ path: String, _ error: CFSError) -> CFSError {
        switch error.errno {
        case ELOOP:
            return CFSError(
                .invalidArgument, .starting,
                "the working directory \(path) leads through a link of the kernel's own, or through too many links",
                path: path,
                hint: "name a folder of the container by its own path: no link of /proc is followed there")
        case ENOTDIR:
            return CFSError(.invalidArgument, .starting, "the working directory \(path) is not a folder", path: path)
        case ENAMETOOLONG:
            return PathLength.error(path, "the working directory \(PathLength.shortened(path))", .starting)
        case nil: return error
        default:
            var copy = error
            copy.message = "the working directory \(path) can neither be opened nor made"
            return copy
        }
    }
}
