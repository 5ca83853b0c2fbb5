import TestSupport
import Testing

@testable import CFSLinux
@testable import CFSModel
@testable import CFSNetworks

/// A resolver on 127.0.0.1 that knows two networks, with a client of UDP.
final class ResolverFixture {
    let loop: TestLoop
    let folder = TemporaryDirectory()
    let resolver: Resolver
    let sockets: ResolverSockets
    let client: DatagramPeer

    init(
        _ servers: [Endpoint]? = [], limits: Resolver.Limits = Resolver.Limits(), attempts: Int = 2,
        loop: TestLoop? = nil
    ) throws {
        let loop = try loop ?? TestLoop()
        self.loop = loop
        let front = NameTable(
            network: "front", subnets: [IPSubnet("10.89.0.0/24")!],
            hosts: [
                NameTable.Host(
                    id: "3f9c2a41b7d0", name: "web", aliases: ["pool", "web.front"],
                    addresses: [IPAddress("10.89.0.2")!, IPAddress("fd00:89::2")!]),
                NameTable.Host(id: "77aa", name: "db", aliases: ["pool"], addresses: [IPAddress("10.89.0.3")!]),
            ])
        let back = NameTable(
            network: "back", hosts: [NameTable.Host(id: "77aa", name: "db", addresses: [IPAddress("10.90.0.3")!])])
        let paths = [folder("front"), folder("back")]
        try AtomicFile.write(front.bytes, to: paths[0], durable: false)
        try AtomicFile.write(back.bytes, to: paths[1], durable: false)
        sockets = try ResolverSockets(address: loopback)
        resolver = Resolver(
            sockets: sockets, tables: paths, names: [("host.cfs.internal", [IPAddress("10.89.0.1")!])],
            domains: ["cfs.test"], forwarding: servers.map { Forwarding(servers: $0, attempts: attempts) },
            limits: limits,
            token: 1000, clock: { loop.now })
        try resolver.watch(loop.poll)
        let resolver = resolver
        loop.add(resolver.tokens) { [unowned resolver, unowned loop] in resolver.handle($0, loop.poll) }
        client = try DatagramPeer(loop)
    }

    var server: Endpoint { Endpoint(loopback, sockets.udpPort) }

    func send(_ query: NameQuery) { client.send(query.bytes, to: server) }

    /// Asks over UDP and waits for the answer.
    func ask(_ bytes: [UInt8]) throws -> Answer {
        let count = client.received.count
        client.send(bytes, to: server)
        #expect(try loop.run { client.received.count > count })
        return Answer(client.received.last ?? [])
    }

    func ask(_ name: String, _ type: NameType, group: UInt16 = 1) throws -> Answer {
        try ask(NameQuery(id: 77, name: DomainName(name)!, type: type, group: group).bytes)
    }

    /// Moves time to what is due next.
    func waitForNext() {
        #expect(resolver.patience > 0)
        loop.now += UInt64(max(0, resolver.patience)) * 1_000_000
        resolver.tick(loop.poll)
    }
}

/// What a client sees of an answer whose records point at the question.
struct Answer: Equatable {
    var id: UInt16 = 0
    var code: UInt16 = 99
    var isTruncated = false
    var isAuthoritative = false
    var name = ""
    var records: [String] = []

    init(_ bytes: [UInt8]) {
        guard bytes.count >= 12 else { return }
        let all = bytes[...]
        id = all.word(at: 0)
        (code, isTruncated, isAuthoritative) = (all.word(at: 2) & 0xf, bytes[2] & 2 != 0, bytes[2] & 4 != 0)
        guard all.word(at: 4) == 1, let question = DomainName(reading: all, at: 12) else { return }
        name = question.description
        var place = 12 + question.wire.count + 4
        for _ in 0..<all.word(at: 6) {
            guard let end = DomainName.end(in: all, at: place) else { return }
            let length = Int(all.word(at: end + 8))
            let data = Array(bytes[(end + 10)..<(end + 10 + length)])
            records.append(
                IPAddress(bytes: data)?.description ?? DomainName(reading: data[...], at: 0)?.description ?? "?")
            place = end + 10 + length
        }
    }
}

