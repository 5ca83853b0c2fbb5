import CFSCgroups
import CFSLinux
import CFSModel
import CFSNamespaces
import Glibc

/// The process beside one more process of a container (`exec`): like a monitor, without log and record.
struct EntrySession {
    let folder: ContainerFolder
    let request: MonitorMessage.EntryRequest
    let starter: SharedFD

    func run() throws(CFSError) {
        // Of one that is removed at this moment the run's files go first.
        guard let state = try folder.readState(), let pidfd = try ProcessControl.open(pid: state.pid),
            ProcessControl.isRunning(state.pid, startTime: state.startTime)
        else { throw CFSError(.containerNotRunning, .entering, "the container is not running") }
        var container = try folder.readRequest()
        container.takeName(toldIn: folder)
        let signals = try SignalDescriptor(Monitor.signals)
        let cgroup: Cgroup? =
            if let mountPoint = container.cgroupMountPoint, let name = container.cgroupFolder {
                try CgroupHierarchy(mountPoint: mountPoint, folder: name).cgroup(container.id.text)
            } else { nil }

        var plan = try ProcessPlan(try RuntimeSpec.Process(json: request.process))
        plan.user = .named(request.user, groups: container.groups)
        plan.dropsCapabilitiesForOrdinaryUser = !request.privileged
        if let path = request.seccompFilter { plan.seccomp = try SeccompFilter(readingFile: path) }
        let linux = container.spec.linux
        let uids = linux.uidMappings.map { IDMapping($0) }
        let gids = linux.gidMappings.map { IDMapping($0) }
        var streams: StandardStreams?
        if !plan.terminal {
            streams = try StandardStreams(interactive: request.interactive)
            if let root = uids.first.flatMap({ _ in uids.hostID(of: 0) }) { try streams?.give(to: root) }
        }
        let entry = ContainerEntry(
            plan: plan, container: pidfd.raw, namespaces: NamespaceFlags(linux), uidMappings: uids, gidMappings: gids,
            cgroup: cgroup?.descriptor, standard: streams?.inner.map(\.raw) ?? [])
        let process = try entry.launch()
        streams?.closeInner()
        if let terminal = try process.terminal?.duplicate() { streams = try StandardStreams(terminal: terminal) }
        guard let streams else { throw CFSError(.monitorFailed, .entering, "the process sent no terminal") }
        let relay = StreamRelay(
            streams, log: nil, client: .own(interactive: request.interactive), isTerminal: plan.terminal,
            endsWithReader: request.endsWithReader)
        let execution = EngineEvent.Attribute("execID", ProcessClaim(ofHelper: getpid()).text)
        let words = EngineEvent.Attribute("command", plan.arguments.text(separator: " "))
        container.note("exec_start", [words, execution], in: folder)
        try serve(process.pidfd.raw, process.pid, signals, relay) { status in
            // Before the caller hears of it: whoever looks then finds it.
            container.note("exec_die", [EngineEvent.Attribute("exitCode", "\(status)"), execution], in: folder)
        }
    }

    private func serve(
        _ pidfd: Int32, _ pid: Int32, _ signals: borrowing SignalDescriptor, _ relay: StreamRelay,
        ended: (_ status: Int32) -> Void
    ) throws(CFSError) {
        let poll = try EventPoll()
        let clients = ClientConnections()
        try poll.add(pidfd, .readable, token: 0)
        try poll.add(signals.fd.raw, .readable, token: 1)
        let token = try clients.add(starter, poll)
        let startedAt = SystemClock.realtime
        clients.send(.started(pid: pid))
        var end: ProcessEnd?
        while end == nil || !relay.isFlushed {
            try relay.watch(poll)
            for event in try poll.wait(milliseconds: relay.isReadyWithoutEvent ? 0 : -1) {
                switch event.token {
                case 0:
                    end = try ProcessControl.reap(pidfd, wait: false)
                    if end != nil {
                        poll.remove(pidfd)
                        relay.processEnded(poll)
                    }
                case 1:
                    if try signals.pending().contains(where: Monitor.isEnding) {
                        try ProcessControl.signal(pidfd, SIGKILL)
                    }
                case StreamRelay.tokens: relay.handle(event.token)
                default:
                    switch clients.receive(token, poll) {
                    case .signal(let number): try ProcessControl.signal(pidfd, number)
                    case .resize(let rows, let columns): try relay.resize(WindowSize(rows: rows, columns: columns))
                    case .hello: clients.send(.version(MonitorProtocol.version, features: []), to: token)
                    case nil: relay.dropClient(poll)
                    default: clients.send(.refused("a command of exec takes signals and sizes only"), to: token)
                    }
                }
            }
            relay.moveWhatNeedsNoEvent()
            for output in relay.settle(poll, hasCaller: { clients.isThere(token) }) {
                clients.send(.unwritten(output), to: token)
            }
        }
        guard let end else { return }
        var signal: Int32?
        if case .signalled(let number, _) = end { signal = number }
        ended(end.status)
        clients.send(
            .exited(
                ExitRecord(
                    status: end.status, signal: signal, reason: nil, startedAt: startedAt,
                    finishedAt: SystemClock.realtime,
                    timing: [])))
    }
}

extension NamespaceFlags {
    /// Those namespaces of a container that are not the host's; to be entered together.
    init(_ linux: RuntimeSpec.Linux) {
        self = linux.namespaces.reduce(into: []) { flags, namespace in
            flags.formUnion(NamespaceFlags(named: namespace.type) ?? [])
        }
    }
}

extension ProcessClaim {
    /// The process beside a command of `exec`, which tells how that ended.
    public init(ofHelper pid: Int32) {
        self.init(pid: pid, startTime: ProcessStatus(of: pid)?.startTime ?? 0, serial: 0)
    }
}
