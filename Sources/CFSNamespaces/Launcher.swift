import CFSLinux
import CFSModel
import CLinux
import Glibc

/// A process that was started, with the handle that stays right when its number is used again.
public struct LaunchedProcess: ~Copyable {
    /// As the host sees it.
    public let pid: Int32
    public let pidfd: OwnedFD
    /// See ``ProcessStatus``; zero where the host has no procfs.
    public let startTime: UInt64
    /// The outer side of its terminal, when it has one.
    public let terminal: OwnedFD?

    init(pid: Int32, pidfd: consuming OwnedFD, startTime: UInt64, terminal: consuming OwnedFD?) {
        self.pid = pid
        self.pidfd = pidfd
        self.startTime = startTime
        self.terminal = terminal
    }
}

/// What a clone needs to know of a plan. It can be known before the rest, and the clone takes a sixth of a start: so it can
/// be made while the rest is still worked out.
public struct LaunchBeginning: Sendable, Hashable {
    /// See ``LaunchPlan``.
    public var newNamespaces: NamespaceFlags
    public var unsharesCgroup: Bool
    public var joins: [LaunchPlan.Join] = []
    public var userNamespacePath: String?
    public var ownsKeyring = true
    /// Whether the launcher stays out of the namespaces that are joined: a process in between enters them.
    public var joinsApart = false

    public init(newNamespaces: NamespaceFlags, unsharesCgroup: Bool) {
        self.newNamespaces = newNamespaces
        self.unsharesCgroup = unsharesCgroup
    }

    public init(_ plan: LaunchPlan) {
        self.init(newNamespaces: plan.newNamespaces, unsharesCgroup: plan.unsharesCgroup)
        joins = plan.joins
        userNamespacePath = plan.userNamespacePath
        ownsKeyring = plan.process.ownsKeyring
        joinsApart = plan.held != nil
    }
}

/// A clone that waits in its namespaces for the plan. It is killed when this value goes without a command.
public final class PendingLaunch {
    /// As the host sees it.
    public let pid: Int32
    let pidfd: SharedFD
    let pair: SocketPair
    private var isCommand = false

    init(pid: Int32, pidfd: SharedFD, pair: SocketPair) {
        self.pid = pid
        self.pidfd = pidfd
        self.pair = pair
    }

    func becameCommand() { isCommand = true }

    /// Waits for the end of a child that has closed its socket without a word, and without a command: the error that tells
    /// of it.
    func endedEarly() throws(CFSError) -> CFSError? {
        guard let end = try ProcessControl.reap(pidfd.raw, wait: true) else { return nil }
        isCommand = true
        return ChildReports.endedEarly(end)
    }

    deinit {
        if isCommand { return }
        do throws(CFSError) {
            try ProcessControl.signal(pidfd.raw, SIGKILL)
            _ = try ProcessControl.reap(pidfd.raw, wait: true)
        } catch {
            // It is our own child behind a pidfd of ours: neither call has a way to fail but that it is gone.
            return
        }
    }
}

/// Carries out a ``LaunchPlan``. Only in a process with one thread: the child goes on in the same program.
public enum Launcher {
    /// Clones. The child takes its namespaces into use, and then waits for the plan.
    ///
    /// - Parameters:
    ///   - cgroup: the cgroup v2 folder to be born in, or nil.
    ///   - standard: the container's standard input, output and error; ignored when it has a terminal.
    ///   - plan: how the child learns the plan, once ``finish(_:_:_:)`` has told it to; runs in the child.
    public static func begin(
        _ beginning: LaunchBeginning, cgroup: Int32?, standard: [Int32],
        plan: @escaping () throws(CFSError) -> LaunchPlan
    ) throws(CFSError) -> PendingLaunch {
        try LaunchClone(beginning: beginning, cgroup: cgroup, standard: standard, plan: plan).make()
    }

    /// Starts the container; returns once its command runs (execve has succeeded), or throws what failed in the child.
    ///
    /// - Parameter connect: puts the child on its networks, before its command can look: when, the plan says. Returns whether
    ///   there are any.
    public static func finish(
        _ pending: PendingLaunch, _ plan: LaunchPlan, _ timeline: inout Timeline,
        connect: () throws(CFSError) -> Bool = { false }
    ) throws(CFSError) -> LaunchedProcess {
        let pidfd = try pending.pidfd.duplicate()
        if !plan.waitsForNetworks {
            let isConnected = try orReason(of: pending) { () throws(CFSError) in try connect() }
            if isConnected { timeline.mark("network") }
        }
        try setUp(pending, plan, &timeline)
        if plan.waitsForNetworks {
            let isConnected = try orReason(of: pending) { () throws(CFSError) in try connect() }
            if isConnected { timeline.mark("network") }
            try letGo(pending)
        }
        let terminal = try ChildReports.awaitStart(pending.pair.ours)
        timeline.mark("command started")
        let startTime = try ChildReports.confirmStart(pending.pid, pidfd.raw, isInit: plan.process.initProcess)
        pending.becameCommand()
        return LaunchedProcess(pid: pending.pid, pidfd: pidfd, startTime: startTime, terminal: terminal)
    }
}

