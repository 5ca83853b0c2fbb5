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
            guard let message = try MonitorMessage.receive(from: starter.raw) else { exit(0) }
            timeline.mark("request")
            switch message {
            case .start(let container, let run, let trace):
                timeline = Timeline(marks: trace + timeline.marks)
                let folder = ContainerFolder(container: container, run: run)
                let request = try folder.readRequest()
                timeline.mark("configuration")
                try Monitor(folder: folder, request: request, starter: starter, timeline: timeline).run()
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
        zip(marks, marks.dropFirst()).map { PhaseTime(name: $1.name, nanoseconds: $1.at - $0.at) }
    }
}
