import CFSModel

/// What lies in our table of nf_tables. Pure.
///
/// The rules never change: networks and ports are elements of sets and maps. So a change is a message or two and cannot leave
/// half a chain behind; a packet passes the same few rules whether there is one network or a hundred, since sets are looked
/// up by hash; and what is there is read back from the elements. A chain for each network would be as atomic, but its rules
/// are found again by the kernel's handles only, and packets would try the chains one by one.
///
///  - `bridges`: every bridge of ours, `internal` those of internal networks, `pairs` each bridge with itself, since rules
///    cannot compare two names of a packet but can look for both in one set.
///  - `sources4`, `sources6`: every subnet (its comment is the bridge), with what becomes of packets from there when they
///    leave: masquerading, or nothing.
///  - `addresses4`, `addresses6`: published ports of one address of the host; `ports4`, `ports6` those of all.
///
/// `forward` decides for our bridges only. An internal network comes first, even before connections that are known: one that
/// was begun while the rules were away must not go on. Traffic with an unpublished port from outside our bridges dies there
/// too, so no chain before routing needs to look at it. A packet that Docker or a firewall drops in a chain of its own stays
/// dropped: to accept ends only our chain (see ``FilterHealth``).
///
/// Loopback addresses are never translated: that would need `route_localnet`, which opens the host's 127.0.0.0/8 to its
/// neighbours.
enum PacketFilterTable {
    static let table = NFTable(family: .inet, name: "cfs")
    /// Shown by `nft list`; changes whenever what is here does, so that the table of another version is known.
    static let comment = "cfs: packet filter, layout 1"

    // Types of nft(8), as `nft list` numbers them: six bits for each field.
    private static let ipv4: UInt32 = 7
    private static let ipv6: UInt32 = 8
    private static let transport: UInt32 = 12
    private static let port: UInt32 = 13
    private static let interfaceName: UInt32 = 41

    static let bridges = NFTable.ElementSet(
        name: "bridges", number: 1, keyType: interfaceName, keyLength: 16, isHostOrder: true)
    static let internals = NFTable.ElementSet(
        name: "internal", number: 2, keyType: interfaceName, keyLength: 16, isHostOrder: true)
    static let pairs = NFTable.ElementSet(
        name: "pairs", number: 3, keyType: interfaceName << 6 | interfaceName, keyLength: 32)

    static func sources(_ family: IPAddress.Family) -> NFTable.ElementSet {
        family == .ipv4
            ? NFTable.ElementSet(
                name: "sources4", number: 4, keyType: ipv4, keyLength: 4, value: .verdict, isInterval: true)
            : NFTable.ElementSet(
                name: "sources6", number: 5, keyType: ipv6, keyLength: 16, value: .verdict, isInterval: true)
    }

    /// Ports of one address.
    static func addresses(_ family: IPAddress.Family) -> NFTable.ElementSet {
        let (name, type, number): (String, UInt32, UInt32) =
            family == .ipv4 ? ("addresses4", ipv4, 6) : ("addresses6", ipv6, 7)
        return NFTable.ElementSet(
            name: name, number: number, keyType: (transport << 6 | type) << 6 | port, keyLength: 8 + size(family),
            value: .data(type: type << 6 | port, length: size(family) + 4))
    }

    /// Ports of all addresses.
    static func ports(_ family: IPAddress.Family) -> NFTable.ElementSet {
        let (name, type, number): (String, UInt32, UInt32) =
            family == .ipv4 ? ("ports4", ipv4, 8) : ("ports6", ipv6, 9)
        return NFTable.ElementSet(
            name: name, number: number, keyType: transport << 6 | port, keyLength: 8,
            value: .data(type: type << 6 | port, length: size(family) + 4))
    }

    static var sets: [NFTable.ElementSet] {
        [bridges, internals, pairs]
            + IPAddress.Family.allCases.flatMap { [sources($0), addresses($0), ports($0)] }
    }

    /// Those that networks are elements of.
    static var networkSets: [NFTable.ElementSet] {
        [bridges, internals, pairs] + IPAddress.Family.allCases.map { sources($0) }
    }

    static let sourceNames: Set<String> = Set(IPAddress.Family.allCases.map { sources($0).name })

    private static func size(_ family: IPAddress.Family) -> UInt32 { UInt32(family.width / 8) }

    static let masquerading = "masquerading"

    static let chains: [NFTable.Chain] = [
        NFTable.Chain(name: "published"), NFTable.Chain(name: masquerading), NFTable.Chain(name: "bridged"),
        // NF_IP_PRI_NAT_DST, NF_IP_PRI_NAT_SRC, NF_IP_PRI_FILTER.
        NFTable.Chain(name: "prerouting", base: .init(type: "nat", hook: .prerouting, priority: -100)),
        NFTable.Chain(name: "output", base: .init(type: "nat", hook: .output, priority: -100)),
        NFTable.Chain(name: "postrouting", base: .init(type: "nat", hook: .postrouting, priority: 100)),
        NFTable.Chain(name: "forward", base: .init(type: "filter", hook: .forward, priority: 0)),
        NFTable.Chain(name: "input", base: .init(type: "filter", hook: .input, priority: 0)),
    ]

    private static func register(_ slot: UInt32) -> NFTExpression.Register { .init(slot) }

    static var rules: [NFTable.Rule] { publishing + masquerade + forwarding }

    private static func isFrom(_ set: String) -> [NFTExpression] {
        [.meta(.inputName, register(0)), .isIn(set, register(0))]
    }

