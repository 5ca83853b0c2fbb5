/// The calls of ``SeccompProfile/standard(capabilities:imageArchitecture:)`` that need no look at their arguments, by use.
enum SeccompStandardCalls {
    static let always =
        files + fileAttributes + memory + processes + identity + scheduling + signals + waiting + time
        + sockets + messages + limits + ownSandbox + machine

    private static let files = [
        "access", "chdir", "close", "close_range", "copy_file_range", "creat", "dup", "dup2", "dup3", "faccessat",
        "faccessat2", "fadvise64", "fallocate", "fchdir", "fcntl", "fdatasync", "flock", "fsync", "ftruncate", "getcwd",
        "getdents", "getdents64", "link", "linkat", "lseek", "mkdir", "mkdirat", "mknod", "mknodat",
        "name_to_handle_at",
        "open", "openat", "openat2", "pipe", "pipe2", "pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2",
        "read", "readahead", "readlink", "readlinkat", "readv", "rename", "renameat", "renameat2", "rmdir", "sendfile",
        "splice", "symlink", "symlinkat", "sync", "sync_file_range", "syncfs", "tee", "truncate", "umask", "unlink",
        "unlinkat", "vmsplice", "write", "writev", "cachestat",
        // Asynchronous, in the way that databases and web servers know; not io_uring.
        "io_cancel", "io_destroy", "io_getevents", "io_pgetevents", "io_setup", "io_submit",
    ]

    private static let fileAttributes = [
        "chmod", "chown", "fchmod", "fchmodat", "fchmodat2", "fchown", "fchownat", "fgetxattr", "flistxattr",
        "fremovexattr", "fsetxattr", "fstat", "fstatfs", "futimesat", "getxattr", "getxattrat", "lchown", "lgetxattr",
        "listxattr", "listxattrat", "llistxattr", "lremovexattr", "lsetxattr", "lstat", "newfstatat", "removexattr",
        "removexattrat", "setxattr", "setxattrat", "stat", "statfs", "statx", "utime", "utimensat", "utimes",
    ]

    private static let memory = [
        "brk", "madvise", "map_shadow_stack", "memfd_create", "memfd_secret", "mincore", "mlock", "mlock2", "mlockall",
        "mmap", "mprotect", "mremap", "mseal", "msync", "munlock", "munlockall", "munmap", "pkey_alloc", "pkey_free",
        "pkey_mprotect", "remap_file_pages",
        "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedsend", "mq_unlink",
    ]

    private static let processes = [
        "arch_prctl", "execve", "execveat", "exit", "exit_group", "fork", "get_robust_list", "get_thread_area",
        "getpgid",
        "getpgrp", "getpid", "getppid", "getsid", "gettid", "pidfd_open", "pidfd_send_signal", "prctl",
        "process_mrelease",
        "rseq", "set_robust_list", "set_thread_area", "set_tid_address", "setpgid", "setsid", "vfork", "wait4",
        "waitid",
        // A tracer passes the filter of what it traces no more since Linux 4.8, and reading another's memory needs the same
        // permission as tracing.
        "ptrace", "process_vm_readv", "process_vm_writev",
        "futex", "futex_requeue", "futex_wait", "futex_waitv", "futex_wake", "membarrier",
    ]

    private static let identity = [
        "capget", "capset", "getegid", "geteuid", "getgid", "getgroups", "getresgid", "getresuid", "getuid", "setfsgid",
        "setfsuid", "setgid", "setgroups", "setregid", "setresgid", "setresuid", "setreuid", "setuid",
    ]

    private static let scheduling = [
        "getcpu", "getpriority", "ioprio_get", "ioprio_set", "sched_get_priority_max", "sched_get_priority_min",
        "sched_getaffinity", "sched_getattr", "sched_getparam", "sched_getscheduler", "sched_rr_get_interval",
        "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler", "sched_yield", "setpriority",
    ]

    private static let signals = [
        "kill", "pause", "restart_syscall", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo",
        "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_tgsigqueueinfo", "sigaltstack", "signalfd", "signalfd4",
        "tgkill", "tkill",
    ]

    private static let waiting = [
        "epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd",
        "eventfd2",
        "inotify_add_watch", "inotify_init", "inotify_init1", "inotify_rm_watch", "poll", "ppoll", "pselect6", "select",
    ]

    private static let time = [
        "alarm", "clock_getres", "clock_gettime", "clock_nanosleep", "getitimer", "gettimeofday", "nanosleep",
        "setitimer",
        "time", "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime", "timer_settime", "timerfd_create",
        "timerfd_gettime", "timerfd_settime", "times",
        // They read the clock's state; to change it they want CAP_SYS_TIME over the machine.
        "adjtimex", "clock_adjtime",
    ]

