import CFSModel
import TestSupport
import Testing

@testable import CFSNamespaces

@Suite("The engine's own allow-list")
struct SeccompStandardTests {
    private static let eperm = SeccompVerdicts.Verdict.error(1)
    private static let enosys = SeccompVerdicts.Verdict.error(38)
    private static let eafnosupport = SeccompVerdicts.Verdict.error(97)

    @Test(
        "what C libraries, shells, databases and language runtimes call is allowed",
        arguments: [
            // glibc and musl at start
            "execve", "brk", "mmap", "mprotect", "munmap", "openat", "read", "pread64", "newfstatat", "fstat", "close",
            "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "prlimit64", "getrandom", "futex", "exit_group",
            "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "statx", "readlinkat", "getcwd", "uname",
            // shells and their jobs
            "vfork", "fork", "wait4", "waitid", "pipe2", "dup2", "dup3", "setpgid", "getpgrp", "setsid", "kill",
            "umask",
            "getdents64", "chdir", "fchdir", "faccessat2", "close_range", "openat2", "fchmodat2",
            // servers
            "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "accept4", "bind", "listen",
            "connect",
            "sendmsg", "recvmsg", "sendmmsg", "recvmmsg", "getsockopt", "sendfile", "splice", "eventfd2", "signalfd4",
            "timerfd_create", "timerfd_settime", "inotify_init1", "inotify_add_watch", "io_setup", "io_submit",
            "io_getevents", "io_pgetevents", "preadv2", "pwritev2", "copy_file_range", "fallocate", "fdatasync",
            "sync_file_range", "shmget", "shmat", "semop", "semtimedop", "mq_open", "memfd_create", "mlock", "madvise",
            "setgroups", "setresuid", "capget", "capset", "prctl", "chown", "fchownat", "chroot", "setrlimit",
            // runtimes: Go, Java, Node, .NET
            "sched_yield", "sched_getaffinity", "sched_setaffinity", "tgkill", "nanosleep", "clock_nanosleep",
            "membarrier",
            "mincore", "getcpu", "gettid", "pidfd_open", "pidfd_send_signal", "process_mrelease", "pkey_alloc",
            "timer_create", "rt_sigtimedwait", "rt_tgsigqueueinfo", "ptrace", "process_vm_readv", "seccomp",
            // new ones, which libraries try first
            "landlock_create_ruleset", "landlock_restrict_self", "memfd_secret", "futex_waitv", "futex_wait",
            "cachestat",
            "mseal", "map_shadow_stack", "setxattrat", "getxattrat", "execveat", "renameat2", "name_to_handle_at",
        ])
    func ordinary(name: String) throws {
        #expect(try SeccompVerdicts()(name) == .allowed)
    }

    @Test(
        "what concerns the kernel or the machine is refused with EPERM",
        arguments: [
            "io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd", "keyctl", "add_key", "request_key",
            "bpf",
            "perf_event_open", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module",
            "open_by_handle_at", "mount", "umount2", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount",
            "fspick",
            "mount_setattr", "pivot_root", "setns", "swapon", "swapoff", "reboot", "acct", "settimeofday",
            "clock_settime",
            "quotactl", "quotactl_fd", "iopl", "ioperm", "syslog", "sethostname", "setdomainname", "fanotify_init",
            "kcmp",
            "pidfd_getfd", "vhangup", "nfsservctl", "lookup_dcookie", "uselib", "ustat", "sysfs", "_sysctl",
            "modify_ldt",
            "get_mempolicy", "mbind", "move_pages", "migrate_pages", "create_module",
        ])
    func refused(name: String) throws {
        #expect(try SeccompVerdicts()(name) == Self.eperm)
    }

    @Test("calls that are newer than the list give ENOSYS, so that a library falls back")
    func newer() throws {
        let filter = try SeccompVerdicts()
        for number: UInt32 in [457, 458, 467, 470, 600, 0x3fff_ffff] {
            #expect(filter.verdict(BPFInterpreter.native, number) == Self.enosys, "call \(number)")
        }
    }

    @Test("clone3 gives ENOSYS, unless namespaces may be made anyway")
    func clone3() throws {
        #expect(try SeccompVerdicts()("clone3") == Self.enosys)
        #expect(try SeccompVerdicts(standard: Capability.bit("SYS_ADMIN"))("clone3") == .allowed)
    }

    @Test("threads and processes can be cloned")
    func clone() throws {
        let filter = try SeccompVerdicts()
        // fork of glibc: CHILD_CLEARTID, CHILD_SETTID, SIGCHLD; pthread_create; vfork of Go.
        for flags: UInt64 in [0x0120_0011, 0x003d_0f00, 0x4111, 17, 0] {
            #expect(filter("clone", [flags]) == .allowed, "flags \(flags)")
        }
    }

