import CFSCgroups
import CFSLinux
import CFSModel
import CFSNamespaces

/// A command that runs, with our ends of its streams.
struct StartedContainer: ~Copyable {
    let process: LaunchedProcess
    let streams: StandardStreams
}

/// One start: from the request to the running command.
struct LaunchAttempt {
    let request: MonitorRequest
    let folder: ContainerFolder
    let cgroup: Cgroup?

    func go(_ timeline: inout Timeline) throws(CFSError) -> StartedContainer {
        let plan = try LaunchPlan(request, folder)
        timeline.mark("plan")
        if plan.process.terminal {
            let process = try Launcher(plan: plan, cgroup: cgroup?.descriptor, standard: []).launch(&timeline)
            guard let terminal = try process.terminal?.duplicate() else {
                throw CFSError(.monitorFailed, .starting, "the container sent no terminal")
            }
            return StartedContainer(process: process, streams: try StandardStreams(terminal: terminal))
        }
        var streams = try StandardStreams(
            interactive: request.interactive, owner: plan.uidMappings.isEmpty ? nil : plan.uidMappings.hostID(of: 0))
        let launcher = Launcher(plan: plan, cgroup: cgroup?.descriptor, standard: streams.inner.map(\.raw))
        let process = try launcher.launch(&timeline)
        streams.closeInner()
        return StartedContainer(process: process, streams: streams)
    }
}

extension LaunchPlan {
    /// The plan of a request; reads the compiled filter, touches nothing else.
    public init(_ request: MonitorRequest, _ folder: ContainerFolder) throws(CFSError) {
        var extras = Extras(
            root: RootPlan(
                source: .overlay(
                    lowers: request.layers, upper: folder.upperPath, work: folder.workPath, volatile: request.isVolatile),
                readOnly: request.spec.root.readonly))
        extras.userName = request.user
        extras.initProcess = request.initProcess
        if let path = request.seccompFilter { extras.seccomp = try SeccompFilter(readingFile: path) }
        try self.init(request.spec, extras)
    }
}
