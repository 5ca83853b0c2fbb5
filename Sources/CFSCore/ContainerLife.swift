import CFSCgroups
import CFSLinux
import CFSModel
import CFSMonitor
import Glibc

extension Container {
    /// Sends the first process a signal.
    ///
    /// - Throws: `containerNotRunning`.
    public func signal(_ number: Int32) throws(CFSError) {
        try connect().send(MonitorMessage.signal(number).bytes)
    }

    /// Asks the container to end with its stop signal, and kills it when it has not ended after `seconds`. One that has
    /// ended already is fine.
    public func stop(seconds: Int = 10) throws(CFSError) { try beginStop(seconds: seconds).wait() }

    /// Asks the container to end, and leaves waiting for it to the answer: of several containers all are asked first.
    public func beginStop(seconds: Int = 10) throws(CFSError) -> PendingStop {
        try engine.requirePrivilege("stopping a container")
        let record = try record()
        guard record.state.pid != nil else {
            guard record.state == .created else { return PendingStop() }
            throw CFSError(.containerNotRunning, .stopping, "the container \(record.name) has not been started")
        }
        let signal = try folder.readRequest().stopSignal
        do throws(CFSError) {
            let monitor = try folder.connect()
            try monitor.send(MonitorMessage.signal(signal).bytes)
            // What stands still hears nothing.
            if case .paused = record.state { try thaw() }
            return PendingStop(monitor, seconds: seconds)
        } catch {
            // It ended while we were about to ask.
            guard PendingStop.meansEnded(error) else { throw error }
            return PendingStop()
        }
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
    /// - Throws: `containerRunning` without `force`.
    public func remove(force: Bool = false) throws(CFSError) {
        try engine.requirePrivilege("removing a container")
        let row = try row()
        if try engine.record(of: row)?.state.pid != nil {
            guard force else {
                throw CFSError(
                    .containerRunning, .removing, "the container \(row.name) is running",
                    hint: "stop it first (`cfs stop \(row.name)`), or use --force")
            }
            try kill()
        }
        if let held {
            // Created and never started, by this very value.
            try clear()
            try held.release()
            return
        }
        // Waits for a monitor that is about to end, and for nothing else.
        let lock = try RunLock(folder)
        try clear()
        try lock.release()
    }

    private func clear() throws(CFSError) {
        // The folders first: a row without folders is found again, folders without a row only by recover().
        try folder.removeContainer()
        try engine.registry.removeContainer(id)
    }

    private func kill() throws(CFSError) {
        do throws(CFSError) {
            let monitor = try folder.connect()
            try monitor.send(MonitorMessage.signal(SIGKILL).bytes)
            _ = try PendingStop.ended(monitor, by: nil)
        } catch {
            guard PendingStop.meansEnded(error) else { throw error }
        }
    }

    /// A connection to the container's monitor.
    ///
    /// - Throws: `containerNotRunning`.
    func connect() throws(CFSError) -> MessageSocket {
        do throws(CFSError) {
            return try folder.connect()
        } catch {
            guard error.code == .containerNotRunning else { throw error }
            // Names what is not running, or says that it does not exist any more.
            let name = try row().name
            throw CFSError(.containerNotRunning, .running, "the container \(name) is not running")
        }
    }

    private static func awaitExit(_ monitor: borrowing MessageSocket) throws(CFSError) -> ExitRecord? {
        while let (bytes, _) = try monitor.receive() {
            if case .exited(let record) = try MonitorMessage(parsing: bytes) { return record }
        }
        return nil
    }
}