    @Test(
        "no namespace can be made, by clone or unshare, alone or among other flags",
        arguments: [0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000]
            as [UInt64])
    func namespaces(flag: UInt64) throws {
        let filter = try SeccompVerdicts()
        for call in ["clone", "unshare"] {
            #expect(filter(call, [flag]) == Self.eperm)
            #expect(filter(call, [flag | 0x0120_0011]) == Self.eperm)
            #expect(filter(call, [flag | 0xffff_ffff_0000_0000]) == Self.eperm)
            #expect(try SeccompVerdicts(standard: Capability.bit("SYS_ADMIN"))(call, [flag]) == .allowed)
        }
    }

    @Test("unshare of a time namespace is refused, of the file table allowed")
    func unshare() throws {
        let filter = try SeccompVerdicts()
        #expect(filter("unshare", [0x80]) == Self.eperm)
        #expect(filter("unshare", [0x400]) == .allowed)
    }

    @Test("sockets are of the families unix, inet, inet6 and netlink; others seem not to exist")
    func families() throws {
        let filter = try SeccompVerdicts()
        for family: UInt64 in 0..<60 {
            let expected = [1, 2, 10, 16].contains(family) ? SeccompVerdicts.Verdict.allowed : Self.eafnosupport
            #expect(filter("socket", [family, 1, 0]) == expected, "family \(family)")
            // The kernel reads an int: what stands above it must not turn a family into another.
            #expect(filter("socket", [family | 0x1_0000_0000, 1, 0]) == expected, "family \(family) with a high bit")
        }
        #expect(filter("socketpair", [1, 1, 0]) == .allowed)
        #expect(filter("socketpair", [38, 1, 0]) == Self.eafnosupport)
    }

    @Test("packet sockets come with NET_RAW")
    func packets() throws {
        #expect(try SeccompVerdicts(standard: Capability.bit("NET_RAW"))("socket", [17, 3, 0]) == .allowed)
        #expect(try SeccompVerdicts(standard: Capability.bit("NET_RAW"))("socket", [38, 5, 0]) == Self.eafnosupport)
    }

    @Test("TLS in the kernel cannot be asked for; other options of sockets can")
    func sockets() throws {
        let filter = try SeccompVerdicts()
        #expect(filter("setsockopt", [3, 6, 31]) == .error(2))
        #expect(filter("setsockopt", [3, 0x1_0000_0006, 0xffff_ffff_0000_001f]) == .error(2))
        #expect(filter("setsockopt", [3, 6, 1]) == .allowed)
        #expect(filter("setsockopt", [3, 1, 31]) == .allowed)
        #expect(filter("setsockopt", [31, 0, 6]) == .allowed)
    }

    @Test("nobody types into a terminal that somebody else looks at")
    func terminals() throws {
        let filter = try SeccompVerdicts()
        for request: UInt64 in [0x5412, 0x541c] {
            #expect(filter("ioctl", [0, request]) == Self.eperm)
            #expect(filter("ioctl", [0, request | 0xffff_ffff_0000_0000]) == Self.eperm)
        }
        // TCGETS, TIOCGWINSZ, FIONBIO, and TIOCGPTN as musl writes it, with its sign.
        for request: UInt64 in [0x5401, 0x5413, 0x5421, 0x8004_5430, 0xffff_ffff_8004_5430] {
            #expect(filter("ioctl", [0, request]) == .allowed, "request \(request)")
        }
    }

    @Test("only ordinary personalities can be taken")
    func personalities() throws {
        let filter = try SeccompVerdicts()
        for persona: UInt64 in [0, 8, 0x2_0000, 0x2_0008, 0xffff_ffff, UInt64.max] {
            #expect(filter("personality", [persona]) == .allowed, "persona \(persona)")
        }
        // ADDR_NO_RANDOMIZE, READ_IMPLIES_EXEC, MMAP_PAGE_ZERO, PER_BSD
        for persona: UInt64 in [0x004_0000, 0x040_0000, 0x010_0000, 6, 0x1_0004_0000] {
            #expect(filter("personality", [persona]) == Self.eperm, "persona \(persona)")
        }
    }

    @Test(
        "a capability opens the calls that need it, and no other does",
        arguments: [
            (
                "SYS_ADMIN",
                ["mount", "umount2", "setns", "pivot_root", "fsopen", "move_mount", "bpf", "perf_event_open", "syslog"]
            ),
            ("SYS_PTRACE", ["kcmp", "pidfd_getfd", "process_madvise"]),
            ("SYS_MODULE", ["init_module", "finit_module"]),
            ("SYS_TIME", ["settimeofday", "clock_settime"]), ("SYS_BOOT", ["reboot"]), ("SYS_CHROOT", ["chroot"]),
            ("DAC_READ_SEARCH", ["open_by_handle_at"]), ("SYSLOG", ["syslog"]), ("BPF", ["bpf"]),
            ("PERFMON", ["perf_event_open"]), ("SYS_PACCT", ["acct"]), ("SYS_RAWIO", ["iopl", "ioperm"]),
            ("SYS_TTY_CONFIG", ["vhangup"]), ("SYS_NICE", ["mbind", "set_mempolicy", "move_pages"]),
        ])
    func capabilities(name: String, calls: [String]) throws {
        let with = try SeccompVerdicts(standard: Capability.bit(name))
        let without = try SeccompVerdicts(standard: 0)
        for call in calls {
            #expect(with(call) == .allowed, "\(call) with \(name)")
            #expect(without(call) == Self.eperm, "\(call) without")
        }
    }

