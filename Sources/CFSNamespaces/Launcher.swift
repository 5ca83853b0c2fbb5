import CFSLinux
import CFSModel
import CLinux
import Glibc

/// A process that was started, with the handle that stays right when its number is used again.
public struct LaunchedProcess: ~Copyable {
    /// As the host sees it.
    public let pid: Int32
    public let pidfd: OwnedFD
    /// The outer side of its terminal, when it has one.
    public let terminal: OwnedFD?

    init(pid: Int32, pidfd: consuming OwnedFD, terminal: consuming OwnedFD?) {
        self.pid = pid
        self.pidfd = pidfd
        self.terminal = terminal
    }
}

/// Carries out a ``LaunchPlan``. Only in a process with one thread: the child goes on in the same program.
public struct Launcher {
    let plan: LaunchPlan
    /// The cgroup v2 folder to be born in, or nil.
    let cgroup: Int32?
    /// The container's standard input, output and error; ignored when it has a terminal.
    let standard: [Int32]

    public init(plan: LaunchPlan, cgroup: Int32?, standard: [Int32]) {
        self.plan = plan
        self.cgroup = cgroup
        self.standard = standard
    }

    /// Starts the container; returns once its command runs (execve has succeeded), or throws what failed in the child.
    public func launch(_ timeline: inout Timeline) throws(CFSError) -> LaunchedProcess {
        try enterJoinedNamespaces()
        let pair = try SocketPair()
        let child = plan.userNamespacePath == nil ? try cloneHere(pair) : try cloneInside(pair)
        let pidfd = OwnedFD(child.pidfd)
        // The other end lives in the child alone, so that its end is seen here.
        pair.closeTheirs()
        timeline.mark("clone")
        do {
            try setUp(child.pid, pair.ours, &timeline)
            let terminal = try ChildReports.awaitStart(pair.ours)
            timeline.mark("command started")
            return LaunchedProcess(pid: child.pid, pidfd: pidfd, terminal: terminal)
        } catch {
            try ProcessControl.signal(pidfd.raw, SIGKILL)
            _ = try ProcessControl.reap(pidfd.raw, wait: true)
            throw error
        }
    }

    private func enterJoinedNamespaces() throws(CFSError) {
        for join in plan.joins {
            let fd = File.tryOpen(join.path, .read)
            if fd < 0 {
                throw CFSError(
                    .invalidArgument, .entering, "the namespace \(join.path) cannot be opened", systemCall: "open", path: join.path,
                    errno: Int32(-fd))
            }
            let namespace = OwnedFD(fd)
            try ProcessControl.enter(namespace.raw, join.namespace, path: join.path)
        }
    }

    private func cloneHere(_ pair: SocketPair) throws(CFSError) -> (pid: Int32, pidfd: Int32) {
        switch try ProcessControl.clone(plan.newNamespaces, cgroup: cgroup) {
        case .child: LaunchChild(plan: plan, socket: pair.theirs, launcherEnd: pair.ours, standard: standard).run()
        case .parent(let pid, let pidfd): return (pid, pidfd)
        }
    }

    /// With a user namespace to join: an intermediate process enters it and clones from inside, so that the new
    /// namespaces belong to it. The clone is made our child (CLONE_PARENT), and the intermediate ends.
    private func cloneInside(_ pair: SocketPair) throws(CFSError) -> (pid: Int32, pidfd: Int32) {
        let path = plan.userNamespacePath ?? ""
        let namespace = try File.open(path, .read, phase: .entering)
        return try Intermediate.clone(cgroup: cgroup, phase: .cloning) { () throws(CFSError) in
            try ProcessControl.enter(namespace.raw, .user, path: path)
            try Intermediate.becomeNamespaceRoot()
            return try ProcessControl.clone(plan.newNamespaces.subtracting(.user), sibling: true)
        } child: {
            LaunchChild(plan: plan, socket: pair.theirs, launcherEnd: pair.ours, standard: standard).run()
        }
    }

    // MARK: The launcher's side, while the child prepares its namespaces

    private func setUp(_ pid: Int32, _ socket: Int32, _ timeline: inout Timeline) throws(CFSError) {
        let process = try File.open("/proc/\(pid)", [.path, .directory], phase: .cloning)
        if plan.newNamespaces.contains(.user) {
            try write(plan.uidMappings.mapText, to: "uid_map", process.raw)
            try write(plan.gidMappings.mapText, to: "gid_map", process.raw)
        }
        if !plan.timeOffsets.isEmpty {
            let text = plan.timeOffsets.map { "\($0.clock) \($0.seconds) \($0.nanoseconds)\n" }.joined()
            try write(text, to: "timens_offsets", process.raw)
        }
        if let adjustment = plan.process.oomScoreAdjustment { try write("\(adjustment)", to: "oom_score_adj", process.raw) }
        try setLimits(pid)
        timeline.mark("id maps")

        let mounts = try prepareMounts(process.raw, &timeline)
        let identity = try resolveUser(mounts.root.raw)
        timeline.mark("user")
        let message = LaunchMessage.proceed(
            uid: identity.uid, gid: identity.gid, groups: identity.groups, home: identity.home)
        try MessageSocket.send(socket, message.bytes, descriptors: [mounts.root.raw] + mounts.others.map(\.raw))
    }

    private struct PreparedMounts {
        let root: SharedFD
        let others: [SharedFD]
    }

    private func prepareMounts(_ process: Int32, _ timeline: inout Timeline) throws(CFSError) -> PreparedMounts {
        var userNamespace: SharedFD?
        if plan.hasUserNamespace {
            userNamespace = SharedFD(try File.open("ns/user", .read, at: process, phase: .mounting))
        }
        let preparation = MountPreparation(plan: plan, userNamespace: userNamespace?.raw)
        let root = SharedFD(try preparation.root())
        timeline.mark("root file system")
        var others: [SharedFD] = []
        for mount in plan.mounts where mount.maker == .launcher { others.append(SharedFD(try preparation.mount(mount))) }
        timeline.mark("mounts")
        return PreparedMounts(root: root, others: others)
    }

    private func resolveUser(_ root: Int32) throws(CFSError) -> ProcessEntry.Identity {
        try ProcessEntry.Identity.resolve(plan.process.user, root: root, uids: plan.uidMappings, gids: plan.gidMappings)
    }

    private func write(_ text: String, to name: String, _ process: Int32) throws(CFSError) {
        let file = try File.open(name, .write, at: process, phase: .cloning)
        let written = Array(text.utf8).withUnsafeBytes { File.write(file.raw, $0) }
        try checked(written, "write", .cloning, path: name)
    }

    /// prlimit(2) by the launcher: a user namespace takes the right to raise a hard limit away. Without that right here
    /// either, the limit is what this process has.
    private func setLimits(_ pid: Int32) throws(CFSError) {
        for limit in plan.process.limits {
            var (soft, hard) = (limit.soft, limit.hard)
            var result = Int(cfs_set_process_limit(pid, limit.resource, soft, hard))
            if result == -ErrorCode.notPermitted {
                var (ourSoft, ourHard): (UInt64, UInt64) = (0, 0)
                try checked(Int(cfs_getrlimit(limit.resource, &ourSoft, &ourHard)), "getrlimit", .limiting)
                (soft, hard) = (min(soft, ourHard), min(hard, ourHard))
                result = Int(cfs_set_process_limit(pid, limit.resource, soft, hard))
            }
            try checked(result, "prlimit", .limiting)
        }
    }
}