    /// Besides `socket`, `socketpair` and `setsockopt`.
    private static let sockets = [
        "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen", "recvfrom",
        "recvmmsg", "recvmsg", "sendmmsg", "sendmsg", "sendto", "shutdown",
    ]

    /// System V's, which the ipc namespace keeps apart.
    private static let messages = [
        "msgctl", "msgget", "msgrcv", "msgsnd", "semctl", "semget", "semop", "semtimedop", "shmat", "shmctl", "shmdt",
        "shmget",
    ]

    private static let limits = ["getrlimit", "getrusage", "prlimit64", "setrlimit"]

    /// With these a program only ever takes from itself.
    private static let ownSandbox = [
        "landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self", "seccomp",
    ]

    private static let machine = ["getrandom", "sysinfo", "uname"]

    /// Younger than the youngest that is allowed: a library that tries them must see that they are not there.
    static let newAndUnused = ["listmount", "lsm_get_self_attr", "lsm_list_modules", "lsm_set_self_attr", "statmount"]

    /// What programs of 32 bits call in addition: on i386 and arm numbers, sizes and times have calls of their own.
    static let thirtyTwoBits = [
        "_llseek", "_newselect", "chown32", "clock_adjtime64", "clock_getres_time64", "clock_gettime64",
        "clock_nanosleep_time64", "fadvise64_64", "fchown32", "fcntl64", "fstat64", "fstatat64", "fstatfs64",
        "ftruncate64",
        "futex_time64", "getegid32", "geteuid32", "getgid32", "getgroups32", "getresgid32", "getresuid32", "getuid32",
        "io_pgetevents_time64", "ipc", "lchown32", "lstat64", "mmap2", "modify_ldt", "mq_timedreceive_time64",
        "mq_timedsend_time64", "nice", "ppoll_time64", "pselect6_time64", "recv", "recvmmsg_time64",
        "rt_sigtimedwait_time64", "sched_rr_get_interval_time64", "semtimedop_time64", "send", "sendfile64",
        "setfsgid32",
        "setfsuid32", "setgid32", "setgroups32", "setregid32", "setresgid32", "setresuid32", "setreuid32", "setuid32",
        "sigaction", "signal", "sigpending", "sigprocmask", "sigreturn", "sigsuspend", "socketcall", "stat64",
        "statfs64",
        "timer_gettime64", "timer_settime64", "timerfd_gettime64", "timerfd_settime64", "truncate64", "ugetrlimit",
        "utimensat_time64", "waitpid",
        "arm_fadvise64_64", "arm_sync_file_range", "breakpoint", "cacheflush", "set_tls", "sync_file_range2",
    ]

    /// Calls that any one of the capabilities opens.
    static let byCapability: [(capabilities: UInt64, names: [String])] = [
        (
            Capability.bit("SYS_ADMIN"),
            [
                "bpf", "fanotify_init", "fanotify_mark", "fsconfig", "fsmount", "fsopen", "fspick", "listmount",
                "mount",
                "mount_setattr", "move_mount", "open_tree", "open_tree_attr", "perf_event_open", "pivot_root",
                "quotactl",
                "quotactl_fd", "setdomainname", "sethostname", "setns", "statmount", "syslog", "umount", "umount2",
            ]
        ),
        (Capability.bit("BPF"), ["bpf"]),
        (Capability.bit("PERFMON"), ["perf_event_open"]),
        (Capability.bit("SYSLOG"), ["syslog"]),
        (Capability.bit("SYS_CHROOT"), ["chroot"]),
        (Capability.bit("DAC_READ_SEARCH"), ["open_by_handle_at"]),
        (Capability.bit("SYS_PTRACE"), ["kcmp", "pidfd_getfd", "process_madvise"]),
        (
            Capability.bit("SYS_NICE"),
            ["get_mempolicy", "mbind", "migrate_pages", "move_pages", "set_mempolicy", "set_mempolicy_home_node"]
        ),
        (Capability.bit("SYS_TIME"), ["clock_settime", "clock_settime64", "settimeofday", "stime"]),
        (Capability.bit("SYS_MODULE"), ["delete_module", "finit_module", "init_module"]),
        (Capability.bit("SYS_BOOT"), ["reboot"]),
        (Capability.bit("SYS_PACCT"), ["acct"]),
        (Capability.bit("SYS_RAWIO"), ["ioperm", "iopl"]),
        (Capability.bit("SYS_TTY_CONFIG"), ["vhangup"]),
    ]
}
