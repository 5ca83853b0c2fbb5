import CFSLinux
import CFSModel
import CLinux
import Glibc

/// Where cgroup v2 is mounted, and the folder below it that cfs keeps its containers in.
///
/// Two kinds of host are known: pure v2 (`/sys/fs/cgroup` itself) and hybrid (`/sys/fs/cgroup/unified`, where the
/// controllers may be bound to v1). See cgroups(7).
public struct CgroupHierarchy: Sendable, Hashable {
    /// The mount point of cgroup v2.
    public let mountPoint: String
    /// The folder of all containers of one engine, below the mount point.
    public let folder: String

    /// Looks for a cgroup v2 hierarchy; nil when the host has none.
    ///
    /// - Parameter name: the folder's name, one for each engine's state folder.
    public static func find(name: String) throws(CFSError) -> CgroupHierarchy? {
        for mountPoint in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] {
            let result = File.tryOpen(mountPoint, [.path, .directory])
            if result == -ErrorCode.notFound { continue }
            let fd = OwnedFD(try checked(result, "open", .looking, path: mountPoint))
            if cfs_filesystem_magic(fd.raw) == Int(CFS_CGROUP2_SUPER_MAGIC) {
                return CgroupHierarchy(mountPoint: mountPoint, folder: "\(mountPoint)/\(name)")
            }
        }
        return nil
    }

    public init(mountPoint: String, folder: String) {
        self.mountPoint = mountPoint
        self.folder = folder
    }

    /// The controllers that v2 has here; the others are bound to v1 or not built in.
    public func controllers() throws(CFSError) -> [String] {
        let bytes = try File.readAll(at: "\(mountPoint)/cgroup.controllers")
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: { $0 == " " || $0 == "\n" }).map(
            String.init)
    }

    /// Makes a container's cgroup.
    ///
    /// - Parameter pidsLimit: written to `pids.max` where the controller is there; a default, not a request.
    public func create(_ name: String, pidsLimit: UInt64?) throws(CFSError) -> Cgroup {
        let path = "\(folder)/\(name)"
        var made = Directory.tryMake(path, mode: 0o755)
        while made == -ErrorCode.notFound {
            // Not yet there, or removed by removeFolderIfEmpty() in this moment.
            try makeFolder()
            made = Directory.tryMake(path, mode: 0o755)
        }
        try checked(made, "mkdir", .limiting, path: path)
        let cgroup = Cgroup(path: path, fd: SharedFD(try Directory.open(path)))
        if let pidsLimit {
            let limited = cgroup.tryWrite("\(pidsLimit)", to: "pids.max")
            if limited < 0 && limited != -ErrorCode.notFound {
                throw CFSError(kernel: Int32(-limited), "write", .limiting, path: "\(path)/pids.max")
            }
        }
        return cgroup
    }

    /// The folder of all containers, with the one controller that a default needs handed down to it, where v2 has it.
    private func makeFolder() throws(CFSError) {
        try Directory.make(folder, mode: 0o755)
        guard try controllers().contains("pids") else { return }
        for place in [mountPoint, folder] {
            // A default limit must not make a start fail where the controller cannot be handed down.
            _ = Cgroup.tryWrite("+pids", to: "\(place)/cgroup.subtree_control")
        }
    }

    /// Removes the folder of all containers when no container has a cgroup.
    public func removeFolderIfEmpty() throws(CFSError) {
        let result = rmdir(folder) == 0 ? 0 : -Int(errno)
        if [-ErrorCode.notFound, -ErrorCode.busy, -ErrorCode.notEmpty].contains(result) { return }
        try checked(result, "rmdir", .removing, path: folder)
    }

    /// The cgroups of containers that are there.
    public func names() throws(CFSError) -> [String] {
        let result = File.tryOpen(folder, [.directory, .read])
        if result == -ErrorCode.notFound { return [] }
        let fd = OwnedFD(try checked(result, "open", .looking, path: folder))
        return try Directory.entries(fd.raw).filter { $0.type == DT_DIR }.map(\.name)
    }

    /// The cgroup of this name; nil when there is none.
    public func cgroup(_ name: String) throws(CFSError) -> Cgroup? {
        let path = "\(folder)/\(name)"
        let result = File.tryOpen(path, [.directory, .read])
        if result == -ErrorCode.notFound { return nil }
        return Cgroup(path: path, fd: SharedFD(OwnedFD(try checked(result, "open", .looking, path: path))))
    }
}
