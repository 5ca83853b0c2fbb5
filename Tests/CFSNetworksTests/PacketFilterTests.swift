import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSNetworks

/// What the kernel has, as nft(8) reads it: the judge of what was sent.
private struct Ruleset {
    private var objects: [(kind: String, JSONObject)] = []

    /// That of the namespace of this thread; nil when there is no such table.
    init?(_ table: String = "inet cfs") throws {
        let words = ["/usr/sbin/nft", "-j", "-n", "list", "table"] + table.split(separator: " ").map(String.init)
        let result = RunningCommand(words, environment: [:]).finish()
        guard result.status == 0 else { return nil }
        let document = try JSON(parsing: result.bytes, what: "the answer of nft")
        for entry in document.object?["nftables"]?.array ?? [] {
            for (kind, value) in entry.object?.entries ?? [] {
                if let value = value.object { objects.append((kind, value)) }
            }
        }
    }

    /// Name, type, hook, priority and policy of each base chain.
    var baseChains: Set<[String]> {
        Set(
            objects.filter { $0.kind == "chain" && $0.1["hook"] != nil }.map { _, chain in
                ["name", "type", "hook", "prio", "policy"].map { chain[$0].map(Self.text) ?? "" }
            })
    }

    /// The elements of a set or map.
    func elements(_ name: String) -> Set<String> {
        let set = objects.first { ["set", "map"].contains($0.kind) && $0.1["name"]?.string == name }
        return Set((set?.1["elem"]?.array ?? []).map(Self.text))
    }

    /// Each rule of a chain: its expressions.
    func rules(_ chain: String) -> [[String]] {
        objects.filter { $0.kind == "rule" && $0.1["chain"]?.string == chain }.map { _, rule in
            (rule["expr"]?.array ?? []).map(Self.text).filter { !$0.hasPrefix("counter") }
        }
    }

    private static func text(_ value: JSON) -> String {
        switch value {
        case .string(let text): return text
        case .array(let list): return list.map(text).joined(separator: " : ")
        case .object(let object):
            if let concat = object["concat"]?.array { return concat.map(text).joined(separator: " . ") }
            if let prefix = object["prefix"]?.object {
                return (prefix["addr"]?.string ?? "") + "/\(text(prefix["len"] ?? .null))"
            }
            if let element = object["elem"]?.object {
                return text(element["val"] ?? .null) + " #" + (element["comment"]?.string ?? "")
            }
            return object.entries.map { $0.0 + "(" + ($0.1 == .null ? "" : text($0.1)) + ")" }.joined(separator: " ")
        case .integer(let number): return "\(number)"
        default: return "\(value)"
        }
    }
}

@Suite(
    "The packet filter's table",
    .enabled(if: geteuid() == 0 && access("/usr/sbin/nft", X_OK) == 0, "root and nft(8), which judges, are needed"))
struct PacketFilterTests {
    private static let ordinary = FilteredNetwork(
        bridge: "br0", subnets: [IPSubnet("10.89.0.0/24")!, IPSubnet("fd00:89::/64")!], isInternal: false,
        masquerades: true)
    private static let routed = FilteredNetwork(
        bridge: "br1", subnets: [IPSubnet("10.89.1.0/24")!], isInternal: false, masquerades: false)
    private static let closed = FilteredNetwork(
        bridge: "brint", subnets: [IPSubnet("10.89.2.0/24")!], isInternal: true, masquerades: false)

    private static func port(
        _ host: UInt16, _ container: String = "10.89.0.2", _ transport: PublishedPort.Transport = .tcp,
        at: String? = nil
    ) -> PublishedPort {
        PublishedPort(
            transport, hostAddress: at.map { IPAddress($0)! }, hostPort: host, container: IPAddress(container)!,
            containerPort: 80)
    }

    private static func inNamespace(_ body: @escaping (inout PacketFilter) throws -> Void) throws {
        try withPrivateNetwork {
            var filter = try PacketFilter()
            try filter.ensure()
            try body(&filter)
        }
    }

    /// The code of the error that a body ends with.
    private static func code(_ body: () throws(CFSError) -> Void) -> (CFSError.Code, String)? {
        do throws(CFSError) {
            try body()
            return nil
        } catch {
            return (error.code, error.message)
        }
    }

