import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSMonitor

@Suite("Those who talk to a monitor")
struct ClientConnectionsTests {
    private let clients = ClientConnections()

    private func connect(_ poll: borrowing EventPoll) throws -> (pair: SocketPair, token: UInt64) {
        let pair = try SocketPair()
        return (pair, try clients.add(SharedFD(OwnedFD(fcntl(pair.ours, F_DUPFD_CLOEXEC, 3))), poll))
    }

    @Test("a message is received, from the client that sent it")
    func receives() throws {
        let poll = try EventPoll()
        let (first, second) = (try connect(poll), try connect(poll))
        try MessageSocket.send(second.pair.theirs, MonitorMessage.signal(15).bytes)
        #expect(try poll.wait().map(\.token) == [second.token])
        #expect(clients.receive(second.token, poll) == .signal(15))
        #expect(clients.contains(first.token) && clients.contains(second.token))
        #expect(first.token >= ClientConnections.firstToken && first.token != second.token)
    }

    @Test(
        "a client that breaks the protocol loses its connection",
        arguments: [
            Array("nonsense".utf8), Array(#"{"do":"signal","number":999}"#.utf8), [0xff],
            [UInt8](repeating: 0x20, count: 100_000),
        ])
    func breaks(bytes: [UInt8]) throws {
        let poll = try EventPoll()
        let client = try connect(poll)
        try MessageSocket.send(client.pair.theirs, bytes)
        #expect(clients.receive(client.token, poll) == nil)
        #expect(!clients.contains(client.token))
        #expect(clients.receive(client.token, poll) == nil)
        #expect(try poll.wait(milliseconds: 0).isEmpty)
    }

    @Test("a client that is gone is forgotten")
    func gone() throws {
        let poll = try EventPoll()
        let client = try connect(poll)
        client.pair.closeTheirs()
        #expect(clients.receive(client.token, poll) == nil)
        #expect(!clients.contains(client.token))
    }

    @Test("whether a client is there is seen before its end is received")
    func there() throws {
        let poll = try EventPoll()
        let client = try connect(poll)
        #expect(clients.isThere(client.token))
        try MessageSocket.send(client.pair.theirs, MonitorMessage.signal(1).bytes)
        client.pair.closeTheirs()
        #expect(!clients.isThere(client.token))
        #expect(clients.contains(client.token))
        #expect(!clients.isThere(client.token + 1))
    }

    @Test("what concerns one client is told to that one only")
    func sendsToOne() throws {
        let poll = try EventPoll()
        let (first, second) = (try connect(poll), try connect(poll))
        let message = MonitorMessage.unwritten(UnwrittenOutput(stream: .stdout, errno: 28))
        clients.send(message, to: second.token)
        clients.send(.ending)
        #expect(try MonitorMessage.receive(from: first.pair.theirs) == .ending)
        #expect(try MonitorMessage.receive(from: second.pair.theirs) == message)
    }

    @Test("descriptors that a client sends along are closed")
    func descriptors() throws {
        let poll = try EventPoll()
        let (client, other) = (try connect(poll), try SocketPair())
        try MessageSocket.send(
            client.pair.theirs, MonitorMessage.signal(1).bytes, descriptors: [other.theirs, other.theirs])
        #expect(clients.receive(client.token, poll) == .signal(1))
        other.closeTheirs()
        #expect(try MessageSocket.receive(other.ours) == nil)
    }

    @Test("the lock that comes with a change of networks is whoever's who takes it, and nobody's after that")
    func lock() throws {
        let poll = try EventPoll()
        let (client, other) = (try connect(poll), try SocketPair())
        let change = MonitorMessage.network(NetworkChange(.disconnect("blue"), folder: "/nowhere", files: []))
        try MessageSocket.send(client.pair.theirs, change.bytes, descriptors: [other.theirs])
        other.closeTheirs()
        #expect(clients.receive(client.token, poll) == change)
        var held: [SharedFD]? = clients.takeHandedOver()
        #expect(held?.count == 1 && MessageSocket.hasPeer(other.ours))
        held = nil
        #expect(held == nil && !MessageSocket.hasPeer(other.ours))
    }

    @Test("all are told, and nobody is waited for")
    func sends() throws {
        let poll = try EventPoll()
        let (gone, behind, attentive) = (try connect(poll), try connect(poll), try connect(poll))
        gone.pair.closeTheirs()
        let filling = #expect(throws: CFSError.self) {
            for _ in 0..<10_000 {
                try MessageSocket.send(behind.pair.ours, [UInt8](repeating: 0, count: 10_000), waits: false)
            }
        }
        #expect(filling?.errno == EAGAIN)
        clients.send(.started(pid: 7))
        let message = try #require(try MessageSocket.receive(attentive.pair.theirs))
        #expect(try MonitorMessage(parsing: message.bytes) == .started(pid: 7))
    }
}
