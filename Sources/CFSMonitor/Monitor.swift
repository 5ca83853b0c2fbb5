import CFSCgroups
import CFSLinux
import CFSModel
import CFSNamespaces
import Glibc

/// The process beside one container: starts it, carries its output, and writes down how it ended. One thread, one loop;
/// it outlives whoever started it, and its container does not outlive it.
public final class Monitor {
    enum Token {
        static let process: UInt64 = 0
        static let listener: UInt64 = 1
        static let signals: UInt64 = 2
        static let memory: UInt64 = 3
    }

    let folder: ContainerFolder
    var request: MonitorRequest
    private let starter: SharedFD
    private let endsWithReader: Bool
    private let keepsInput: Bool
    let clients = ClientConnections()
    /// Nil when none is kept.
    private let log: LogWriter?
    private var timeline = Timeline()
    var startedAt: UInt64 = 0
    var reason: String?
    private var outOfMemory: OutOfMemory?
    private var toldKills: UInt64 = 0

    private var attempt: LaunchAttempt?
    private(set) var cgroup: Cgroup?
    private var hasStarted = false
    var backoff: RestartBackoff
    var isStopped = false
    private var isEndTold = false
    /// Who had joined the streams of the last run.
    private var attached: [UInt64] = []
    /// How often the policy has started it again.
    private(set) var restarts = 0
    var live: LiveState?
    /// Of the run; nil for a container that was on no network so far.
    var network: ContainerNetwork?
    /// The network namespace that was made for the run; nil where it is another one's.
    var namespace: SharedFD?
    /// Of runs that have ended.
    private var remains: [NetworkRemains] = []
    var standstills: [Standstill] = []

    /// - Parameters:
    ///   - starter: the socket of the process that started this one.
    ///   - endsWithReader: see ``StreamRelay``.
    ///   - keepsInput: see ``StandardStreams/Client``.
    ///   - attempt: the start, when it was begun before the rest was known.
    init(
        folder: ContainerFolder, starter: SharedFD, endsWithReader: Bool, keepsInput: Bool, timeline: Timeline,
        attempt: LaunchAttempt?
    ) throws(CFSError) {
        self.folder = folder
        self.starter = starter
        self.endsWithReader = endsWithReader
        self.keepsInput = keepsInput
        self.timeline = timeline
        self.attempt = attempt
        cgroup = attempt?.cgroup
        do throws(CFSError) {
            request = try folder.readRequest()
        } catch {
            try attempt?.cgroup?.remove()
            throw error
        }
        backoff = RestartBackoff(request.restart)
        log = request.log.isKept ? LogWriter(path: folder.logPath, request.log) : nil
        self.timeline.mark("configuration")
    }

    /// Signals that come as something to read: those that end this process, and those that a failed write brings along.
    static var signals: [Int32] { [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ] }

    static func isEnding(_ signal: Int32) -> Bool { signal != SIGPIPE && signal != SIGXFSZ }

    /// Runs the container from its start to its end.
    func run() throws(CFSError) {
        do throws(CFSError) {
            try startAndStay()
        } catch {
            guard !hasStarted else { throw error }
            // Ends what was begun, so that the cgroup is empty.
            attempt = nil
            try cgroup?.remove()
            try folder.removeRun()
            throw error
        }
    }

    private func startAndStay() throws(CFSError) {
        let signals = try SignalDescriptor(Self.signals)
        // Listening before the start: whoever sees the container running can talk to its monitor.
        let listener = ClientListener(try folder.listen(), token: Token.listener)
        let poll = try EventPoll()
        try listener.watch(poll)
        try poll.add(signals.fd.raw, .readable, token: Token.signals)
        let starterToken = try clients.add(starter, poll)
        var end = try runOnce(poll, listener, signals, starterToken)
        hasStarted = true
        while let delay = delay(after: end) {
            try conclude(end, restartsAfter: delay, starterToken)
            removeDevices()
            guard try waitForRestart(delay, poll, listener, signals, starterToken) else { break }
            end = try runAgain(poll, listener, signals, starterToken)
        }
        defer { removeDevices() }
        try finish(end, starterToken)
        // Until the record is written, whoever calls waits; a socket that is closed would say that nothing runs.
        extendLifetime(listener)
    }

