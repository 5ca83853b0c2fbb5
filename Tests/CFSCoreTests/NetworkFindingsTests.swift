import CFSModel
import TestSupport
import Testing

@testable import CFSCore
@testable import CFSNetworks

/// What no host of the tests is like; the rest is found on a real one.
@Suite("What is said of a host's networks")
struct NetworkFindingsTests {
    private static var healthy: NetworkFacts {
        var facts = NetworkFacts()
        facts.kinds = ["bridge": true, "veth": true]
        facts.filter = NetworkFacts.Filter(condition: .whole)
        return facts
    }

    private static func bad(_ facts: NetworkFacts) -> [Finding] { facts.findings.filter { $0.verdict != .good } }

    private static func network(_ driver: NetworkRecord.Driver = .bridge) -> NetworkRecord {
        var network = NetworkRecord(
            id: "0f8fad5b-d9cb-469f-a165-70867728950e", name: "blue",
            ranges: [NetworkRecord.Range(subnet: IPSubnet("10.176.0.0/20")!, gateway: IPAddress("10.176.0.1"))],
            device: "cfs-0f8fad5b", createdAt: 1)
        network.driver = driver
        return network
    }

    @Test("a host that has all and no network is fine")
    func fine() { #expect(Self.bad(Self.healthy).isEmpty) }

    @Test("what the kernel lacks is named, with the module that brings it")
    func kernel() {
        var facts = Self.healthy
        facts.filter = nil
        facts.kinds = ["bridge": true, "veth": false]
        let found = Self.bad(facts)
        #expect(found.map(\.name) == ["nf_tables", "veth devices"] && found.allSatisfy { $0.verdict == .missing })
        #expect(found[0].hint?.hasPrefix("modprobe nf_tables ") == true)
        #expect(found[1].hint == "modprobe veth, or a kernel with CONFIG_VETH")
    }

    @Test("a table of connections that is nearly full is a warning")
    func connections() {
        var facts = Self.healthy
        facts.settings = ["netfilter/nf_conntrack_count": "89", "netfilter/nf_conntrack_max": "100"]
        #expect(Self.bad(facts).isEmpty)
        facts.settings["netfilter/nf_conntrack_count"] = "90"
        #expect(Self.bad(facts).map(\.verdict) == [.warning])
        #expect(Self.bad(facts).map(\.hint) == ["sysctl -w net.netfilter.nf_conntrack_max=200"])
    }

    @Test("tables of iptables that nf_tables does not show are told")
    func legacy() {
        var facts = Self.healthy
        facts.legacyTables = [("iptables-legacy", ["nat"]), ("ip6tables-legacy", ["mangle", "filter"])]
        #expect(Self.bad(facts).map(\.hint) == ["ip6tables-legacy -S FORWARD shows whether it drops"])
    }

    @Test("a bridge that is gone matters when a container runs, a parent always")
    func devices() {
        var facts = Self.healthy
        facts.places = [NetworkFacts.Place(network: Self.network())]
        facts.settings = ["ipv4/ip_forward": "0"]
        #expect(Self.bad(facts).map(\.name) == ["default route of IPv4"])
        facts.settings = ["ipv4/ip_forward": "1"]
        facts.places[0].containers = ["db", "web"]
        #expect(Self.bad(facts).map(\.name) == ["network blue", "default route of IPv4"])
        #expect(Self.bad(facts).first?.hint == "cfs system recover")
        facts.places = [NetworkFacts.Place(network: Self.network(.macvlan))]
        #expect(Self.bad(facts).map(\.detail) == ["the host has no device cfs-0f8fad5b"])
    }

    @Test("where the host has no IPv6, or it is off, nothing is hinted at that fails there")
    func withoutIPv6() {
        var facts = Self.healthy
        // Nothing of its rules is to be told.
        facts.filter = nil
        var network = Self.network()
        let subnet = IPSubnet("fd00:7::/64")!
        network.ranges = [NetworkRecord.Range(subnet: subnet, gateway: IPAddress("fd00:7::1"))]
        var place = NetworkFacts.Place(network: network)
        place.containers = ["web"]
        place.device = Link(
            index: 7, name: network.device, kind: "bridge", isEthernet: true, hardwareAddress: [], mtu: 1500,
            isUp: true,
            isRunning: true, isBound: true)
        facts.places = [place]
        func bad(_ name: String) -> [String] {
            Self.bad(facts).filter { $0.name == name }.map { "\($0.detail), \($0.hint ?? "no hint")" }
        }
        let (bridge, way) = ("network blue", "default route of IPv6")
        #expect(bad(bridge) == ["the kernel has no IPv6, no hint"])
        #expect(bad(way) == ["none: the kernel has no IPv6, no hint"])
        let settings = [network.device, "all"].map { "ipv6/conf/\($0)/disable_ipv6" }
        for setting in settings { facts.settings[setting] = "1" }
        let on = "sysctl -w net.ipv6.conf.\(network.device).disable_ipv6=0"
        let add = "ip address add fd00:7::1/64 dev \(network.device) nodad"
        #expect(bad(bridge) == ["IPv6 is off on its bridge, \(on) && \(add)"])
        #expect(bad(way) == ["none: IPv6 is off on this host, sysctl -w net.ipv6.conf.all.disable_ipv6=0"])
        facts.places[0].device?.isUp = false
        let up = "ip link set \(network.device) up"
        #expect(bad(bridge) == ["its bridge \(network.device) is switched off, \(up) && \(on) && \(add)"])
        facts.places[0].device?.isUp = true
        for setting in settings { facts.settings[setting] = "0" }
        #expect(bad(bridge) == ["its bridge has no address fd00:7::1, cfs system recover"])
        #expect(bad(way).first?.hasSuffix("ip -6 route add default via ROUTER") == true)
    }

    @Test("what came with a bridge's addresses and is gone is told, with what mends it, where containers are on it")
    func routing() {
        let network = {
            var network = Self.network()
            network.ranges.append(
                NetworkRecord.Range(subnet: IPSubnet("fd00:7::/64")!, gateway: IPAddress("fd00:7::1")))
            return network
        }()
        var facts = Self.healthy
        // Nothing of its rules is to be told.
        facts.filter = nil
        var place = NetworkFacts.Place(network: network)
        place.containers = ["web"]
        func device(_ index: Int32, _ name: String) -> Link {
            Link(
                index: index, name: name, kind: "bridge", isEthernet: true, hardwareAddress: [], mtu: 1500, isUp: true,
                isRunning: true, isBound: true)
        }
        let other = device(8, "br0")
        place.device = device(7, network.device)
        facts.links = [8: other]
        let gateways = network.ranges.compactMap(\.gateway)
        place.addresses = gateways + [IPAddress("fe80::1")!]
        facts.places = [place]
        facts.settings = ["ipv6/conf/\(network.device)/disable_ipv6": "0"]
        func way(_ subnet: String, _ device: Int32) -> Route {
            Route(destination: IPSubnet(subnet)!, gateway: nil, device: device)
        }
        let ways = [way("10.176.0.0/20", 7), way("fd00:7::/64", 7)]
        func bad() -> [String] {
            Self.bad(facts).filter { $0.name == "network blue" }.map { "\($0.detail), \($0.hint ?? "no hint")" }
        }
        facts.routes = ways
        #expect(bad().isEmpty)
        facts.routes = []
        let gone = [
            "the host's route to 10.176.0.0/20 is gone, cfs system recover",
            "the host's route to fd00:7::/64 is gone, cfs system recover",
        ]
        #expect(bad() == gone)
        facts.routes = [way("10.176.0.0/20", 8), ways[1]]
        let removal = "ip route del 10.176.0.0/20 dev br0 && cfs system recover"
        #expect(bad() == ["the host's route to 10.176.0.0/20 leads to br0, and not to its bridge, \(removal)"])
        // What leads nowhere counts where its prefix is longer, or as long with a better metric.
        func deadEnd(_ subnet: String, _ metric: UInt32) -> Route {
            Route(destination: IPSubnet(subnet)!, gateway: nil, device: nil, kind: .blackhole, metric: metric)
        }
        facts.routes = [ways[0], Route(destination: IPSubnet("fd00:7::/64")!, gateway: nil, device: 7, metric: 256)]
        for (route, found) in [
            (deadEnd("fd00:7::/64", 1024), []), (deadEnd("fd00::/16", 1), []), (deadEnd("10.0.0.0/8", 0), []),
            (deadEnd("10.177.0.0/24", 0), []),
            (
                deadEnd("fd00:7::/64", 1),
                [
                    "another route of the host to fd00:7::/64 leads nowhere (blackhole), "
                        + "ip route del blackhole fd00:7::/64 metric 1"
                ]
            ),
            (
                deadEnd("10.176.3.0/24", 0),
                [
                    "the host's route to 10.176.3.0/24, a part of 10.176.0.0/20, leads nowhere (blackhole), "
                        + "ip route del blackhole 10.176.3.0/24"
                ]
            ),
        ] as [(Route, [String])] {
            facts.deadEnds = [route]
            #expect(bad() == found, "\(route)")
        }
        facts.deadEnds = []
        facts.routes = ways
        facts.places[0].addresses = gateways
        #expect(bad() == ["its bridge has no link-local address (fe80::/10), cfs system recover"])
        // The kernel makes it with the first port.
        facts.places[0].device?.isRunning = false
        #expect(bad().isEmpty)
        facts.places[0].device?.isRunning = true
        facts.places[0].containers = []
        facts.routes = []
        #expect(bad().isEmpty)
        // What has no IPv6 needs no such address.
        facts.places[0].containers = ["web"]
        facts.places[0].network.ranges.removeLast()
        facts.places[0].addresses = [gateways[0]]
        #expect(bad() == [gone[0]])
        // Without a gateway the host is not on it.
        facts.places[0].network.ranges[0].gateway = nil
        #expect(bad().isEmpty)
    }

    @Test("a route of the host into a network's subnet is a warning, the default route and the bridge's own are none")
    func routes() {
        var facts = Self.healthy
        facts.places = [NetworkFacts.Place(network: Self.network())]
        let router = IPAddress("192.0.2.254")
        facts.routes = ["0.0.0.0/0", "10.0.0.0/8", "10.176.3.0/24", "10.177.0.0/16"].map { text in
            Route(destination: IPSubnet(text)!, gateway: router, device: nil)
        }
        let found = Self.bad(facts).filter { $0.name == "subnet of blue" }
        #expect(
            found.map(\.detail) == [
                "10.176.0.0/20 overlaps the host's route to 10.0.0.0/8, whose part there is not reached: remove that "
                    + "route, or make the network with another subnet",
                "10.176.0.0/20 overlaps the host's route to 10.176.3.0/24, whose part there is not reached: remove that "
                    + "route, or make the network with another subnet",
            ])
        #expect(found.map(\.hint) == ["ip route del 10.0.0.0/8", "ip route del 10.176.3.0/24"])
        // While containers are there, what is within the subnet keeps packets from them.
        facts.places[0].containers = ["web"]
        let stolen = Self.bad(facts).filter { $0.name == "subnet of blue" && $0.verdict == .missing }
        #expect(
            stolen.map(\.detail) == ["the host's route to 10.176.3.0/24 takes a part of 10.176.0.0/20 away"])
    }

    @Test("another engine's network with the same subnet is told as that, and its ports are nobody's strays")
    func otherEngine() {
        var facts = Self.healthy
        facts.places = [NetworkFacts.Place(network: Self.network())]
        let subnet = IPSubnet("10.176.0.0/20")!
        facts.links = [
            9: Link(
                index: 9, name: "cfs-42e812e8", kind: "bridge", isEthernet: true, hardwareAddress: [], mtu: 1500,
                isUp: true, isRunning: true, isBound: true)
        ]
        facts.routes = [Route(destination: subnet, gateway: nil, device: 9)]
        let port = PublishedPort(
            .tcp, hostAddress: nil, hostPort: 8180, container: IPAddress("10.176.0.2")!, containerPort: 80)
        let other = FilteredNetwork(bridge: "cfs-42e812e8", subnets: [subnet], isInternal: false, masquerades: true)
        facts.filter = NetworkFacts.Filter(condition: .whole, networks: [other], ports: [port])
        let found = Self.bad(facts).filter { $0.name.hasSuffix("blue") }
        #expect(
            found.map(\.detail) == ["10.176.0.0/20 overlaps that of another engine's network, on cfs-42e812e8"])
        #expect(found.map(\.hint) == ["cfs network rm blue"])
        // Without that engine's network, the port is nobody's.
        facts.filter?.networks = []
        #expect(Self.bad(facts).contains { $0.detail.hasPrefix("no container has the port *:8180/tcp") })
    }
}
