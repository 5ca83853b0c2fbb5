import CFSLinux
import CFSModel
import CLinux
import Glibc

/// The last steps of a process that is about to become the container's command: identity, privilege, filter, execve.
/// The order is the protection; each step says why it comes where it does.
struct ProcessEntry {
    let plan: ProcessPlan
    let identity: Identity
    /// The socket to the launcher: when its other end is closed, the launcher is gone.
    let launcher: Int32

    /// Numbers, as the container sees them.
    struct Identity: Sendable, Hashable {
        var uid: UInt32
        var gid: UInt32
        var groups: [UInt32]
        var home: String
    }

    /// Connects standard input, output and error. The process leads a session of its own, always: through that of its
    /// starter it had the starter's terminal as `/dev/tty`, to read from and to type into (TIOCSTI), and got the signals of
    /// its process group.
    static func connect(_ standard: [Int32], terminal: Int32?, owner: Identity) throws(CFSError) {
        try checked(setsid() == -1 ? -Int(errno) : 0, "setsid", .starting)
        if let terminal {
            try checked(Int(cfs_set_controlling_terminal(terminal)), "ioctl", .starting, path: "TIOCSCTTY")
            // The user must be able to open its own terminal again.
            _ = fchown(terminal, owner.uid, gid_t.max)
        }
        for (number, fd) in (terminal.map { [$0, $0, $0] } ?? standard).enumerated() {
            let done = dup2(fd, Int32(number))
            try checked(done == -1 ? -Int(errno) : 0, "dup2", .starting)
        }
    }

    /// A session keyring of its own (session-keyring(7)); a kernel without keys needs none.
    static func joinKeyring() throws(CFSError) {
        let result = rawCall(cfs_nr_keyctl, Int(CFS_KEYCTL_JOIN_SESSION_KEYRING), 0)
        if result != -ErrorCode.noSystemCall { try checked(result, "keyctl", .entering) }
    }

    /// Goes through all steps; returns only by an error.
    func enter() throws(CFSError) -> Never {
        try plan.attributes.apply()
        // The bounding set first: dropping from it needs CAP_SETPCAP in the effective set, and a change of user from root to
        // another empties that. KEEPCAPS carries only the permitted set over the change.
        let sets = capabilities
        try dropBoundingSet(sets.bounding)
        try checked(ProcessControl.control(CFS_PR_SET_KEEPCAPS, 1), "prctl", .starting, path: "PR_SET_KEEPCAPS")
        try setIdentity()
        // As the user, whose permission counts.
        try enterWorkingDirectory()
        _ = Glibc.umask(plan.umask)
        try lowerLimits()

        // Without no_new_privs only a privileged process may load a filter, so then it is loaded before the drop.
        if !plan.noNewPrivileges {
            try raiseEffectiveCapabilities()
            try loadFilter()
        }
        try setCapabilities(sets)
        if plan.diesWithLauncher { try dieWithLauncher() }
        let candidates = executableCandidates()
        try closeAtExecution()
        // A signal that whoever started cfs ignores would stay ignored in the command.
        try checked(Int(cfs_default_signal_actions()), "sigaction", .starting)
        try checked(Int(cfs_unblock_all_signals()), "sigprocmask", .starting)
        if plan.noNewPrivileges {
            try checked(
                ProcessControl.control(CFS_PR_SET_NO_NEW_PRIVS, 1), "prctl", .starting, path: "PR_SET_NO_NEW_PRIVS")
            // Last, so that the filter need not allow what the steps above do.
            try loadFilter()
        }
        try execute(candidates)
    }

    private var capabilities: CapabilitySets {
        guard plan.dropsCapabilitiesForOrdinaryUser, identity.uid != 0 else { return plan.capabilities }
        var sets = plan.capabilities
        (sets.effective, sets.permitted, sets.inheritable, sets.ambient) = (0, 0, 0, 0)
        return sets
    }

    private func setIdentity() throws(CFSError) {
        var groups = identity.groups
        try checked(
            groups.withUnsafeMutableBufferPointer { rawCall(cfs_nr_setgroups, $0.count, address($0.baseAddress)) },
            "setgroups",
            .starting)
        let (uid, gid) = (Int(identity.uid), Int(identity.gid))
        try checked(rawCall(cfs_nr_setresgid, gid, gid, gid), "setresgid", .starting)
        try checked(rawCall(cfs_nr_setresuid, uid, uid, uid), "setresuid", .starting)
    }

