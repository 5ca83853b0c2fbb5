import CFSCgroups
import CFSLinux
import CFSModel
import CFSNamespaces

/// A command that runs, with our ends of its streams.
struct StartedContainer: ~Copyable {
    let process: LaunchedProcess
    let streams: StandardStreams
}

/// One start: from what is known first to the running command.
struct LaunchAttempt {
    private var streams: StandardStreams?
    private let pending: PendingLaunch
    let cgroup: Cgroup?
    private(set) var networks: NetworkBeginning?
    /// Of the clone, as the host sees it.
    var pid: Int32 { pending.pid }

    /// Makes the cgroup and clones: the container waits in its namespaces for the rest.
    ///
    /// - Parameter plan: when it is known already; else the child reads it when it is told to.
    init(_ preparation: StartPreparation, plan: LaunchPlan? = nil, _ timeline: inout Timeline) throws(CFSError) {
        let folder = ContainerFolder(container: preparation.container, run: preparation.run)
        cgroup = try preparation.makeCgroup()
        timeline.mark("cgroup")
        do throws(CFSError) {
            streams = preparation.terminal ? nil : try StandardStreams(interactive: preparation.interactive)
            let beginning = plan.map { LaunchBeginning($0) } ?? preparation.beginning
            pending = try Launcher.begin(
                beginning, cgroup: cgroup?.descriptor, standard: streams?.inner.map(\.raw) ?? []
            ) { () throws(CFSError) in
                if let plan { return plan }
                return try LaunchPlan(try folder.readRequest(), folder)
            }
        } catch {
            try cgroup?.remove()
            throw error
        }
        streams?.closeInner()
        timeline.mark("clone")
    }

    /// Does for its networks what can be done before they are known. What fails here is done again when they are, and is told
    /// then.
    ///
    /// - Throws: when this thread could not leave the container's namespace again.
    mutating func beginNetworks(_ timeline: inout Timeline) throws(CFSError) {
        do throws(CFSError) {
            networks = try NetworkBeginning(pid: pid)
        } catch {
            guard let own = File.statusIfThere("/proc/thread-self/ns/net", followLinks: true),
                let inside = File.statusIfThere("/proc/\(pid)/ns/net", followLinks: true), !own.isSameFile(as: inside)
            else { throw error }
            return
        }
        timeline.mark("name service")
    }

    /// Goes on until the command runs.
    ///
    /// - Parameter connect: see ``Launcher``.
    func finish(
        _ plan: LaunchPlan, _ timeline: inout Timeline, connect: () throws(CFSError) -> Bool
    ) throws(CFSError) -> StartedContainer {
        if let streams, let root = plan.uidMappings.first.flatMap({ _ in plan.uidMappings.hostID(of: 0) }) {
            try streams.give(to: root)
        }
        let process = try Launcher.finish(pending, plan, &timeline, connect: connect)
        if let streams { return StartedContainer(process: process, streams: streams) }
        guard let terminal = try process.terminal?.duplicate() else {
            throw CFSError(.monitorFailed, .starting, "the container sent no terminal")
        }
        return StartedContainer(process: process, streams: try StandardStreams(terminal: terminal))
    }
}

extension LaunchPlan {
    /// The plan of a request; reads the compiled filter, touches nothing else.
    public init(_ request: MonitorRequest, _ folder: ContainerFolder) throws(CFSError) {
        var extras = Extras(
            root: RootPlan(
                source: .overlay(
                    lowers: request.layers, upper: folder.upperPath, work: folder.workPath, volatile: request.isVolatile
                ),
                readOnly: request.spec.root.readonly))
        extras.userName = request.user
        extras.groups = request.groups
        extras.initProcess = request.initProcess
        extras.hasNetworks = !(request.network?.endpoints ?? []).isEmpty
        if let path = request.seccompFilter { extras.seccomp = try SeccompFilter(readingFile: path) }
        try self.init(request.spec, extras)
    }
}
