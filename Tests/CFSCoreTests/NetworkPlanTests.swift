import CFSModel
import TestSupport
import Testing

@testable import CFSCore

@Suite("Which network and which addresses come of what is asked for")
struct NetworkPlanTests {
    private static func subnet(_ text: String) -> IPSubnet { IPSubnet(text) ?? IPSubnet("0.0.0.0/0")! }
    private static func address(_ text: String) -> IPAddress { IPAddress(text) ?? .unspecified(.ipv4) }

    private static func record(
        _ networks: [NetworkRecord] = [], routes: [String] = [], avoided: [String] = [],
        _ change: (inout NetworkSpec) -> Void = { _ in }
    ) throws(CFSError) -> NetworkRecord {
        var spec = NetworkSpec(name: "blue")
        change(&spec)
        let plan = NetworkPlan(spec: spec, id: "0f8fad5b-d9cb-469f-a165-70867728950e", createdAt: 1, device: nil)
        return try plan.record(networks, routes: routes.map(subnet), avoided: avoided.map(subnet))
    }

    private static func failure(
        _ networks: [NetworkRecord] = [], routes: [String] = [], _ change: (inout NetworkSpec) -> Void
    ) -> CFSError? {
        do throws(CFSError) {
            _ = try record(networks, routes: routes, change)
            return nil
        } catch {
            return error
        }
    }