    private static func isTo(_ set: String) -> [NFTExpression] {
        [.meta(.outputName, register(0)), .isIn(set, register(0))]
    }

    private static let isWithinBridge: [NFTExpression] = [
        .meta(.inputName, register(0)), .meta(.outputName, register(4)), .isIn(pairs.name, register(0)),
    ]

    static func isOf(_ family: IPAddress.Family) -> [NFTExpression] {
        let number = family == .ipv4 ? NFTablesFamily.ipv4 : .ipv6
        return [.meta(.family, register(0)), .equal(register(0), [number.rawValue])]
    }

    private static func isConnection(_ key: NFTExpression.Connection, _ bits: UInt32) -> [NFTExpression] {
        [
            .connection(key, register(0)), .mask(register(0), native(bits)), .notEqual(register(0), native(0)),
        ]
    }

    static func native(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number) { Array($0) } }

    /// Whether its destination was translated (IPS_DST_NAT): it came by a published port.
    private static let isTranslated = isConnection(.status, 1 << 5)
    /// Connections that were let through before, and what belongs to them.
    private static let isKnown = isConnection(.state, 2 | 4)
    private static let isInvalid = isConnection(.state, 1)

    private static let publishing: [NFTable.Rule] =
        ["prerouting", "output"].map { chain in
            // RTN_LOCAL of linux/rtnetlink.h
            NFTable.Rule(
                chain,
                [.destinationKind(register(0)), .equal(register(0), native(2)), .verdict(.jump("published"))])
        } + [
            NFTable.Rule(
                "published",
                isOf(.ipv4) + [
                    .payload(.network, offset: 16, length: 1, register(0)), .equal(register(0), [127]),
                    .verdict(.return),
                ]),
            NFTable.Rule(
                "published",
                isOf(.ipv6) + [
                    .payload(.network, offset: 24, length: 16, register(0)),
                    .equal(register(0), [UInt8](repeating: 0, count: 15) + [1]), .verdict(.return),
                ]),
        ] + IPAddress.Family.allCases.flatMap { family in [isPublished(atAddress: family), isPublished(family)] }

    private static func isPublished(atAddress family: IPAddress.Family) -> NFTable.Rule {
        let offset: UInt32 = family == .ipv4 ? 16 : 24
        let port = register(1 + size(family) / 4)
        return NFTable.Rule(
            "published",
            isOf(family) + [
                .meta(.transport, register(0)),
                .payload(.network, offset: offset, length: size(family), register(1)),
                .payload(.transport, offset: 2, length: 2, port),
            ] + translation(addresses(family), family))
    }

    private static func isPublished(_ family: IPAddress.Family) -> NFTable.Rule {
        NFTable.Rule(
            "published",
            isOf(family) + [.meta(.transport, register(0)), .payload(.transport, offset: 2, length: 2, register(1))]
                + translation(ports(family), family))
    }

    private static func translation(_ map: NFTable.ElementSet, _ family: IPAddress.Family) -> [NFTExpression] {
        [
            .value(of: map.name, register(0), into: register(0)),
            .destinationNAT(
                family == .ipv4 ? .ipv4 : .ipv6, address: register(0), port: register(size(family) / 4)),
        ]
    }

    private static let masquerade: [NFTable.Rule] = [
        // A container that calls a port of its own network by the host's address: the answer must come back through here.
        NFTable.Rule("postrouting", isWithinBridge + isTranslated + [.masquerade]),
        NFTable.Rule("postrouting", isFromSubnet(.ipv4)), NFTable.Rule("postrouting", isFromSubnet(.ipv6)),
        NFTable.Rule(
            masquerading,
            [.meta(.outputName, register(0)), .isNotIn(bridges.name, register(0)), .masquerade]),
        // To another network of ours, which only a published port allows.
        NFTable.Rule(masquerading, isTranslated + [.masquerade]),
    ]

    private static func isFromSubnet(_ family: IPAddress.Family) -> [NFTExpression] {
        isOf(family) + [
            .payload(.network, offset: family == .ipv4 ? 12 : 8, length: size(family), register(0)),
            .decision(of: sources(family).name, register(0)),
        ]
    }

    private static let forwarding: [NFTable.Rule] = [
        NFTable.Rule("forward", isWithinBridge + [.verdict(.accept)]),
        NFTable.Rule("forward", isFrom(internals.name) + [.counter, .verdict(.drop)]),
        NFTable.Rule("forward", isTo(internals.name) + [.counter, .verdict(.drop)]),
        NFTable.Rule("forward", isFrom(bridges.name) + [.verdict(.goto("bridged"))]),
        NFTable.Rule("forward", isTo(bridges.name) + [.verdict(.goto("bridged"))]),
        NFTable.Rule("bridged", isKnown + [.verdict(.accept)]),
        NFTable.Rule("bridged", isInvalid + [.counter, .verdict(.drop)]),
        NFTable.Rule("bridged", isTranslated + [.verdict(.accept)]),
        NFTable.Rule("bridged", isTo(bridges.name) + [.counter, .verdict(.drop)]),
        // An internal network's containers answer the host, and begin nothing.
        NFTable.Rule("input", isFrom(internals.name) + isKnown + [.verdict(.accept)]),
        NFTable.Rule("input", isFrom(internals.name) + [.counter, .verdict(.drop)]),
    ]

    /// The messages that make all of it. Chains come before sets, whose elements may name them, and rules last.
    static var creation: [NetlinkMessage] {
        [table.creation(comment: comment)] + chains.map { table.creation(of: $0) } + sets.map { table.creation(of: $0) }
            + rules.map { table.creation(of: $0) }
    }
}
