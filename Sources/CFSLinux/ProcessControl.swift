import CFSModel
import CLinux
import Glibc

/// Namespace flags of clone3(2) and setns(2).
public struct NamespaceFlags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public static let mount = NamespaceFlags(rawValue: UInt64(CFS_CLONE_NEWNS))
    public static let cgroup = NamespaceFlags(rawValue: UInt64(CFS_CLONE_NEWCGROUP))
    public static let uts = NamespaceFlags(rawValue: UInt64(CFS_CLONE_NEWUTS))
    public static let ipc = NamespaceFlags(rawValue: UInt64(CFS_CLONE_NEWIPC))
    public static let user = NamespaceFlags(rawValue: UInt64(CFS_CLONE_NEWUSER))
    public static let pid = NamespaceFlags(rawValue: UInt64(CFS_CLONE_NEWPID))
    public static let network = NamespaceFlags(rawValue: UInt64(CFS_CLONE_NEWNET))
    public static let time = NamespaceFlags(rawValue: UInt64(CFS_CLONE_NEWTIME))
}

/// How a process ended, as waitid(2) tells it.
public enum ProcessEnd: Sendable, Hashable {
    case exited(Int32)
    case signalled(Int32, coreDumped: Bool)

    /// The shell's convention: the code, or 128 + the signal's number.
    public var status: Int32 {
        switch self {
        case .exited(let code): code
        case .signalled(let number, _): 128 + number
        }
    }
}

public enum ProcessControl {
    /// What a clone returns: in the parent the child's number and pidfd, in the child neither.
    public enum Cloned {
        case child
        case parent(pid: Int32, pidfd: Int32)
    }

    /// clone3(2) without shared memory. Only from a process with one thread: another thread's locks would never be freed.
    ///
    /// - Parameters:
    ///   - namespaces: those that the child gets new.
    ///   - cgroup: a cgroup v2 folder to be born in (CLONE_INTO_CGROUP, Linux 5.7), or nil.
    ///   - sibling: whether the child becomes the caller's sibling (CLONE_PARENT).
    public static func clone(
        _ namespaces: NamespaceFlags, cgroup: Int32? = nil, sibling: Bool = false
    ) throws(CFSError) -> Cloned {
        var pidfd: Int32 = -1
        var arguments = cfs_clone_args()
        arguments.flags = namespaces.rawValue | UInt64(CFS_CLONE_PIDFD)
        if sibling {
            arguments.flags |= UInt64(CFS_CLONE_PARENT)
        } else {
            arguments.exit_signal = UInt64(SIGCHLD)
        }
        if let cgroup {
            arguments.flags |= UInt64(CFS_CLONE_INTO_CGROUP)
            arguments.cgroup = UInt64(cgroup)
        }
        let result = withUnsafeMutablePointer(to: &pidfd) { pidfd in
            arguments.pidfd = UInt64(UInt(bitPattern: pidfd))
            return Int(cfs_clone3(&arguments))
        }
        if result == -ErrorCode.again {
            throw CFSError(
                .limitExceeded, .cloning, "no further process can be made: a limit of processes is reached",
                systemCall: "clone3", errno: Int32(-result),
                hint: "the cgroup's (--pids-limit, `cfs update` changes it), or the user's (RLIMIT_NPROC)")
        }
        try checked(result, "clone3", .cloning)
        return result == 0 ? .child : .parent(pid: Int32(result), pidfd: pidfd)
    }

    public static func unshare(_ namespaces: NamespaceFlags) throws(CFSError) {
        try checked(rawCall(cfs_nr_unshare, Int(namespaces.rawValue)), "unshare", .cloning)
    }

    /// setns(2): enters the namespace behind a descriptor, or with a pidfd all those named (Linux 5.8).
    public static func enter(_ fd: Int32, _ namespaces: NamespaceFlags, path: String? = nil) throws(CFSError) {
        try checked(rawCall(cfs_nr_setns, Int(fd), Int(namespaces.rawValue)), "setns", .entering, path: path)
    }

    /// Opens a pidfd (pidfd_open(2), Linux 5.3); nil when there is no such process.
    public static func open(pid: Int32) throws(CFSError) -> OwnedFD? {
        let result = rawCall(cfs_nr_pidfd_open, Int(pid), 0)
        if result == -ErrorCode.noProcess { return nil }
        return OwnedFD(try checked(result, "pidfd_open", .looking))
    }

    /// Another descriptor for what an open descriptor of another process stands for (pidfd_getfd(2), Linux 5.6).
    ///
    /// - Throws: `notPermitted` without the right to trace that process (ptrace(2), PTRACE_MODE_ATTACH_REALCREDS).
    public static func take(_ number: Int32, ofProcessBehind pidfd: Int32) throws(CFSError) -> OwnedFD {
        OwnedFD(
            try checked(rawCall(cfs_nr_pidfd_getfd, Int(pidfd), Int(number), 0), "pidfd_getfd", .preparing))
    }

