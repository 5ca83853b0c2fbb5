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
    /// Who may write there keeps containers right below the mount point, which inside a container is the root of its own
    /// cgroup namespace. Another user keeps them in the topmost cgroup that was delegated to it.
    ///
    /// - Parameter name: the folder's name, one for each engine's state folder.
    public static func find(name: String) throws(CFSError) -> CgroupHierarchy? {
        for mountPoint in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] {
            let magic = Int(cfs_filesystem_magic_at(mountPoint))
            if magic == -ErrorCode.notFound { continue }
            try checked(magic, "statfs", .looking, path: mountPoint)
            guard magic == Int(CFS_CGROUP2_SUPER_MAGIC) else { continue }
            let isOurs = access(mountPoint, W_OK) == 0
            let base = isOurs ? mountPoint : try Delegation.root(below: mountPoint) ?? mountPoint
            return CgroupHierarchy(mountPoint: mountPoint, folder: "\(base)/\(name)")
        }
        return nil
    }

    public init(mountPoint: String, folder: String) {
        self.mountPoint = mountPoint
        self.folder = folder
    }

    /// The controllers that v2 has here; the others are bound to v1 or not built in.
    public func controllers() throws(CFSError) -> [String] {
        try Self.words(of: "\(mountPoint)/cgroup.controllers")
    }

    static func words(of path: String) throws(CFSError) -> [String] {
        let bytes = try File.readAll(at: path)
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
        if made == -ErrorCode.access || made == -ErrorCode.notPermitted || made == -ErrorCode.readOnly {
            throw notWritable(made, path)
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

    /// Makes a container's cgroup with limits. Nothing is left of it when one cannot be set.
    ///
    /// - Parameters:
    ///   - settings: what was asked for: a controller that is missing is an error.
    ///   - pidsLimit: a default for `pids.max` where the controller is there; the settings' own counts more.
    /// - Throws: `cgroupControllerUnavailable`, and what ``Cgroup/apply(_:)`` throws.
    public func create(
        _ name: String, settings: CgroupSettings, pidsLimit: UInt64? = nil
    ) throws(CFSError) -> Cgroup {
        let isLimited = settings.entries.contains { $0.file == "pids.max" }
        let cgroup = try create(name, pidsLimit: isLimited ? nil : pidsLimit)
        if settings.isEmpty { return cgroup }
        do throws(CFSError) {
            try cgroup.applyToNew(settings)
        } catch {
            try cgroup.remove()
            throw error
        }
        return cgroup
    }

    /// The folder of all containers, with the one controller that a default needs handed down to it, where v2 has it.
    func makeFolder() throws(CFSError) {
        let result = Directory.tryMake(folder, mode: 0o755)
        if result == -ErrorCode.exists { return }
        if result == -ErrorCode.notFound {
            for place in places.dropFirst() { try Directory.make(place, mode: 0o755) }
        } else if result == -ErrorCode.access || result == -ErrorCode.notPermitted || result == -ErrorCode.readOnly {
            throw notWritable(result, folder)
        } else {
            try checked(result, "mkdir", .limiting, path: folder)
        }
        guard try controllers().contains("pids") else { return }
        for place in places {
            // A default limit must not make a start fail where the controller cannot be handed down.
            if place != folder, !(try isVacated(place)) { return }
            _ = Cgroup.tryWrite("+pids", to: "\(place)/cgroup.subtree_control")
        }
    }

    /// The mount point, the folder, and what lies between them, from above.
    var places: [String] {
        var places = [mountPoint]
        for component in String(folder.dropFirst(mountPoint.count)).pathNames {
            places.append("\(places[places.count - 1])/\(component)")
        }
        return places
    }

    private func notWritable(_ result: Int, _ path: String) -> CFSError {
        var error = CFSError(kernel: Int32(-result), "mkdir", .limiting, path: path)
        error.hint =
            geteuid() == 0
            ? "cgroup v2 is not writable here: in a container it must be mounted so, with a cgroup namespace of its own"
            : "no cgroup was given to this user here: systemd-run --user --scope -p Delegate=yes starts a shell in one"
        return error
    }

    /// Removes the folder of all containers when no container has a cgroup.
    public func removeFolderIfEmpty() throws(CFSError) {
        let result = rmdir(folder) == 0 ? 0 : -Int(errno)
        if [-ErrorCode.notFound, -ErrorCode.busy, -ErrorCode.notEmpty].contains(result) { return }
        try checked(result, "rmdir", .removing, path: folder)
    }

    /// What the name of a leaf ends in that holds no container: see ``enable(_:)``.
    static let callers = ".callers"

    /// The cgroups of containers that are there.
    public func names() throws(CFSError) -> [String] {
        let result = File.tryOpen(folder, [.directory, .read])
        if result == -ErrorCode.notFound { return [] }
        let fd = OwnedFD(try checked(result, "open", .looking, path: folder))
        return try Directory.entries(fd.raw).filter { $0.type == DT_DIR && !$0.name.hasSuffix(Self.callers) }.map(
            \.name)
    }

    /// The cgroup of this name; nil when there is none.
    public func cgroup(_ name: String) throws(CFSError) -> Cgroup? {
        let path = "\(folder)/\(name)"
        let result = File.tryOpen(path, [.directory, .read])
        if result == -ErrorCode.notFound { return nil }
        return Cgroup(path: path, fd: SharedFD(OwnedFD(try checked(result, "open", .looking, path: path))))
    }
}
