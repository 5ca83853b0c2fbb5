import TestSupport
import Testing

@testable import CFSLinux
@testable import CFSModel
@testable import CFSNetworks

@Suite("What a resolver asks others")
struct ForwardingTests {
    private static let address = IPAddress("192.0.2.7")!

    private func query(_ id: UInt16 = 77, _ name: String = "Example.org") -> NameQuery {
        NameQuery(id: id, name: DomainName(name)!, type: .a)
    }

    /// What an upstream would answer to a packet.
    private static func reply(
        _ bytes: [UInt8], _ code: ResponseCode = .noError, _ records: [NameRecord] = [NameRecord(address)]
    ) -> [UInt8] {
        guard case .query(let query, _) = NameQuery.read(bytes[...]) else { return [] }
        return query.answer(code, code == .noError ? records : [])
    }

    @Test("a query goes out under another number, and its answer comes back under the client's")
    func forwarded() throws {
        let loop = try TestLoop()
        let upstream = try DatagramPeer(loop)
        upstream.respond = { $1(Self.reply($0)) }
        let fixture = try ResolverFixture([upstream.endpoint], loop: loop)
        for id: UInt16 in 1...20 {
            let answer = try fixture.ask(query(id).bytes)
            #expect(
                answer.id == id && answer.code == 0 && answer.records == ["192.0.2.7"] && answer.name == "Example.org")
        }
        let numbers = upstream.received.map { $0[...].word(at: 0) }
        #expect(Set(numbers).count > 15 && numbers != Array(1...20))
        #expect(upstream.received.allSatisfy { $0.dropFirst(2).elementsEqual(query().bytes.dropFirst(2)) })
        #expect(fixture.resolver.patience == -1)
    }

    @Test("what EDNS says goes both ways as it is, behind a query nothing does")
    func extended() throws {
        let loop = try TestLoop()
        let upstream = try DatagramPeer(loop)
        let big = (0..<70).map { NameRecord(IPAddress(bytes: [10, 0, 0, $0])!) }
        upstream.respond = { $1(Self.reply($0, .noError, big)) }
        let fixture = try ResolverFixture([upstream.endpoint], loop: loop)
        var query = query()
        query.extended = NameQuery.Extension(size: 1400, version: 0)
        let answer = try fixture.ask(query.bytes + [1, 2, 3])
        #expect(answer.records.count == 70 && !answer.isTruncated)
        #expect(upstream.received[0].dropFirst(2).elementsEqual(query.bytes.dropFirst(2)))
        // A client without it gets no more than it can take.
        let short = try fixture.ask(self.query(78).bytes)
        #expect(short.isTruncated && short.records.isEmpty && short.name == "Example.org")
    }

    @Test("answers with a wrong number, to another question, or from another port are not looked at")
    func forged() throws {
        let loop = try TestLoop()
        let (upstream, other) = (try DatagramPeer(loop), try DatagramPeer(loop))
        let forged = NameRecord(IPAddress("203.0.113.66")!)
        upstream.respondWithSource = { bytes, source, send in
            other.send(Self.reply(bytes, .noError, [forged]), to: source)
            var wrong = Self.reply(bytes, .noError, [forged])
            wrong[0] ^= 1
            send(wrong)
            wrong[0] ^= 1
            wrong[14] ^= 1
            send(wrong)
            send([1, 2, 3])
            send(bytes)
            send(Self.reply(bytes))
        }
        let fixture = try ResolverFixture([upstream.endpoint], loop: loop)
        #expect(try fixture.ask(query().bytes).records == ["192.0.2.7"])
        #expect(upstream.received.count == 1 && fixture.client.received.count == 1)
    }

    @Test("a server that stays silent is followed by the next, which then is asked first for a while")
    func silent() throws {
        let loop = try TestLoop()
        let (mute, good) = (try DatagramPeer(loop), try DatagramPeer(loop))
        good.respond = { $1(Self.reply($0)) }
        let fixture = try ResolverFixture([mute.endpoint, good.endpoint], loop: loop)
        fixture.send(query())
        #expect(try loop.run { mute.received.count == 1 })
        fixture.waitForNext()
        #expect(try loop.run { fixture.client.received.count == 1 })
        #expect(Answer(fixture.client.received[0]).records == ["192.0.2.7"] && good.received.count == 1)
        #expect(try fixture.ask(query(78).bytes).records == ["192.0.2.7"])
        #expect(mute.received.count == 1)
        loop.now += 61_000_000_000
        fixture.send(query(79))
        #expect(try loop.run { mute.received.count == 2 })
    }

    @Test("servers that refuse, fail or are not there are followed by the next at once, and asked once")
    func refused() throws {
        let loop = try TestLoop()
        let (refusing, failing, good) = (try DatagramPeer(loop), try DatagramPeer(loop), try DatagramPeer(loop))
        refusing.respond = { $1(Self.reply($0, .refused)) }
        failing.respond = { $1(Self.reply($0, .serverFailure)) }
        good.respond = { $1(Self.reply($0)) }
        let closed = try DatagramPeer(loop).endpoint
        let fixture = try ResolverFixture([closed, refusing.endpoint, failing.endpoint, good.endpoint], loop: loop)
        #expect(try fixture.ask(query().bytes).records == ["192.0.2.7"])
        #expect(refusing.received.count == 1 && failing.received.count == 1)
        fixture.resolver.forwarding = Forwarding(servers: [closed, refusing.endpoint, failing.endpoint])
        loop.now += 61_000_000_000
        #expect(try fixture.ask(query(78).bytes).code == 2)
        #expect(refusing.received.count == 2 && failing.received.count == 2 && good.received.count == 1)
        #expect(fixture.resolver.patience == -1)
    }

    @Test("after every round the client hears of a failure; without servers at once")
    func nobody() throws {
        let loop = try TestLoop()
        let mute = try DatagramPeer(loop)
        let fixture = try ResolverFixture([mute.endpoint], loop: loop)
        fixture.send(query())
        #expect(try loop.run { mute.received.count == 1 })
        fixture.waitForNext()
        #expect(try loop.run { mute.received.count == 2 })
        fixture.waitForNext()
        #expect(try loop.run { fixture.client.received.count == 1 })
        #expect(Answer(fixture.client.received[0]).code == 2 && fixture.resolver.patience == -1)
        fixture.resolver.forwarding = Forwarding(servers: [Endpoint]())
        #expect(try fixture.ask(query(78).bytes).code == 2)
    }

    @Test("a server that cannot read a query says so to the client")
    func unread() throws {
        let loop = try TestLoop()
        let upstream = try DatagramPeer(loop)
        upstream.respond = { bytes, send in
            send([bytes[0], bytes[1], 0x80, 1] + [UInt8](repeating: 0, count: 8))
        }
        let fixture = try ResolverFixture([upstream.endpoint], loop: loop)
        let answer = try fixture.ask(query().bytes)
        #expect(answer.code == 1 && answer.name == "Example.org")
    }

    @Test("more queries than may wait fail at once, and one that is asked again waits once")
    func capped() throws {
        let loop = try TestLoop()
        let mute = try DatagramPeer(loop)
        var limits = Resolver.Limits()
        limits.queries = 5
        let fixture = try ResolverFixture([mute.endpoint], limits: limits, loop: loop)
        for id: UInt16 in 1...5 {
            fixture.send(query(id))
            fixture.send(query(id))
        }
        fixture.send(query(6))
        #expect(try loop.run { mute.received.count == 5 && fixture.client.received.count == 1 })
        let answer = Answer(fixture.client.received[0])
        #expect(answer.id == 6 && answer.code == 2)
        #expect(try fixture.ask("web", .a).records == ["10.89.0.2"])
    }

    @Test("a truncated answer stays one; over TCP the whole comes, in the order of the upstream")
    func truncated() throws {
        let loop = try TestLoop()
        let upstream = try StreamServer(loop)
        let datagrams = try DatagramPeer(loop, at: upstream.endpoint)
        datagrams.respond = { bytes, send in
            var answer = Self.reply(bytes)
            answer[2] |= 2
            send(answer)
        }
        let many = (0..<2000).map { NameRecord(IPAddress(bytes: [10, 0, UInt8($0 >> 8), UInt8($0 & 255)])!) }
        upstream.accepted = { peer in
            peer.respond = { [unowned peer] in
                guard let question = peer.messages.first else { return }
                let framed = StreamPeer.framed(Self.reply(question, .noError, many))
                peer.send(framed.prefix(7))
                peer.send(framed.dropFirst(7))
            }
        }
        let fixture = try ResolverFixture([upstream.endpoint], loop: loop)
        let first = try fixture.ask(query().bytes)
        #expect(first.isTruncated && first.id == 77)
        let client = try StreamPeer(to: Endpoint(loopback, fixture.sockets.tcpPort), loop)
        client.send(StreamPeer.framed(query(1).bytes) + StreamPeer.framed(query(2).bytes))
        client.send(StreamPeer.framed(NameQuery(id: 3, name: DomainName("web")!, type: .a).bytes))
        #expect(try loop.run { client.messages.count == 3 })
        let answers = client.messages.map { Answer($0) }
        #expect(Set(answers.map(\.id)) == [1, 2, 3] && answers[0].id == 3)
        #expect(answers.filter { $0.records.count == 2000 }.count == 2 && answers.allSatisfy { !$0.isTruncated })
    }

    @Test("over TCP a server that closes, is not there or answers something else does not help")
    func streamFailures() throws {
        let loop = try TestLoop()
        let (closing, lying) = (try StreamServer(loop), try StreamServer(loop))
        closing.accepted = { [unowned closing] _ in closing.dropConnections() }
        lying.accepted = { $0.send(StreamPeer.framed([0, 0, 0x80, 0] + [UInt8](repeating: 0, count: 20))) }
        let closed = try StreamServer(loop).endpoint
        let fixture = try ResolverFixture([closed, closing.endpoint, lying.endpoint], loop: loop)
        let client = try StreamPeer(to: Endpoint(loopback, fixture.sockets.tcpPort), loop)
        client.send(StreamPeer.framed(query().bytes))
        #expect(try loop.run { client.messages.count == 1 })
        #expect(Answer(client.messages[0]).code == 2)
    }

    @Test("queries of a connection that breaks are given up")
    func givenUp() throws {
        let loop = try TestLoop()
        let mute = try StreamServer(loop)
        let fixture = try ResolverFixture([mute.endpoint], loop: loop)
        var client: StreamPeer? = try StreamPeer(to: Endpoint(loopback, fixture.sockets.tcpPort), loop)
        for id: UInt16 in 1...16 { client?.send(StreamPeer.framed(query(id).bytes)) }
        #expect(try loop.run { mute.connections.count == 16 })
        client.map { InternetSocket.set($0.fd.raw, isResetWhenClosed: true) }
        client = nil
        #expect(try loop.run { mute.connections.allSatisfy(\.hasEnded) })
        #expect(fixture.resolver.patience == -1)
    }

    @Test("after its end the poll knows nothing of it")
    func stopped() throws {
        let loop = try TestLoop()
        let mute = try DatagramPeer(loop)
        let fixture = try ResolverFixture([mute.endpoint], loop: loop)
        let client = try StreamPeer(to: Endpoint(loopback, fixture.sockets.tcpPort), loop)
        fixture.send(query())
        #expect(try loop.run { mute.received.count == 1 })
        client.send(StreamPeer.framed(NameQuery(id: 3, name: DomainName("web")!, type: .a).bytes))
        #expect(try loop.run { client.messages.count == 1 })
        fixture.resolver.stop(loop.poll)
        #expect(try loop.run { client.hasEnded })
        #expect(fixture.resolver.patience == -1)
        fixture.send(query(78))
        #expect(try loop.poll.wait(milliseconds: 0).isEmpty)
    }
}
