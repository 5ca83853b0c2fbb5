import CFSCore
import CFSLinux
import Glibc

/// The socket file beside the port: of root and the group `cfs`, and for nobody else.
enum UnixSocketFile {
    static let groupName = "cfs"

    /// Makes the file and listens.
    ///
    /// - Returns: a descriptor that the caller owns.
    /// - Throws: `conflict` when somebody listens there; `systemCallFailed` and its like.
    static func listen(at path: String) throws(CFSError) -> Int32 {
        try replaceUnused(path)
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try Directory.makeAll(String(path[..<slash]), mode: 0o755)
        }
        let made = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let listener = OwnedFD(try checked(made == -1 ? -Int(errno) : Int(made), "socket", .starting))
        var address = try UnixSocketAddress.make(path)
        // The file must not be there for one moment with more rights than it shall have.
        let mask = umask(0o117)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener.raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == -1 ? -Int(errno) : 0
            }
        }
        umask(mask)
        try checked(bound, "bind", .starting, path: path)
        if geteuid() == 0, let group = try GroupTable.system().identifier(of: groupName) {
            try checked(chown(path, 0, group) == -1 ? -Int(errno) : 0, "chown", .starting, path: path)
        }
        try checked(Glibc.listen(listener.raw, 4096) == -1 ? -Int(errno) : 0, "listen", .starting, path: path)
        return listener.release()
    }

    private static func replaceUnused(_ path: String) throws(CFSError) {
        guard let status = File.statusIfThere(path) else { return }
        guard status.mode & UInt32(S_IFMT) == UInt32(S_IFSOCK) else {
            throw CFSError(.conflict, .starting, "\(path) is there, and is no socket", path: path)
        }
        let made = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let probe = OwnedFD(try checked(made == -1 ? -Int(errno) : Int(made), "socket", .starting))
        var address = try UnixSocketAddress.make(path)
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(probe.raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard connected == -1, errno == ECONNREFUSED || errno == ENOENT else {
            throw CFSError(
                .conflict, .starting, "somebody listens at \(path)", path: path, hint: "is another cfsd running?")
        }
        try checked(unlink(path) == -1 && errno != ENOENT ? -Int(errno) : 0, "unlink", .starting, path: path)
    }
}

/// `sockaddr_un` of a path.
enum UnixSocketAddress {
    static func make(_ path: String) throws(CFSError) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard path.hasPrefix("/"), path.utf8.count < room, !path.utf8.contains(0) else {
            throw CFSError(
                .invalidArgument, .parsing, "the path of a socket is absolute and has at most \(room - 1) bytes",
                path: path)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return address
    }
}