    /// Behind everything that somebody waits for.
    private func removeDevices() {
        for left in remains { left.remove() }
        remains = []
    }

    /// One run of the command, from its start to its end.
    private func runOnce(
        _ poll: borrowing EventPoll, _ listener: ClientListener, _ signals: borrowing SignalDescriptor,
        _ starterToken: UInt64
    ) throws(CFSError) -> ProcessEnd {
        defer {
            if let left = network?.disconnect() { remains.append(left) }
            (network, namespace) = (nil, nil)
        }
        let started = try start()
        hasStarted = true
        attempt = nil
        let relay = StreamRelay(
            started.streams, log: log, client: .own(interactive: request.interactive, keepsInput: keepsInput),
            isTerminal: request.spec.process.terminal, endsWithReader: endsWithReader)
        return try loop(
            started.process.pidfd.raw, poll, listener, signals, relay, starterToken, pid: started.process.pid)
    }

    /// A start that fails is an end like another: its policy says what follows.
    private func runAgain(
        _ poll: borrowing EventPoll, _ listener: ClientListener, _ signals: borrowing SignalDescriptor,
        _ starterToken: UInt64
    ) throws(CFSError) -> ProcessEnd {
        (reason, outOfMemory, live, isEndTold) = (nil, nil, nil, false)
        restarts += 1
        timeline = Timeline()
        timeline.mark("restart")
        startedAt = SystemClock.realtime
        do throws(CFSError) {
            return try runOnce(poll, listener, signals, starterToken)
        } catch {
            guard live == nil else { throw error }
            attempt = nil
            reason = error.message
            return .exited(error.exitStatus)
        }
    }

    private func start() throws(CFSError) -> StartedContainer {
        let plan = try LaunchPlan(request, folder)
        timeline.mark("plan")
        if attempt == nil {
            attempt = try LaunchAttempt(StartPreparation(request, folder, plan), plan: plan, &timeline)
            cgroup = attempt?.cgroup
        }
        guard let attempt else { throw CFSError(.invalidState, .starting, "the start was not begun") }
        // Behind the clone, which made its namespace, and before the command, which is to find it whole.
        let started = try attempt.finish(plan, &timeline) { () throws(CFSError) in
            try connectNetworks(pid: attempt.pid, attempt.networks)
        }
        startedAt = SystemClock.realtime
        try record(started.process)
        note("start", restartAttributes)
        return started
    }

    func note(_ action: String, _ attributes: [EngineEvent.Attribute] = []) {
        request.note(action, attributes, in: folder)
    }

    /// Writes down what runs. A container that nobody could find is none: it ends here.
    private func record(_ process: borrowing LaunchedProcess) throws(CFSError) {
        var state = LiveState(
            pid: process.pid, startTime: process.startTime, startedAt: startedAt, cgroup: cgroup?.path,
            timing: timeline.phases)
        state.restarts = restarts
        state.ports = network?.ports ?? []
        state.monitorVersion = MonitorProtocol.version
        if request.health != nil { state.health = Health() }
        do throws(CFSError) {
            try folder.writeState(state)
            live = state
        } catch {
            try ProcessControl.signal(process.pidfd.raw, SIGKILL)
            _ = try ProcessControl.reap(process.pidfd.raw, wait: true)
            throw error
        }
    }

    // MARK: While it runs

