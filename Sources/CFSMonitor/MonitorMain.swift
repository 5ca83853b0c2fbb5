import CFSLinux
import CFSModel
import CFSNamespaces
import CLinux
import Glibc

/// The entry of `cfs-runtime monitor` and `cfs-runtime enter`. Descriptor 3 is the socket of whoever started it; 4, for a
/// monitor, holds the lock that says that somebody is at home.
public enum MonitorMain {
    /// The number of the starter's socket.
    public static let starterSocket: Int32 = 3
    /// The number of the held lock.
    public static let lock: Int32 = 4

    /// Serves one container, or one more process in one; never returns.
    public static func run() -> Never {
        var timeline = Timeline()
        timeline.mark("monitor is up")
        for fd in [starterSocket, lock] { _ = fcntl(fd, F_SETFD, FD_CLOEXEC) }
        _ = umask(0)
        let starter = SharedFD(OwnedFD(starterSocket))
        do throws(CFSError) {
            guard var message = try MonitorMessage.receive(from: starter.raw) else { exit(0) }
            timeline.mark("request")
            var attempt: LaunchAttempt?
            if case .prepare(let preparation) = message {
                attempt = try LaunchAttempt(preparation, &timeline)
                let folder = ContainerFolder(container: preparation.container, run: preparation.run)
                let isNew = folder.makeFolders()
                if preparation.hasNetworks { try attempt?.beginNetworks(&timeline) }
                guard let next = try MonitorMessage.receive(from: starter.raw) else {
                    // The starter has changed its mind, or is gone: nobody knows of this container any more.
                    let cgroup = attempt?.cgroup
                    attempt = nil
                    try cgroup?.remove()
                    if isNew { try folder.removeContainer() }
                    exit(0)
                }
                message = next
                timeline.mark("start")
            }
            switch message {
            case .start(let container, let run, let endsWithReader, let keepsInput, let trace):
                // Both processes went on after the spawn, so their marks alternate.
                timeline = Timeline(marks: (trace + timeline.marks).sorted { $0.at < $1.at })
                let folder = ContainerFolder(container: container, run: run)
                let monitor = try Monitor(
                    folder: folder, starter: starter, endsWithReader: endsWithReader, keepsInput: keepsInput,
                    timeline: timeline, attempt: attempt)
                attempt = nil
                try monitor.run()
            case .enter(let container, let run, let request):
                let folder = ContainerFolder(container: container, run: run)
                try EntrySession(folder: folder, request: request, starter: starter).run()
            default: throw CFSError(.monitorFailed, .starting, "the first message must be start or enter")
            }
        } catch {
            let bytes = MonitorMessage.failed(error).bytes
            _ = bytes.withUnsafeBytes { cfs_send_fds(starter.raw, $0.baseAddress, $0.count, nil, 0, 0) }
            exit(125)
        }
        exit(0)
    }
}

extension Timeline {
    /// Each mark with the time since the one before.
    var phases: [PhaseTime] {
        zip(marks, marks.dropFirst()).map { PhaseTime(name: $1.name, nanoseconds: $1.at - min($0.at, $1.at)) }
    }
}
