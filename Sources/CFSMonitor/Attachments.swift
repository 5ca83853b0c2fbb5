import CFSLinux
import CFSModel

/// The clients that have joined a container's streams: each gets what the container writes, and none is waited for.
final class Attachments {
    /// Tokens of the poll that belong to them.
    static let tokens: ClosedRange<UInt64> = 1 << 32...1 << 40
    private static let tokensEach: UInt64 = 4

    private var clients: [AttachedClient] = []
    private var ended: [LogStream] = []

    /// The first of a client's tokens, by that of its connection.
    static func firstToken(_ connection: UInt64) -> UInt64 { tokens.lowerBound + connection * tokensEach }

    /// Those of the clients.
    var connections: [UInt64] { clients.map(\.connection) }

    func contains(_ connection: UInt64) -> Bool { clients.contains { $0.connection == connection } }

    func add(_ client: AttachedClient, _ poll: borrowing EventPoll) {
        for stream in ended { client.output(stream).close(poll) }
        clients.append(client)
    }

    /// Its connection has ended.
    func remove(_ connection: UInt64, _ poll: borrowing EventPoll) {
        guard let index = clients.firstIndex(where: { $0.connection == connection }) else { return }
        clients.remove(at: index).leave(poll)
    }

    func take(_ bytes: UnsafeRawBufferPointer, _ stream: LogStream) {
        for client in clients { client.output(stream).take(bytes) }
    }

    func watch(_ poll: borrowing EventPoll) throws(CFSError) { for client in clients { try client.watch(poll) } }

    func handle(_ token: UInt64, _ poll: borrowing EventPoll) {
        let connection = (token - Self.tokens.lowerBound) / Self.tokensEach
        clients.first { $0.connection == connection }?.handle(token, poll)
    }

    /// Nothing more comes on a stream.
    func end(_ stream: LogStream, _ poll: borrowing EventPoll) {
        guard !ended.contains(stream) else { return }
        ended.append(stream)
        for client in clients { client.output(stream).close(poll) }
    }

    /// No input is taken any more.
    func endInput(_ poll: borrowing EventPoll) { for client in clients { client.closeInput(poll) } }

    /// Tells clients what they did not get, once they read again; with `last` in any case.
    func tellSkipped(_ connections: ClientConnections, last: Bool = false) {
        for client in clients {
            guard let skipped = client.takeSkipped(last: last) else { continue }
            // One that does not even receive messages hears of it later.
            if !connections.send(.skipped(skipped), to: client.connection) { client.putBack(skipped) }
        }
    }
}