    private func loop(
        _ pidfd: Int32, _ poll: borrowing EventPoll, _ listener: ClientListener,
        _ signals: borrowing SignalDescriptor, _ relay: StreamRelay, _ starterToken: UInt64, pid: Int32
    ) throws(CFSError) -> ProcessEnd {
        try poll.add(pidfd, .readable, token: Token.process)
        clients.send(.started(pid: pid))
        // After the good news: the command runs meanwhile.
        let memory = cgroup.flatMap { MemoryWatch.begin($0, request, folder, initPID: pid) }
        if let descriptor = memory?.descriptor { try poll.add(descriptor, .priority, token: Token.memory) }
        let health = request.health.map { watchHealth($0) }
        try network?.watch(poll)
        var end: ProcessEnd?
        while end == nil || !relay.isFlushed {
            try relay.watch(poll)
            if end == nil { health?.tick(poll, isPaused: { self.isFrozen }) }
            network?.tick(poll)
            for event in try poll.wait(milliseconds: patience(relay, listener, end == nil ? health : nil)) {
                switch event.token {
                case Token.memory: try memory?.look()
                case ContainerNetwork.tokens: network?.handle(event.token, poll)
                case HealthWatch.tokens: health?.handle(event.token, poll)
                case Token.process:
                    end = try ProcessControl.reap(pidfd, wait: false)
                    if end != nil {
                        poll.remove(pidfd)
                        relay.processEnded(poll)
                        health?.stop(poll)
                    }
                case Token.listener: listener.accept(into: clients, poll)
                case Token.signals: try endOnRequest(signals, pidfd)
                case StreamRelay.tokens: relay.handle(event.token)
                case Attachments.tokens: relay.attachments.handle(event.token, poll)
                default:
                    try serve(event.token, pidfd, relay, poll, pid: pid)
                    guard !clients.contains(event.token) else { continue }
                    goOn(without: event.token)
                    try relay.forget(event.token, poll)
                    if event.token == starterToken { relay.dropClient(poll) }
                    listener.resume(poll, clientLeft: true)
                }
            }
            relay.moveWhatNeedsNoEvent()
            for output in relay.settle(poll, hasCaller: { clients.isThere(starterToken) }) {
                clients.send(.unwritten(output), to: starterToken)
            }
            relay.attachments.tellSkipped(clients)
            listener.resume(poll, clientLeft: false)
        }
        if let descriptor = memory?.descriptor { poll.remove(descriptor) }
        network?.stop(poll)
        relay.leave(poll)
        relay.attachments.tellSkipped(clients, last: true)
        attached = relay.attachments.connections
        outOfMemory = try memory?.result()
        toldKills = memory?.told ?? 0
        return end ?? .exited(125)
    }

    private func patience(_ relay: StreamRelay, _ listener: ClientListener, _ health: HealthWatch?) -> Int32 {
        if relay.isReadyWithoutEvent { return 0 }
        let spans = [listener.patience, health?.patience ?? -1, network?.patience ?? -1]
        return spans.filter { $0 >= 0 }.min() ?? -1
    }

    var isFrozen: Bool {
        guard let cgroup else { return false }
        do throws(CFSError) { return try cgroup.events().isFrozen } catch { return false }
    }

    private func watchHealth(_ check: HealthCheck) -> HealthWatch {
        HealthWatch(check, folder, request) { [self] health, hasChanged in
            live?.health = health
            if let live {
                // Seen by the next reader; one that cannot be written harms nobody.
                do throws(CFSError) { try folder.writeState(live) } catch { return }
            }
            if hasChanged { note("health_status: \(health.status.rawValue)") }
        }
    }

    private func serve(
        _ token: UInt64, _ pidfd: Int32, _ relay: StreamRelay, _ poll: borrowing EventPoll, pid: Int32
    ) throws(CFSError) {
        switch clients.receive(token, poll) {
        case .signal(let number): try ProcessControl.signal(pidfd, number)
        case .stop(let number):
            isStopped = true
            try ProcessControl.signal(pidfd, number)
        case .resize(let rows, let columns): try relay.resize(WindowSize(rows: rows, columns: columns), by: token)
        case .network(let change): take(change, by: token, poll)
        case .standstill: standStill(for: token)
        case let message?: relay.answer(message, from: token, clients, poll, pid: pid)
        case nil: return
        }
    }

    /// Somebody ends the monitor itself: the container goes with it, in order.
    private func endOnRequest(_ signals: borrowing SignalDescriptor, _ pidfd: Int32) throws(CFSError) {
        if try isEnded(by: signals) { try ProcessControl.signal(pidfd, SIGKILL) }
    }