extension Launcher {
    /// The launcher's own part of a start.
    static func setUp(
        _ pending: PendingLaunch, _ plan: LaunchPlan, _ timeline: inout Timeline
    ) throws(CFSError) {
        try orReason(of: pending) { () throws(CFSError) in
            try MessageSocket.send(pending.pair.ours, LaunchMessage.plan.bytes)
        }
        let setup = LaunchSetup(plan: plan, pid: pending.pid, socket: pending.pair.ours)
        var marked = timeline
        try orReason(of: pending) { () throws(CFSError) in try setup.run(&marked) }
        timeline = marked
    }

    /// Tells a child that has all else. One that has failed meanwhile hears nothing any more, and has said why.
    private static func letGo(_ pending: PendingLaunch) throws(CFSError) {
        do throws(CFSError) {
            try MessageSocket.send(pending.pair.ours, LaunchMessage.go.bytes)
        } catch {
            guard error.errno == EPIPE || error.errno == ECONNRESET else { throw error }
        }
    }

    /// Does something for a child. When that fails because the child has ended, the reason is what the child said, or how it
    /// ended.
    static func orReason<Result>(
        of pending: PendingLaunch, _ body: () throws(CFSError) -> Result
    ) throws(CFSError) -> Result {
        do throws(CFSError) {
            return try body()
        } catch {
            guard let status = ProcessStatus(of: pending.pid), status.isEnding else { throw error }
            _ = try ChildReports.awaitStart(pending.pair.ours)
            throw try pending.endedEarly() ?? error
        }
    }
}

/// The clone, here or inside a user namespace that exists already.
private struct LaunchClone {
    let beginning: LaunchBeginning
    let cgroup: Int32?
    let standard: [Int32]
    let plan: () throws(CFSError) -> LaunchPlan

    func make() throws(CFSError) -> PendingLaunch {
        let isApart = beginning.userNamespacePath != nil || beginning.joinsApart && !beginning.joins.isEmpty
        if !beginning.joinsApart { try enterJoinedNamespaces() }
        let pair = try SocketPair()
        let child = isApart ? try cloneApart(pair) : try cloneHere(pair)
        // The other end lives in the child alone, so that its end is seen here.
        pair.closeTheirs()
        return PendingLaunch(pid: child.pid, pidfd: SharedFD(OwnedFD(child.pidfd)), pair: pair)
    }

    private func child(_ pair: SocketPair) -> LaunchChild {
        LaunchChild(
            beginning: beginning, planSource: plan, socket: pair.theirs, launcherEnd: pair.ours, standard: standard)
    }

    private func enterJoinedNamespaces() throws(CFSError) {
        for join in beginning.joins {
            let fd = File.tryOpen(join.path, .read)
            if fd < 0 {
                throw CFSError(
                    .invalidArgument, .entering, "the namespace \(join.path) cannot be opened", systemCall: "open",
                    path: join.path,
                    errno: Int32(-fd))
            }
            let namespace = OwnedFD(fd)
            do throws(CFSError) {
                try ProcessControl.enter(namespace.raw, join.namespace, path: join.path)
            } catch {
                guard error.errno == EINVAL else { throw error }
                throw CFSError(
                    .invalidArgument, .entering, "\(join.path) is no namespace of the kind that is to be joined",
                    systemCall: "setns", path: join.path, errno: EINVAL, hint: "name one such as /proc/PID/ns/ipc")
            }
        }
    }

    private func cloneHere(_ pair: SocketPair) throws(CFSError) -> (pid: Int32, pidfd: Int32) {
        switch try ProcessControl.clone(beginning.newNamespaces, cgroup: cgroup) {
        case .child: child(pair).run()
        case .parent(let pid, let pidfd): return (pid, pidfd)
        }
    }

    /// An intermediate process enters what is joined and clones from inside, so that the new namespaces belong to a user
    /// namespace that is joined. The clone is made our child (CLONE_PARENT), and the intermediate ends.
    private func cloneApart(_ pair: SocketPair) throws(CFSError) -> (pid: Int32, pidfd: Int32) {
        var user: SharedFD?
        if let path = beginning.userNamespacePath { user = SharedFD(try File.open(path, .read, phase: .entering)) }
        return try Intermediate.clone(cgroup: cgroup, phase: .cloning) { () throws(CFSError) in
            if beginning.joinsApart { try enterJoinedNamespaces() }
            guard let user else { return try ProcessControl.clone(beginning.newNamespaces, sibling: true) }
            try ProcessControl.enter(user.raw, .user, path: beginning.userNamespacePath)
            try Intermediate.becomeNamespaceRoot()
            return try ProcessControl.clone(beginning.newNamespaces.subtracting(.user), sibling: true)
        } child: {
            child(pair).run()
        }
    }
}
