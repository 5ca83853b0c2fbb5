import CFSModel
import Testing

@testable import CFSNetworks

/// The bytes are written out from linux/netfilter/nf_tables.h, nfnetlink.h and netlink(7).
@Suite("Messages of nf_tables")
struct NFTablesMessageTests {
    private static let table = NFTable(family: .inet, name: "cfs")
    /// NFTA_*_TABLE, or NFTA_TABLE_NAME.
    private static let name: [UInt8] = [8, 0, 1, 0] + text("cfs")

    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) + [0] }

    /// An attribute whose value is a number in network order.
    private static func number(_ kind: UInt8, _ value: UInt32) -> [UInt8] {
        [8, 0, kind, 0] + withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    private static func nested(_ kind: UInt8, _ inside: [UInt8]) -> [UInt8] {
        [UInt8(inside.count + 4), 0, kind, 0x80] + inside
    }

    private static func value(_ kind: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        nested(kind, [UInt8(bytes.count + 4), 0, 1, 0] + bytes + [UInt8](repeating: 0, count: -bytes.count & 3))
    }

    @Test("a batch is of nf_tables and may be for one generation of rules only")
    func batch() {
        #expect(
            NFTable.begin(generation: nil).bytes(sequence: 1) == [20, 0, 0, 0, 16] + [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
                + [0, 0, 0, 10])
        #expect(NFTable.begin(generation: 7).body == [0, 0, 0, 10] + Self.number(1, 7))
        #expect(NFTable.end().kind == 17 && NFTable.end().body == [0, 0, 0, 10])
    }

    @Test("a table has a name and a comment, and goes by its name")
    func tables() {
        let made = Self.table.creation(comment: "hi")
        #expect(made.kind == 0x0a00 && made.flags == .create)
        #expect(made.body == [1, 0, 0, 0] + Self.name + [9, 0, 6, 0, 0, 3, 0x68, 0x69, 0, 0, 0, 0])
        #expect(Self.table.deletion().kind == 0x0a02 && Self.table.deletion().body == [1, 0, 0, 0] + Self.name)
    }

    @Test("a base chain has its hook, priority, policy and type; another only its name")
    func chains() {
        let plain = Self.table.creation(of: NFTable.Chain(name: "abc"))
        #expect(plain.kind == 0x0a03 && plain.body == [1, 0, 0, 0] + Self.name + [8, 0, 3, 0] + Self.text("abc"))
        let base = NFTable.Chain(name: "abc", base: .init(type: "nat", hook: .postrouting, priority: -100))
        let hook = Self.nested(4, Self.number(1, 4) + Self.number(2, 0xffff_ff9c))
        #expect(
            Self.table.creation(of: base).body == plain.body + hook + Self.number(5, 1) + [8, 0, 7, 0]
                + Self.text("nat"))
    }

    @Test("sets have their types, lengths and flags")
    func sets() {
        let set = NFTable.ElementSet(name: "abc", number: 3, keyType: 41, keyLength: 16, isHostOrder: true)
        let made = Self.table.creation(of: set)
        let head: [UInt8] = [1, 0, 0, 0] + Self.name + [8, 0, 2, 0] + Self.text("abc")
        #expect(made.kind == 0x0a09)
        #expect(
            made.body == head + Self.number(3, 0) + Self.number(4, 41) + Self.number(5, 16) + Self.number(10, 3)
                + [10, 0, 13, 0, 0, 4, 1, 0, 0, 0, 0, 0])
        var map = NFTable.ElementSet(
            name: "abc", number: 3, keyType: 7, keyLength: 4, value: .verdict, isInterval: true)
        #expect(
            Self.table.creation(of: map).body == head + Self.number(3, 0xc) + Self.number(4, 7) + Self.number(5, 4)
                + Self.number(6, 0xffff_ff00) + Self.number(10, 3))
        map.value = .data(type: 461, length: 8)
        map.isInterval = false
        #expect(
            Self.table.creation(of: map).body == head + Self.number(3, 8) + Self.number(4, 7) + Self.number(5, 4)
                + Self.number(6, 461) + Self.number(7, 8) + Self.number(10, 3))
    }

    @Test("expressions are a name and its attributes")
    func expressions() {
        func written(_ expression: NFTExpression) -> (name: String?, data: [UInt8]) {
            let rule = Self.table.creation(of: NFTable.Rule("abc", [expression]))
            let attributes = NetlinkAttributes(rule.body.dropFirst(4))
            let inside = attributes.nested(4)?.nested(1)
            return (inside?.text(1), inside?[2].map { Array($0) } ?? [])
        }
        let register = NFTExpression.Register(1)
        let cases: [(NFTExpression, String, [UInt8])] = [
            (.meta(.outputName, register), "meta", Self.number(1, 9) + Self.number(2, 7)),
            (.connection(.status, register), "ct", Self.number(1, 9) + Self.number(2, 2)),
            (
                .payload(.transport, offset: 2, length: 2, register), "payload",
                Self.number(1, 9) + Self.number(2, 2) + Self.number(3, 2) + Self.number(4, 2)
            ),
            (.destinationKind(register), "fib", Self.number(1, 9) + Self.number(2, 3) + Self.number(3, 2)),
            (
                .mask(register, [6, 0, 0, 0]), "bitwise",
                Self.number(1, 9) + Self.number(2, 9) + Self.number(3, 4) + Self.value(4, [6, 0, 0, 0])
                    + Self.value(5, [0, 0, 0, 0])
            ),
            (.equal(register, [0, 53]), "cmp", Self.number(1, 9) + Self.number(2, 0) + Self.value(3, [0, 53])),
            (.notEqual(register, [1]), "cmp", Self.number(1, 9) + Self.number(2, 1) + Self.value(3, [1])),
            (.isIn("set", register), "lookup", [8, 0, 1, 0] + Self.text("set") + Self.number(2, 9)),
            (
                .isNotIn("set", register), "lookup",
                [8, 0, 1, 0] + Self.text("set") + Self.number(2, 9) + Self.number(5, 1)
            ),
            (
                .value(of: "set", register, into: .init(0)), "lookup",
                [8, 0, 1, 0] + Self.text("set") + Self.number(2, 9) + Self.number(3, 8)
            ),
            (
                .decision(of: "set", register), "lookup",
                [8, 0, 1, 0] + Self.text("set") + Self.number(2, 9) + Self.number(3, 0)
            ),
            (.load([127, 0, 0, 11], register), "immediate", Self.number(1, 9) + Self.value(2, [127, 0, 0, 11])),
            (.verdict(.drop), "immediate", Self.number(1, 0) + Self.nested(2, Self.nested(2, Self.number(1, 0)))),
            (
                .verdict(.goto("abc")), "immediate",
                Self.number(1, 0)
                    + Self.nested(2, Self.nested(2, Self.number(1, 0xffff_fffc) + [8, 0, 2, 0] + Self.text("abc")))
            ),
            (.counter, "counter", []), (.masquerade, "masq", []),
            (
                .destinationNAT(.ipv6, address: .init(0), port: .init(4)), "nat",
                Self.number(1, 1) + Self.number(2, 10) + Self.number(3, 8) + Self.number(5, 12)
            ),
        ]
        for (expression, name, data) in cases {
            let written = written(expression)
            #expect(written.name == name && written.data == data, "\(expression)")
        }
    }

    @Test("elements have keys, values and comments, and are read as they were written")
    func elements() {
        let elements = [
            NFTable.Element(key: [10, 0, 0, 0], value: .verdict(.jump("m")), comment: "br0"),
            NFTable.Element(key: [10, 0, 1, 0], endsRange: true),
            NFTable.Element(key: [6, 0, 0, 0, 31, 144, 0, 0], value: .data([10, 0, 0, 2, 0, 80, 0, 0])),
        ]
        let message = Self.table.addition(of: elements, to: "abc", [.create, .exclusive])
        #expect(message.kind == 0x0a0c && message.flags.rawValue == 0x600)
        let first =
            Self.value(1, [10, 0, 0, 0])
            + Self.nested(2, Self.nested(2, Self.number(1, 0xffff_fffd) + [6, 0, 2, 0, 0x6d, 0, 0, 0]))
            + [10, 0, 6, 0, 0, 4, 0x62, 0x72, 0x30, 0, 0, 0]
        let second = Self.number(3, 1) + Self.value(1, [10, 0, 1, 0])
        let third = Self.value(1, elements[2].key) + Self.value(2, [10, 0, 0, 2, 0, 80, 0, 0])
        let list = [first, second, third].flatMap { Self.nested(1, $0) }
        #expect(message.body == [1, 0, 0, 0] + Self.name + [8, 0, 2, 0] + Self.text("abc") + Self.nested(3, list))
        #expect(NFTable.Element.read(message.body[...]) == elements)
        #expect(Self.table.deletion(of: elements, from: "abc").kind == 0x0a0e)
        for count in 0..<message.body.count { _ = NFTable.Element.read(message.body.prefix(count)) }
    }

    @Test("ports and networks are read back from their elements")
    func thereAndBack() {
        let addresses = ["192.0.2.1", "2001:db8::1"].map { IPAddress($0)! }
        for address in addresses {
            for host in [nil, address] {
                let port = PublishedPort(
                    .sctp, hostAddress: host, hostPort: 8080, container: address, containerPort: 258)
                #expect(PublishedPort(port.element.elements[0]) == port)
            }
        }
        let subnets = ["0.0.0.0/0", "10.89.0.0/24", "10.89.1.0/32", "255.255.255.0/24", "fd00::/64", "ff00::/8"]
        for text in subnets {
            let network = FilteredNetwork(
                bridge: "br0", subnets: [IPSubnet(text)!], isInternal: false, masquerades: true)
            let parts = network.elements
            let read = FilteredNetwork.read(bridges: parts[0].elements, internals: [], sources: parts[2].elements)
            #expect(read == [network], "\(text)")
        }
    }
}
