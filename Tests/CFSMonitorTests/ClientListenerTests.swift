import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSMonitor

@Suite("The socket of a monitor")
struct ClientListenerTests {
    private final class Kernel {
        var refusal: Int32?
        var limit: UInt64 = .max
        var now: UInt64 = 1
    }

    private let folder = TemporaryDirectory()
    private let kernel = Kernel()
    private let clients = ClientConnections()
    private let listener: ClientListener

    init() throws {
        let kernel = kernel
        var calls = ClientListener.Calls()
        let accept = calls.accept
        calls.accept = { socket in kernel.refusal.map { -Int($0) } ?? accept(socket) }
        calls.descriptorLimit = { kernel.limit }
        calls.now = { kernel.now }
        listener = ClientListener(try MessageSocket.listen(at: folder("socket")), token: 1, calls: calls)
    }

    private func call() throws -> OwnedFD { try MessageSocket.connect(to: folder("socket")).fd.duplicate() }

    private static func tokens(_ poll: borrowing EventPoll) throws -> [UInt64] {
        try poll.wait(milliseconds: 0).map(\.token)
    }

    @Test("whoever calls becomes a client")
    func accepts() throws {
        let poll = try EventPoll()
        try listener.watch(poll)
        let caller = try call()
        #expect(try Self.tokens(poll) == [1])
        listener.accept(into: clients, poll)
        #expect(try Self.tokens(poll) == [])
        try MessageSocket.send(caller.raw, MonitorMessage.signal(15).bytes)
        #expect(try Self.tokens(poll) == [ClientConnections.firstToken])
        #expect(listener.patience == -1)
    }

    @Test(
        "without a descriptor for a caller the socket is not watched, until a moment has passed",
        arguments: [EMFILE, ENFILE, ENOBUFS, ENOMEM])
    func exhausted(number: Int32) throws {
        let poll = try EventPoll()
        try listener.watch(poll)
        let caller = try call()
        kernel.refusal = number
        listener.accept(into: clients, poll)
        // The caller is still there, but the loop can sleep.
        #expect(try Self.tokens(poll) == [])
        #expect(listener.patience == ClientListener.pause)

        listener.resume(poll, clientLeft: false)
        #expect(try Self.tokens(poll) == [])
        kernel.now += UInt64(ClientListener.pause) * 1_000_000
        kernel.refusal = nil
        listener.resume(poll, clientLeft: false)
        #expect(try Self.tokens(poll) == [1])
        listener.accept(into: clients, poll)
        try MessageSocket.send(caller.raw, MonitorMessage.signal(15).bytes)
        #expect(clients.receive(ClientConnections.firstToken, poll) == .signal(15))
    }

    @Test("callers leave descriptors for the container's end; when one goes, the next is taken")
    func reserve() throws {
        let poll = try EventPoll()
        try listener.watch(poll)
        kernel.limit = UInt64(ClientListener.reserve)
        let first = try call()
        let second = try call()
        listener.accept(into: clients, poll)
        #expect(try Self.tokens(poll) == [])
        // The one that was taken is served.
        try MessageSocket.send(first.raw, MonitorMessage.signal(1).bytes)
        #expect(clients.receive(ClientConnections.firstToken, poll) == .signal(1))
        kernel.now += 1 << 40
        listener.resume(poll, clientLeft: false)
        #expect(try Self.tokens(poll) == [] && listener.patience == -1)
        listener.resume(poll, clientLeft: true)
        #expect(try Self.tokens(poll) == [1])
        listener.accept(into: clients, poll)
        try MessageSocket.send(second.raw, MonitorMessage.signal(2).bytes)
        #expect(clients.receive(ClientConnections.firstToken + 1, poll) == .signal(2))
    }

    @Test("a caller that went away before it was taken changes nothing", arguments: [ECONNABORTED, EPERM, EAGAIN])
    func vanished(number: Int32) throws {
        let poll = try EventPoll()
        try listener.watch(poll)
        let caller = try call()
        kernel.refusal = number
        listener.accept(into: clients, poll)
        #expect(try Self.tokens(poll) == [1])
        #expect(listener.patience == -1)
        extendLifetime(caller)
    }
}
