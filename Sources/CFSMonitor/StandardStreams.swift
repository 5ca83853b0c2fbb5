import CFSLinux
import CFSModel
import CLinux
import Glibc

/// The ends of a process's standard streams: those that it gets, and ours.
struct StandardStreams {
    /// Input, output and error of the process; closed here once it has them.
    private(set) var inner: [SharedFD] = []
    let input: SharedFD?
    let output: SharedFD?
    let error: SharedFD?

    /// Pipes for output and error, and for input when a client may write; otherwise input is empty.
    ///
    /// - Parameter owner: the user, as the host sees it: programs open `/dev/stdout` again, and a pipe belongs to whoever made it.
    init(interactive: Bool, owner: UInt32?) throws(CFSError) {
        if interactive {
            let pipe = try Self.pipe(owner)
            inner.append(pipe.read)
            input = pipe.write
            try Self.setNonBlocking(pipe.write.raw)
        } else {
            inner.append(SharedFD(try File.open("/dev/null", .read)))
            input = nil
        }
        let (out, err) = (try Self.pipe(owner), try Self.pipe(owner))
        try Self.setNonBlocking(out.read.raw)
        try Self.setNonBlocking(err.read.raw)
        inner += [out.write, err.write]
        (output, error) = (out.read, err.read)
    }

    /// A terminal's outer side serves as all three.
    init(terminal: consuming OwnedFD) throws(CFSError) {
        let outer = SharedFD(terminal)
        try Self.setNonBlocking(outer.raw)
        (input, output, error) = (outer, outer, nil)
    }

    mutating func closeInner() { inner = [] }

    static func setNonBlocking(_ fd: Int32) throws(CFSError) {
        let flags = fcntl(fd, F_GETFL)
        try checked(fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ? -Int(errno) : 0, "fcntl", .preparing)
    }

    private static func pipe(_ owner: UInt32?) throws(CFSError) -> (read: SharedFD, write: SharedFD) {
        var fds: [Int32] = [-1, -1]
        try checked(Int(cfs_pipe(&fds)), "pipe2", .preparing)
        if let owner { try checked(fchown(fds[0], owner, gid_t.max) == -1 ? -Int(errno) : 0, "fchown", .preparing) }
        return (SharedFD(OwnedFD(fds[0])), SharedFD(OwnedFD(fds[1])))
    }

    /// A descriptor of our own for one of this process's standard streams. Pipes and terminals are opened anew, so that not
    /// blocking on them is our choice alone; a regular file keeps its shared position.
    static func ownCopy(of number: Int32, writing: Bool) -> SharedFD? {
        var status = cfs_stat()
        guard cfs_fstatat(number, "", &status, CFS_AT_EMPTY_PATH) == 0 else { return nil }
        let isPipe = status.mode & S_IFMT == S_IFIFO
        if writing, isPipe || status.isCharacterDevice {
            let opened = File.tryOpen("/proc/self/fd/\(number)", [.write, .nonBlocking, .noControllingTerminal])
            if opened >= 0 { return SharedFD(OwnedFD(opened)) }
        }
        let copy = fcntl(number, F_DUPFD_CLOEXEC, 3)
        return copy >= 0 ? SharedFD(OwnedFD(copy)) : nil
    }
}
