import CFSLinux
import CFSModel
import Glibc

/// Between two runs of a container.
extension Monitor {
    /// What an event says of a run that the policy has begun.
    var restartAttributes: [EngineEvent.Attribute] {
        restarts > 0 ? [EngineEvent.Attribute("restarts", "\(restarts)")] : []
    }

    /// How long to wait for the next run; nil when there is none.
    func delay(after end: ProcessEnd) -> UInt64? {
        // What removes itself is never started again.
        if request.autoRemove { return nil }
        takeOverChanges()
        if request.restart == .no { return nil }
        let now = SystemClock.realtime
        return backoff.delay(
            after: end.status, ranFor: now - min(startedAt, now), isStopped: isStopped)
    }

    /// Takes over what `cfs update` has changed since the start: the policy, and the limits of the next run. Of a
    /// configuration that is damaged meanwhile the one of the start holds.
    private func takeOverChanges() {
        do throws(CFSError) { request = try folder.readRequest() } catch { return }
        request.takeName(toldIn: folder)
        backoff.policy = request.restart
    }

    /// Waits for the next run, and hears what clients say meanwhile; false when there is none after all.
    func waitForRestart(
        _ delay: UInt64, _ poll: borrowing EventPoll, _ listener: ClientListener,
        _ signals: borrowing SignalDescriptor, _ starterToken: UInt64
    ) throws(CFSError) -> Bool {
        let due = SystemClock.monotonic + delay
        standstills = []
        var holders: [UInt64] = []
        while true {
            let now = SystemClock.monotonic
            holders.removeAll { !clients.contains($0) }
            // While somebody works on its files, this process keeps everybody else from them.
            if holders.isEmpty {
                if isStopped || request.restart == .no { return false }
                if now >= due {
                    takeOverChanges()
                    return request.restart != .no
                }
            }
            let patience = holders.isEmpty ? Int32(clamping: (due - now + 999_999) / 1_000_000) : -1
            for event in try poll.wait(milliseconds: patience) {
                switch event.token {
                case Token.listener: listener.accept(into: clients, poll)
                case Token.signals: _ = try isEnded(by: signals)
                default:
                    guard event.token >= ClientConnections.firstToken else { continue }
                    serveWaiting(event.token, poll, &holders)
                    // Whoever changed the policy has said so, for this may last.
                    takeOverChanges()
                    guard !clients.contains(event.token) else { continue }
                    if event.token == starterToken { StandardStreams.leaveClients() }
                    listener.resume(poll, clientLeft: true)
                }
            }
            listener.resume(poll, clientLeft: false)
        }
    }

    /// Hears a client while nothing runs.
    ///
    /// - Parameter holders: who keeps the next run from beginning.
    private func serveWaiting(_ token: UInt64, _ poll: borrowing EventPoll, _ holders: inout [UInt64]) {
        switch clients.receive(token, poll) {
        case .hold:
            takeOverChanges()
            guard !isStopped, request.restart != .no else {
                clients.send(.refused("the container is about to have ended"), to: token)
                return
            }
            if !holders.contains(token) { holders.append(token) }
            clients.send(.changed, to: token)
        case .stop: isStopped = true
        case .network(let change): takeWaiting(change, by: token)
        case .hello:
            clients.send(.version(MonitorProtocol.version, features: MonitorProtocol.features), to: token)
        // As with a process that ends at that moment.
        case .signal, .resize, nil: return
        case _?: clients.send(.refused("the container waits to be started again"), to: token)
        }
    }

    /// Whether somebody ends the monitor itself; then no run follows.
    func isEnded(by signals: borrowing SignalDescriptor) throws(CFSError) -> Bool {
        guard let number = try signals.pending().first(where: Self.isEnding) else { return false }
        reason = "its monitor was ended by \(Signal.name(number))"
        isStopped = true
        return true
    }
}
