import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSNetworks

/// Real packets between network namespaces; `PacketFilterTests` looks at the rules.
@Suite("Traffic through the packet filter", .enabled(if: geteuid() == 0, "it makes network namespaces, which root can"))
struct PacketFilterTrafficTests {
    /// Runs a body in a lab whose networks the filter has.
    private static func inLab(
        isIPv6: Bool, filtersBridged: Bool = false, masquerades: Bool = true,
        _ body: @escaping (NetworkLab, inout PacketFilter) throws -> Void
    ) throws {
        try withPrivateNetwork {
            let lab = NetworkLab(isIPv6: isIPv6, filtersBridged: filtersBridged)
            var filter = try PacketFilter()
            try filter.ensure()
            for network in networks(lab, masquerades: masquerades) { try filter.add(network) }
            try body(lab, &filter)
        }
    }

    private static func networks(_ lab: NetworkLab, masquerades: Bool = true) -> [FilteredNetwork] {
        ["br0", "br1", "brint"].enumerated().map { number, bridge in
            FilteredNetwork(
                bridge: bridge, subnets: [IPSubnet(lab.addresses.subnet(number + 1))!], isInternal: bridge == "brint",
                masquerades: masquerades)
        }
    }

    private static func port(
        _ host: Int, to container: String, _ transport: PublishedPort.Transport = .tcp, at address: String? = nil
    ) -> PublishedPort {
        PublishedPort(
            transport, hostAddress: address.map { IPAddress($0)! }, hostPort: UInt16(host),
            container: IPAddress(container)!, containerPort: 80)
    }

    @Test(
        "a published port is reached from outside, from every container and from the host, until it is taken back",
        arguments: [false, true], [false, true])
    func published(isIPv6: Bool, filtersBridged: Bool) throws {
        try Self.inLab(isIPv6: isIPv6, filtersBridged: filtersBridged) { lab, filter in
            let names = lab.addresses
            let (host, a) = (names.outside(1), names.container(1, 2))
            let ports = [
                Self.port(8080, to: a), Self.port(8080, to: a, .udp),
                Self.port(8081, to: names.container(1, 3), at: host), Self.port(80, to: a, at: names.container(1, 1)),
            ]
            #expect(lab.outside.isCutOff(from: host, 8080))
            try filter.publish(ports)
            // The client's address is kept.
            for transport in ["tcp", "udp"] {
                #expect(lab.outside.call(transport, host, 8080) == names.outside(2))
            }
            #expect(lab.outside.call("tcp", host, 8081) == names.outside(2))
            // From its own network by the host's address, also the container itself; from another network; from the host.
            let gateways = [1, 2].map { names.container($0, 1) }
            #expect(lab.b.call("tcp", host, 8080) == gateways[0])
            #expect(lab.b.call("udp", host, 8080) == gateways[0])
            #expect(lab.a.call("tcp", host, 8080) == gateways[0])
            #expect(lab.b.call("tcp", gateways[0], 80) == gateways[0])
            #expect(lab.c.call("tcp", host, 8080) == gateways[0])
            #expect(lab.c.call("tcp", host, 8081) == gateways[0])
            #expect(lab.host.call("tcp", host, 8080) == host)
            // A port of one address is not one of another, and loopback is left alone.
            #expect(lab.host.isCutOff(from: gateways[0], 8081))
            #expect(lab.host.isCutOff(from: isIPv6 ? "::1" : "127.0.0.1", 8080))
            // Not out of an internal network.
            #expect(lab.i.isCutOff(from: host, 8080))
            #expect(lab.i.isCutOff(from: names.container(3, 1), 8080))

            try filter.unpublish(ports)
            #expect(lab.outside.isCutOff(from: host, 8080) && lab.outside.isCutOff(from: host, 8081))
            #expect(lab.b.isCutOff(from: host, 8080))
        }
    }

    @Test(
        "networks are isolated from each other and from the neighbours of the host, and reach outside",
        arguments: [false, true])
    func isolated(isIPv6: Bool) throws {
        try Self.inLab(isIPv6: isIPv6) { lab, filter in
            let names = lab.addresses
            let (a, c) = (names.container(1, 2), names.container(2, 2))
            #expect(lab.b.call("tcp", a, 80) == names.container(1, 3))
            #expect(lab.host.call("tcp", a, 80) == names.container(1, 1))
            #expect(lab.a.isCutOff(from: c) && lab.c.isCutOff(from: a))
            #expect(lab.outside.isCutOff(from: a))
            try filter.publish([Self.port(8080, to: a)])
            #expect(lab.outside.isCutOff(from: a))
            // With the host's address.
            for transport in ["tcp", "udp"] {
                #expect(lab.a.call(transport, names.outside(2), 80) == names.outside(1))
            }
        }
    }

