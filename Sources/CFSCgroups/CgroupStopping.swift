import CFSLinux
import CFSModel
import CLinux
import Glibc

extension Cgroup {
    /// `cgroup.events` as it is now.
    public func events() throws(CFSError) -> CgroupEvents {
        let bytes = try File.readAll(at: "cgroup.events", below: descriptor)
        return bytes.withUnsafeBytes { CgroupEvents($0) }
    }

    /// `memory.events` as it is now, of the cgroup and those below; nil without the controller.
    public func memoryEvents() throws(CFSError) -> MemoryEvents? {
        let result = File.tryOpen("memory.events", .read, at: descriptor)
        if result == -ErrorCode.notFound { return nil }
        let file = OwnedFD(try checked(result, "openat", .looking, path: "\(path)/memory.events"))
        let bytes = try File.readAll(file.raw, path: "\(path)/memory.events")
        return bytes.withUnsafeBytes { MemoryEvents($0) }
    }

    // MARK: Standing still

    /// Stops all that live in it and below, and waits until they stand (`cgroup.freeze`, Linux 5.2).
    ///
    /// - Parameter deadline: how long to wait, in milliseconds. What waits in the kernel cannot be stopped before.
    /// - Throws: `conflict` when the deadline passes; it is thawed again then.
    public func freeze(deadline: Int32 = 10_000) throws(CFSError) {
        do throws(CFSError) {
            try setFrozen(true, deadline)
        } catch {
            _ = tryWrite("0", to: "cgroup.freeze")
            throw error
        }
    }

    /// Lets them run again, and waits until the kernel has.
    public func thaw(deadline: Int32 = 10_000) throws(CFSError) { try setFrozen(false, deadline) }

    private func setFrozen(_ wanted: Bool, _ deadline: Int32) throws(CFSError) {
        let result = tryWrite(wanted ? "1" : "0", to: "cgroup.freeze")
        if result == -ErrorCode.notFound, isThere {
            throw CFSError(
                .kernelUnsupported, .stopping, "the kernel cannot freeze \(path)", path: "\(path)/cgroup.freeze",
                hint: "cgroup.freeze came with Linux 5.2")
        }
        try checked(result, "write", .stopping, path: "\(path)/cgroup.freeze")
        do throws(CFSError) {
            if try waitForEvents(deadline, { $0.isFrozen == wanted }) { return }
        } catch {
            // What goes on may end at once, by a signal that has waited for it, and the cgroup with that.
            if !wanted, error.errno == ENODEV || error.errno == ENOENT { return }
            throw error
        }
        throw CFSError(
            .conflict, .stopping, "processes in \(path) did not \(wanted ? "stop" : "go on")", path: path,
            hint: "they may hang in the kernel: see \(path)/cgroup.procs")
    }

    /// Whether nobody has removed it.
    private var isThere: Bool {
        let result = File.tryOpen("cgroup.procs", .path, at: descriptor)
        if result >= 0 { _ = OwnedFD(result) }
        return result >= 0
    }

    /// Waits until `cgroup.events` says what is wanted; false when the deadline passes.
    private func waitForEvents(_ deadline: Int32, _ isWanted: (CgroupEvents) -> Bool) throws(CFSError) -> Bool {
        let file = try File.open("cgroup.events", .read, at: descriptor, phase: .stopping)
        let end = SystemClock.monotonic + UInt64(max(deadline, 0)) * 1_000_000
        var buffer = [UInt8](repeating: 0, count: 256)
        while true {
            // Reading first: what changes from now on is signalled.
            let count = try checked(
                buffer.withUnsafeMutableBytes { Int(cfs_read_from_start(file.raw, $0.baseAddress, $0.count)) }, "pread",
                .stopping, path: "\(path)/cgroup.events")
            if buffer.withUnsafeBytes({ isWanted(CgroupEvents(UnsafeRawBufferPointer(rebasing: $0[..<count]))) }) {
                return true
            }
            let now = SystemClock.monotonic
            guard now < end else { return false }
            let wait = Int32((end - now) / 1_000_000) + 1
            try checked(Int(cfs_poll_one(file.raw, CFS_POLLPRI, wait)), "poll", .stopping, path: path)
        }
    }

    // MARK: Killing

    /// Kills all that live in it and below: `cgroup.kill` (Linux 5.14); where there is none, one by one while they stand
    /// still, so that nobody escapes by cloning.
    public func kill() throws(CFSError) {
        let result = tryWrite("1", to: "cgroup.kill")
        if result != -ErrorCode.notFound {
            try checked(result, "write", .stopping, path: "\(path)/cgroup.kill")
            return
        }
        // Best effort: killing frozen processes ends them, and thawing a cgroup that never froze does nothing.
        _ = tryWrite("1", to: "cgroup.freeze")
        defer { _ = tryWrite("0", to: "cgroup.freeze") }
        // Freezing takes its time: who was cloned meanwhile is found by the next pass.
        var killed: [Int32] = []
        while true {
            var found = false
            try Self.forEachProcess(at: descriptor) { pid in
                guard !killed.contains(pid) else { return }
                found = true
                killed.append(pid)
                _ = Glibc.kill(pid, SIGKILL)
            }
            if !found { return }
        }
    }

    private static func forEachProcess(at folder: Int32, _ body: (Int32) -> Void) throws(CFSError) {
        let text = String(decoding: try File.readAll(at: "cgroup.procs", below: folder), as: UTF8.self)
        for line in text.split(separator: "\n") {
            if let pid = Int32(line), pid > 0 { body(pid) }
        }
        try Directory.forEachEntry(of: folder) { name, type throws(CFSError) in
            guard type == DT_DIR else { return }
            let opened = openat(folder, name, O_RDONLY | Int32(CFS_O_DIRECTORY | CFS_O_NOFOLLOW | CFS_O_CLOEXEC))
            if opened < 0 { return }
            let inner = OwnedFD(opened)
            try forEachProcess(at: inner.raw, body)
        }
    }
}
