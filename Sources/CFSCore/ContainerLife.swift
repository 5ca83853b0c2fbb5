import CFSCgroups
import CFSLinux
import CFSModel
import CFSMonitor
import CFSRegistry
import Glibc

extension Container {
    /// Sends the first process a signal.
    ///
    /// - Throws: `containerNotRunning`.
    public func signal(_ number: Int32) throws(CFSError) {
        let row = try row()
        let request = try folder.readRequest()
        // What ends by these is meant to end.
        let isEnd = number == SIGKILL || number == request.stopSignal
        try connect(row).send(Self.message(number, isEnd: isEnd, request).bytes)
        engine.note("kill", row, [EngineEvent.Attribute("signal", "\(number)")])
        engine.remember("kill", row)
    }

    /// Asks the container to end with its stop signal, and kills it when it has not ended after `seconds`. One that has
    /// ended already is fine.
    public func stop(seconds: Int = 10) throws(CFSError) { try beginStop(seconds: seconds).wait() }

    /// Asks the container to end, and leaves waiting for it to the answer: of several containers all are asked first.
    ///
    /// - Throws: `conflict` when somebody else stops or removes it; `containerNotRunning` for one that was never started.
    public func beginStop(seconds: Int = 10) throws(CFSError) -> PendingStop {
        try engine.requirePrivilege("stopping a container")
        guard let claimed = try engine.claim(id, for: .stop) else { return PendingStop() }
        do throws(CFSError) {
            let request = try folder.readRequest()
            let signal = request.stopSignal
            let monitor = try folder.connect()
            try monitor.send(Self.message(signal, isEnd: true, request).bytes)
            // What stands still hears nothing.
            if case .paused = claimed.state { try thaw() }
            engine.note("kill", claimed.row, [EngineEvent.Attribute("signal", "\(signal)")])
            return PendingStop(monitor, engine, claimed, seconds: seconds)
        } catch {
            let hasEnded = PendingStop.meansEnded(error)
            Engine.regardless { () throws(CFSError) in
                try engine.settle(claimed, hasEnded ? .exited : claimed.row.decision.phase)
            }
            // It ended while we were about to ask.
            guard hasEnded else { throw error }
            return PendingStop()
        }
    }

    /// Stops the container when it runs, and starts it (again).
    ///
    /// - Throws: what ``stop(seconds:)`` and ``start(_:interruption:)`` throw.
    public func restart(seconds: Int = 10, interruption: StartInterruption? = nil) throws(CFSError) -> Session {
        if try record().state != .created { try stop(seconds: seconds) }
        let session = try start(.none, interruption: interruption, verb: "restart")
        engine.note("restart", try row())
        return session
    }

    /// Waits for the end of a container that somebody else started.
    ///
    /// - Throws: `containerNotRunning` when it was never started.
    public func waitForEnd() throws(CFSError) -> ExitStatus {
        do throws(CFSError) {
            let monitor = try folder.connect()
            if let record = try Self.awaitExit(monitor) { return ExitStatus(record) }
        } catch {
            guard error.code == .containerNotRunning else { throw error }
        }
        if case .exited(let status, let reason) = try record().state {
            let record = try folder.readExit()
            var ended = ExitStatus(code: status, signal: record?.signal, reason: reason)
            ended.warnings = record?.warnings ?? []
            return ended
        }
        throw CFSError(.containerNotRunning, .running, "the container \(id.short) is not running")
    }

    /// Removes the container with all that it wrote. With `force` a running one is killed first.
    ///
    /// - Throws: `containerRunning` without `force`; `conflict` when somebody else starts, stops or removes it.
    public func remove(force: Bool = false) throws(CFSError) {
        try engine.requirePrivilege("removing a container")
        guard let claimed = try engine.claim(id, for: force ? .forceRemove : .remove) else { return }
        do throws(CFSError) {
            if claimed.hasMonitor { try kill() }
            // Waits for a monitor that is about to end, and for nothing else.
            let lock = try RunLock(folder)
            // The folders first: a row without folders is found again, folders without a row only by recover().
            try folder.removeContainer()
            try engine.registry.removeContainer(
                id, history: engine.historyEntry("rm", claimed.row, isDone: true))
            try lock.release()
        } catch {
            // Half of it may be gone: it is dead until it is removed once more.
            Engine.regardless { () throws(CFSError) in
                let isWhole = File.exists(folder.configPath)
                try engine.settle(claimed, isWhole ? claimed.row.decision.phase : .removing)
            }
            throw error
        }
        engine.note("destroy", claimed.row)
    }

    private func kill() throws(CFSError) {
        do throws(CFSError) {
            let monitor = try folder.connect()
            try monitor.send(Self.message(SIGKILL, isEnd: true, folder.readRequest()).bytes)
            _ = try PendingStop.ended(monitor, by: nil)
        } catch {
            guard PendingStop.meansEnded(error) else { throw error }
        }
    }

    /// A monitor with a policy must hear that this end is wanted; one without may be of an older cfs, and has no such word.
    private static func message(_ signal: Int32, isEnd: Bool, _ request: MonitorRequest) -> MonitorMessage {
        isEnd && request.restart != .no ? .stop(signal) : .signal(signal)
    }

    /// A connection to the container's monitor.
    ///
    /// - Throws: `containerNotRunning`.
    func connect(_ row: ContainerRow) throws(CFSError) -> MessageSocket {
        do throws(CFSError) {
            return try folder.connect()
        } catch {
            guard error.code == .containerNotRunning else { throw error }
            throw CFSError(.containerNotRunning, .running, "the container \(row.name) is not running")
        }
    }

    private static func awaitExit(_ monitor: borrowing MessageSocket) throws(CFSError) -> ExitRecord? {
        while let (bytes, _) = try monitor.receive() {
            if case .exited(let record) = try MonitorMessage(parsing: bytes) { return record }
        }
        return nil
    }
}
