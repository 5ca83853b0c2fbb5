import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSNetworks

@Suite(
    "A table that somebody has touched",
    .enabled(if: geteuid() == 0 && access("/usr/sbin/nft", X_OK) == 0, "root and nft(8), which breaks it, are needed"))
struct PacketFilterMendingTests {
    private static let networks = [
        FilteredNetwork(
            bridge: "br0", subnets: [IPSubnet("10.89.0.0/24")!, IPSubnet("fd00:89::/64")!], isInternal: false,
            masquerades: true),
        FilteredNetwork(
            bridge: "brint", subnets: [IPSubnet("10.89.2.0/24")!], isInternal: true, masquerades: false),
    ]
    private static let ports = [
        PublishedPort(
            .udp, hostAddress: IPAddress("192.0.2.1"), hostPort: 53, container: IPAddress("10.89.0.2")!,
            containerPort: 53),
        PublishedPort(
            .tcp, hostAddress: nil, hostPort: 8080, container: IPAddress("fd00:89::2")!, containerPort: 80),
    ]

    private static func nft(_ script: String) -> CommandResult {
        RunningCommand(["/usr/sbin/nft", script], environment: [:]).finish()
    }

    /// The rules as nft(8) tells them, without what counters have counted.
    private static var rules: String { nft("list table inet cfs").output }

    /// In a namespace whose table has two networks and two ports.
    private static func inNamespace(_ body: @escaping (inout PacketFilter) throws -> Void) throws {
        try withPrivateNetwork {
            var filter = try PacketFilter()
            let before = try filter.condition()
            #expect(before == .missing)
            try filter.ensure()
            for network in networks { try filter.add(network) }
            try filter.publish(ports)
            try body(&filter)
        }
    }

    @Test("one that nobody has touched is whole, and stays as it is")
    func whole() throws {
        try Self.inNamespace { filter in
            let condition = try filter.condition()
            #expect(condition == .whole)
            let wasBroken = try filter.ensure()
            #expect(!wasBroken)
        }
    }

    @Test(
        "what somebody has added or changed is seen, and the table is made anew without it",
        arguments: [
            ("insert rule inet cfs forward drop", "has 1 rule of somebody else"),
            (
                "add rule inet cfs input iifname \"vpn0\" accept; add rule inet cfs bridged accept",
                "has 2 rules of somebody else"
            ),
            (
                "add table inet cfs { flags dormant; }",
                "is switched off (flag dormant): networks are not apart, ports lead nowhere"
            ),
            (
                "add chain inet cfs forward { type filter hook forward priority 0; policy drop; }",
                "has another policy in its chain forward: drop"
            ),
            (
                "add chain inet cfs theirs { type filter hook forward priority -5; }",
                "has a chain of somebody else (theirs)"
            ),
            (
                "add element inet cfs pairs { \"br7\" . \"br8\" }",
                "has 1 pair of two bridges: networks are not apart"
            ),
        ])
    func altered(script: String, what: String) throws {
        try Self.inNamespace { filter in
            let before = Self.rules
            #expect(Self.nft(script).status == 0)
            let condition = try filter.wholeCondition()
            #expect(condition == .altered(what))
            let wasBroken = try filter.ensure()
            #expect(wasBroken && Self.rules == before)
            let contents = try #require(try filter.contents())
            #expect(contents.networks == Self.networks && Set(contents.ports) == Set(Self.ports))
        }
    }

    @Test(
        "a network is not taken for ready where a rule or a pair of two bridges was added, or the table is switched off"
    )
    func notReady() throws {
        for script in [
            "insert rule inet cfs forward accept", "add element inet cfs pairs { \"br7\" . \"br8\" }",
            "add table inet cfs { flags dormant; }",
        ] {
            try Self.inNamespace { filter in
                let network = try #require(Self.networks.first)
                let before = try filter.has(network)
                #expect(Self.nft(script).status == 0)
                let after = try filter.has(network)
                #expect(before && !after, "\(script)")
            }
        }
    }

    @Test(
        "rules that are gone are seen, all or one, and come back with the networks and ports that were there",
        arguments: [
            ("flush table inet cfs", 24), ("flush chain inet cfs bridged", 4), ("flush chain inet cfs input", 2),
        ])
    func flushed(script: String, count: Int) throws {
        try Self.inNamespace { filter in
            let before = Self.rules
            #expect(Self.nft(script).status == 0)
            let condition = try filter.condition()
            #expect(condition == .damaged(missingRules: count))
            #expect(Self.rules != before)
            let wasBroken = try filter.ensure()
            #expect(wasBroken)
            #expect(Self.rules == before)
            let contents = try #require(try filter.contents())
            #expect(contents.networks == Self.networks && Set(contents.ports) == Set(Self.ports))
        }
    }

