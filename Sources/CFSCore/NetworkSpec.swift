import CFSModel

/// A network as a caller asks for it; each property has the default of `cfs network create`.
public struct NetworkSpec: Sendable, Hashable {
    public var name: String
    public var driver = NetworkRecord.Driver.bridge
    /// At most one of each family. Without one of IPv4 the engine chooses it.
    public var subnets: [IPSubnet] = []
    /// Of the subnets; without one a bridge has the first address.
    public var gateways: [IPAddress] = []
    /// Gives the network a subnet of IPv6 when none is asked for: a random one of unique local addresses (RFC 4193).
    public var ipv6 = false
    /// Whether nobody but its containers is reached from it, nor reaches it.
    public var isInternal = false
    /// Bytes of a packet, 68 to 65,535 (RFC 791); with IPv6 at least 1,280 (RFC 8200).
    public var mtu: UInt32?
    /// The device of the host below those of the containers: for `macvlan` and `ipvlan`, which need one.
    public var parent: String?
    public var labels: [String: String] = [:]

    public init(name: String) { self.name = name }
}

/// Works out a network from what is asked for and what there is: pure.
struct NetworkPlan {
    let spec: NetworkSpec
    let id: String
    let createdAt: UInt64
    /// The bridge's name; nil is one made of the id.
    var device: String?

    /// Where subnets come from when nobody asks for one: of 4,094 addresses each, so many from each beginning. The second is for
    /// hosts that have a route to all of 10.0.0.0/8.
    static let prefix = 20
    static let pools: [(first: [UInt8], count: UInt64)] = [([10, 176, 0, 0], 256), ([172, 24, 0, 0], 128)]

    /// - Parameters:
    ///   - networks: those that there are.
    ///   - routes: subnets that the host reaches by itself.
    ///   - avoided: subnets that may be asked for, and are not chosen.
    /// - Throws: `invalidArgument`, `conflict` for a subnet that something has, `limitExceeded`.
    func record(
        _ networks: [NetworkRecord], routes: [IPSubnet], avoided: [IPSubnet] = []
    ) throws(CFSError) -> NetworkRecord {
        try check()
        let taken = networks.flatMap { network in network.ranges.map { (subnet: $0.subnet, owner: network.name) } }
        var subnets: [IPSubnet] = []
        for family in IPAddress.Family.allCases {
            let asked = spec.subnets.filter { $0.family == family }
            guard asked.count <= 1 else {
                throw Self.wrong("a network has one subnet of each family, and \(asked.count) are given")
            }
            if let subnet = asked.first {
                subnets.append(try free(subnet, taken, routes))
            } else if family == .ipv4, spec.subnets.isEmpty {
                subnets.append(try chooseIPv4(taken.map(\.subnet) + routes + avoided))
            } else if family == .ipv6, spec.ipv6 {
                subnets.append(try Self.randomIPv6())
            }
        }
        var record = NetworkRecord(
            id: id, name: spec.name, ranges: try ranges(subnets),
            device: spec.parent ?? device ?? "cfs-\(id.prefix(8))", createdAt: createdAt)
        record.driver = spec.driver
        record.isInternal = spec.isInternal
        record.mtu = spec.mtu
        record.labels = spec.labels
        return record
    }

    private func check() throws(CFSError) {
        try Engine.check(networkName: spec.name)
        if spec.driver == .bridge {
            guard spec.parent == nil else {
                throw Self.wrong("a bridge has no device of the host below it", "leave --opt parent away")
            }
        } else {
            guard spec.parent != nil else {
                throw Self.wrong(
                    "the driver \(spec.driver.rawValue) needs a device of the host", "name one: --opt parent=eth0")
            }
            guard !spec.isInternal else {
                throw Self.wrong(
                    "a network with the driver \(spec.driver.rawValue) cannot be internal: the host does not see its packets"
                )
            }
        }
        if let mtu = spec.mtu {
            let hasIPv6 = spec.ipv6 || spec.subnets.contains { $0.family == .ipv6 }
            guard (68...65_535).contains(mtu), !hasIPv6 || mtu >= 1280 else {
                throw Self.wrong(
                    "\(mtu) is no size for packets",
                    "use 68 to 65535 bytes\(hasIPv6 ? ", and with IPv6 at least 1280" : "")")
            }
        }
    }

