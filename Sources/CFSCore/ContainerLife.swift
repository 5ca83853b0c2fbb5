import CFSCgroups
import CFSLinux
import CFSModel
import CFSMonitor
import CFSRegistry
import Glibc

extension Container {
    /// Sends the first process a signal.
    ///
    /// - Throws: `containerNotRunning`; `monitorFailed` when its monitor cannot be reached.
    public func signal(_ number: Int32) throws(CFSError) {
        let row = try row()
        let endsIt = number == SIGKILL || number == Engine.request(of: folder)?.stopSignal ?? SIGTERM
        let monitor = try connectToMonitor(row)
        // Between two runs there is nobody to hear it; what ends the waiting, the monitor hears.
        if !endsIt, try record().restartsAt != nil {
            throw CFSError(
                .containerNotRunning, .running,
                "the container \(row.name) is not running: it waits to be started again",
                hint: "end that: cfs stop \(row.name)")
        }
        try monitor.send(message(number, isStop: false).bytes)
        engine.note("kill", row, [EngineEvent.Attribute("signal", "\(number)")])
        engine.remember("kill", row, endsIt: endsIt)
    }

    /// Asks the container to end with its stop signal, and kills it when it has not ended after `seconds`. One that has
    /// ended already is fine.
    ///
    /// - Parameter seconds: nil is the container's own time (``ContainerSpec/stopTimeout``), else 10.
    public func stop(seconds: Int? = nil) throws(CFSError) { try beginStop(seconds: seconds).wait() }

    /// Asks the container to end, and leaves waiting for it to the answer: of several containers all are asked first.
    ///
    /// - Parameter seconds: as for ``stop(seconds:)``.
    /// - Throws: `conflict` when somebody else stops or removes it; `containerNotRunning` for one that was never started;
    ///   `monitorFailed` when its monitor cannot be reached.
    public func beginStop(seconds: Int? = nil) throws(CFSError) -> PendingStop {
        try engine.requirePrivilege("stopping a container")
        let claim: ClaimedContainer?
        do throws(CFSError) {
            claim = try engine.claim(id, for: .stop)
        } catch {
            guard error.code == .noSpace else { throw error }
            return try beginUnclaimedStop(seconds: seconds)
        }
        guard let claimed = claim else { return PendingStop() }
        do throws(CFSError) {
            let (signal, patience) = try manner()
            let monitor = try connectToMonitor(claimed.row)
            try monitor.send(message(signal, isStop: true).bytes)
            // What stands still hears nothing.
            if case .paused = claimed.state { try thaw() }
            engine.note("kill", claimed.row, [EngineEvent.Attribute("signal", "\(signal)")])
            return PendingStop(monitor, engine, claimed, seconds: seconds ?? patience)
        } catch {
            let hasEnded = PendingStop.meansEnded(error)
            Engine.regardless { () throws(CFSError) in
                if hasEnded { try engine.settle(claimed, .exited) } else { try engine.withdraw(claimed) }
            }
            // It ended while we were about to ask.
            guard hasEnded else { throw error }
            return PendingStop()
        }
    }

    /// The same where not even the reserve has room for a decision: what fills the disk must be stopped all the same. The
    /// container's end shows in its own record, as that of one that ends by itself.
    private func beginUnclaimedStop(seconds: Int?) throws(CFSError) -> PendingStop {
        let row = try row()
        let now = try engine.situation(of: row)
        guard try ContainerLifecycle.begin(.stop, row.name, now) != nil else { return PendingStop() }
        do throws(CFSError) {
            let (signal, patience) = try manner()
            let monitor = try connectToMonitor(row)
            try monitor.send(message(signal, isStop: true).bytes)
            if case .paused = now.state { try thaw() }
            engine.note("kill", row, [EngineEvent.Attribute("signal", "\(signal)")])
            return PendingStop(monitor, engine, unclaimed: row, seconds: seconds ?? patience)
        } catch {
            guard PendingStop.meansEnded(error) else { throw error }
            return PendingStop()
        }
    }

    /// Stops the container when it runs, and starts it (again).
    ///
    /// - Parameter seconds: as for ``stop(seconds:)``.
    /// - Throws: `invalidState` for one that runs and would remove itself; what ``stop(seconds:)`` and
    ///   ``start(_:interruption:)`` throw.
    public func restart(seconds: Int? = nil, interruption: StartInterruption? = nil) throws(CFSError) -> Session {
        if try record().state != .created {
            let row = try row()
            guard !row.autoRemove else {
                throw CFSError(
                    .invalidState, .running,
                    "the container \(row.name) removes itself at its end: it cannot be restarted",
                    hint: "make it without --rm")
            }
            try stop(seconds: seconds)
        }
        let session = try start(.none, interruption: interruption, verb: "restart")
        engine.note("restart", try row())
        return session
    }

