import CFSLinux
import CFSModel
import CLinux
import Glibc

/// The small init of `--init`: process 1 that starts the command as its child, forwards signals to it and reaps every
/// orphan. It runs with all of the command's restrictions already in force.
enum InitProcess {
    /// Forks. Returns in the child, which becomes the command; the parent stays here until the command ends, and exits
    /// with its status. A failure of the command's execve is reported by the child.
    ///
    /// - Parameter launcher: the socket that the launcher sees the start by.
    static func supervise(launcher: Int32) throws(CFSError) {
        var all = sigset_t()
        sigfillset(&all)
        // Faults of this process itself must stay deadly.
        for number in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS] { sigdelset(&all, number) }
        // Before the fork: a signal that came between it and sigwait(3), or the end of a short command, would be lost to
        // process 1, which would then wait for ever.
        _ = sigprocmask(SIG_BLOCK, &all, nil)
        // Its memory is the monitor's: nobody in the container may look into it. An execve takes this back.
        try checked(ProcessControl.control(CFS_PR_SET_DUMPABLE, 0), "prctl", .starting, path: "PR_SET_DUMPABLE")
        // Before the fork: the command could look.
        _ = ProcessControl.control(CFS_PR_SET_NAME, Int(bitPattern: ("cfs-init" as StaticString).utf8Start))
        hideArguments()
        let parent = getpid()
        // Closes when the child executes its command, or ends.
        var pipe: [Int32] = [-1, -1]
        let piped = cfs_pipe(&pipe)
        let child = fork()
        if child < 0 { throw CFSError(kernel: errno, "fork", .starting) }
        if child == 0 {
            try becomeCommand(of: parent)
            return
        }
        if piped == 0 {
            _ = close(pipe[1])
            reportEarlyEnd(of: child, pipe[0], launcher)
        }
        closeDescriptors()
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

    /// The arguments are the monitor's, with paths of the host, and /proc/1/cmdline shows them to everybody.
    private static func hideArguments() {
        var index: Int32 = 0
        while let text = cfs_argument(index) {
            memset(UnsafeMutablePointer(mutating: text), 0, strlen(text))
            index += 1
        }
    }

    private static func becomeCommand(of parent: pid_t) throws(CFSError) {
        // In a pid namespace that is not the container's own, nothing else would end it together with its init.
        try checked(
            ProcessControl.control(CFS_PR_SET_PDEATHSIG, Int(SIGKILL)), "prctl", .starting, path: "PR_SET_PDEATHSIG")
        if getppid() != parent { _exit(125) }
        // A group of its own in the foreground, so that a terminal's keys reach the command, not the init. SIGTTOU, which
        // the change of the foreground brings, is blocked here.
        _ = setpgid(0, 0)
        _ = tcsetpgrp(0, getpid())
        try checked(Int(cfs_unblock_all_signals()), "sigprocmask", .starting)
    }

    /// Waits until the child has executed its command or is at its end. One that a signal ended before, such as that of a
    /// filter, could not say so.
    private static func reportEarlyEnd(of child: Int32, _ pipe: Int32, _ launcher: Int32) {
        var byte: UInt8 = 0
        _ = read(pipe, &byte, 1)
        // To a child that has executed a program setpgid(2) answers EACCES, or EPERM when that leads a session.
        guard setpgid(child, child) == 0 else { return }
        var result = cfs_wait_result()
        let options = Int32(CFS_WEXITED) | Int32(CFS_WNOWAIT)
        guard cfs_waitid(CFS_P_PID, child, &result, options) == 0, result.code != CFS_CLD_EXITED else { return }
        let bytes = LaunchMessage.failed(ChildReports.endedEarly(.signalled(result.status, coreDumped: false))).bytes
        _ = bytes.withUnsafeBytes { cfs_send_fds(launcher, $0.baseAddress, $0.count, nil, 0, 0) }
    }

    /// The launcher sees a start by its socket closing; no copy may stay open here.
    private static func closeDescriptors() {
        // A filter of the user's own may not know close_range(2).
        if rawCall(cfs_nr_close_range, 3, Int(UInt32.max), 0) < 0 { for fd in 3..<Int32(1024) { _ = close(fd) } }
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