    /// No packet has these: "this network" (RFC 1122, 3.2.1.3), and what stands for IPv4 in programs (RFC 4291, 2.5.5.2).
    private static let unroutable = ["0.0.0.0/8", "::ffff:0:0/96"].compactMap { IPSubnet($0) }

    private func free(
        _ subnet: IPSubnet, _ taken: [(subnet: IPSubnet, owner: String)], _ routes: [IPSubnet]
    ) throws(CFSError) -> IPSubnet {
        // One address for the gateway, and one for a container.
        let isUsable =
            !subnet.base.isMulticast && !subnet.base.isLoopback && !Self.unroutable.contains { $0.overlaps(subnet) }
        guard subnet.hostCount >= 2, subnet.prefix > 0, isUsable else {
            throw Self.wrong(
                "\(subnet) is no subnet for a network",
                "it needs two addresses for hosts at least, none of them of loopback, multicast, 0.0.0.0/8 or "
                    + "::ffff:0:0/96: 10.10.0.0/24")
        }
        if let other = taken.first(where: { $0.subnet.overlaps(subnet) }) {
            throw CFSError(
                .conflict, .preparing,
                "the subnet \(subnet) shares addresses with \(other.subnet) of the network \(other.owner)",
                hint: "choose another one, or none: then a free one is found")
        }
        if let route = routes.first(where: { $0.prefix > 0 && $0.overlaps(subnet) }) {
            throw CFSError(
                .conflict, .preparing,
                "the subnet \(subnet) shares addresses with \(route), which the host reaches already",
                hint: "choose another one, or none: then a free one is found. The host's routes: ip route")
        }
        return subnet
    }

    private func chooseIPv4(_ taken: [IPSubnet]) throws(CFSError) -> IPSubnet {
        for pool in Self.pools {
            for number in 0..<pool.count {
                guard let base = IPAddress(bytes: pool.first)?.advanced(by: number << UInt64(32 - Self.prefix)),
                    let subnet = IPSubnet(containing: base, prefix: Self.prefix)
                else { break }
                // A default route is no claim to addresses.
                if !taken.contains(where: { $0.prefix > 0 && $0.overlaps(subnet) }) { return subnet }
            }
        }
        throw CFSError(
            .limitExceeded, .preparing, "no subnet is free in 10.176.0.0/12 and 172.24.0.0/13",
            hint: "remove networks that nobody needs (cfs network prune), or choose one: --subnet")
    }

    /// fd00::/8 with 40 random bits, and the subnet 1 (RFC 4193, 3.1).
    private static func randomIPv6() throws(CFSError) -> IPSubnet {
        var generator = SystemRandomNumberGenerator()
        let random: UInt64 = generator.next()
        var bytes: [UInt8] = [0xfd]
        for index in 0..<5 { bytes.append(UInt8(random >> UInt64(index * 8) & 0xff)) }
        bytes += [0, 1] + [UInt8](repeating: 0, count: 8)
        guard let base = IPAddress(bytes: bytes), let subnet = IPSubnet(containing: base, prefix: 64) else {
            throw CFSError(.invalidState, .preparing, "no subnet of IPv6 could be made up")
        }
        return subnet
    }

    private func ranges(_ subnets: [IPSubnet]) throws(CFSError) -> [NetworkRecord.Range] {
        for gateway in spec.gateways {
            guard let subnet = subnets.first(where: { $0.family == gateway.family }), subnet.isForHosts(gateway) else {
                throw Self.wrong(
                    "the gateway \(gateway) is no address for a host of the network's subnets",
                    "the subnets: \(subnets.map { "\($0)" }.text(separator: ", "))")
            }
        }
        guard Set(spec.gateways.map(\.family)).count == spec.gateways.count else {
            throw Self.wrong("a network has one gateway of each family")
        }
        return subnets.map { subnet in
            let asked = spec.gateways.first { $0.family == subnet.family }
            // A network that leads nowhere needs none; a device of the host's own network has the gateway of that.
            let first = spec.driver == .bridge && !spec.isInternal ? subnet.base.advanced(by: 1) : nil
            return NetworkRecord.Range(subnet: subnet, gateway: asked ?? first)
        }
    }

    static func wrong(_ message: String, _ hint: String? = nil) -> CFSError {
        CFSError(.invalidArgument, .parsing, message, hint: hint)
    }
}

