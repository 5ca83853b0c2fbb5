import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSNetworks

@Suite("Connections that the kernel remembers", .enabled(if: geteuid() == 0, "it makes network namespaces"))
struct ConnectionTrackingTests {
    private static let lost = "error timed out"

    private static func port(_ lab: NetworkLab, _ network: Int, _ number: Int) -> PublishedPort {
        PublishedPort(
            .udp, hostAddress: nil, hostPort: 8053, container: IPAddress(lab.addresses.container(network, number))!,
            containerPort: 80)
    }

    private static func local(_ lab: NetworkLab) -> (IPAddress) -> Bool {
        { $0 == IPAddress(lab.addresses.outside(1)) }
    }

    @Test(
        "a stream of packets to a port goes to its next owner, once the kernel has forgotten the one before",
        arguments: [false, true])
    func nextOwner(isIPv6: Bool) throws {
        try withPrivateNetwork {
            let lab = NetworkLab(isIPv6: isIPv6, filtersBridged: false)
            let (host, neighbour) = (lab.addresses.outside(1), lab.addresses.outside(2))
            var filter = try PacketFilter()
            try filter.ensure()
            // Of the next owner nobody answers: whoever gets an answer has it from the one before.
            let (first, next) = (Self.port(lab, 1, 2), Self.port(lab, 1, 99))
            try filter.publish([first])
            let ask = "datagram \(host) 8053 5000"
            #expect(lab.ask(lab.outside, "\(ask) 10") == "from \(neighbour)")
            try filter.unpublish([first])
            try filter.publish([next])
            #expect(
                lab.ask(lab.outside, "\(ask) 10") == "from \(neighbour)", "the kernel no longer remembers by itself")
            var table = try ConnectionTable()
            let count = try table.forget(ports: [first], isLocal: Self.local(lab))
            #expect(count == 1)
            #expect(lab.ask(lab.outside, "\(ask) 0.25") == Self.lost)
            // What came in between went nowhere, and would go on doing so.
            try filter.unpublish([next])
            try filter.publish([first])
            let again = try table.forget(ports: [first], isLocal: Self.local(lab))
            #expect(again == 1)
            #expect(lab.ask(lab.outside, "\(ask) 10") == "from \(neighbour)")
        }
    }

    @Test(
        "what an address has sent and got is forgotten, and nothing of others, whoever picks it: we or the kernel",
        arguments: [false, true], [ConnectionTable.readable, 0])
    func addresses(isIPv6: Bool, readable: Int) throws {
        try withPrivateNetwork {
            let lab = NetworkLab(isIPv6: isIPv6, filtersBridged: false)
            var filter = try PacketFilter()
            try filter.ensure()
            try filter.publish([Self.port(lab, 1, 2)])
            // The last packets of a connection may come after it was forgotten: they must not make it anew.
            lab.run(lab.host, "echo 0 > /proc/sys/net/netfilter/nf_conntrack_tcp_loose")
            let (host, outside) = (lab.addresses.outside(1), lab.addresses.outside(2))
            #expect(lab.outside.call("udp", host, 8053) != nil)
            #expect(lab.a.call("tcp", outside, 81) != nil)
            #expect(lab.b.call("udp", outside, 81) != nil)
            var table = try ConnectionTable()
            let a = try #require(IPAddress(lab.addresses.container(1, 2)))
            let known = try table.count()
            #expect(known >= 3)
            let count = try table.forget(addresses: [a], readable: readable)
            #expect(count == 2)
            let none = try table.forget(addresses: [a], readable: readable)
            #expect(none == 0)
            let b = try #require(IPAddress(lab.addresses.container(1, 3)))
            let others = try table.forget(addresses: [a, b], readable: readable)
            #expect(others == 1)
        }
    }

    @Test("a namespace that nothing was said in has no connections")
    func empty() throws {
        try withPrivateNetwork {
            var table = try ConnectionTable()
            let known = try table.count()
            #expect(known == 0)
        }
    }

    @Test("what goes to the same port of somebody else is left alone, and ports of one address only are apart")
    func others() throws {
        try withPrivateNetwork {
            let lab = NetworkLab(isIPv6: false, filtersBridged: false)
            var filter = try PacketFilter()
            try filter.ensure()
            var port = Self.port(lab, 1, 2)
            port.hostPort = 80
            try filter.publish([port])
            #expect(lab.a.call("udp", lab.addresses.outside(2), 80) != nil)
            #expect(lab.outside.call("udp", lab.addresses.outside(1), 80) != nil)
            var table = try ConnectionTable()
            var elsewhere = port
            elsewhere.hostAddress = IPAddress("198.51.100.1")
            let none = try table.forget(ports: [elsewhere], isLocal: Self.local(lab))
            #expect(none == 0)
            let count = try table.forget(ports: [port], isLocal: Self.local(lab))
            #expect(count == 1)
        }
    }
}
