import CFSModel
import TestSupport
import Testing

@testable import CFSCore

@Suite("What a start does to put a container on its networks")
struct NetworkStepsTests {
    private static func address(_ text: String) -> IPAddress { IPAddress(text) ?? .unspecified(.ipv4) }

    private static func network(_ name: String, _ ranges: [(subnet: String, gateway: String?)]) -> NetworkRecord {
        let ranges = ranges.map { range in
            NetworkRecord.Range(
                subnet: IPSubnet(range.subnet) ?? IPSubnet("0.0.0.0/0")!, gateway: range.gateway.map { address($0) })
        }
        return NetworkRecord(id: "\(name)-id", name: name, ranges: ranges, device: "cfs-\(name)", createdAt: 1)
    }

    private static let blue = network("blue", [("10.1.0.0/24", "10.1.0.1")])

    private static func place(
        _ network: NetworkRecord = blue, _ device: NetworkSteps.Place.Device = .ready,
        _ change: (inout NetworkRequest) -> Void = { _ in }
    ) -> NetworkSteps.Place {
        var request = NetworkRequest(network.name)
        change(&request)
        return NetworkSteps.Place(network: network, request: request, device: device)
    }

    private static func steps(
        _ places: [NetworkSteps.Place], ports: [PortMapping] = [], _ resolver: ResolverChoices = ResolverChoices(),
        _ rates: NetworkRates = NetworkRates()
    ) -> NetworkSteps {
        NetworkSteps(places: places, ports: ports, resolver: resolver, rates: rates, name: "web")
    }

    @Test("all of them, in the order in which they are taken")
    func order() {
        var rates = NetworkRates()
        (rates.egress, rates.ingress) = (20_000_000, 30_000_000)
        let ports = [
            PortMapping(hostAddress: nil, hostPort: 80, container: ContainerPort(8080)),
            PortMapping(hostAddress: Self.address("127.0.0.1"), hostPort: nil, container: ContainerPort(53, .udp)),
            PortMapping(hostAddress: nil, hostPort: 9, container: ContainerPort(9, .sctp)),
        ]
        let place = Self.place(Self.blue, .missing) { request in
            request.aliases = ["www"]
            request.hardwareAddress = [2, 0, 0, 0, 0, 1]
        }
        let steps = Self.steps([place], ports: ports, ResolverChoices(), rates)
        #expect(steps.placing == ["cfs: reserve an address of 10.1.0.0/24 on blue"])
        #expect(
            steps.connecting == [
                "monitor: forget the connections of whoever had its addresses before",
                "monitor: take port 80/tcp of every address of the host for 8080/tcp",
                "monitor: take a free port of udp of 127.0.0.1 of the host for 53/udp",
                "monitor: make the bridge cfs-blue of the network blue: rules of the packet filter, forwarding, "
                    + "10.1.0.1/24, up",
                "monitor: make the device eth0 in the container with 02:00:00:00:00:01, the other end a port of the bridge "
                    + "in hairpin mode",
                "monitor: eth0 gets an address of 10.1.0.0/24, and is up",
                "monitor: eth0 sends at most 20000000 bits a second",
                "monitor: default route via 10.1.0.1 by eth0",
                "monitor: sysctl net.ipv4.ping_group_range=0 2147483647",
                "monitor: sysctl net.ipv4.ip_unprivileged_port_start=0",
                "monitor: sockets of the resolver, to which the packet filter inside leads 127.0.0.11:53",
                "monitor: eth0 receives at most 30000000 bits a second",
                "monitor: the packet filter leads port 80/tcp of every address of the host to 8080/tcp",
                "monitor: the packet filter leads port 9/sctp of every address of the host to 9/sctp",
                "monitor: the resolver begins; it asks the host's servers for names that no container has",
                "monitor: tell blue the names web, www, its ID",
            ])
    }

    @Test("an address that was asked for is told, and of several networks the first gateway of a family is the way out")
    func several() {
        let red = Self.network("red", [("10.2.0.0/24", "10.2.0.1"), ("fd00::/64", "fd00::1")])
        let steps = Self.steps([Self.place { $0.addresses = [Self.address("10.1.0.9")] }, Self.place(red)])
        #expect(
            steps.placing == [
                "cfs: reserve 10.1.0.9/24 on blue",
                "cfs: reserve an address of 10.2.0.0/24 and an address of fd00::/64 on red",
            ])
        #expect(steps.connecting.contains("monitor: use the bridge cfs-blue of the network blue"))
        #expect(steps.connecting.contains("monitor: eth0 gets 10.1.0.9/24, and is up"))
        #expect(
            steps.connecting.filter { $0.contains("default route") } == [
                "monitor: default route via 10.1.0.1 by eth0", "monitor: default route via fd00::1 by eth1",
            ])
    }

    @Test("an internal network leads nowhere: no forwarding, no route, and names are asked of nobody")
    func isInternal() {
        var dark = Self.network("dark", [("10.3.0.0/24", nil)])
        dark.isInternal = true
        let steps = Self.steps([Self.place(dark, .missing)]).connecting
        #expect(steps.contains("monitor: make the bridge cfs-dark of the network dark: rules of the packet filter, up"))
        #expect(!steps.contains { $0.contains("route") || $0.contains("forwarding") || $0.contains("hairpin") })
        #expect(steps.contains("monitor: the resolver begins; it asks nobody for names that no container has"))
    }

    @Test("a network that is made with the container is told first, and its bridge has no name before")
    func new() {
        var place = Self.place(Self.network("cfs0", [("10.176.0.0/20", "10.176.0.1")]), .missing)
        place.isNew = true
        place.network.device = "cfs-12345678"
        var resolver = ResolverChoices()
        resolver.servers = [Self.address("9.9.9.9"), Self.address("1.1.1.1")]
        let steps = Self.steps([place], resolver)
        #expect(steps.placing.first == "cfs: make the network cfs0 of 10.176.0.0/20")
        #expect(steps.connecting.contains { $0.hasPrefix("monitor: make the bridge of the network cfs0: ") })
        #expect(
            steps.connecting.contains(
                "monitor: the resolver begins; it asks 9.9.9.9, 1.1.1.1 for names that no container has"))
    }

    @Test("a device on one of the host has no bridge, and what the host lacks is told")
    func drivers() {
        var lan = Self.blue
        (lan.driver, lan.device) = (.macvlan, "eth7")
        let device = "monitor: make the device eth0 in the container, macvlan on eth7"
        let ready = Self.steps([Self.place(lan)]).connecting
        #expect(ready.contains(device) && !ready.contains { $0.contains("bridge") })
        let missing = Self.steps([Self.place(lan, .missing)]).connecting
        #expect(missing.contains("\(device) (a start here refuses it: the host has no such device)"))
        let foreign = Self.steps([Self.place(Self.blue, .foreign)]).connecting
        #expect(
            foreign.contains { $0.hasSuffix("(a start here refuses it: the host has another device of that name)") })
    }
}