    @Test("it has five base chains that accept by policy, and rules as they were meant")
    func made() throws {
        try Self.inNamespace { filter in
            try filter.ensure()
            let rules = try #require(try Ruleset())
            #expect(
                rules.baseChains == [
                    ["prerouting", "nat", "prerouting", "-100", "accept"],
                    ["output", "nat", "output", "-100", "accept"],
                    ["postrouting", "nat", "postrouting", "100", "accept"],
                    ["forward", "filter", "forward", "0", "accept"], ["input", "filter", "input", "0", "accept"],
                ])
            for chain in ["prerouting", "output"] {
                let only = rules.rules(chain)
                #expect(only.count == 1 && only.first?.last == "jump(target(published))")
                #expect(only.first?.first?.contains("fib(result(type) flags(daddr))") == true)
            }
            #expect(rules.rules("published").map(\.last).prefix(2) == ["return()", "return()"])
            #expect(rules.rules("published").count == 6)
            for (rule, map) in zip(
                rules.rules("published").dropFirst(2), ["addresses4", "ports4", "addresses6", "ports6"])
            {
                #expect(rule.last?.contains("dnat(") == true && rule.last?.contains("@\(map)") == true, "\(rule)")
            }
            let verdicts = ["accept()", "drop()", "drop()", "goto(target(bridged))", "goto(target(bridged))"]
            #expect(rules.rules("forward").map(\.last) == verdicts)
            #expect(rules.rules("bridged").map(\.last) == ["accept()", "drop()", "accept()", "drop()"])
            #expect(rules.rules("input").map(\.last) == ["accept()", "drop()"])
            #expect(rules.rules("masquerading").map(\.last) == ["masquerade()", "masquerade()"])
            #expect(rules.rules("postrouting").count == 3)
        }
    }

    @Test("networks are elements, once each, and go without a trace")
    func networks() throws {
        try Self.inNamespace { filter in
            for network in [Self.ordinary, Self.routed, Self.closed, Self.ordinary] { try filter.add(network) }
            let rules = try #require(try Ruleset())
            #expect(rules.elements("bridges") == ["br0", "br1", "brint"])
            #expect(rules.elements("internal") == ["brint"])
            #expect(rules.elements("pairs") == ["br0 . br0", "br1 . br1", "brint . brint"])
            #expect(
                rules.elements("sources4") == [
                    "10.89.0.0/24 #br0 : jump(target(masquerading))", "10.89.1.0/24 #br1 : return()",
                    "10.89.2.0/24 #brint : return()",
                ])
            #expect(rules.elements("sources6") == ["fd00:89::/64 #br0 : jump(target(masquerading))"])
            #expect(try filter.contents()?.networks == [Self.ordinary, Self.routed, Self.closed])

            // The same bridge becomes internal, with another subnet.
            let changed = FilteredNetwork(
                bridge: "br1", subnets: [IPSubnet("10.90.0.0/16")!], isInternal: true, masquerades: true)
            try filter.add(changed)
            #expect(try filter.contents()?.networks == [Self.ordinary, changed, Self.closed])
            var overlapping = Self.routed
            overlapping.bridge = "br2"
            overlapping.subnets = [IPSubnet("10.89.0.128/25")!]
            let refused = Self.code { () throws(CFSError) in try filter.add(overlapping) }
            #expect(refused?.0 == .conflict && refused?.1.contains("br0") == true)

            for network in [Self.ordinary, changed, Self.closed, Self.ordinary] { try filter.remove(network) }
            let empty = try #require(try Ruleset())
            for set in PacketFilterTable.sets { #expect(empty.elements(set.name).isEmpty, "\(set.name)") }
        }
    }

    @Test("ports are published all or none, and the one that is taken is named")
    func ports() throws {
        try Self.inNamespace { filter in
            let first = [
                Self.port(8080), Self.port(8080, "10.89.0.2", .udp), Self.port(8080, "fd00::2"),
                Self.port(8080, "10.89.0.3", at: "192.0.2.1"), Self.port(443, "fd00::3", .sctp, at: "2001:db8::1"),
            ]
            try filter.publish(first)
            let rules = try #require(try Ruleset())
            #expect(rules.elements("ports4") == ["6 . 8080 : 10.89.0.2 . 80", "17 . 8080 : 10.89.0.2 . 80"])
            #expect(rules.elements("ports6") == ["6 . 8080 : fd00::2 . 80"])
            #expect(rules.elements("addresses4") == ["6 . 192.0.2.1 . 8080 : 10.89.0.3 . 80"])
            #expect(rules.elements("addresses6") == ["132 . 2001:db8::1 . 443 : fd00::3 . 80"])

            let taken = [Self.port(81), Self.port(8080, "10.89.0.9", at: "192.0.2.1"), Self.port(82)]
            let refused = Self.code { () throws(CFSError) in try filter.publish(taken) }
            #expect(refused?.0 == .conflict && refused?.1 == "192.0.2.1:8080/tcp is published already")
            let same = Self.code { () throws(CFSError) in try filter.publish([Self.port(8080)]) }
            #expect(same?.1 == "*:8080/tcp is published already")
            let twice = Self.code { () throws(CFSError) in
                try filter.publish([Self.port(83), Self.port(83, "10.89.0.4")])
            }
            #expect(twice?.0 == .conflict)
            let mixed = Self.code { () throws(CFSError) in try filter.publish([Self.port(84, at: "::2")]) }
            #expect(mixed?.0 == .invalidArgument)
            #expect(Set(try #require(try filter.contents()).ports) == Set(first))

            // What is gone, and what leads elsewhere by now, is left; the rest goes.
            try filter.unpublish([Self.port(9999), Self.port(8080, "10.89.0.77"), first[1], first[1], first[2]])
            #expect(Set(try #require(try filter.contents()).ports) == [first[0], first[3], first[4]])
            try filter.unpublish(first)
            #expect(try filter.contents()?.ports == [])
        }
    }

    @Test("thousands of ports are one batch")
    func many() throws {
        try Self.inNamespace { filter in
            let ports = (1...5000).map { Self.port(UInt16($0)) }
            try filter.publish(ports)
            #expect(try filter.contents()?.ports.count == 5000)
            let again = Self.code { () throws(CFSError) in try filter.publish([Self.port(6000)] + ports) }
            #expect(again?.1 == "*:1/tcp is published already")
            try filter.restore(networks: [], ports: ports + [Self.port(6000)])
            #expect(try filter.contents()?.ports.count == 5001)
            try filter.unpublish(ports)
            #expect(try filter.contents()?.ports == [Self.port(6000)])
        }
    }

    @Test("it is made anew with all that belongs in it, and tables of others stay")
    func restored() throws {
        try Self.inNamespace { filter in
            let foreign = RunningCommand(
                [
                    "/usr/sbin/nft",
                    "add table inet other; add chain inet other c { type filter hook forward priority 0; }",
                ],
                environment: [:]
            ).finish()
            #expect(foreign.status == 0)
            try filter.add(Self.closed)
            try filter.publish([Self.port(1)])
            try filter.restore(networks: [Self.ordinary, Self.routed], ports: [Self.port(2)])
            let seen = try #require(try filter.contents())
            #expect(seen.networks == [Self.ordinary, Self.routed] && seen.ports == [Self.port(2)])
            // A contradiction changes nothing.
            let refused = Self.code { () throws(CFSError) in
                try filter.restore(networks: [], ports: [Self.port(3), Self.port(3)])
            }
            #expect(refused?.0 == .conflict)
            #expect(try filter.contents()?.ports == [Self.port(2)])
            try filter.remove()
            try filter.remove()
            let ours = try Ruleset()
            let others = try Ruleset("inet other")
            #expect(ours == nil && others?.baseChains.count == 1)
        }
    }

    @Test("without the table there are no contents, nothing to take back, and no way to publish")
    func missing() throws {
        try withPrivateNetwork {
            var filter = try PacketFilter()
            #expect(try filter.contents() == nil)
            try filter.unpublish([Self.port(1)])
            try filter.remove(Self.ordinary)
            let published = Self.code { () throws(CFSError) in try filter.publish([Self.port(1)]) }
            #expect(published?.0 == .invalidState)
            let added = Self.code { () throws(CFSError) in try filter.add(Self.ordinary) }
            #expect(added?.0 == .invalidState)
            // Nor does a table of that name count that another version made.
            let other = RunningCommand(["/usr/sbin/nft", "add table inet cfs"], environment: [:]).finish()
            #expect(other.status == 0)
            #expect(try filter.contents() == nil)
            try filter.restore(networks: [Self.ordinary], ports: [])
            #expect(try filter.contents()?.networks == [Self.ordinary])
        }
    }

    /// What is taken away keeps the close of the socket waiting, and with it every container that is started.
    @Test("the resolver's redirection takes nothing away where there is none")
    func firstRedirection() {
        // NFT_MSG_NEWTABLE, NFT_MSG_NEWCHAIN, NFT_MSG_NEWRULE.
        #expect(ResolverRedirect.plan(udp: 5300, tcp: 5301).map { $0.kind & 0xff } == [0, 3, 6, 6])
    }

    @Test("the table of the resolver's redirection has two rules")
    func redirection() throws {
        try withPrivateNetwork {
            try ResolverRedirect.install(udp: 5400, tcp: 5401)
            try ResolverRedirect.install(udp: 5300, tcp: 5301)
            let rules = try #require(try Ruleset("ip cfs_resolver"))
            #expect(rules.baseChains == [["output", "nat", "output", "-100", "accept"]])
            #expect(
                rules.rules("output").map { $0.last ?? "" }
                    == [5300, 5301].map { "dnat(addr(127.0.0.11) port(\($0)))" })
        }
    }
}