    private func enterWorkingDirectory() throws(CFSError) {
        let path = plan.workingDirectory
        let entered = chdir(path) == 0 ? 0 : -Int(errno)
        if entered < 0 {
            throw CFSError(
                entered == -ErrorCode.access ? .commandNotExecutable : .systemCallFailed, .starting,
                "the working directory \(path) cannot be entered", systemCall: "chdir", path: path,
                errno: Int32(-entered))
        }
        // A descriptor from outside must not have become the working directory (CVE-2024-21626): the kernel shows a
        // place that the root does not reach with "(unreachable)".
        var buffer = [CChar](repeating: 0, count: 4096)
        guard getcwd(&buffer, buffer.count) != nil, buffer[0] == 0x2f else {
            throw CFSError(
                .invalidArgument, .starting, "the working directory \(path) lies outside of the container", path: path,
                hint: "name a folder of the container by its own path")
        }
    }

    /// The container ends with its monitor. A change of credentials has cleared what was asked for before, so it is asked for
    /// again; a launcher that died in between sends no signal any more, but its end of the socket is closed.
    private func dieWithLauncher() throws(CFSError) {
        try checked(
            ProcessControl.control(CFS_PR_SET_PDEATHSIG, Int(SIGKILL)), "prctl", .starting, path: "PR_SET_PDEATHSIG")
        var end = pollfd(fd: launcher, events: 0, revents: 0)
        if poll(&end, 1, 0) == 1, end.revents & Int16(POLLHUP) != 0 { _exit(125) }
    }

    /// Whatever was inherited or opened here: nothing but 0, 1, 2 and what was asked for survives execve.
    private func closeAtExecution() throws(CFSError) {
        let first = 3 + plan.preservedDescriptors
        try checked(rawCall(cfs_nr_close_range, Int(first), Int(UInt32.max), 4), "close_range", .starting)
        for number in 3..<first {
            let kept = fcntl(number, F_SETFD, 0)
            try checked(kept == -1 ? -Int(errno) : 0, "fcntl", .starting)
        }
    }

    private func dropBoundingSet(_ keep: UInt64) throws(CFSError) {
        for number in 0..<64 where keep & (1 << UInt64(number)) == 0 {
            let result = ProcessControl.control(CFS_PR_CAPBSET_DROP, number)
            // The first number that the kernel does not know ends the list.
            if result == -ErrorCode.invalid { return }
            try checked(result, "prctl", .starting, path: "PR_CAPBSET_DROP")
        }
    }

    private func raiseEffectiveCapabilities() throws(CFSError) {
        var header = cfs_cap_header(version: UInt32(CFS_CAPABILITY_VERSION_3), pid: 0)
        var data = [cfs_cap_data(), cfs_cap_data()]
        let result = data.withUnsafeMutableBytes { data in
            withUnsafeMutablePointer(to: &header) { rawCall(cfs_nr_capget, address($0), address(data.baseAddress)) }
        }
        try checked(result, "capget", .starting)
        var sets = CapabilitySets()
        sets.permitted = UInt64(data[1].permitted) << 32 | UInt64(data[0].permitted)
        sets.inheritable = UInt64(data[1].inheritable) << 32 | UInt64(data[0].inheritable)
        sets.effective = sets.permitted
        try setCapabilities(sets)
    }

    /// Those that would have hindered the steps before; to lower one needs no privilege.
    private func lowerLimits() throws(CFSError) {
        for limit in plan.limits where limit.hindersStart {
            var (soft, hard): (UInt64, UInt64) = (0, 0)
            try checked(Int(cfs_getrlimit(limit.resource, &soft, &hard)), "getrlimit", .limiting)
            hard = min(hard, limit.hard)
            try checked(Int(cfs_setrlimit(limit.resource, min(limit.soft, hard), hard)), "setrlimit", .limiting)
        }
    }

    private func setCapabilities(_ sets: CapabilitySets) throws(CFSError) {
        var header = cfs_cap_header(version: UInt32(CFS_CAPABILITY_VERSION_3), pid: 0)
        func half(_ shift: UInt64) -> cfs_cap_data {
            cfs_cap_data(
                effective: UInt32(truncatingIfNeeded: sets.effective >> shift),
                permitted: UInt32(truncatingIfNeeded: sets.permitted >> shift),
                inheritable: UInt32(truncatingIfNeeded: sets.inheritable >> shift))
        }
        let data = [half(0), half(32)]
        let result = data.withUnsafeBytes { data in
            withUnsafeMutablePointer(to: &header) { rawCall(cfs_nr_capset, address($0), address(data.baseAddress)) }
        }
        try checked(result, "capset", .starting)
        for number in 0..<64 where sets.ambient & (1 << UInt64(number)) != 0 {
            try checked(
                rawCall(cfs_nr_prctl, Int(CFS_PR_CAP_AMBIENT), Int(CFS_PR_CAP_AMBIENT_RAISE), number, 0, 0), "prctl",
                .starting,
                path: "PR_CAP_AMBIENT_RAISE")
        }
    }