/// Chooses the addresses of a container on a network: pure.
struct EndpointChoice {
    let network: NetworkRecord
    let request: NetworkRequest
    /// Addresses that others have, and who.
    let taken: [(address: IPAddress, owner: ContainerID)]
    let hardwareTaken: [[UInt8]]
    /// Those of the host on the device below the containers' devices: whoever had one too would be taken for the host.
    var ofHost: [IPAddress] = []

    /// One for each family of the network.
    ///
    /// - Throws: `invalidArgument`, `limitExceeded`; `conflict` with the owner's id as the path for one that another has.
    func addresses() throws(CFSError) -> [IPAddress] {
        for address in request.addresses {
            guard let range = network.range(address.family), range.subnet.isForHosts(address) else {
                throw NetworkPlan.wrong(
                    "\(address) is no address for a host of the network \(network.name)",
                    "its subnets: \(network.ranges.map { "\($0.subnet)" }.text(separator: ", "))")
            }
            guard address != range.gateway else {
                throw NetworkPlan.wrong("\(address) is the gateway of the network \(network.name)")
            }
            guard !ofHost.contains(address) else {
                throw NetworkPlan.wrong("\(address) is the address of the host on \(network.device)")
            }
            if let owner = taken.first(where: { $0.address == address })?.owner {
                throw CFSError(
                    .conflict, .preparing, "the address \(address) of the network \(network.name) is taken",
                    path: owner.text)
            }
        }
        // A set of them would have every conformance of the executable searched, in each start.
        let used = taken.map(\.address).sorted()
        var chosen: [IPAddress] = []
        for range in network.ranges {
            if let asked = request.addresses.first(where: { $0.family == range.subnet.family }) {
                chosen.append(asked)
                continue
            }
            chosen.append(try lowest(range, used))
        }
        return chosen
    }

    private func lowest(_ range: NetworkRecord.Range, _ used: [IPAddress]) throws(CFSError) -> IPAddress {
        let subnet = range.subnet
        var candidate: IPAddress? = subnet.base
        var next = 0
        if network.driver != .bridge {
            // The first one for hosts: on a network that was there before it is commonly that of its router.
            candidate = subnet.base.advanced(by: subnet.isForHosts(subnet.base) ? 1 : 2)
        }
        while let address = candidate, subnet.contains(address) {
            while next < used.count, used[next] < address { next += 1 }
            let isUsed = next < used.count && used[next] == address
            let isFree = address != range.gateway && !isUsed && !ofHost.contains(address)
            if isFree, subnet.isForHosts(address) { return address }
            candidate = address.advanced(by: 1)
        }
        throw CFSError(
            .limitExceeded, .preparing, "every address of \(subnet) of the network \(network.name) is taken",
            hint: "remove containers that nobody needs, or make a network with a larger subnet"
                + (network.driver == .bridge ? "" : "; the first address must be asked for: ip="))
    }

    /// What is asked for, else one made of the address: whoever gets an address again gets the hardware address that others
    /// remember for it.
    func hardwareAddress(_ addresses: [IPAddress]) throws(CFSError) -> [UInt8] {
        if let asked = request.hardwareAddress {
            guard asked.contains(where: { $0 != 0 }) else {
                throw NetworkPlan.wrong(
                    "\(HardwareAddress.text(asked)) is no hardware address of a device",
                    "one of them must not be zero: 02:00:00:00:00:01")
            }
            guard asked[0] & 1 == 0 else {
                throw NetworkPlan.wrong(
                    "\(HardwareAddress.text(asked)) is no hardware address of one device",
                    "the first byte must be even: 02:00:00:00:00:01")
            }
            guard !hardwareTaken.contains(asked) else {
                throw CFSError(
                    .conflict, .preparing,
                    "the hardware address \(HardwareAddress.text(asked)) is taken on the network \(network.name)")
            }
            return asked
        }
        // Locally administered.
        var bytes: [UInt8] = [0x02, 0xcf] + (addresses.first?.bytes.suffix(4) ?? [0, 0, 0, 0])
        var generator = SystemRandomNumberGenerator()
        while hardwareTaken.contains(bytes) {
            let random: UInt64 = generator.next()
            for index in 1..<6 { bytes[index] = UInt8(random >> UInt64(index * 8) & 0xff) }
        }
        return bytes
    }
}