    // MARK: The end

    /// An end after which another run follows: it is written down like the last one, and clients stay. Those that have joined
    /// its streams hear of it, and the starter in front too: as with Docker, the next run is no longer theirs.
    private func conclude(
        _ end: ProcessEnd, restartsAfter delay: UInt64, _ starterToken: UInt64
    ) throws(CFSError) {
        // What this run left must be gone before the next one.
        var (record, failure) = exitRecord(of: end)
        record.restartsAt = record.finishedAt + delay
        if let failure { throw failure }
        do throws(CFSError) {
            try folder.writeExit(record)
        } catch {
            // The next run matters more than how the last one ended.
            guard error.code == .noSpace else { throw error }
        }
        folder.removeState()
        StandardStreams.leaveClients()
        for token in attached + [starterToken] { clients.send(.exited(record), to: token) }
    }

    private func finish(_ end: ProcessEnd, _ starterToken: UInt64) throws(CFSError) {
        clients.send(.ending)
        // It goes with the folder.
        request.takeName(toldIn: folder)
        var (record, failure) = exitRecord(of: end)
        if !request.autoRemove, let number = log?.finish() {
            record.warnings.append("its log is incomplete: \(ErrorNumber.text(number))")
        }
        if request.autoRemove, failure == nil, clients.isThere(starterToken) {
            // It takes the row away meanwhile, so to everybody the container is gone; what its folders held goes after that.
            note("destroy")
            clients.send(.exited(record))
            return try putAway(&record)
        }
        do throws(CFSError) { try putAway(&record) } catch { failure = error }
        if request.autoRemove, failure == nil { note("destroy") }
        clients.send(.exited(record))
        if let failure { throw failure }
    }

    /// Takes the cgroup away and tells how the run ended. What cannot be tidied up is left to recover(): who waits hears how
    /// the command ended all the same.
    private func exitRecord(of end: ProcessEnd) -> (ExitRecord, CFSError?) {
        var failure: CFSError?
        var signal: Int32?
        if case .signalled(let number, _) = end { signal = number }
        do throws(CFSError) {
            // The controller may have come after the start, with a limit of `cfs update`.
            if outOfMemory == nil, signal == SIGKILL, let cgroup { outOfMemory = try OutOfMemory.counted(in: cgroup) }
        } catch {
            failure = error
        }
        if let outOfMemory, outOfMemory.explains(end, isStopped: isStopped) { reason = reason ?? outOfMemory.text }
        do throws(CFSError) { try cgroup?.remove() } catch { failure = error }
        cgroup = nil
        var record = ExitRecord(
            status: end.status, signal: signal, reason: reason, outOfMemory: outOfMemory, startedAt: startedAt,
            finishedAt: SystemClock.realtime, timing: timeline.phases)
        record.isStopped = isStopped
        record.restarts = restarts
        // Once for each run: one that is not followed by another after all is written down twice.
        if !isEndTold { noteEnd(record) }
        isEndTold = true
        return (record, failure)
    }

    private func noteEnd(_ record: ExitRecord) {
        if let kills = outOfMemory?.kills, kills > toldKills {
            note("oom", [EngineEvent.Attribute("kills", "\(kills - toldKills)")])
        }
        var attributes = [EngineEvent.Attribute("exitCode", "\(record.status)")] + restartAttributes
        if let reason { attributes.append(EngineEvent.Attribute("reason", reason)) }
        note("die", attributes)
    }

    private func putAway(_ record: inout ExitRecord) throws(CFSError) {
        if request.autoRemove {
            try folder.removeContainer()
            return try folder.removeRun()
        }
        do throws(CFSError) {
            try folder.reserve.lend(.part) { () throws(CFSError) in try folder.writeExit(record) }
        } catch {
            // The status matters more than the place: the run folder is on another disk as a rule, in memory.
            try folder.keepExit(record)
            let why = error.errno.map { ErrorNumber.text($0) } ?? error.message
            record.warnings.append("how it ended is written down in \(folder.run) only: \(why)")
            return
        }
        try folder.removeRun()
    }
}