    private func loadFilter() throws(CFSError) {
        guard let filter = plan.seccomp else { return }
        if filter.notifies { return try loadFilterWithListener(filter) }
        let result = filter.bytes.withUnsafeBytes { bytes in
            var program = cfs_sock_fprog(length: UInt16(filter.instructionCount), filter: bytes.baseAddress)
            return withUnsafeMutablePointer(to: &program) {
                rawCall(cfs_nr_seccomp, Int(CFS_SECCOMP_SET_MODE_FILTER), Int(filter.flags), address($0))
            }
        }
        try checked(result, "seccomp", .starting)
    }

    /// The launcher gets the descriptor, and answers when whoever decides about calls has it: not before that may the command
    /// run. One that is gone has not got it there.
    private func loadFilterWithListener(_ filter: SeccompFilter) throws(CFSError) {
        let word = LaunchMessage.listener.bytes
        var failed: Int32 = 0
        let result = filter.bytes.withUnsafeBytes { bytes in
            word.withUnsafeBytes { word in
                var program = cfs_sock_fprog(length: UInt16(filter.instructionCount), filter: bytes.baseAddress)
                return Int(cfs_seccomp_listen(filter.flags, &program, launcher, word.baseAddress, word.count, &failed))
            }
        }
        if result == -Int(ECONNRESET) { _exit(125) }
        try checked(result, failed == 0 ? "seccomp" : failed == 1 ? "sendmsg" : "read", .starting)
    }

    // MARK: Finding and starting the command

    private var environment: [String] {
        var environment = plan.environment
        if !environment.contains(where: { $0.hasPrefix("HOME=") }) { environment.append("HOME=\(identity.home)") }
        return environment
    }

    /// The paths to try, in the order of PATH (execvp(3)). A name with a slash is taken as it is.
    private func executableCandidates() -> [String] {
        let name = plan.arguments.first ?? ""
        if name.hasSlash { return [name] }
        let path = plan.environment.last { $0.hasPrefix("PATH=") }?.dropFirst(5) ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":", omittingEmptySubsequences: false).map { $0.isEmpty ? name : "\($0)/\(name)" }
    }

    /// Looks whether there is a command, as far as its root may say before the user, the folder and the filter are those of
    /// the command.
    ///
    /// - Throws: as ``enter()`` would, when nothing can be executed.
    func checkCommand() throws(CFSError) {
        var refusal: CFSError?
        for candidate in executableCandidates() {
            let path = candidate.isAbsolutePath ? candidate : "\(plan.workingDirectory)/\(candidate)"
            let isFolder = File.statusIfThere(path, followLinks: true)?.isDirectory ?? false
            if !isFolder, access(path, X_OK) == 0 { return }
            let number = isFolder ? EACCES : errno
            if number == ENOENT || number == ENOTDIR { continue }
            refusal = refusal ?? Self.notExecutable(candidate, number)
        }
        throw refusal ?? Self.notFound(plan.arguments.first ?? "")
    }

    private static func notExecutable(_ path: String, _ number: Int32) -> CFSError {
        CFSError(
            .commandNotExecutable, .starting, "\(path) cannot be executed", systemCall: "execve", path: path,
            errno: number, hint: number == ENOEXEC ? "it is neither a program nor a script with a #! line" : nil)
    }

    private static func notFound(_ name: String) -> CFSError {
        CFSError(
            .commandNotFound, .starting, "executable file not found: \"\(name)\"", systemCall: "execve", path: name,
            errno: ENOENT, hint: "the image has no such command")
    }

    private func execute(_ candidates: [String]) throws(CFSError) -> Never {
        let name = plan.arguments.first ?? ""
        var arguments: [UnsafeMutablePointer<CChar>?] = plan.arguments.map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        if plan.initProcess { try InitProcess.supervise(launcher: launcher) }
        var refusal: (path: String, number: Int32)?
        for candidate in candidates {
            _ = execve(candidate, &arguments, &environment)
            let number = errno
            // As execvp(3) does: go on where a path has nothing to offer, remember what was there but not allowed.
            if number != ENOENT && number != ENOTDIR { refusal = refusal ?? (candidate, number) }
        }
        if let refusal { throw Self.notExecutable(refusal.path, refusal.number) }
        if name.hasSlash, access(name, F_OK) == 0 {
            throw CFSError(
                .commandNotFound, .starting, "the interpreter of \(name) does not exist in the image",
                systemCall: "execve",
                path: name, errno: ENOENT)
        }
        throw Self.notFound(name)
    }
}
