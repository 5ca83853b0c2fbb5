import CFSLinux
import CFSModel
import CLinux
import Glibc

/// The ends of a process's standard streams: those that it gets, and ours. There is one owner of each end: a reader sees
/// the end of a pipe only when its last writer has closed it.
package final class StandardStreams {
    /// Input, output and error of the process; closed here once it has them.
    private(set) var inner: [SharedFD] = []
    private var input: SharedFD?
    private var output: SharedFD?
    private var error: SharedFD?

    /// Pipes for output and error, and for input when a client may write; otherwise input is empty.
    init(interactive: Bool) throws(CFSError) {
        if interactive {
            let pipe = try Self.pipe()
            inner.append(pipe.read)
            input = pipe.write
            try Self.setNonBlocking(pipe.write.raw)
        } else {
            inner.append(SharedFD(try File.open("/dev/null", .read)))
            input = nil
        }
        let (out, err) = (try Self.pipe(), try Self.pipe())
        try Self.setNonBlocking(out.read.raw)
        try Self.setNonBlocking(err.read.raw)
        inner += [out.write, err.write]
        (output, error) = (out.read, err.read)
    }

    /// Lets a user open the pipes again, as programs do with `/dev/stdout`: a pipe belongs to whoever made it.
    ///
    /// - Parameter owner: the user, as the host sees it.
    func give(to owner: UInt32) throws(CFSError) {
        for end in [input, output, error] {
            guard let end else { continue }
            try checked(fchown(end.raw, owner, gid_t.max) == -1 ? -Int(errno) : 0, "fchown", .preparing)
        }
    }

    /// A terminal's outer side serves as all three.
    init(terminal: consuming OwnedFD) throws(CFSError) {
        let outer = SharedFD(terminal)
        try Self.setNonBlocking(outer.raw)
        // Two descriptors: a poll knows each only once, and both directions may have to wait at the same time.
        (input, output, error) = (SharedFD(try outer.duplicate()), outer, nil)
    }

    func closeInner() { inner = [] }

    /// Gives our ends away.
    func take() -> (input: SharedFD?, output: SharedFD?, error: SharedFD?) {
        defer { (input, output, error) = (nil, nil, nil) }
        return (input, output, error)
    }

    package static func setNonBlocking(_ fd: Int32) throws(CFSError) {
        let flags = fcntl(fd, F_GETFL)
        try checked(fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ? -Int(errno) : 0, "fcntl", .preparing)
    }

    private static func pipe() throws(CFSError) -> (read: SharedFD, write: SharedFD) {
        var fds: [Int32] = [-1, -1]
        try checked(Int(cfs_pipe(&fds)), "pipe2", .preparing)
        return (SharedFD(OwnedFD(fds[0])), SharedFD(OwnedFD(fds[1])))
    }

    /// What a process's streams are connected to, outside. An end that is missing gets nothing.
    struct Client {
        var input: SharedFD?
        var output: SharedFD?
        var error: SharedFD?
        /// Whether the process's input stays open without one here, for clients that attach.
        var keepsInput = false

        /// Those that this process was started with.
        ///
        /// - Parameters:
        ///   - interactive: whether the process reads an input.
        ///   - keepsInput: whether that waits for clients that attach; else the own one is passed on.
        static func own(interactive: Bool, keepsInput: Bool = false) -> Client {
            Client(
                input: interactive && !keepsInput ? ownCopy(of: 0, writing: false) : nil,
                output: ownCopy(of: 1, writing: true), error: ownCopy(of: 2, writing: true),
                keepsInput: interactive && keepsInput)
        }
    }

    /// Lets go of the client's descriptors 0, 1 and 2: whoever reads what it wrote waits for the last of them to close.
    static func leaveClients() {
        let null = File.tryOpen("/dev/null", .readWrite)
        guard null >= 0 else { return }
        let owned = OwnedFD(null)
        for number in Int32(0)...2 { _ = dup2(owned.raw, number) }
    }

    /// A descriptor of our own for one of this process's standard streams. Pipes and terminals are opened anew, so that not
    /// blocking on them is our choice alone; a regular file keeps its shared position.
    package static func ownCopy(of number: Int32, writing: Bool) -> SharedFD? {
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
