import CFSCgroups
import CFSLinux
import CFSModel
import CFSMonitor
import CFSRegistry
import Glibc

extension Container {
    /// How long a monitor may be silent before it is looked at, in milliseconds.
    private static let patience: Int32 = 5000

    /// Waits for the end of a container whose monitor was told to kill it. A monitor that somebody has stopped hears nothing, and
    /// is not waited for: the container is killed without it.
    ///
    /// - Throws: `monitorFailed` then, with the monitor's process number: only its end makes the container's known.
    func awaitKilled(_ monitor: borrowing MessageSocket, _ row: ContainerRow) throws(CFSError) {
        guard let (process, stopped) = try silence(of: monitor) else { return }
        try ProcessControl.signal(process.raw, SIGKILL)
        try engine.leftCgroup(id, folder, engine.cgroups())?.kill()
        throw CFSError(
            .monitorFailed, .stopping,
            "the monitor of the container \(row.name), process \(stopped), was stopped by somebody and does not answer; "
                + "the container was killed without it",
            hint:
                "let the monitor go on: kill -CONT \(stopped); or end it too: kill -9 \(stopped), then cfs system recover"
        )
    }

    /// A connection to the container's monitor.
    ///
    /// - Throws: `containerNotRunning`; `monitorFailed` when it runs, and cannot be reached: somebody has removed its socket.
    func connectToMonitor(_ row: ContainerRow) throws(CFSError) -> MessageSocket {
        do throws(CFSError) {
            return try folder.connect()
        } catch {
            guard error.code == .containerNotRunning else { throw error }
        }
        if let monitor = try unreachableMonitor() {
            throw CFSError(
                .monitorFailed, .running,
                "the monitor of the container \(row.name), process \(monitor.pid), cannot be reached: \(folder.socketPath) is gone",
                path: folder.socketPath, hint: "end both: kill \(monitor.pid), or cfs rm -f \(row.name)")
        }
        do throws(CFSError) {
            // One that was just being started may listen by now.
            return try folder.connect()
        } catch {
            guard error.code == .containerNotRunning else { throw error }
            throw CFSError(.containerNotRunning, .running, "the container \(row.name) is not running")
        }
    }

    private func isReachable() throws(CFSError) -> Bool {
        do throws(CFSError) {
            _ = try folder.connect()
            return true
        } catch {
            guard error.code == .containerNotRunning else { throw error }
            return false
        }
    }

    /// The monitor of a container that runs, when nobody listens at its socket.
    func unreachableMonitor() throws(CFSError) -> (pid: Int32, process: SharedFD)? {
        guard try RunLock.isHeld(folder), let live = try folder.readState(), let status = ProcessStatus(of: live.pid),
            status.startTime == live.startTime, !status.isEnding,
            let process = try ProcessControl.open(pid: status.parent), try isMonitor(status.parent),
            // Whose child it still is: the number may be another process's already.
            ProcessStatus(of: live.pid)?.parent == status.parent, try !isReachable()
        else { return nil }
        return (pid: status.parent, process: SharedFD(process))
    }

    /// Whether a process is a monitor: of one that was killed another process has the child.
    private func isMonitor(_ pid: Int32) throws(CFSError) -> Bool {
        let file = File.tryOpen("/proc/\(pid)/cmdline", .read)
        guard file >= 0 else { return false }
        let list = OwnedFD(file)
        let words = try File.readAll(list.raw).split(separator: 0)
        return words.count > 1 && words[1].elementsEqual("monitor".utf8)
    }

    /// Waits until a monitor says that its container has ended, or has ended itself: then nil. One that is only slow is at work:
    /// what a container leaves may take long to remove.
    ///
    /// - Returns: the container's process, and its monitor's number, when that was stopped.
    private func silence(
        of monitor: borrowing MessageSocket
    ) throws(CFSError) -> (process: SharedFD, monitor: Int32)? {
        while try !PendingStop.ended(monitor, by: SystemClock.monotonic + UInt64(Self.patience) * 1_000_000) {
            guard let live = try folder.readState(), let process = try ProcessControl.open(pid: live.pid),
                let status = ProcessStatus(of: live.pid), status.startTime == live.startTime,
                // Who waits for it is its monitor, also once it has ended.
                ProcessStatus(of: status.parent)?.isStopped == true
            else { continue }
            return (process: SharedFD(process), monitor: status.parent)
        }
        return nil
    }
}
