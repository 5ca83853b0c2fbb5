import CFSLinux
import CFSModel
import CLinux
import Glibc

/// One cgroup v2 folder (cgroups(7), Documentation/admin-guide/cgroup-v2.rst).
public struct Cgroup: Sendable {
    public let path: String
    private let fd: SharedFD

    init(path: String, fd: SharedFD) {
        self.path = path
        self.fd = fd
    }

    /// For CLONE_INTO_CGROUP.
    public var descriptor: Int32 { fd.raw }

    /// Writes a control file: 0 or minus the error number.
    func tryWrite(_ text: String, to name: String) -> Int { Self.tryWrite(text, to: name, at: fd.raw) }

    /// Writes a control file: 0 or minus the error number.
    static func tryWrite(_ text: String, to name: String, at directory: Int32 = File.currentDirectory) -> Int {
        let result = File.tryOpen(name, .write, at: directory)
        guard result >= 0 else { return result }
        let file = OwnedFD(result)
        return min(0, Array(text.utf8).withUnsafeBytes { File.write(file.raw, $0) })
    }

    /// The processes in it, by the host's numbers.
    public func processes() throws(CFSError) -> [Int32] {
        let bytes = try File.readAll(at: "cgroup.procs", below: fd.raw)
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { Int32($0) }
    }

    /// The processes in it and in the cgroups below it.
    public func processesBelow() throws(CFSError) -> [Int32] {
        var found = try processes()
        for entry in try Directory.entries(fd.raw) where entry.type == DT_DIR {
            let opened = File.tryOpen(entry.name, [.directory, .read, .noFollow], at: fd.raw)
            // Removed meanwhile.
            guard opened >= 0 else { continue }
            found += try Cgroup(path: "\(path)/\(entry.name)", fd: SharedFD(OwnedFD(opened))).processesBelow()
        }
        return found
    }

    /// Whether a process lives in it or below (the `populated` field of cgroup.events).
    public func isPopulated() throws(CFSError) -> Bool {
        let bytes = try File.readAll(at: "cgroup.events", below: fd.raw)
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains("populated 1")
    }

    /// Moves a process, with all its threads, into it. Starting it there (``descriptor``) is cheaper.
    ///
    /// - Throws: `conflict` when the cgroup hands controllers down, and so may hold no processes.
    public func attach(_ pid: Int32) throws(CFSError) {
        let result = tryWrite("\(pid)", to: "cgroup.procs")
        if result == -ErrorCode.busy {
            throw CFSError(
                .conflict, .limiting, "\(path) can hold no processes: it hands controllers down", systemCall: "write",
                path: "\(path)/cgroup.procs", errno: Int32(-result), hint: "use a cgroup below it")
        }
        try checked(result, "write", .limiting, path: "\(path)/cgroup.procs")
    }

    /// Removes it once nobody lives in it any more: waits for the *populated* event, killing what is left first. What somebody else
    /// removes meanwhile, as systemd does below a unit that is empty, is removed.
    ///
    /// - Parameter deadline: how long to wait, in milliseconds.
    public func remove(deadline: Int32 = 10_000) throws(CFSError) {
        do throws(CFSError) {
            try removeWhenEmpty(deadline)
        } catch {
            guard !File.exists(path) else { throw error }
        }
    }

    private func removeWhenEmpty(_ deadline: Int32) throws(CFSError) {
        // rmdir(2) of a live cgroup answers EBUSY; most are empty by now.
        if try removeFolders() { return }
        let events = try File.open("cgroup.events", .read, at: fd.raw, phase: .removing)
        try kill()
        let poll = try EventPoll()
        // The file signals a change as POLLPRI (cgroup-v2.rst, "populated notification").
        try poll.add(events.raw, .priority, token: 0)
        let end = SystemClock.monotonic + UInt64(deadline) * 1_000_000
        while !(try removeFolders()) {
            let now = SystemClock.monotonic
            guard now < end else {
                throw CFSError(
                    .conflict, .removing, "processes in \(path) did not end", path: path,
                    hint: "they may hang in the kernel: see \(path)/cgroup.procs")
            }
            if try isPopulated() {
                _ = try poll.wait(milliseconds: Int32((end - now) / 1_000_000) + 1)
                // Read from its beginning, or the change counts as not seen yet and the next wait returns at once.
                try checked(lseek(events.raw, 0, SEEK_SET) == 0 ? 0 : -Int(errno), "lseek", .removing, path: path)
                _ = try File.readAll(events.raw)
            }
        }
    }

    /// Removes what it can of the folders below one; the container has named them, in bytes that need not be UTF-8.
    private static func removeChildren(_ fd: Int32) throws(CFSError) {
        try Directory.forEachEntry(of: fd) { name, type throws(CFSError) in
            guard type == DT_DIR, unlinkat(fd, name, Int32(CFS_AT_REMOVEDIR)) != 0, errno == EBUSY else { return }
            let opened = openat(fd, name, O_RDONLY | Int32(CFS_O_DIRECTORY | CFS_O_NOFOLLOW | CFS_O_CLOEXEC))
            if opened < 0 { return }
            let inner = OwnedFD(opened)
            try removeChildren(inner.raw)
            _ = unlinkat(fd, name, Int32(CFS_AT_REMOVEDIR))
        }
    }

    /// Removes the folder and those that the container made below it; false while somebody lives in one.
    private func removeFolders() throws(CFSError) -> Bool {
        let result = rmdir(path) == 0 ? 0 : -Int(errno)
        switch result {
        case 0, -ErrorCode.notFound: return true
        case -ErrorCode.busy:
            try Self.removeChildren(fd.raw)
            return rmdir(path) == 0 || errno == ENOENT
        default:
            try checked(result, "rmdir", .removing, path: path)
            return false
        }
    }
}
