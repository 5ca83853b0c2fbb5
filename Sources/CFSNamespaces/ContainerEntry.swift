import CFSLinux
import CFSModel
import CLinux
import Glibc

/// One more process in a running container (`exec`).
public struct ContainerEntry {
    let plan: ProcessPlan
    /// A pidfd of the container's first process.
    let container: Int32
    /// Which namespaces to enter: those that the container does not share with the host.
    let namespaces: NamespaceFlags
    let uidMappings: [IDMapping]
    let gidMappings: [IDMapping]
    let cgroup: Int32?
    let standard: [Int32]
    /// Who decides about calls, when the plan's filter asks.
    let agent: SeccompAgent?

    public init(
        plan: ProcessPlan, container: Int32, namespaces: NamespaceFlags, uidMappings: [IDMapping],
        gidMappings: [IDMapping],
        cgroup: Int32?, standard: [Int32], agent: SeccompAgent? = nil
    ) {
        self.plan = plan
        self.container = container
        self.namespaces = namespaces
        self.uidMappings = uidMappings
        self.gidMappings = gidMappings
        self.cgroup = cgroup
        self.standard = standard
        self.agent = agent
    }

    /// Starts the process; returns once its command runs.
    ///
    /// - Throws: `containerNotRunning` when the container ends meanwhile.
    public func launch() throws(CFSError) -> LaunchedProcess {
        do throws(CFSError) {
            return try start()
        } catch {
            throw hasEnded(with: error)
                ? CFSError(.containerNotRunning, .entering, "the container is not running") : error
        }
    }

    /// Whether the container has ended, which shows in many ways: namespaces that are gone, a process that was killed with all
    /// others.
    private func hasEnded(with error: CFSError) -> Bool {
        guard [.systemCallFailed, .monitorFailed].contains(error.code) else { return false }
        let isLikely =
            switch error.errno {
            // A child that ended without a word.
            case nil: true
            case ENOENT: error.systemCall == "clone3"
            case let number?: [ESRCH, ENOMEM, ENODEV, EPIPE, ECONNRESET].contains(number)
            }
        // Its first process gives up its namespaces, and kills all others, before it has ended: that takes a moment.
        var end = pollfd(fd: container, events: Int16(POLLIN), revents: 0)
        for _ in 0..<(isLikely ? 100 : 1) {
            // A clone whose intermediate was killed, too: until it is reaped, the first process of its namespace cannot end.
            Intermediate.reapWhatIsLeft()
            if poll(&end, 1, isLikely ? 10 : 0) == 1 { return true }
        }
        return false
    }

    private func start() throws(CFSError) -> LaunchedProcess {
        let pair = try SocketPair()
        let child = try Intermediate.clone(cgroup: cgroup, phase: .entering) { () throws(CFSError) in
            // One call for all of them, by pidfd: no path that a hostile container could exchange (setns(2), Linux 5.8).
            try ProcessControl.enter(container, namespaces)
            if namespaces.contains(.user) { try Intermediate.becomeNamespaceRoot() }
            // Entering a pid namespace holds for children only.
            return try ProcessControl.clone([], sibling: true)
        } child: {
            _ = close(pair.ours)
            enterAndRun(pair.theirs)
        }
        let pidfd = OwnedFD(child.pidfd)
        pair.closeTheirs()
        do {
            try plan.setLimits(of: child.pid)
            let agent = agent.map { SeccompAgent.OfProcess(agent: $0, pid: child.pid, pidfd: pidfd.raw) }
            // The child waits for this, so that its limits are in force before its command is.
            try MessageSocket.send(pair.ours, [1])
            let terminal = try ChildReports.awaitStart(pair.ours, agent: agent)
            let startTime = try ChildReports.confirmStart(child.pid, pidfd.raw, isInit: false)
            return LaunchedProcess(pid: child.pid, pidfd: pidfd, startTime: startTime, terminal: terminal)
        } catch {
            // False for one that has ended by itself and was reaped.
            if try ProcessControl.signal(pidfd.raw, SIGKILL) { _ = try ProcessControl.reap(pidfd.raw, wait: true) }
            throw error
        }
    }

    private func enterAndRun(_ socket: Int32) -> Never {
        do {
            try checked(ProcessControl.control(CFS_PR_SET_DUMPABLE, 0), "prctl", .entering)
            if plan.diesWithLauncher {
                try checked(ProcessControl.control(CFS_PR_SET_PDEATHSIG, Int(SIGKILL)), "prctl", .entering)
            }
            guard try MessageSocket.receive(socket) != nil else { _exit(125) }
            let root = try File.open("/", [.path, .directory], phase: .entering)
            var identity = try ProcessEntry.Identity.resolve(
                plan.user, root: root.raw, uids: uidMappings, gids: gidMappings)
            try identity.lookUpHome(for: plan, root: root.raw)
            if plan.ownsKeyring { try ProcessEntry.joinKeyring() }
            var terminal: Int32?
            if plan.terminal { terminal = try openTerminal(root.raw, socket) }
            try ProcessEntry.connect(standard, terminal: terminal, owner: identity)
            try ProcessEntry(plan: plan, identity: identity, launcher: socket).enter()
        } catch {
            let bytes = LaunchMessage.failed(error).bytes
            _ = bytes.withUnsafeBytes { cfs_send_fds(socket, $0.baseAddress, $0.count, nil, 0, 0) }
            _exit(125)
        }
    }

    /// A pty of the container's devpts, verified to be one: the container had time to put something else there.
    private func openTerminal(_ root: Int32, _ socket: Int32) throws(CFSError) -> Int32 {
        let folder = try File.open(
            "dev/pts", below: root, [.path, .directory], resolve: [.beneath, .noSymlinks], phase: .entering)
        guard cfs_filesystem_magic(folder.raw) == Int(CFS_DEVPTS_SUPER_MAGIC) else {
            throw CFSError(.invalidState, .entering, "/dev/pts of the container is not a devpts", path: "/dev/pts")
        }
        let outer = try File.open(
            "ptmx", [.readWrite, .noControllingTerminal, .noFollow], at: folder.raw, phase: .entering)
        let inner = try checked(Int(cfs_pty_open_peer(outer.raw)), "ioctl", .entering, path: "/dev/pts/ptmx")
        if let size = plan.windowSize { try Terminal.setSize(outer.raw, size) }
        try MessageSocket.send(socket, LaunchMessage.terminal.bytes, descriptors: [outer.raw])
        return Int32(inner)
    }
}