    @Test(
        "a network that does not masquerade keeps its addresses, except to its own published ports",
        arguments: [false, true])
    func routed(isIPv6: Bool) throws {
        try Self.inLab(isIPv6: isIPv6, masquerades: false) { lab, filter in
            let names = lab.addresses
            #expect(lab.a.call("tcp", names.outside(2), 80) == names.container(1, 2))
            try filter.publish([Self.port(8080, to: names.container(1, 2))])
            #expect(lab.b.call("tcp", names.outside(1), 8080) == names.container(1, 1))
            #expect(lab.c.call("tcp", names.outside(1), 8080) == names.container(2, 2))
        }
    }

    @Test(
        "an internal network reaches nobody and nobody reaches it, except its own and the host that calls",
        arguments: [false, true], [false, true])
    func internalNetwork(isIPv6: Bool, filtersBridged: Bool) throws {
        try Self.inLab(isIPv6: isIPv6, filtersBridged: filtersBridged) { lab, filter in
            let names = lab.addresses
            let (host, i) = (names.outside(1), names.container(3, 2))
            lab.host.serve(names.any, 90)
            #expect(lab.a.call("tcp", names.container(1, 1), 90) == names.container(1, 2))
            #expect(lab.j.call("tcp", i, 80) == names.container(3, 3))
            #expect(lab.j.isCutOff(from: names.outside(2)))
            #expect(lab.j.isCutOff(from: names.container(1, 2)))
            #expect(lab.j.isCutOff(from: host, 90) && lab.j.isCutOff(from: names.container(3, 1), 90))
            #expect(lab.a.isCutOff(from: i) && lab.outside.isCutOff(from: i))
            // Also when somebody publishes a port of it.
            try filter.publish([Self.port(8080, to: i)])
            #expect(lab.outside.isCutOff(from: host, 8080) && lab.a.isCutOff(from: host, 8080))
            if !isIPv6 { #expect(lab.host.call("tcp", i, 80) == names.container(3, 1)) }
        }
    }

    @Test("a connection that was begun while the rules were away does not go on from an internal network")
    func flushed() throws {
        try Self.inLab(isIPv6: false) { lab, filter in
            let names = lab.addresses
            let ports = [Self.port(8080, to: names.container(1, 2))]
            try filter.publish(ports)
            let reached = lab.ask(lab.outside, "hold kept \(names.outside(1)) 8080")
            #expect(reached == "from \(names.outside(2))")
            lab.run(lab.host, "nft flush ruleset")
            #expect(lab.ask(lab.i, "hold early \(names.container(1, 2)) 80") == "from \(names.container(3, 2))")
            #expect(lab.outside.isCutOff(from: names.outside(1), 8080))
            #expect(try filter.contents() == nil)

            try filter.restore(networks: Self.networks(lab), ports: ports)
            #expect(lab.outside.call("tcp", names.outside(1), 8080) == names.outside(2))
            #expect(lab.ask(lab.outside, "talk kept 10") == "hello")
            #expect(lab.ask(lab.i, "talk early 0.4").hasPrefix("error"))
            #expect(lab.a.isCutOff(from: names.container(2, 2)))
        }
    }

    @Test("questions to 127.0.0.11 reach the resolver, and port 53 of all addresses stays free")
    func resolver() throws {
        try withPrivateNetwork {
            try ResolverRedirect.install(udp: 5300, tcp: 5301)
            let agent = NetworkAgent(isolated: false)
            let isUp = agent.ask("run ip link set lo up")
            #expect(isUp == "ok")
            for port in [5300, 5301] { agent.serve("127.0.0.11", port) }
            #expect(agent.call("udp", "127.0.0.11", 53) == "127.0.0.1")
            #expect(agent.call("tcp", "127.0.0.11", 53) == "127.0.0.1")
            agent.serve("0.0.0.0", 53)
            // Other ports go elsewhere now, and another address has its own port 53.
            try ResolverRedirect.install(udp: 5302, tcp: 5303)
            #expect(agent.isCutOff(from: "127.0.0.11", 53))
            #expect(agent.call("tcp", "127.0.0.12", 53) == "127.0.0.1")
        }
    }
}
