import CFSLinux
import CFSModel

/// Those who talk to a monitor: the one that started it, and callers of its socket.
final class ClientConnections {
    /// The poll's token of a connection is this plus its number.
    static let firstToken: UInt64 = 100

    /// Few: a list, because the first use of a dictionary makes the runtime search for conformances.
    private var connections: [(token: UInt64, fd: SharedFD)] = []
    /// What came along with the last message, if that hands descriptors over.
    private var handedOver: [SharedFD] = []
    private var nextToken = firstToken

    func add(_ connection: SharedFD, _ poll: borrowing EventPoll) throws(CFSError) -> UInt64 {
        let token = nextToken
        nextToken += 1
        try poll.add(connection.raw, .readable, token: token)
        connections.append((token, connection))
        return token
    }

    /// The next message of a connection; nil when it has ended, and then it is forgotten.
    func receive(_ token: UInt64, _ poll: borrowing EventPoll) -> MonitorMessage? {
        handedOver = []
        guard let connection = connections.first(where: { $0.token == token })?.fd else { return nil }
        do {
            if let (bytes, descriptors) = try MessageSocket.receive(connection.raw) {
                let files = descriptors.map { SharedFD(OwnedFD($0)) }
                let message = try MonitorMessage(parsing: bytes)
                // Every other message has nothing to hand over; what is sent along must not pile up here.
                switch message {
                case .attach, .network, .standstill: handedOver = files
                default: break
                }
                return message
            }
        } catch {
            // A client that breaks the protocol loses its connection; the container must not notice.
            poll.remove(connection.raw)
        }
        poll.remove(connection.raw)
        connections.removeAll { $0.token == token }
        return nil
    }

    /// The descriptors of the message that was received last.
    func takeHandedOver() -> [SharedFD] {
        defer { handedOver = [] }
        return handedOver
    }

    func contains(_ token: UInt64) -> Bool { connections.contains { $0.token == token } }

    /// Whether the other end of a connection is there at this moment, whatever still waits to be received from it.
    func isThere(_ token: UInt64) -> Bool {
        guard let connection = connections.first(where: { $0.token == token }) else { return false }
        return MessageSocket.hasPeer(connection.fd.raw)
    }

    /// Sends to all, or to one. Who is gone or does not read is passed over.
    ///
    /// - Returns: whether nobody was passed over.
    @discardableResult
    func send(_ message: MonitorMessage, to token: UInt64? = nil) -> Bool {
        var isComplete = true
        for connection in connections where token == nil || connection.token == token {
            do { try MessageSocket.send(connection.fd.raw, message.bytes, waits: false) } catch { isComplete = false }
        }
        return isComplete
    }
}
