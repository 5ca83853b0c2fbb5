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
    func report(_ error: CFSError) -> Never { Self.report(error, to: socket) }

    private static func report(_ error: CFSError, to socket: Int32) -> Never {
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
        try moveClocks(plan.timeOffsets)
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
        if let held = plan.held { try stopAtMounts(held) }
        // Before /proc/sys becomes read-only.
        try mounts.writeSysctls()
        try mounts.mask()
        try mounts.makeReadOnly()
        try mounts.pivot()

        try ProcessEntry.connect(standard, terminal: mounts.terminal, owner: identity)
        if let held = plan.held { try stopBeforeCommand(held, plan, identity) }
        if plan.waitsForNetworks { try awaitGo() }
        try ProcessEntry(plan: plan.process, identity: identity, launcher: socket).enter()
    }

    // MARK: A start that is held

    /// Lets the launcher run its hooks, and runs those that belong into this mount namespace: it still has the host's root.
    private func stopAtMounts(_ held: HeldStart) throws(CFSError) {
        guard held.stopsAtMounts else { return }
        try MessageSocket.send(socket, LaunchMessage.mounted.bytes)
        guard let (bytes, _) = try MessageSocket.receive(socket), case .hooked(let state)? = LaunchMessage(bytes: bytes)
        else { _exit(125) }
        try held.createContainerHooks.run(state: Array(state.utf8), point: "createContainer")
    }

    /// Waits until somebody says that the command shall run, and becomes it.
    private func stopBeforeCommand(
        _ held: HeldStart, _ plan: LaunchPlan, _ identity: ProcessEntry.Identity
    ) throws(CFSError) -> Never {
        if !plan.process.arguments.isEmpty {
            try ProcessEntry(plan: plan.process, identity: identity, launcher: socket).checkCommand()
        }
        // From here on the launcher may end; until it has recorded the container, its end of the socket tells.
        try checked(ProcessControl.control(CFS_PR_SET_PDEATHSIG, 0), "prctl", .starting)
        try MessageSocket.send(socket, LaunchMessage.ready.bytes)
        guard let (bytes, _) = try MessageSocket.receive(socket),
            case .released(let state)? = LaunchMessage(bytes: bytes)
        else { _exit(125) }
        let starter = try awaitStarter(held)
        do throws(CFSError) {
            guard !plan.process.arguments.isEmpty else {
                throw CFSError(
                    .invalidConfiguration, .starting, "the container has no command: its configuration has no process")
            }
            try held.startContainerHooks.run(state: Array(state.utf8), point: "startContainer")
            try ProcessEntry(plan: plan.process, identity: identity, launcher: starter).enter()
        } catch {
            Self.report(error, to: starter)
        }
    }

    /// The socket of whoever starts the command. One that goes away without the word is no starter.
    private func awaitStarter(_ held: HeldStart) throws(CFSError) -> Int32 {
        guard let gate = held.gate else {
            try awaitGo()
            return socket
        }
        while true {
            let accepted = Int(cfs_accept(gate))
            if accepted == -ErrorCode.interrupted || accepted == -Int(ECONNABORTED) { continue }
            try checked(accepted, "accept4", .starting)
            let starter = OwnedFD(accepted)
            let message: [UInt8]?
            do throws(CFSError) { message = try MessageSocket.receive(starter.raw)?.0 } catch { continue }
            if let message, LaunchMessage(bytes: message) == .go { return starter.release() }
        }
    }

    /// Waits for the launcher's word. Without a launcher there is nobody to tell why this ends.
    private func awaitGo() throws(CFSError) {
        guard let (bytes, _) = try MessageSocket.receive(socket), LaunchMessage(bytes: bytes) == .go else { _exit(125) }
    }

    /// What needs neither a plan nor an id map.
    private func prepareNamespaces() throws(CFSError) {
        // If the launcher died before this line, its end of the socket is closed and the next receive says so.
        try checked(ProcessControl.control(CFS_PR_SET_PDEATHSIG, Int(SIGKILL)), "prctl", .cloning)
        // A keyring of its own: the session keyring of whoever started cfs must not be reachable (session-keyring(7)).
        if beginning.ownsKeyring { try ProcessEntry.joinKeyring() }
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

    /// The namespace of the clone takes no offsets any more: it has a process (time_namespaces(7)). Another one is made, which
    /// has none before its clocks are set.
    private func moveClocks(_ offsets: [LaunchPlan.TimeOffset]) throws(CFSError) {
        if offsets.isEmpty { return }
        try ProcessControl.unshare(.time)
        let text = offsets.map { "\($0.clock) \($0.seconds) \($0.nanoseconds)\n" }.text(separator: "")
        // The host's procfs: the root is not the container's yet.
        let file = try File.open("/proc/self/timens_offsets", .write, phase: .cloning)
        let written = Array(text.utf8).withUnsafeBytes { File.write(file.raw, $0) }
        try checked(written, "write", .cloning, path: "timens_offsets")
        let namespace = try File.open("/proc/self/ns/time_for_children", .read, phase: .cloning)
        try ProcessControl.enter(namespace.raw, .time)
    }

    /// Becomes the container's root: until the maps were written, its ids had no meaning.
    private func becomeRoot() throws(CFSError) {
        try checked(rawCall(cfs_nr_setresgid, 0, 0, 0), "setresgid", .cloning)
        try checked(rawCall(cfs_nr_setresuid, 0, 0, 0), "setresuid", .cloning)
    }

    /// As users of other engines know it: a working directory that the image lacks is made.
    private func makeWorkingDirectory(_ path: String, _ root: Int32) throws(CFSError) {
        if path == "/" { return }
        let folder: OwnedFD
        do throws(CFSError) {
            folder = try RootPath.openOrMake(path, root: root, kind: .folder)
        } catch {
            throw WorkingDirectory.failure(path, error)
        }
        guard try File.status(at: folder.raw).isDirectory else {
            throw CFSError(
                .invalidArgument, .starting, "the working directory \(path) is not a folder", path: path)
        }
    }
}
