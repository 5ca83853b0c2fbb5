import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSNetworks

@Suite("Network devices that a container gets", .needsOwnNetwork)
struct NetworkDeviceMoveTests {
    /// Runs commands of `ip` in a namespace that stands for the host, moves devices out of it, and says what is in both
    /// then.
    private static func move(
        _ commands: [String], _ moves: [(String, String)], into namespace: SharedFD, inside: [String] = []
    ) throws -> (error: CFSError?, host: [JSON], inside: [JSON]) {
        try LinkFixture.inOwnNetwork {
            for command in commands {
                let result = try LinkFixture.run("ip \(command)")
                guard result.status == 0 else {
                    throw CFSError(.invalidState, .running, "\(command): \(result.errors)")
                }
            }
            for command in inside { try LinkFixture.run("ip \(command)", in: namespace) }
            let list = moves.map { NetworkDeviceMove(name: $0.0, newName: $0.1) }
            let error = LinkFixture.error { try NetworkDeviceMove.carryOut(list, into: namespace.raw) }
            return (
                error, try LinkFixture.json("ip -j -d addr show"),
                try LinkFixture.json("ip -j -d addr show", in: namespace)
            )
        }
    }

    private static func names(_ shown: [JSON]) -> Set<String> { Set(shown.compactMap { $0["ifname"]?.string }) }

    private static func addresses(_ shown: [JSON], of name: String) -> [String] {
        let device = shown.first { $0["ifname"]?.string == name }
        return (device?["addr_info"]?.array ?? []).filter { $0["scope"]?.string != "link" }.map { entry in
            let text = ["local", "address", "broadcast", "label"].compactMap { key in
                entry[key]?.string.map { "\(key) \($0)" }
            }
            let metric = entry["metric"]?.integer.map { " metric \($0)" } ?? ""
            return "\(text.text(separator: " "))/\(entry["prefixlen"]?.integer ?? -1)\(metric)"
        }
    }

    private static let addressed = [
        "link add left type veth peer name right", "link set left mtu 1400 address 02:00:00:00:00:07",
        "link set left up", "addr add 10.7.0.1/24 broadcast 10.7.0.255 metric 7 dev left",
        "addr add 10.7.0.2/24 dev left label left:a", "addr add 10.8.0.1 peer 10.8.0.2/32 dev left",
        "addr add fd00:7::1/64 dev left nodad", "addr add 10.9.0.1/24 scope link dev left",
        "addr add 10.10.0.1/24 valid_lft 1000 preferred_lft 1000 dev left",
    ]

    @Test("a device is moved with its settings and lasting addresses, and is up")
    func moves() throws {
        let far = try LinkFixture.newNetwork()
        let result = try Self.move(Self.addressed, [("left", "inside")], into: far)
        #expect(result.error == nil, "\(result)")
        #expect(Self.names(result.host) == ["lo", "right"] && Self.names(result.inside) == ["lo", "inside"])
        let device = try #require(result.inside.first { $0["ifname"]?.string == "inside" })
        #expect(device["mtu"]?.integer == 1400 && device["address"]?.string == "02:00:00:00:00:07")
        #expect(device["flags"]?.strings?.contains("UP") == true)
        #expect(
            Self.addresses(result.inside, of: "inside") == [
                "local 10.7.0.1 broadcast 10.7.0.255 label inside/24 metric 7",
                "local 10.8.0.1 address 10.8.0.2 label inside/32", "local 10.7.0.2 label inside/24",
                "local fd00:7::1/64",
            ])
    }

    @Test("a name with a number in it is found, also where the host's own name is taken; a label stays with its name")
    func templates() throws {
        let far = try LinkFixture.newNetwork()
        let result = try Self.move(
            Self.addressed, [("left", "left"), ("right", "net%d")], into: far, inside: ["link add net0 type bridge"])
        #expect(result.error == nil, "\(result)")
        #expect(Self.names(result.inside) == ["lo", "net0", "net1", "left"])
        #expect(Self.addresses(result.inside, of: "left").contains("local 10.7.0.2 label left:a/24"))
        let other = try LinkFixture.newNetwork()
        let crossed = try Self.move(
            ["link add one type veth peer name two"], [("one", "eth%d"), ("two", "eth%d")], into: other,
            inside: ["link add one type bridge"])
        #expect(crossed.error == nil, "\(crossed)")
        #expect(Self.names(crossed.inside) == ["lo", "one", "eth0", "eth1"])
    }

    @Test("a device that is not there or stays for ever, and a name that is taken or cannot be: none is moved")
    func refused() throws {
        let pair = ["link add one type veth peer name two", "link add br0 type bridge"]
        let cases: [(name: String, newName: String, errno: Int32?, text: String)] = [
            ("absent", "absent", ENODEV, "the host has no such device"),
            ("lo", "x", EINVAL, "it belongs to the host for ever"),
            ("br0", "x", EINVAL, "it belongs to the host for ever"),
            ("two", "lo", EEXIST, "has a device lo already"),
            ("two", "a/b", nil, "\"a/b\" cannot be the name"),
            ("two", "%d%d", nil, "\"%d%d\" cannot be the name"),
            ("t%d", "x", nil, "this is not a name"),
        ]
        for (name, newName, number, text) in cases {
            let far = try LinkFixture.newNetwork()
            let result = try Self.move(pair, [("one", "one"), (name, newName)], into: far)
            #expect(result.error?.code == .invalidConfiguration && result.error?.errno == number, "\(result)")
            #expect(result.error?.message.contains("linux.netDevices.\(name): ") == true, "\(result)")
            #expect(result.error?.message.contains(text) == true, "\(result)")
            #expect(Self.names(result.host) == ["lo", "one", "two", "br0"] && Self.names(result.inside) == ["lo"])
        }
    }

    @Test("when one cannot be moved after all, those before it are given back as they were")
    func givenBack() throws {
        let far = try LinkFixture.newNetwork()
        let result = try Self.move(Self.addressed, [("left", "same"), ("right", "same")], into: far)
        #expect(result.error?.code == .invalidConfiguration && result.error?.errno == EEXIST, "\(result)")
        #expect(result.error?.message.contains("linux.netDevices.right: it cannot be moved") == true, "\(result)")
        #expect(Self.names(result.host) == ["lo", "left", "right"] && Self.names(result.inside) == ["lo"])
        #expect(
            Self.addresses(result.host, of: "left").contains(
                "local 10.7.0.1 broadcast 10.7.0.255 label left/24 metric 7"))
        let flags = ["left", "right"].map { name in
            result.host.first { $0["ifname"]?.string == name }?["flags"]?.strings?.contains("UP")
        }
        #expect(flags == [true, false])
    }
}
