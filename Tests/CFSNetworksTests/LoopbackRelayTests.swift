import Glibc
import Testing

@testable import CFSLinux
@testable import CFSModel
@testable import CFSNetworks

@Suite("The relay at loopback addresses")
struct LoopbackRelayTests {
    /// A relay in a loop, to a server of the test's.
    private static func relay(
        _ loop: TestLoop, _ transport: SocketTransport, to target: Endpoint, at address: IPAddress = loopback,
        limits: LoopbackRelay.Limits = LoopbackRelay.Limits()
    ) throws -> LoopbackRelay {
        let relay = try LoopbackRelay(
            at: Endpoint(address, 0), transport, to: target, limits: limits, token: 10_000, clock: { loop.now })
        try relay.watch(loop.poll)
        loop.add(relay.tokens) { [unowned loop] in relay.handle($0, loop.poll) }
        return relay
    }

    private static func numbers(_ count: Int, _ seed: UInt64) -> [UInt8] {
        var random = RepeatableNumbers(state: seed)
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            for place in 0..<(count / 8) {
                UnsafeMutableRawBufferPointer(buffer).storeBytes(
                    of: random.next(), toByteOffset: place * 8, as: UInt64.self)
            }
            initialized = count / 8 * 8
        }
    }

    @Test("8 MiB go both ways whole, to readers that are slow, and each end is passed on by itself")
    func bytes() throws {
        let loop = try TestLoop()
        let server = try StreamServer(loop)
        let relay = try Self.relay(loop, .tcp, to: server.endpoint)
        let size = 8 << 20
        let (there, back) = (Self.numbers(size, 1), Self.numbers(size, 2))
        let client = try SlowPeer(StreamPeer.connect(to: relay.endpoint), loop, sends: there)
        #expect(try loop.run { server.connections.count == 1 })
        let accepted = try SlowPeer(server.connections[0].leave(), loop, sends: back)
        #expect(try loop.run { client.hasEnded && accepted.hasEnded })
        #expect(client.received == back && accepted.received == there)
        #expect(try loop.run { relay.count == 0 })
        #expect(relay.patience == -1)
    }

    @Test("a client that has said all still gets its answer")
    func halfClosed() throws {
        let loop = try TestLoop()
        let server = try StreamServer(loop)
        let relay = try Self.relay(loop, .tcp, to: server.endpoint)
        let client = try StreamPeer(to: relay.endpoint, loop)
        client.send(Array("question".utf8))
        client.endOutput()
        #expect(try loop.run { server.connections.first?.hasEnded ?? false })
        #expect(server.connections[0].received == Array("question".utf8) && !client.hasEnded)
        server.connections[0].send(Array("answer".utf8))
        server.connections[0].endOutput()
        #expect(try loop.run { client.hasEnded })
        #expect(client.received == Array("answer".utf8) && client.failure == nil)
    }

    @Test("nothing is read that the other side does not take")
    func backPressure() throws {
        let loop = try TestLoop()
        let server = try StreamServer(loop)
        let relay = try Self.relay(loop, .tcp, to: server.endpoint)
        let client = try StreamPeer(to: relay.endpoint, loop)
        #expect(try loop.run { server.connections.count == 1 })
        // Nobody reads here any more.
        loop.poll.remove(server.connections[0].fd.raw)
        let chunk = [UInt8](repeating: 7, count: 1 << 20)
        var taken = 0
        while true {
            let count = client.send(chunk)
            taken += max(0, count)
            guard count < 0 else { continue }
            // What the kernel holds between both ends is some megabytes; then the loop must come to rest.
            let events = try loop.poll.wait(milliseconds: 200)
            if events.isEmpty { break }
            for event in events { relay.handle(event.token, loop.poll) }
            if taken > 256 << 20 { break }
        }
        #expect(taken > 0 && taken < 64 << 20)
    }

    @Test("a target that refuses closes the client, and so does one that does not answer in time")
    func refused() throws {
        let loop = try TestLoop()
        let closed = try StreamServer(loop).endpoint
        let relay = try Self.relay(loop, .tcp, to: closed)
        let client = try StreamPeer(to: relay.endpoint, loop)
        #expect(try loop.run { client.hasEnded })
        #expect(client.failure == ECONNRESET && relay.count == 0)
    }

    @Test("a connection that is not taken in time is reset")
    func notTaken() throws {
        let loop = try TestLoop()
        // A listener whose queue is full drops what comes.
        let full = try InternetSocket.open(.ipv4, .tcp)
        try InternetSocket.bind(full.raw, Endpoint(loopback, 0), .tcp)
        listen(full.raw, 0)
        let target = try #require(InternetSocket.local(full.raw))
        let first = try StreamPeer.connect(to: target)
        let relay = try LoopbackRelay(
            at: Endpoint(loopback, 0), .tcp, to: target, token: 10_000, clock: { loop.now })
        try relay.watch(loop.poll)
        loop.add(relay.tokens) { [unowned loop] in relay.handle($0, loop.poll) }
        let client = try StreamPeer(to: relay.endpoint, loop)
        #expect(try loop.run { relay.count == 1 })
        #expect(relay.patience == 10_000)
        loop.now += 10_000_000_000
        relay.tick(loop.poll)
        #expect(try loop.run { client.hasEnded })
        #expect(client.failure == ECONNRESET && relay.count == 0 && relay.patience == -1)
        withExtendedLifetime((full, first)) {}
    }

    @Test("a reset goes through, either way", arguments: [true, false])
    func reset(byClient: Bool) throws {
        let loop = try TestLoop()
        let server = try StreamServer(loop)
        let relay = try Self.relay(loop, .tcp, to: server.endpoint)
        var client: StreamPeer? = try StreamPeer(to: relay.endpoint, loop)
        #expect(try loop.run { server.connections.count == 1 })
        if byClient {
            client.map { InternetSocket.set($0.fd.raw, isResetWhenClosed: true) }
            client = nil
            #expect(try loop.run { server.connections[0].hasEnded })
            #expect(server.connections[0].failure == ECONNRESET)
        } else {
            InternetSocket.set(server.connections[0].fd.raw, isResetWhenClosed: true)
            server.dropConnections()
            #expect(try loop.run { client?.hasEnded ?? true })
            #expect(client?.failure == ECONNRESET)
        }
        #expect(relay.count == 0)
    }

    @Test("more connections than there may be wait until one has ended")
    func capped() throws {
        let loop = try TestLoop()
        let server = try StreamServer(loop)
        var limits = LoopbackRelay.Limits()
        limits.connections = 2
        let relay = try Self.relay(loop, .tcp, to: server.endpoint, limits: limits)
        let clients = try (0..<3).map { _ in try StreamPeer(to: relay.endpoint, loop) }
        #expect(try loop.run { server.connections.count == 2 })
        #expect(relay.count == 2 && relay.patience == -1)
        clients[0].endOutput()
        #expect(try loop.run { server.connections[0].hasEnded })
        server.connections[0].endOutput()
        clients[2].send([9])
        #expect(try loop.run { server.connections.count == 3 && server.connections[2].received == [9] })
        relay.stop(loop.poll)
        #expect(try loop.run { clients[1].hasEnded && clients[2].hasEnded })
        #expect(relay.count == 0)
    }

    @Test("a port that somebody has is a conflict that names it", arguments: SocketTransport.allCases)
    func conflict(_ transport: SocketTransport) throws {
        let loop = try TestLoop()
        let target = Endpoint(loopback, 1)
        let relay = try Self.relay(loop, transport, to: target)
        let port = relay.endpoint.port
        for address in ["127.0.0.1", "0.0.0.0"] {
            let error = #expect(throws: CFSError.self) {
                _ = try LoopbackRelay(at: Endpoint(IPAddress(address)!, port), transport, to: target, token: 1)
            }
            #expect(
                error?.code == .conflict
                    && error?.message == "port \(port)/\(transport.rawValue) of \(address) is in use")
        }
        let reservation = #expect(throws: CFSError.self) {
            _ = try PortReservation(Endpoint(loopback, port), transport)
        }
        #expect(reservation?.code == .conflict)
        let elsewhere = #expect(throws: CFSError.self) {
            _ = try LoopbackRelay(at: Endpoint(IPAddress("192.0.2.1")!, 1), transport, to: target, token: 1)
        }
        #expect(elsewhere?.code == .invalidArgument)
    }

    @Test("a reserved port is nobody else's, also for those who share ports, and refuses who comes")
    func reserved() throws {
        let loop = try TestLoop()
        let stream = try PortReservation(Endpoint(loopback, 0), .tcp)
        let datagram = try PortReservation(Endpoint(loopback, 0), .udp)
        for (endpoint, transport) in [(stream.endpoint, SocketTransport.tcp), (datagram.endpoint, .udp)] {
            let other = try InternetSocket.open(.ipv4, transport)
            try InternetSocket.set(other.raw, SOL_SOCKET, SO_REUSEADDR, 1)
            try InternetSocket.set(other.raw, SOL_SOCKET, SO_REUSEPORT, 1)
            let error = #expect(throws: CFSError.self) { try InternetSocket.bind(other.raw, endpoint, transport) }
            #expect(error?.code == .conflict)
        }
        let fd = try InternetSocket.open(.ipv4, .tcp)
        _ = InternetSocket.connect(fd.raw, stream.endpoint)
        let client = try StreamPeer(fd, loop)
        #expect(try loop.run { client.hasEnded })
        #expect(client.failure == ECONNREFUSED)
        let sender = try DatagramPeer(loop)
        sender.send([1, 2, 3], to: datagram.endpoint)
        #expect(datagram.waitingBytes == 0)
        let missing = #expect(throws: CFSError.self) {
            _ = try PortReservation(Endpoint(IPAddress("192.0.2.1")!, 1), .tcp)
        }
        #expect(missing?.code == .invalidArgument)
    }

    @Test("at the address of all, only clients at a loopback address are served")
    func wildcard() throws {
        let loop = try TestLoop()
        let server = try StreamServer(loop)
        let relay = try Self.relay(loop, .tcp, to: server.endpoint, at: .unspecified(.ipv4))
        let client = try StreamPeer(to: Endpoint(loopback, relay.endpoint.port), loop)
        #expect(try loop.run { server.connections.count == 1 })
        #expect(!client.hasEnded)
        let local = Endpoint(loopback, 1)
        let (outside, wildcard) = (Endpoint(IPAddress("192.0.2.9")!, 5), Endpoint(.unspecified(.ipv4), 80))
        #expect(LoopbackRelay.serves(local, at: wildcard) && !LoopbackRelay.serves(outside, at: wildcard))
    }

    @Test("IPv6 has a relay of its own beside that of IPv4, and may lead to IPv4")
    func six() throws {
        let loop = try TestLoop()
        let server = try StreamServer(loop)
        let (four, six) = (IPAddress.unspecified(.ipv4), IPAddress.unspecified(.ipv6))
        let first = try LoopbackRelay(at: Endpoint(four, 0), .tcp, to: server.endpoint, token: 1)
        let port = first.endpoint.port
        let relay = try LoopbackRelay(at: Endpoint(six, port), .tcp, to: server.endpoint, token: 10_000)
        try relay.watch(loop.poll)
        loop.add(relay.tokens) { [unowned loop] in relay.handle($0, loop.poll) }
        let client = try StreamPeer(to: Endpoint(IPAddress("::1")!, port), loop)
        client.send([5])
        #expect(try loop.run { server.connections.first?.received == [5] })
    }
}
