import CFSLinux
import CFSModel
import CFSMonitor
import CFSRegistry
import Glibc

extension Container {
    /// How long a monitor may be silent before it is asked whether it is there, and after that before it is taken for one that
    /// hears nothing: in milliseconds.
    private static let patience: Int32 = 5000

    /// Waits for the end of a container whose monitor was told to kill it. One that hears nothing, because somebody has stopped
    /// it or it hangs, is not waited for: the container is killed without it.
    ///
    /// - Throws: `monitorFailed` then, with the monitor's process number: only its end makes the container's known.
    func awaitKilled(_ monitor: borrowing MessageSocket, _ row: ContainerRow) throws(CFSError) {
        if try hasAnswered(monitor) { return }
        guard let live = try folder.readState(),
            let process = try ProcessControl.open(pid: live.pid)
        else { throw silent(row, nil) }
        // Who waits for it is its monitor, also once it has ended.
        guard let status = ProcessStatus(of: live.pid), status.startTime == live.startTime else {
            throw silent(row, nil)
        }
        try ProcessControl.signal(process.raw, SIGKILL)
        try engine.cgroups()?.cgroup(id.text)?.kill()
        if try hasAnswered(monitor) { return }
        throw silent(row, status.parent)
    }

    private func silent(_ row: ContainerRow, _ pid: Int32?) -> CFSError {
        guard let pid else {
            return CFSError(
                .monitorFailed, .stopping, "the monitor of the container \(row.name) does not answer",
                hint:
                    "end it: it is the process cfs-runtime with \(id.text) in its arguments; then call cfs system recover"
            )
        }
        return CFSError(
            .monitorFailed, .stopping,
            "the monitor of the container \(row.name), process \(pid), does not answer; the container was killed without it",
            hint: "end the monitor too: kill -9 \(pid); then call cfs system recover")
    }

    /// Waits until a monitor says that its container has ended, or has ended itself; false when it says nothing at all. One that
    /// takes away what the container leaves is at work, however long that takes.
    private func hasAnswered(_ monitor: borrowing MessageSocket) throws(CFSError) -> Bool {
        let poll = try EventPoll()
        try poll.add(monitor.fd.raw, .readable, token: 0)
        var (isAsked, isAtWork) = (false, false)
        while true {
            if try poll.wait(milliseconds: isAtWork ? -1 : Self.patience).isEmpty {
                if isAsked { return false }
                isAsked = true
                try monitor.send(MonitorMessage.hello(version: MonitorProtocol.version).bytes)
                continue
            }
            isAsked = false
            guard let (bytes, _) = try monitor.receive() else { return true }
            switch try MonitorMessage(parsing: bytes) {
            case .exited: return true
            case .ending: isAtWork = true
            default: continue
            }
        }
    }
}