    /// Removes the container with all that it wrote. With `force` a running one is killed first.
    ///
    /// - Throws: `containerRunning` without `force`; `conflict` when somebody else starts, stops or removes it.
    public func remove(force: Bool = false) throws(CFSError) {
        try engine.requirePrivilege("removing a container")
        let claim: ClaimedContainer?
        do throws(CFSError) {
            // What would remove itself is gone then, as is wanted.
            if try engine.recoverIfLost(id, lends: true), try engine.registry.container(id) == nil { return }
            claim = try engine.claim(id, for: force ? .forceRemove : .remove)
        } catch {
            guard error.code == .noSpace else { throw error }
            return try removeUnclaimed(force)
        }
        guard let claimed = claim else { return }
        do throws(CFSError) {
            if claimed.hasMonitor { try kill(claimed.row) }
            // Waits for a monitor that is about to end, and for nothing else.
            let lock = try engine.reserve.lend { () throws(CFSError) in try RunLock(folder) }
            // The folders first: a row without folders is found again, folders without a row only by recover().
            try folder.removeContainer()
            try forget(claimed.row)
            try lock.release()
        } catch {
            // Half of it may be gone: it is dead until it is removed once more.
            Engine.regardless { () throws(CFSError) in
                if File.exists(folder.configPath) {
                    try engine.withdraw(claimed)
                } else {
                    try engine.settle(claimed, .removing)
                }
            }
            throw error
        }
        tellRemoval(claimed.row)
    }

    /// The same where not even the reserve has room for a decision (what runs may have taken that as well): the lock alone keeps
    /// others away, and the folders make the room that the registry needs.
    private func removeUnclaimed(_ force: Bool) throws(CFSError) {
        let row = try row()
        let verb: ContainerLifecycle.Verb = force ? .forceRemove : .remove
        let now = try engine.situation(of: row)
        guard try ContainerLifecycle.begin(verb, row.name, now) != nil else { return }
        if now.hasMonitor { try kill(row) }
        // Waits for a monitor that is about to end, and not for a run that somebody has begun since.
        let lock = try engine.reserve.lend { () throws(CFSError) in
            try RunLock(folder) { () throws(CFSError) in
                _ = try isAsSeen(row)
                _ = poll(nil, 0, 10)
            }
        }
        do throws(CFSError) {
            guard try isAsSeen(row) else { return try lock.release() }
        } catch {
            // A record that is kept there has no other place yet.
            if try folder.readKeptExit() == nil { try lock.release() }
            throw error
        }
        let end = try folder.readExit()
        try folder.removeContainer()
        try forget(row)
        try lock.release()
        if let end { Engine.regardless { () throws(CFSError) in try engine.closeEntry(of: id, end) } }
        tellRemoval(row)
    }

    /// Whether the row is as it was; false when it is gone.
    ///
    /// - Throws: `conflict` when somebody has decided something else since.
    private func isAsSeen(_ row: ContainerRow) throws(CFSError) -> Bool {
        guard let now = try engine.registry.container(id) else { return false }
        guard now.decision == row.decision else {
            throw CFSError(
                .conflict, .removing, "somebody else is at work on the container \(now.name)",
                hint: "wait for that, and see `cfs ps -a`")
        }
        return true
    }

    private func forget(_ row: ContainerRow) throws(CFSError) {
        let entry = engine.historyEntry("rm", row, isDone: true)
        try engine.reserve.lend { () throws(CFSError) in try engine.registry.removeContainer(id, history: entry) }
    }

    private func tellRemoval(_ row: ContainerRow) {
        engine.note("destroy", row)
        engine.reserve.make()
    }

    /// How it is stopped: its signal, and the seconds until it is killed. Of a damaged container nothing is known; it can be
    /// ended all the same.
    private func manner() throws(CFSError) -> (signal: Int32, seconds: Int) {
        let usual = 10
        do throws(CFSError) {
            let request = try request()
            return (request.stopSignal, request.stopTimeout ?? usual)
        } catch {
            guard error.code == .invalidConfiguration else { throw error }
            return (SIGTERM, usual)
        }
    }

    private func kill(_ row: ContainerRow) throws(CFSError) {
        do throws(CFSError) {
            let monitor = try folder.connect()
            try monitor.send(message(SIGKILL, isStop: true).bytes)
            // Who removes it wanted its end, and the history of that run is to say so.
            engine.note("kill", row, [EngineEvent.Attribute("signal", "\(SIGKILL)")])
            engine.remember("kill", row, endsIt: true)
            try awaitKilled(monitor, row)
        } catch {
            guard PendingStop.meansEnded(error) else { throw error }
            // One that nobody can tell anything ends by a signal, and its container with it.
            guard let monitor = try unreachableMonitor() else { return }
            try ProcessControl.signal(monitor.process.raw, SIGTERM)
            engine.note("kill", row, [EngineEvent.Attribute("signal", "\(SIGKILL)")])
            engine.remember("kill", row, endsIt: true)
        }
    }

    /// A monitor must hear that an end is wanted, that of a stop, and what ends by KILL or the stop signal: it may have a
    /// policy, or get one meanwhile. One without that is of an older cfs has no such word.
    private func message(_ signal: Int32, isStop: Bool) -> MonitorMessage {
        do throws(CFSError) {
            let request = try request()
            let isWanted = isStop || signal == SIGKILL || signal == request.stopSignal
            guard isWanted else { return .signal(signal) }
            if request.restart != .no { return .stop(signal) }
            // Between two runs there is no state, and the monitor one that has a policy.
            let version = try folder.readState()?.monitorVersion ?? MonitorProtocol.version
            return version >= 2 ? .stop(signal) : .signal(signal)
        } catch {
            // Of a damaged container nothing is known; it can be ended all the same.
            return isStop || signal == SIGKILL ? .stop(signal) : .signal(signal)
        }
    }
}