    @Test("no capability opens keyrings, io_uring or userfaultfd")
    func never() throws {
        let filter = try SeccompVerdicts(standard: Capability.all)
        for call in ["keyctl", "add_key", "request_key", "io_uring_setup", "userfaultfd", "kexec_load"] {
            #expect(filter(call) == Self.eperm, "\(call)")
        }
    }

    @Test("capabilities that change nothing are not among those that decide the file's name")
    func decisive() {
        for number in 0..<41 {
            let bit = UInt64(1) << UInt64(number)
            let changes =
                SeccompProfile.standard(capabilities: bit, imageArchitecture: "amd64")
                != SeccompProfile.standard(capabilities: 0, imageArchitecture: "amd64")
            #expect(changes == (SeccompProfile.decisiveCapabilities & bit != 0), "capability \(number)")
        }
    }

    @Test("raise standardRevision when this digest changes: compiled filters are kept under it")
    func pinned() {
        let json = JSON.array(
            ["amd64", "386"].flatMap { image in
                [0, Capability.defaults, Capability.all].map {
                    SeccompProfile.standard(capabilities: $0, imageArchitecture: image).json
                }
            })
        #expect(SeccompProfile.standardRevision == 1)
        #expect(FowlerNollVo.sum64(json.bytes()) == 1_420_195_485_464_555_741)
    }

    @Test("the profile reads back from its own JSON")
    func json() throws {
        let profile = SeccompProfile.standard(capabilities: Capability.all, imageArchitecture: "386")
        #expect(try SeccompProfile(json: JSON(parsing: profile.json.bytes(), what: "profile")) == profile)
    }
}

#if arch(x86_64)
@Suite("The allow-list and programs of 32 bits")
struct SeccompStandardCompanionTests {
    private static let enosys = SeccompVerdicts.Verdict.error(38)

    @Test("without a 386 image a call of i386 or x32 is no call, not a death")
    func alone() throws {
        let filter = try SeccompVerdicts()
        for number: UInt32 in [1, 11, 20, 102, 120, 359] {
            #expect(filter.verdict(BPFInterpreter.i386, number) == Self.enosys)
        }
        for number: UInt32 in [0, 39, 59, 512, 520] {
            #expect(filter.verdict(BPFInterpreter.x86x64, 0x4000_0000 | number) == Self.enosys)
        }
        #expect(filter.verdict(BPFInterpreter.aarch64, 63) == Self.enosys)
    }

    @Test(
        "a 386 image has what its C library calls",
        arguments: [
            "execve", "mmap2", "fstat64", "stat64", "_llseek", "fcntl64", "getuid32", "setgroups32", "set_thread_area",
            "ugetrlimit",
            "waitpid", "socketcall", "ipc", "clock_gettime64", "futex_time64", "ppoll_time64", "utimensat_time64",
            "time", "nice",
            "sigreturn", "rt_sigreturn", "statx", "openat", "rseq", "modify_ldt", "semget", "shmat", "connect", "mseal",
            "fchmodat2",
        ])
    func companion(name: String) throws {
        #expect(try SeccompVerdicts(image: "386")(name, on: .x86) == .allowed)
    }

    @Test("a 386 image's programs are held by the same rules")
    func restrictions() throws {
        let filter = try SeccompVerdicts(image: "386")
        #expect(filter("socket", [2], on: .x86) == .allowed)
        #expect(filter("socket", [38], on: .x86) == .error(97))
        #expect(filter("setsockopt", [3, 6, 31], on: .x86) == .error(2))
        #expect(filter("ioctl", [0, 0x5412], on: .x86) == .error(1))
        #expect(filter("ioctl", [0, 0x5413], on: .x86) == .allowed)
        #expect(filter("clone", [0x1000_0011], on: .x86) == .error(1))
        #expect(filter("clone", [0x0120_0011], on: .x86) == .allowed)
        #expect(filter("clone3", on: .x86) == Self.enosys)
        #expect(filter("personality", [0x40000], on: .x86) == .error(1))
        for name in ["mount", "umount", "stime", "keyctl", "vm86", "vm86old", "bpf", "io_uring_setup"] {
            #expect(filter(name, on: .x86) == .error(1), "\(name)")
        }
        #expect(filter.verdict(BPFInterpreter.i386, 470) == Self.enosys)
        #expect(filter("read") == .allowed)
        #expect(filter.verdict(BPFInterpreter.x86x64, 0x4000_0000) == Self.enosys)
    }

    @Test("every operation of the multiplexers works")
    func multiplexers() throws {
        let filter = try SeccompVerdicts(image: "386")
        for operation: UInt64 in 1...20 { #expect(filter("socketcall", [operation], on: .x86) == .allowed) }
        for operation: UInt64 in [1, 2, 3, 4, 11, 12, 13, 14, 21, 22, 23, 24] {
            #expect(filter("ipc", [operation], on: .x86) == .allowed)
        }
    }
}
#endif
