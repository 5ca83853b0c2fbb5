import CFSLinux
import CFSModel
import CFSMonitor
import CFSRegistry

/// A conversation with the monitor of a running container.
struct MonitorCall: ~Copyable {
    let socket: MessageSocket
    private let container: Container
    private let name: String
    /// What a monitor that cannot be asked so is answered with.
    private let tooOld: CFSError

    /// - Throws: `containerNotRunning`.
    init(_ container: Container, _ row: ContainerRow, tooOld: CFSError) throws(CFSError) {
        socket = try container.connectToMonitor(row)
        (self.container, name, self.tooOld) = (container, row.name, tooOld)
    }

    /// Asks the monitor what it can do.
    ///
    /// - Throws: `containerNotRunning` when it ends meanwhile, and ``tooOld``.
    func require(_ feature: String) throws(CFSError) {
        try tell(.hello(version: MonitorProtocol.version))
        if case .version(_, let features) = try answer(), features.contains(feature) { return }
        throw tooOld
    }

    func tell(_ message: MonitorMessage, descriptors: [Int32] = []) throws(CFSError) {
        do throws(CFSError) {
            try socket.send(message.bytes, descriptors: descriptors)
        } catch {
            throw PendingStop.meansEnded(error) ? ended : error
        }
    }

    /// The next message that is meant for this client.
    func answer() throws(CFSError) -> MonitorMessage {
        while let (bytes, _) = try received() {
            switch try MonitorMessage(parsing: bytes) {
            case .ending, .exited: throw ended
            case .unknown, .unwritten, .skipped, .started: continue
            case let message: return message
            }
        }
        // One that does not know a message hangs up; so does one whose container has ended, or that was killed.
        guard try !isGone(), try container.record().state.pid != nil else { throw ended }
        throw tooOld
    }

    /// Whether the monitor is ending: its connections are closed before it is gone, which follows at once.
    private func isGone() throws(CFSError) -> Bool {
        guard let monitor = try ProcessControl.open(pid: try socket.peerProcess()) else { return true }
        let poll = try EventPoll()
        try poll.add(monitor.raw, .readable, token: 0)
        return try !poll.wait(milliseconds: 1000).isEmpty
    }

    private func received() throws(CFSError) -> (bytes: [UInt8], descriptors: [Int32])? {
        do throws(CFSError) {
            return try socket.receive()
        } catch {
            throw PendingStop.meansEnded(error) ? ended : error
        }
    }

    private var ended: CFSError {
        CFSError(.containerNotRunning, .running, "the container \(name) is not running")
    }
}
