import CFSModel
import CLinux
import Glibc

/// Folders by descriptor.
public enum Directory {
    /// Makes a folder; one that is there already is fine.
    public static func make(
        _ path: String, mode: UInt32 = 0o700, at directory: Int32 = File.currentDirectory
    ) throws(CFSError) {
        let result = tryMake(path, mode: mode, at: directory)
        if result == -ErrorCode.exists { return }
        try checked(result, "mkdirat", .preparing, path: path)
    }

    /// mkdirat(2): 0 or minus the error number.
    public static func tryMake(_ path: String, mode: UInt32, at directory: Int32 = File.currentDirectory) -> Int {
        Glibc.mkdirat(directory, path, mode) == 0 ? 0 : -Int(errno)
    }

    /// Makes a folder and those above it. An absolute or relative path of the host, never of a container.
    public static func makeAll(_ path: String, mode: UInt32 = 0o700) throws(CFSError) {
        let result = tryMake(path, mode: mode)
        if result == 0 || result == -ErrorCode.exists { return }
        guard result == -ErrorCode.notFound, let slash = path.lastSlash, slash != path.startIndex else {
            try checked(result, "mkdirat", .preparing, path: path)
            return
        }
        try makeAll(String(path[..<slash]), mode: mode)
        try make(path, mode: mode)
    }

    public static func open(_ path: String, at directory: Int32 = File.currentDirectory) throws(CFSError) -> OwnedFD {
        try File.open(path, [.directory, .read], at: directory, phase: .looking)
    }

    /// The names in a folder, without `.` and `..`, unsorted.
    public static func names(_ fd: Int32) throws(CFSError) -> [String] {
        try entries(fd).map(\.name)
    }

    /// The entries of a folder: names and d_type values (readdir(3)); unsorted.
    public static func entries(_ fd: Int32) throws(CFSError) -> [(name: String, type: UInt8)] {
        var found: [(name: String, type: UInt8)] = []
        try forEachEntry(of: fd) { name, type in found.append((String(cString: name), type)) }
        return found
    }

    /// fsync(2) of a folder, so that a rename in it survives a power cut.
    public static func synchronize(_ fd: Int32) throws(CFSError) {
        try checked(fsync(fd) == 0 ? 0 : -Int(errno), "fsync", .recording)
    }
}
