import CFSLinux
import CFSModel
import CLinux
import Glibc

/// A file that no folder names: the kernel frees it with its last descriptor, also after a kill.
enum UnnamedFile {
    /// - Parameters:
    ///   - folder: on the file system that keeps the bytes.
    ///   - open: makes the file without a name; a descriptor, or minus the error number.
    static func make(
        in folder: String,
        open: (String) -> Int = { File.tryOpen($0, [.readWrite, .temporary, .exclusive], mode: 0o600) }
    ) throws(CFSError) -> OwnedFD {
        let result = open(folder)
        // File systems without O_TMPFILE say so in one of these ways (open(2)).
        let isUnknown = [-ErrorCode.notSupported, -ErrorCode.isDirectory, -ErrorCode.invalid].contains(result)
        if !isUnknown { return OwnedFD(try checked(result, "openat", .fetching, path: folder)) }
        let path = "\(folder)/.fetch-\(ContainerID())"
        let file = try File.open(path, [.readWrite, .create, .exclusive, .noFollow], mode: 0o600, phase: .fetching)
        try checked(unlink(path) == 0 ? 0 : -Int(errno), "unlink", .fetching, path: path)
        return file
    }
}
