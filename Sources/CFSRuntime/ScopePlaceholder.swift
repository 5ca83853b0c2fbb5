import CFSCgroups
import CFSLinux
import CFSModel
import CLinux
import Glibc

/// A process that only waits. systemd makes no scope without one, and a container's own is born only when its cgroup is there.
///
/// It ends with this value, and with this process.
final class ScopePlaceholder {
    let pid: Int32
    private let pidfd: SharedFD
    private var hasEnded = false
    private var cgroup: Cgroup?

    /// Only in a process with one thread: the child goes on in the same program.
    init() throws(CFSError) {
        let parent = getpid()
        switch try ProcessControl.clone([]) {
        case .child: ScopePlaceholder.wait(for: parent)
        case .parent(let pid, let pidfd):
            self.pid = pid
            self.pidfd = SharedFD(OwnedFD(pidfd))
        }
    }

    private static func wait(for parent: Int32) -> Never {
        // Whoever is told to end by a terminal's Ctrl-C is its parent, which ends it.
        _ = cfs_block_all_signals()
        _ = ProcessControl.control(CFS_PR_SET_PDEATHSIG, Int(SIGKILL))
        // The parent may have ended before that was set.
        if getppid() != parent { _exit(0) }
        // Pipes of the caller's and the container's lock are nothing for it to hold.
        _ = rawCall(cfs_nr_close_range, 0, Int(UInt32.max), 0)
        while true { pause() }
    }

    /// Moves it into a cgroup, which goes with it.
    func move(into cgroup: Cgroup) throws(CFSError) {
        self.cgroup = cgroup
        try cgroup.attach(pid)
    }

    /// Ends it; once is enough.
    func end() throws(CFSError) {
        guard !hasEnded else { return }
        hasEnded = true
        try ProcessControl.signal(pidfd.raw, SIGKILL)
        _ = try ProcessControl.reap(pidfd.raw, wait: true)
        try cgroup?.remove()
    }

    deinit {
        do throws(CFSError) {
            try end()
        } catch {
            // It is our own child behind a pidfd of ours, and what it lived in goes with the scope.
            return
        }
    }
}
