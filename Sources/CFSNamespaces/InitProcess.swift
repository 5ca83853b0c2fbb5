import CFSLinux
import CLinux
import Glibc

/// The small init of `--init`: process 1 that starts the command as its child, forwards signals to it and reaps every
/// orphan. It runs with all of the command's restrictions already in force.
enum InitProcess {
    /// Forks. Returns in the child, which becomes the command; the parent stays here until the command ends, and exits
    /// with its status.
    static func supervise() {
        let child = fork()
        if child == 0 {
            // A group of its own in the foreground, so that a terminal's keys reach the command, not the init.
            _ = setpgid(0, 0)
            var blocked = sigset_t()
            sigemptyset(&blocked)
            sigaddset(&blocked, SIGTTOU)
            _ = sigprocmask(SIG_BLOCK, &blocked, nil)
            _ = tcsetpgrp(0, getpid())
            _ = sigprocmask(SIG_UNBLOCK, &blocked, nil)
            return
        }
        // The launcher sees a start by its socket closing; only the command may hold it now.
        _ = rawCall(cfs_nr_close_range, 3, Int(UInt32.max), 0)
        if child < 0 { _exit(125) }
        _ = ProcessControl.control(CFS_PR_SET_NAME, Int(bitPattern: ("cfs-init" as StaticString).utf8Start))
        var all = sigset_t()
        sigfillset(&all)
        // Faults of this process itself must stay deadly.
        for number in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS] { sigdelset(&all, number) }
        _ = sigprocmask(SIG_BLOCK, &all, nil)
        while true {
            var number: Int32 = 0
            guard sigwait(&all, &number) == 0 else { continue }
            if number == SIGCHLD {
                reap(command: child)
            } else {
                _ = kill(child, number)
            }
        }
    }

    private static func reap(command: pid_t) {
        var status: Int32 = 0
        while true {
            let pid = waitpid(-1, &status, WNOHANG)
            if pid <= 0 { return }
            guard pid == command else { continue }
            let signal = status & 0x7f
            _exit(signal == 0 ? (status >> 8) & 0xff : 128 + signal)
        }
    }
}
