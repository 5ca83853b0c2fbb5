import CFSModel
import CFSNetworks
import Testing

@testable import CFSMonitor

@Suite("The ports of the host that lead to a container")
struct ContainerPortsTests {
    /// What is shown of ports once they are open, and what the packet filter has of them.
    private func open(
        _ asked: [PortMapping], to target: NetworkEndpoint = .sample
    ) throws -> (shown: [PortMapping], ports: ContainerPorts) {
        var settings = NetworkSettings(folder: "/run/cfs/networks")
        (settings.endpoints, settings.ports) = ([target], asked)
        let ports = ContainerPorts(settings, firstToken: 1)
        try ports.open(to: target)
        return (ports.mappings, ports)
    }

    private func mapping(_ address: String?, _ port: UInt16?, _ container: ContainerPort) -> PortMapping {
        PortMapping(hostAddress: address.flatMap { IPAddress($0) }, hostPort: port, container: container)
    }

    @Test(
        "a port without an address is one of each family that the host has, with the same number",
        arguments: [Transport.tcp, .udp])
    func families(transport: Transport) throws {
        let (shown, ports) = try open([mapping(nil, nil, ContainerPort(80, transport))])
        let number = try #require(shown.first?.hostPort)
        let inside = "\(number)->80/\(transport.rawValue)"
        let everywhere = try NetworkSysctl.hasIPv6Address() ? ["0.0.0.0", "[::]"] : ["0.0.0.0"]
        #expect(number > 0 && shown.map(\.text) == everywhere.map { "\($0):\(inside)" })
        // The sample has an address of IPv4: that is where rules lead, and they are the same as for a port without one.
        let rules = ContainerPorts.published(.sample, shown)
        #expect(rules.map(\.container) == NetworkEndpoint.sample.addresses && rules.first?.hostAddress == nil)
        #expect(rules == ContainerPorts.published(.sample, [mapping(nil, number, ContainerPort(80, transport))]))
        ports.close()
        #expect(ports.mappings.isEmpty)
    }

    @Test("a port of one address is that alone")
    func address() throws {
        let (shown, ports) = try open([mapping("127.0.0.1", nil, ContainerPort(80))])
        #expect(shown.map(\.hostAddress) == [IPAddress("127.0.0.1")] && shown.first?.hostPort != nil)
        ports.close()
    }

    @Test("sctp, which rules alone lead, is open for the families that the container has an address of")
    func sctp() throws {
        let port = mapping(nil, 132, ContainerPort(80, .sctp))
        let one = try open([port])
        #expect(one.shown.map(\.text) == ["0.0.0.0:132->80/sctp"])
        var target = NetworkEndpoint.sample
        target.addresses.append(try #require(IPAddress("fd00::2")))
        let two = try open([port], to: target)
        #expect(two.shown.map(\.text) == ["0.0.0.0:132->80/sctp", "[::]:132->80/sctp"])
        #expect(ContainerPorts.published(target, two.shown) == ContainerPorts.published(target, [port]))
        one.ports.close()
        two.ports.close()
    }
}