@Suite("The resolver's own answers")
struct ResolverTests {
    @Test("a container is found by name, alias and id, whatever the case, and the answer keeps it")
    func addresses() throws {
        let fixture = try ResolverFixture()
        for name in ["web", "WeB", "3f9c2a41b7d0", "web.front", "Web.cfs.TEST"] {
            let answer = try fixture.ask(name, .a)
            #expect(
                answer.code == 0 && answer.name == name && answer.records == ["10.89.0.2"] && answer.isAuthoritative)
        }
        #expect(try fixture.ask("web", .aaaa).records == ["fd00:89::2"])
        #expect(try Set(fixture.ask("web", .any).records) == ["10.89.0.2", "fd00:89::2"])
        #expect(try Set(fixture.ask("db", .a).records) == ["10.89.0.3", "10.90.0.3"])
        #expect(try fixture.ask("host.cfs.internal", .a).records == ["10.89.0.1"])
        #expect(try fixture.ask("localhost", .aaaa).records == ["::1"])
    }

    @Test("a name without an address of the type exists all the same")
    func noData() throws {
        let fixture = try ResolverFixture()
        for type: NameType in [.aaaa, NameType(rawValue: 15)] {
            let answer = try fixture.ask("db", type)
            #expect(answer.code == 0 && answer.records.isEmpty)
        }
    }

    @Test("addresses lead back to names; those of a network that nobody has do not exist")
    func pointers() throws {
        let fixture = try ResolverFixture()
        #expect(try fixture.ask("2.0.89.10.in-addr.arpa", .ptr).records == ["web"])
        let six = "2" + String(repeating: ".0", count: 23) + ".9.8.0.0.0.0.d.f.ip6.arpa"
        #expect(try fixture.ask(six, .ptr).records == ["web"])
        #expect(try fixture.ask("9.0.89.10.in-addr.arpa", .ptr).code == 3)
    }

    @Test("several addresses come in another order each time")
    func rotated() throws {
        let fixture = try ResolverFixture()
        let first = Set(try (0..<4).map { _ in try fixture.ask("pool", .a).records[0] })
        #expect(first == ["10.89.0.2", "10.89.0.3"])
    }

    @Test("a name without a dot, and one below the own domain, never leaves the machine")
    func neverForwarded() throws {
        let loop = try TestLoop()
        let upstream = try DatagramPeer(loop)
        let fixture = try ResolverFixture([upstream.endpoint], loop: loop)
        for name in ["nobody", "nobody.cfs.test", "9.0.89.10.in-addr.arpa"] {
            #expect(try fixture.ask(name, .ptr).code == 3)
        }
        #expect(try fixture.ask("version.bind", NameType(rawValue: 16), group: 3).code == 5)
        #expect(try fixture.ask("example.org", .axfr).code == 5)
        fixture.send(NameQuery(id: 1, name: DomainName("example.org")!, type: .a))
        #expect(try loop.run { !upstream.received.isEmpty })
        #expect(upstream.received.count == 1)
    }

    @Test("with internal networks only, containers are found and nothing else exists")
    func isInternal() throws {
        let fixture = try ResolverFixture(nil)
        #expect(try fixture.ask("web", .a).records == ["10.89.0.2"] && fixture.ask("example.org", .a).code == 3)
        #expect(fixture.resolver.patience == -1)
    }

    @Test("what is no query is answered as such, or not at all, and the next one is served")
    func malformed() throws {
        let fixture = try ResolverFixture()
        let good = NameQuery(id: 7, name: DomainName("web")!, type: .a).bytes
        var response = good
        response[2] |= 0x80
        for bytes in [[], [1], Array(good.prefix(11)), response] { fixture.client.send(bytes, to: fixture.server) }
        #expect(try fixture.ask(Array(good.prefix(14))).code == 1)
        #expect(try fixture.ask(Array(good.prefix(12)) + [0xc0, 12, 0, 1, 0, 1]).code == 1)
        #expect(try fixture.ask(good).records == ["10.89.0.2"])
        #expect(fixture.client.received.count == 3)
    }

    @Test("a newer EDNS is refused by its version")
    func extendedVersion() throws {
        let fixture = try ResolverFixture()
        var query = NameQuery(id: 7, name: DomainName("web")!, type: .a)
        query.extended = NameQuery.Extension(size: 1232, version: 1)
        let answer = try fixture.ask(query.bytes)
        #expect(answer.code == 0 && answer.records.isEmpty && fixture.client.received.last?.suffix(6).first == 1)
    }

    @Test("over TCP queries may come in pieces and several at once")
    func pipelined() throws {
        let fixture = try ResolverFixture()
        let client = try StreamPeer(to: Endpoint(loopback, fixture.sockets.tcpPort), fixture.loop)
        let bytes = (0..<40).flatMap {
            StreamPeer.framed(NameQuery(id: UInt16($0), name: DomainName("web")!, type: .a).bytes)
        }
        client.send(bytes.prefix(5))
        client.send(bytes.dropFirst(5))
        #expect(try fixture.loop.run { client.messages.count == 40 })
        #expect(client.messages.map { Answer($0).id } == (0..<40).map { UInt16($0) })
        client.endOutput()
        #expect(try fixture.loop.run { client.hasEnded })
        #expect(client.failure == nil)
    }

    @Test("a connection that asks nothing is closed, and the idlest one for another")
    func idle() throws {
        var limits = Resolver.Limits()
        limits.connections = 2
        let fixture = try ResolverFixture(limits: limits)
        let server = Endpoint(loopback, fixture.sockets.tcpPort)
        let question = StreamPeer.framed(NameQuery(id: 1, name: DomainName("web")!, type: .a).bytes)
        var clients: [StreamPeer] = []
        for _ in 0..<3 {
            let client = try StreamPeer(to: server, fixture.loop)
            clients.append(client)
            client.send(question)
            #expect(try fixture.loop.run { client.messages.count == 1 })
            fixture.loop.now += 1_000_000_000
        }
        #expect(try fixture.loop.run { clients[0].hasEnded })
        #expect(!clients[1].hasEnded && !clients[2].hasEnded)
        fixture.waitForNext()
        #expect(try fixture.loop.run { clients[1].hasEnded })
        #expect(!clients[2].hasEnded)
        fixture.waitForNext()
        #expect(try fixture.loop.run { clients[2].hasEnded })
        #expect(fixture.resolver.patience == -1)
    }

    @Test("what is no message ends a connection", arguments: [[0, 0], [0, 5, 1, 2, 3, 4, 5]] as [[UInt8]])
    func noMessage(_ bytes: [UInt8]) throws {
        let fixture = try ResolverFixture()
        let client = try StreamPeer(to: Endpoint(loopback, fixture.sockets.tcpPort), fixture.loop)
        client.send(bytes)
        #expect(try fixture.loop.run { client.hasEnded })
    }
}
