import CFSLinux
import CFSModel
import CLinux
import Glibc

/// The child of the clone, from its first line to execve. It is alone in its namespaces and talks to the launcher by one
/// socket only. Nothing here returns.
struct LaunchChild {
    let beginning: LaunchBeginning
    /// Gives the plan once the launcher says that there is one.
    let planSource: () throws(CFSError) -> LaunchPlan
    let socket: Int32
    /// The launcher's end, inherited: while a copy is open here, the launcher's death would not be seen.
    let launcherEnd: Int32
    /// Standard input, output and error, when the container has no terminal.
    let standard: [Int32]

    func run() -> Never {
        _ = close(launcherEnd)
        do {
            try go()
        } catch {
            report(error)
        }
    }

    /// Tells the launcher and ends. The status is seen by nobody: the message is the result.
    func report(_ error: CFSError) -> Never {
        let bytes = LaunchMessage.failed(error).bytes
        _ = bytes.withUnsafeBytes { cfs_send_fds(socket, $0.baseAddress, $0.count, nil, 0, 0) }
        _exit(125)
    }

    private func go() throws(CFSError) -> Never {
        try prepareNamespaces()
        guard let (word, _) = try MessageSocket.receive(socket), LaunchMessage(bytes: word) == .plan else { _exit(125) }
        let plan = try planSource()
        try setName(plan.hostname, cfs_nr_sethostname, "sethostname")
        try setName(plan.domainname, cfs_nr_setdomainname, "setdomainname")
        guard let (bytes, descriptors) = try MessageSocket.receive(socket) else { _exit(125) }
        guard case .proceed(let uid, let gid, let groups, let home)? = LaunchMessage(bytes: bytes), !descriptors.isEmpty
        else {
            throw CFSError(.invalidState, .starting, "the launcher's message is not understood")
        }
        let identity = ProcessEntry.Identity(uid: uid, gid: gid, groups: groups, home: home)
        if plan.hasUserNamespace { try becomeRoot() }

        var mounts = ChildMounts(plan: plan, descriptors: descriptors)
        try mounts.attachRoot()
        try mounts.attachAll()
        try makeWorkingDirectory(plan.process.workingDirectory, mounts.root)
        if plan.process.terminal {
            let outer = try mounts.openTerminal()
            try MessageSocket.send(socket, LaunchMessage.terminal.bytes, descriptors: [outer.raw])
        }
        // Before /proc/sys becomes read-only.
        try mounts.writeSysctls()
        try mounts.mask()
        try mounts.makeReadOnly()
        try mounts.pivot()

        try ProcessEntry.connect(standard, terminal: mounts.terminal, owner: identity)
        try ProcessEntry(plan: plan.process, identity: identity, launcher: socket).enter()
    }

    /// What needs neither a plan nor an id map.
    private func prepareNamespaces() throws(CFSError) {
        // If the launcher died before this line, its end of the socket is closed and the next receive says so.
        try checked(ProcessControl.control(CFS_PR_SET_PDEATHSIG, Int(SIGKILL)), "prctl", .cloning)
        // A keyring of its own: the session keyring of whoever started cfs must not be reachable (session-keyring(7)).
        let keyring = rawCall(cfs_nr_keyctl, Int(CFS_KEYCTL_JOIN_SESSION_KEYRING), 0)
        if keyring < 0 && keyring != -ErrorCode.noSystemCall { try checked(keyring, "keyctl", .cloning) }
        if beginning.unsharesCgroup { try ProcessControl.unshare(.cgroup) }
        if beginning.newNamespaces.contains(.network) {
            try checked(Int(cfs_loopback_up()), "ioctl", .cloning, path: "lo")
        }
        // Nothing mounted here may travel to the host.
        try Mounting.makeAllPrivate()
    }

    private func setName(_ name: String?, _ number: Int, _ call: StaticString) throws(CFSError) {
        guard let name else { return }
        try checked(name.withCString { rawCall(number, address($0), name.utf8.count) }, call, .cloning)
    }

    /// Becomes the container's root: until the maps were written, its ids had no meaning.
    private func becomeRoot() throws(CFSError) {
        try checked(rawCall(cfs_nr_setresgid, 0, 0, 0), "setresgid", .cloning)
        try checked(rawCall(cfs_nr_setresuid, 0, 0, 0), "setresuid", .cloning)
    }

    /// As users of other engines know it: a working directory that the image lacks is made.
    private func makeWorkingDirectory(_ path: String, _ root: Int32) throws(CFSError) {
        if path == "/" { return }
        let folder = try RootPath.openOrMake(path, root: root, kind: .folder)
        guard try File.status(at: folder.raw).isDirectory else {
            throw CFSError(
                .invalidArgument, .starting, "the working directory \(path) is not a folder", path: path)
        }
    }
}
