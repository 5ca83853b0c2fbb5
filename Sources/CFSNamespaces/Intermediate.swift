import CFSLinux
import CFSModel
import CLinux
import Glibc

/// A short-lived process between the launcher and the one it wants: it enters namespaces that the launcher must not enter
/// itself, clones from inside, and ends. The clone is the launcher's own child (CLONE_PARENT), which alone can reap it, so
/// its number stays right until then.
enum Intermediate {
    /// - Parameters:
    ///   - cgroup: the cgroup that the clone is born in; entered by the intermediate, which still may.
    ///   - enter: enters the namespaces and clones; runs in the intermediate.
    ///   - child: goes on in the clone and never returns.
    static func clone(
        cgroup: Int32?, phase: CFSError.Phase, enter: () throws(CFSError) -> ProcessControl.Cloned, child: () -> Never
    ) throws(CFSError) -> (pid: Int32, pidfd: Int32) {
        let pair = try SocketPair()
        switch try ProcessControl.clone([], cgroup: cgroup) {
        case .child:
            do {
                // From here on this process can be seen by those in the container: nothing of it may be (CVE-2016-9962).
                try checked(ProcessControl.control(CFS_PR_SET_DUMPABLE, 0), "prctl", phase)
                switch try enter() {
                case .child: child()
                // By descriptor: its number here may be that of a pid namespace which the launcher has chosen for its children.
                case .parent(_, let pidfd): try MessageSocket.send(pair.theirs, [0], descriptors: [pidfd])
                }
            } catch {
                let bytes = LaunchMessage.failed(error).bytes
                _ = bytes.withUnsafeBytes { cfs_send_fds(pair.theirs, $0.baseAddress, $0.count, nil, 0, 0) }
            }
            _exit(0)
        case .parent(_, let intermediate):
            let handle = OwnedFD(intermediate)
            pair.closeTheirs()
            let answer = try MessageSocket.receive(pair.ours)
            _ = try ProcessControl.reap(handle.raw, wait: true)
            guard let (bytes, descriptors) = answer else {
                throw CFSError(
                    .systemCallFailed, phase, "the process that enters the namespaces ended before it answered")
            }
            if case .failed(let error)? = LaunchMessage(bytes: bytes) { throw error }
            guard let pidfd = descriptors.first, let pid = try ProcessControl.number(ofProcessBehind: pidfd) else {
                throw CFSError(.systemCallFailed, phase, "the process ended before it was entered")
            }
            return (pid, pidfd)
        }
    }

    /// Reaps every child that has ended: for a process whose only children are those of ``clone(cgroup:phase:enter:child:)``.
    static func reapWhatIsLeft() {
        var result = cfs_wait_result()
        repeat {
            guard cfs_waitid(CFS_P_ALL, 0, &result, Int32(CFS_WEXITED) | Int32(CFS_WNOHANG)) == 0 else { return }
        } while result.pid != 0
    }

    /// Takes the ids of the root of the user namespace that was entered.
    static func becomeNamespaceRoot() throws(CFSError) {
        try checked(rawCall(cfs_nr_setgroups, 0, 0), "setgroups", .entering)
        try checked(rawCall(cfs_nr_setresgid, 0, 0, 0), "setresgid", .entering)
        try checked(rawCall(cfs_nr_setresuid, 0, 0, 0), "setresuid", .entering)
    }
}
