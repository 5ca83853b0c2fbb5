import Testing

@testable import CFSLinux
@testable import CFSModel
@testable import CFSNetworks

@Suite("The relay of datagrams")
struct DatagramRelayTests {
    private let loop: TestLoop
    private let server: DatagramPeer
    private let relay: LoopbackRelay

    init() throws {
        let loop = try TestLoop()
        self.loop = loop
        server = try DatagramPeer(loop)
        var limits = LoopbackRelay.Limits()
        limits.flows = 3
        relay = try LoopbackRelay(
            at: Endpoint(loopback, 0), .udp, to: server.endpoint, limits: limits, token: 10_000, clock: { loop.now })
        try relay.watch(loop.poll)
        let relay = relay
        loop.add(relay.tokens) { [unowned loop] in relay.handle($0, loop.poll) }
    }

    @Test("each client gets its own answers, as large as datagrams are")
    func echo() throws {
        server.respond = { $1($0) }
        let clients = try (0..<3).map { _ in try DatagramPeer(loop) }
        for (index, client) in clients.enumerated() {
            client.send([UInt8(index)], to: relay.endpoint)
            client.send([UInt8](repeating: UInt8(index), count: 60_000), to: relay.endpoint)
            client.send([], to: relay.endpoint)
        }
        #expect(try loop.run { clients.allSatisfy { $0.received.count == 3 } })
        for (index, client) in clients.enumerated() {
            #expect(client.received == [[UInt8(index)], [UInt8](repeating: UInt8(index), count: 60_000), []])
        }
        #expect(relay.count == 3)
    }

    @Test(
        "whoever asks at one of the host's addresses is answered by that one",
        arguments: [IPAddress.Family.ipv4, .ipv6])
    func addresses(family: IPAddress.Family) throws {
        server.respond = { $1($0) }
        let relay = try LoopbackRelay(
            at: Endpoint(.unspecified(family), 0), .udp, to: server.endpoint, token: 30_000, clock: { loop.now })
        try relay.watch(loop.poll)
        loop.add(relay.tokens) { [unowned loop] in relay.handle($0, loop.poll) }
        let asked = family == .ipv4 ? ["127.0.0.5", "127.0.0.9", "127.0.0.1"] : ["::1"]
        let clients = try asked.map { text in
            let client = try InternetSocket.open(family, .udp)
            let address = try #require(IPAddress(text))
            // Connected: the kernel lets through what comes from there only.
            #expect(InternetSocket.connect(client.raw, Endpoint(address, relay.endpoint.port)) == 0)
            return client
        }
        for (index, client) in clients.enumerated() {
            let sent = [UInt8(index)].withUnsafeBytes { InternetSocket.send(client.raw, $0) }
            #expect(sent == 1)
        }
        var answers: [Int: UInt8] = [:]
        #expect(
            try loop.run {
                for (index, client) in clients.enumerated() {
                    var byte: UInt8 = 0
                    let count = withUnsafeMutableBytes(of: &byte) { InternetSocket.receive(client.raw, into: $0).count }
                    if count == 1 { answers[index] = byte }
                }
                return answers.count == clients.count
            })
        #expect(answers == Dictionary(uniqueKeysWithValues: clients.indices.map { ($0, UInt8($0)) }))
    }

    @Test("one client more than may be takes the place of the one that was used longest ago")
    func capped() throws {
        server.respond = { $1($0) }
        let clients = try (0..<4).map { _ in try DatagramPeer(loop) }
        for place in [0, 1, 2, 0, 3] {
            let count = clients[place].received.count
            clients[place].send([UInt8(place)], to: relay.endpoint)
            #expect(try loop.run { clients[place].received.count > count })
            loop.now += 1_000_000_000
        }
        #expect(relay.count == 3)
        // The second lost its flow; the first, which was used again, has the same one still.
        let sources = server.sources
        clients[0].send([7], to: relay.endpoint)
        #expect(try loop.run { clients[0].received.count == 3 })
        #expect(server.sources.last == sources[0] && Set(sources).count == 4)
    }

    @Test("a client that rests is forgotten, sooner when it never had an answer")
    func expired() throws {
        let clients = try (0..<2).map { _ in try DatagramPeer(loop) }
        clients[0].send([0], to: relay.endpoint)
        #expect(try loop.run { server.received.count == 1 })
        server.respond = { $1($0) }
        clients[1].send([1], to: relay.endpoint)
        #expect(try loop.run { clients[1].received.count == 1 })
        #expect(relay.count == 2 && relay.patience == 30_000)
        loop.now += 30_000_000_000
        relay.tick(loop.poll)
        #expect(relay.count == 1 && relay.patience == 90_000)
        loop.now += 90_000_000_000
        relay.tick(loop.poll)
        #expect(relay.count == 0 && relay.patience == -1)
    }

    @Test("while nobody listens nothing breaks, and a server that comes is reached")
    func nobody() throws {
        let port = try DatagramPeer(loop).endpoint
        let relay = try LoopbackRelay(at: Endpoint(loopback, 0), .udp, to: port, token: 20_000)
        try relay.watch(loop.poll)
        loop.add(relay.tokens) { [unowned loop] in relay.handle($0, loop.poll) }
        let client = try DatagramPeer(loop)
        client.send([1], to: relay.endpoint)
        #expect(try loop.run { relay.count == 1 })
        let late = try DatagramPeer(loop, at: port)
        late.respond = { $1($0) }
        client.send([2], to: relay.endpoint)
        // The refusal of the first is told to the second on some kernels: then a third goes through.
        client.send([3], to: relay.endpoint)
        #expect(try loop.run { client.received.last == [3] })
        relay.stop(loop.poll)
        #expect(relay.count == 0)
    }
}
