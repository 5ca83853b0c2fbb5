import CSeccomp

/// The numbers of system calls, by architecture and name.
struct SeccompCallNumbers {
    let architecture: SeccompArchitecture
    /// libseccomp's token of the architecture, which is the kernel's `AUDIT_ARCH_*` but for x32.
    let token: UInt32

    /// Nil when libseccomp does not know the architecture.
    init?(_ architecture: SeccompArchitecture) {
        let name = architecture.rawValue.dropFirst("SCMP_ARCH_".count).lowercased()
        let token = seccomp_arch_resolve_name(name)
        guard token != 0 else { return nil }
        self.architecture = architecture
        self.token = token
    }

    /// Whether its `long` has 32 bits (`__AUDIT_ARCH_64BIT`): of arguments and values the lower halves count, as in libseccomp.
    var isNarrow: Bool { token & 0x8000_0000 == 0 }

    /// What libseccomp calls it: the number, a negative one for a call of other architectures or of a multiplexer, or nil
    /// for an unknown name.
    static func libraryNumber(_ name: String) -> Int32? {
        let number = seccomp_syscall_resolve_name(name)
        return number == -1 ? nil : number
    }

    /// The number under which the kernel sees the call; nil when this architecture has none or it is not known.
    func number(_ name: String) -> UInt32? {
        let found = seccomp_syscall_resolve_name_arch(token, name)
        if found >= 0 { return UInt32(found) }
        if found == -1 { return Self.newer[name] }
        return architecture == .x86 ? Self.direct[name] : nil
    }

    /// Whether the architecture has the call, be it behind a multiplexer.
    func has(_ name: String) -> Bool {
        let found = seccomp_syscall_resolve_name_arch(token, name)
        // From -100 down to -10000 lie those of multiplexers, which the machine's own architectures do not have.
        return found >= 0 || (found != -1 && found > -10_000 && architecture != .native)
    }

    /// Calls that a libseccomp of the day before may not know. From 424 on all architectures number alike
    /// (Documentation/process/adding-syscalls.rst).
    static let newer: [String: UInt32] = [
        "cachestat": 451, "fchmodat2": 452, "map_shadow_stack": 453, "futex_wake": 454, "futex_wait": 455,
        "futex_requeue": 456, "statmount": 457, "listmount": 458, "lsm_get_self_attr": 459, "lsm_set_self_attr": 460,
        "lsm_list_modules": 461, "mseal": 462, "setxattrat": 463, "getxattrat": 464, "listxattrat": 465,
        "removexattrat": 466, "open_tree_attr": 467, "file_getattr": 468, "file_setattr": 469,
    ]

    /// Calls of i386 that stand for others, told apart by their first argument.
    static let multiplexers: Set<String> = ["socketcall", "ipc"]

    /// i386 has these twice: behind ``multiplexers``, which libseccomp answers with a number of its
    /// own, and since Linux 4.3 and 5.1 directly (arch/x86/entry/syscalls/syscall_32.tbl).
    private static let direct: [String: UInt32] = [
        "socket": 359, "socketpair": 360, "bind": 361, "connect": 362, "listen": 363, "accept4": 364, "getsockopt": 365,
        "setsockopt": 366, "getsockname": 367, "getpeername": 368, "sendto": 369, "sendmsg": 370, "recvfrom": 371,
        "recvmsg": 372, "shutdown": 373, "semget": 393, "semctl": 394, "shmget": 395, "shmctl": 396, "shmat": 397,
        "shmdt": 398, "msgget": 399, "msgsnd": 400, "msgrcv": 401, "msgctl": 402,
    ]
}