    @Test("a table of another layout is replaced, and what it has that can be read is kept")
    func foreign() throws {
        try withPrivateNetwork {
            let script = """
                add table inet cfs { comment "cfs: packet filter, layout 0"; }
                add set inet cfs bridges { type ifname; elements = { "br7" }; }
                add map inet cfs ports4 { type inet_proto . inet_service : ipv4_addr . inet_service; }
                add element inet cfs ports4 { udp . 53 : 10.89.0.2 . 5353 }
                add chain inet cfs old { type filter hook forward priority 0; }
                """
            #expect(Self.nft(script).status == 0)
            var filter = try PacketFilter()
            let condition = try filter.condition()
            #expect(condition == .foreign(comment: "cfs: packet filter, layout 0"))
            let wasBroken = try filter.ensure()
            let contents = try #require(try filter.contents())
            #expect(wasBroken && contents.networks.map(\.bridge) == ["br7"])
            #expect(contents.ports.map(\.description) == ["*:53/udp -> 10.89.0.2:5353"])
            #expect(!Self.rules.contains("chain old"))
        }
    }

    @Test("of what contradicts itself in a table of another layout the rest is kept")
    func contradiction() throws {
        try withPrivateNetwork {
            // Without ends of ranges, a subnet goes to the last address of all.
            let script = """
                add table inet cfs { comment "cfs: packet filter, layout 0"; }
                add set inet cfs bridges { type ifname; elements = { "br7", "br8" }; }
                add set inet cfs sources4 { type ipv4_addr; }
                add element inet cfs sources4 { 128.0.0.0 comment "br7", 192.0.0.0 comment "br8" }
                add map inet cfs ports4 { type inet_proto . inet_service : ipv4_addr . inet_service; }
                add element inet cfs ports4 { udp . 53 : 10.89.0.2 . 5353 }
                """
            #expect(Self.nft(script).status == 0)
            var filter = try PacketFilter()
            let wasBroken = try filter.ensure()
            let condition = try filter.condition()
            let contents = try #require(try filter.contents())
            #expect(wasBroken && condition == .whole)
            #expect(
                contents.networks.map(\.bridge) == ["br7"] && contents.networks[0].subnets == [IPSubnet("128.0.0.0/1")!]
            )
            #expect(contents.ports.map(\.description) == ["*:53/udp -> 10.89.0.2:5353"])
        }
    }

    @Test(
        "a network of which elements are gone is made whole, and can be removed as well",
        arguments: [
            "delete element inet cfs bridges { br0 }", "delete element inet cfs pairs { br0 . br0 }",
            "flush set inet cfs pairs", "flush map inet cfs sources4", "flush map inet cfs sources6",
            "add element inet cfs internal { br0 }",
        ])
    func partly(script: String) throws {
        try Self.inNamespace { filter in
            let network = Self.networks[0]
            let isWhole = try filter.has(network)
            #expect(isWhole)
            #expect(Self.nft(script).status == 0)
            let isStillWhole = try filter.has(network)
            let left = try filter.contents()?.networks
            #expect(!isStillWhole && left?.contains(network) == false)
            try filter.add(network)
            try filter.add(Self.networks[1])
            let networks = try filter.contents()?.networks
            #expect(networks == Self.networks)
            #expect(Self.nft(script).status == 0)
            try filter.remove(network)
            #expect(!Self.rules.contains("br0"))
        }
    }

    @Test("a range that is no network's any more is in nobody's way")
    func stray() throws {
        try Self.inNamespace { filter in
            let script = """
                delete element inet cfs sources4 { 10.89.0.0/24 : jump masquerading }
                add element inet cfs sources4 { 10.89.0.64/26 comment "gone0" : return }
                """
            #expect(Self.nft(script).status == 0)
            try filter.add(Self.networks[0])
            let networks = try filter.contents()?.networks
            #expect(networks == Self.networks && !Self.rules.contains("gone0"))
        }
    }

    @Test("a table that is not there is made")
    func missing() throws {
        try withPrivateNetwork {
            var filter = try PacketFilter()
            let wasBroken = try filter.ensure()
            let condition = try filter.condition()
            #expect(wasBroken && condition == .whole)
        }
    }
}
