import CFSCgroups
import CFSLinux
import CFSModel
import CFSMonitor
import CFSNamespaces
import Glibc

/// A `cfs-runtime` that was started for a container, and waits to hear which one.
struct StartingHelper {
    /// What the command's streams will be connected to.
    let streams: Streams
    private let socket: SharedFD
    private let helper: Helper
    private let folder: ContainerFolder
    private let interruption: StartInterruption?

    /// Starts the process; it has the container's lock from then on.
    ///
    /// - Parameter sealed: see ``RuntimeExecutable``.
    init(
        _ engine: Engine, _ folder: ContainerFolder, _ lock: RunLock, _ streams: Streams, sealed: Bool,
        _ interruption: StartInterruption?
    ) throws(CFSError) {
        self.folder = folder
        self.interruption = interruption
        self.streams = streams
        let runtime = try RuntimeExecutable(engine.options, sealed: sealed)
        let pair = try SocketPair()
        let pid = try streams.spawn(
            runtime, ["cfs-runtime", "monitor", folder.container], socket: pair.theirs, lock: lock.descriptor)
        helper = try Helper(pid: pid)
        pair.closeTheirs()
        socket = SharedFD(try pair.takeOurs())
    }

    func send(_ message: MonitorMessage) throws(CFSError) {
        do throws(CFSError) {
            try message.send(to: socket.raw)
        } catch {
            // It has ended, and has said why: that is read next.
            guard error.errno == EPIPE || error.errno == ECONNRESET else { throw error }
        }
    }

    /// Waits until the command runs; throws what the helper says went wrong.
    func session(onEnd: @escaping @Sendable () -> Void) throws(CFSError) -> Session {
        let pid = try Container.awaitStart(socket.raw, interruption)
        return Session(pid: pid, socket: socket, helper: helper, onEnd: onEnd)
    }

    /// Ends a helper that hangs, with what it was about to start.
    ///
    /// - Parameter cgroup: that of the container, if it was made.
    func kill(_ cgroup: Cgroup?) {
        helper.kill()
        // The helper would have taken these away.
        Engine.regardless { () throws(CFSError) in try cgroup?.remove() }
        Engine.regardless { () throws(CFSError) in try folder.removeRun() }
    }

    /// Lets the helper go, and waits until it has taken away what it had made.
    func cancel() {
        // As if our end were closed, whoever else still holds it: that is what the helper waits for.
        _ = shutdown(socket.raw, Int32(SHUT_RDWR))
        helper.waitForEnd()
    }
}
