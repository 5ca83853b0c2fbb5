import CFSModel
import CFSNetworks
import TestSupport
import Testing

@testable import CFSCore

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
                "10.176.0.0/20 overlaps the host's route to 10.0.0.0/8",
                "10.176.0.0/20 overlaps the host's route to 10.176.3.0/24",
            ])
    }
}