    @Test("without a subnet it gets the first that neither a network nor a route of the host has")
    func free() throws {
        let first = try Self.record()
        #expect(
            first.ranges.map { "\($0.subnet) \($0.gateway.map { "\($0)" } ?? "-")" } == ["10.176.0.0/20 10.176.0.1"])
        #expect(first.device == "cfs-0f8fad5b" && !first.isInternal && first.driver == .bridge)
        let second = try Self.record([first], routes: ["0.0.0.0/0", "10.176.32.0/24"])
        #expect(second.ranges.map(\.subnet) == [Self.subnet("10.176.16.0/20")])
        let third = try Self.record([first, second], routes: ["0.0.0.0/0", "10.176.32.0/24"])
        #expect(third.ranges.map(\.subnet) == [Self.subnet("10.176.48.0/20")])
        // As many private networks of firms have it.
        let other = try Self.record(routes: ["10.0.0.0/8"])
        #expect(other.ranges.map(\.subnet) == [Self.subnet("172.24.0.0/20")])
        let full = Self.failure(routes: ["10.0.0.0/8", "172.16.0.0/12"]) { _ in }
        #expect(full?.code == .limitExceeded && full?.hint?.contains("--subnet") == true)
    }

    @Test("a subnet that another engine or the device below has is not chosen, and may be asked for")
    func avoided() throws {
        let avoided = ["10.176.0.0/20", "10.176.20.0/24", "0.0.0.0/0", "fd00::/64"]
        #expect(try Self.record(avoided: avoided).ranges.map(\.subnet) == [Self.subnet("10.176.32.0/20")])
        for text in ["10.176.0.0/20", "10.176.20.128/25", "fd00::/64"] {
            let lan = try Self.record(avoided: avoided) { spec in
                (spec.driver, spec.parent, spec.subnets) = (.macvlan, "wan", [Self.subnet(text)])
            }
            #expect(lan.ranges == [NetworkRecord.Range(subnet: Self.subnet(text), gateway: nil)] && lan.device == "wan")
        }
    }

    @Test("IPv6 is a random subnet of its own, and off without being asked for")
    func ipv6() throws {
        #expect(try Self.record().range(.ipv6) == nil)
        let (one, other) = (try Self.record { $0.ipv6 = true }, try Self.record { $0.ipv6 = true })
        let range = try #require(one.range(.ipv6))
        #expect(range.subnet.prefix == 64 && range.subnet.base.bytes[0] == 0xfd)
        #expect(range.gateway == range.subnet.base.advanced(by: 1))
        #expect(one.ranges.map(\.subnet.family) == [.ipv4, .ipv6] && one.ranges != other.ranges)
        let alone = try Self.record { $0.subnets = [Self.subnet("fd00:1::/64")] }
        #expect(alone.ranges.map(\.subnet.family) == [.ipv6])
    }

    @Test("an internal network has a gateway only when one is asked for")
    func inside() throws {
        #expect(try Self.record { $0.isInternal = true }.ranges.map(\.gateway) == [nil])
        let asked = try Self.record {
            $0.isInternal = true
            $0.gateways = [Self.address("10.176.0.9")]
        }
        #expect(asked.ranges.map(\.gateway) == [Self.address("10.176.0.9")])
    }

    @Test("what cannot be is an error that says why")
    func wrong() throws {
        let taken = try Self.record()
        let overlap = Self.failure([taken]) { $0.subnets = [Self.subnet("10.176.1.0/24")] }
        #expect(overlap?.code == .conflict && overlap?.message.contains("of the network blue") == true)
        let route = Self.failure(routes: ["192.168.0.0/16"]) { $0.subnets = [Self.subnet("192.168.7.0/24")] }
        #expect(route?.code == .conflict && route?.message.contains("the host reaches already") == true)
        let cases: [(String, (inout NetworkSpec) -> Void)] = [
            ("one subnet of each family", { $0.subnets = [Self.subnet("10.1.0.0/24"), Self.subnet("10.2.0.0/24")] }),
            ("no subnet for a network", { $0.subnets = [Self.subnet("10.1.0.0/32")] }),
            ("no subnet for a network", { $0.subnets = [Self.subnet("127.0.0.0/8")] }),
            ("no subnet for a network", { $0.subnets = [Self.subnet("224.0.0.0/8")] }),
            ("no subnet for a network", { $0.subnets = [Self.subnet("0.0.0.0/0")] }),
            ("no subnet for a network", { $0.subnets = [Self.subnet("0.1.0.0/16")] }),
            ("no subnet for a network", { $0.subnets = [Self.subnet("::ffff:10.0.0.0/120")] }),
            ("the gateway 10.9.0.1", { $0.gateways = [Self.address("10.9.0.1")] }),
            ("the gateway 10.176.0.0", { $0.gateways = [Self.address("10.176.0.0")] }),
            ("no name for a network", { $0.name = "-x" }), ("no name for a network", { $0.name = "" }),
            ("means something else", { $0.name = "host" }), ("means something else", { $0.name = "bridge" }),
            ("no size for packets", { $0.mtu = 67 }),
            ("no size for packets", { spec in (spec.mtu, spec.ipv6) = (1279, true) }),
            ("needs a device", { $0.driver = .macvlan }), ("no device of the host below", { $0.parent = "eth0" }),
            ("cannot be internal", { spec in (spec.driver, spec.parent, spec.isInternal) = (.ipvlan, "eth0", true) }),
        ]
        for (text, change) in cases {
            let error = Self.failure([], change)
            #expect(
                error?.code == .invalidArgument && error?.message.contains(text) == true, "\(text): \(error as Any)")
        }
    }

    // MARK: Addresses

    private static func choice(
        _ network: NetworkRecord, taken: [String] = [], ofHost: [String] = [],
        _ change: (inout NetworkRequest) -> Void = { _ in }
    ) -> EndpointChoice {
        var request = NetworkRequest("blue")
        change(&request)
        return EndpointChoice(
            network: network, request: request, taken: taken.map { (address($0), ContainerID()) }, hardwareTaken: [],
            ofHost: ofHost.map(address))
    }

    @Test("a container gets the lowest address of each family that is free, and never the gateway's or the last")
    func lowest() throws {
        let small = try Self.record { $0.subnets = [Self.subnet("10.1.0.0/29"), Self.subnet("fd00:1::/64")] }
        #expect(try Self.choice(small).addresses().map { "\($0)" } == ["10.1.0.2", "fd00:1::2"])
        let some = ["10.1.0.2", "10.1.0.4", "fd00:1::2"]
        #expect(try Self.choice(small, taken: some).addresses().map { "\($0)" } == ["10.1.0.3", "fd00:1::3"])
        let all = (2...6).map { "10.1.0.\($0)" }
        let error = #expect(throws: CFSError.self) { try Self.choice(small, taken: all).addresses() }
        #expect(error?.code == .limitExceeded && error?.message.contains("10.1.0.0/29") == true)
    }

    @Test("beside a device of the host the first address and the host's own are not handed out by themselves")
    func besideTheHost() throws {
        let lan = try Self.record { spec in
            (spec.driver, spec.parent) = (.ipvlan, "wan")
            spec.subnets = [Self.subnet("10.1.0.0/29"), Self.subnet("fd00:1::/64")]
        }
        #expect(try Self.choice(lan).addresses().map { "\($0)" } == ["10.1.0.2", "fd00:1::2"])
        let ofHost = ["10.1.0.2", "fd00:1::3"]
        #expect(try Self.choice(lan, ofHost: ofHost).addresses().map { "\($0)" } == ["10.1.0.3", "fd00:1::2"])
        let asked = try Self.choice(lan) { $0.addresses = [Self.address("10.1.0.1")] }.addresses()
        #expect(asked.map { "\($0)" } == ["10.1.0.1", "fd00:1::2"])
        let error = #expect(throws: CFSError.self) {
            try Self.choice(lan, ofHost: ofHost) { $0.addresses = [Self.address("10.1.0.2")] }.addresses()
        }
        #expect(error?.code == .invalidArgument && error?.message == "10.1.0.2 is the address of the host on wan")
        let full = #expect(throws: CFSError.self) {
            try Self.choice(lan, taken: (2...6).map { "10.1.0.\($0)" }).addresses()
        }
        #expect(full?.code == .limitExceeded && full?.hint?.contains("ip=") == true)
    }

    @Test("a rate for what comes in needs one network at least with an end on the host")
    func ingress() throws {
        let lan = try Self.record { spec in (spec.driver, spec.parent) = (.macvlan, "wan") }
        func check(_ egress: UInt64?, _ ingress: UInt64?, _ networks: [NetworkRecord]) throws(CFSError) {
            var rates = NetworkRates()
            (rates.egress, rates.ingress) = (egress, ingress)
            try Engine.checkIngress(rates, networks)
        }
        try check(20_000_000, nil, [lan])
        try check(nil, 20_000_000, [lan, try Self.record()])
        let error = #expect(throws: CFSError.self) { try check(nil, 20_000_000, [lan]) }
        #expect(error?.code == .invalidArgument && error?.message.contains("no end on the host") == true)
    }

    @Test("an address that is asked for must be one of the network that nobody has")
    func asked() throws {
        let network = try Self.record()
        #expect(
            try Self.choice(network) { $0.addresses = [Self.address("10.176.3.7")] }.addresses().map { "\($0)" }
                == ["10.176.3.7"])
        for wrong in ["10.176.0.1", "10.176.0.0", "10.176.15.255", "10.177.0.5", "fd00::5"] {
            let error = #expect(throws: CFSError.self) {
                try Self.choice(network) { $0.addresses = [Self.address(wrong)] }.addresses()
            }
            #expect(error?.code == .invalidArgument, "\(wrong)")
        }
        let error = #expect(throws: CFSError.self) {
            try Self.choice(network, taken: ["10.176.3.7"]) { $0.addresses = [Self.address("10.176.3.7")] }.addresses()
        }
        #expect(error?.code == .conflict)
    }

    @Test("the hardware address is made of the address, and never one of a group")
    func hardware() throws {
        let network = try Self.record()
        let addresses = try Self.choice(network).addresses()
        #expect(try Self.choice(network).hardwareAddress(addresses) == [2, 0xcf, 10, 176, 0, 2])
        let error = #expect(throws: CFSError.self) {
            try Self.choice(network) { $0.hardwareAddress = [1, 0, 0, 0, 0, 1] }.hardwareAddress(addresses)
        }
        #expect(error?.code == .invalidArgument)
        let other = EndpointChoice(
            network: network, request: NetworkRequest("blue"), taken: [], hardwareTaken: [[2, 0xcf, 10, 176, 0, 2]])
        let made = try other.hardwareAddress(addresses)
        #expect(made != [2, 0xcf, 10, 176, 0, 2] && made[0] == 2 && made.count == 6)
    }
}