    /// The number of the process behind a pidfd, as this process sees it (`Pid:` of proc_pid_fdinfo(5)); nil when it has
    /// been reaped.
    public static func number(ofProcessBehind pidfd: Int32) throws(CFSError) -> Int32? {
        let text = String(decoding: try File.readAll(at: "/proc/self/fdinfo/\(pidfd)"), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("Pid:") }
        let number = line.flatMap { Int32($0.dropFirst(4).drop { $0 == "\t" }) }
        return number.flatMap { $0 > 0 ? $0 : nil }
    }

    /// Sends a signal by pidfd; false when the process is gone.
    @discardableResult
    public static func signal(_ pidfd: Int32, _ number: Int32) throws(CFSError) -> Bool {
        let result = rawCall(cfs_nr_pidfd_send_signal, Int(pidfd), Int(number), 0, 0)
        if result == -ErrorCode.noProcess { return false }
        try checked(result, "pidfd_send_signal", .stopping)
        return true
    }

    /// Waits for the end of the child behind a pidfd, or returns nil at once when it lives and `wait` is false.
    /// A child that is merely stopped by a tracer has not ended: only exited, killed and dumped count.
    public static func reap(_ pidfd: Int32, wait: Bool) throws(CFSError) -> ProcessEnd? {
        var result = cfs_wait_result()
        let options = Int32(CFS_WEXITED) | (wait ? 0 : Int32(CFS_WNOHANG))
        try checked(Int(cfs_waitid(CFS_P_PIDFD, pidfd, &result, options)), "waitid", .running)
        guard result.pid != 0 else { return nil }
        switch result.code {
        case CFS_CLD_EXITED: return .exited(result.status)
        case CFS_CLD_KILLED: return .signalled(result.status, coreDumped: false)
        case CFS_CLD_DUMPED: return .signalled(result.status, coreDumped: true)
        default: return nil
        }
    }

    /// Lets the heap grow in large steps and keep what it has (mallopt(3)): for a process that is over soon, or that stays
    /// small. By itself glibc gives memory back page by page, each time with a system call.
    public static func keepHeap() { cfs_keep_heap(1 << 20, 1 << 24) }

    /// Ends this process with a signal when the thread that started it ends (PR_SET_PDEATHSIG of prctl(2)).
    public static func endWithParent(_ signal: Int32) throws(CFSError) {
        try checked(control(CFS_PR_SET_PDEATHSIG, Int(signal)), "prctl", .preparing)
    }

    /// prctl(2): a value, or minus the error number.
    public static func control(_ operation: Int32, _ a: Int = 0, _ b: Int = 0) -> Int {
        rawCall(cfs_nr_prctl, Int(operation), a, b, 0, 0)
    }
}

/// Starting an executable from any process, with threads or not (posix_spawn(3)).
public enum Spawn {
    /// What the new process has of its own, and hands on to its children.
    public struct Own: OptionSet, Sendable {
        public let rawValue: Int32
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// A session keyring (session-keyring(7)), where the kernel has keys.
        public static let keyring = Own(rawValue: CFS_SPAWN_KEYRING)
        /// It cannot gain privileges by executing a program (PR_SET_NO_NEW_PRIVS).
        public static let noNewPrivileges = Own(rawValue: CFS_SPAWN_NO_NEW_PRIVS)
    }

    /// - Parameters:
    ///   - descriptors: what the new process gets: number there, descriptor here. All else is close-on-exec.
    ///   - newSession: whether it leads a session of its own, away from the caller's terminal.
    /// - Returns: its process number.
    public static func start(
        _ path: String, _ arguments: [String], environment: [String], descriptors: [(Int32, from: Int32)],
        newSession: Bool
    ) throws(CFSError) -> Int32 {
        try start(path, arguments, environment: environment, descriptors: descriptors, newSession: newSession, own: [])
    }

    /// The same, with more of its own.
    public static func start(
        _ path: String, _ arguments: [String], environment: [String], descriptors: [(Int32, from: Int32)],
        newSession: Bool, own: Own
    ) throws(CFSError) -> Int32 {
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer {
            for pointer in argv { free(pointer) }
            for pointer in envp { free(pointer) }
        }
        let map = descriptors.flatMap { [$0.from, $0.0] }
        let flags = own.rawValue | (newSession ? CFS_SPAWN_SESSION : 0)
        let pid = Int(cfs_spawn(path, &argv, &envp, map, descriptors.count, flags))
        guard pid == -Int(EAGAIN) else { return Int32(try checked(pid, "posix_spawn", .starting, path: path)) }
        throw CFSError(kernel: EAGAIN, "posix_spawn", .starting, path: path).hinting(
            "there are as many processes as are allowed: see ulimit -u, and pids.max of your own cgroup")
    }
}
