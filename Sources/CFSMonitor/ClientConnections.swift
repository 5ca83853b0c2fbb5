import CFSLinux
import CFSModel

/// Those who talk to a monitor: the one that started it, and callers of its socket.
final class ClientConnections {
    /// The poll's token of a connection is this plus its number.
    static let firstToken: UInt64 = 100

    private var connections: [UInt64: SharedFD] = [:]
    private var nextToken = firstToken

    func add(_ connection: SharedFD, _ poll: borrowing EventPoll) throws(CFSError) -> UInt64 {
        let token = nextToken
        nextToken += 1
        try poll.add(connection.raw, .readable, token: token)
        connections[token] = connection
        return token
    }

    /// The next message of a connection; nil when it has ended, and then it is forgotten.
    func receive(_ token: UInt64, _ poll: borrowing EventPoll) -> MonitorMessage? {
        guard let connection = connections[token] else { return nil }
        do {
            if let (bytes, _) = try MessageSocket.receive(connection.raw) { return try MonitorMessage(parsing: bytes) }
        } catch {
            // A client that breaks the protocol loses its connection; the container must not notice.
            poll.remove(connection.raw)
        }
        poll.remove(connection.raw)
        connections[token] = nil
        return nil
    }

    func contains(_ token: UInt64) -> Bool { connections[token] != nil }

    /// Sends to all. Who is gone or does not read is passed over.
    func send(_ message: MonitorMessage) {
        for connection in connections.values {
            do { try MessageSocket.send(connection.raw, message.bytes) } catch { continue }
        }
    }
}
