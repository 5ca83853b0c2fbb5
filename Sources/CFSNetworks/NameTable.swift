import CFSModel

/// Who is on one network, by which names: a file that the engine writes whole (`AtomicFile`) whenever somebody comes or
/// goes, and that the resolvers of the network's containers read. Pure.
///
/// ```json
/// {"version":1,"network":"front","subnets":["10.89.0.0/24"],
///  "hosts":[{"id":"3f9c2a41b7d0","name":"web","aliases":["www"],"addresses":["10.89.0.2","fd00:89::2"]}],
///  "bridge":"cfs-0f8fad5b","internal":false}
/// ```
///
/// A host with ports of the network's host has a member more, for whoever puts their rules back:
/// `"ports":[{"transport":"tcp","address":"192.0.2.1","port":8080,"to":"10.89.0.2","toPort":80}]`.
package struct NameTable: Sendable, Hashable {
    package struct Host: Sendable, Hashable {
        /// The short id; also a name.
        package var id: String
        /// What the host's addresses are called when they are looked up backwards.
        package var name: String
        package var aliases: [String]
        /// Those on this network, of either family.
        package var addresses: [IPAddress]

        /// Those that lead to an address of it here.
        package var ports: [PublishedPort]

        package init(
            id: String, name: String, aliases: [String] = [], addresses: [IPAddress], ports: [PublishedPort] = []
        ) {
            (self.id, self.name, self.aliases, self.addresses) = (id, name, aliases, addresses)
            self.ports = ports
        }
    }

    package var network: String
    /// Addresses in them that no host has are nobody's: they are not asked for elsewhere.
    package var subnets: [IPSubnet]
    package var hosts: [Host]
    /// The network's bridge, for whoever makes the packet filter anew; nil for one that has none, or whose bridge is made only now.
    package var bridge: Bridge?

    package struct Bridge: Sendable, Hashable {
        package var name: String
        /// See ``FilteredNetwork/isInternal``.
        package var isInternal: Bool

        package init(name: String, isInternal: Bool) { (self.name, self.isInternal) = (name, isInternal) }
    }

    package init(network: String, subnets: [IPSubnet] = [], hosts: [Host] = []) {
        (self.network, self.subnets, self.hosts) = (network, subnets, hosts)
    }

    private static let version: UInt64 = 1

    /// The content of the file.
    package var bytes: [UInt8] {
        let hosts = self.hosts.map(\.json)
        var document = JSONObject([
            ("version", JSON(unsigned: Self.version)), ("network", .string(network)),
            ("subnets", JSON(subnets.map(\.description))), ("hosts", .array(hosts)),
        ])
        if let bridge {
            document["bridge"] = .string(bridge.name)
            document["internal"] = .bool(bridge.isInternal)
        }
        return JSON.object(document).bytes() + [0x0a]
    }

    /// Reads the file. Members that a later version adds are passed over: a container outlives an upgrade.
    ///
    /// - Throws: `invalidConfiguration` that names the field.
    package init(parsing bytes: [UInt8]) throws(CFSError) {
        let json = try JSON(parsing: bytes, what: "the table of names")
        var fields = try JSONFields(json, what: "the table of names", reading: .extensible, isDocument: true)
        let version = try fields.unsigned("version")
        guard version == Self.version else { throw fields.fault("version", "must be \(Self.version)") }
        guard let network = try fields.string("network") else { throw fields.fault("network", "is missing") }
        self.network = network
        var subnets: [IPSubnet] = []
        for text in try fields.strings("subnets") {
            guard let subnet = IPSubnet(text) else { throw fields.fault("subnets", "has \(text), which is no subnet") }
            subnets.append(subnet)
        }
        self.subnets = subnets
        hosts = try fields.list("hosts") { json throws(CFSError) in try Host(json) }
        let isInternal = try fields.bool("internal") ?? false
        bridge = try fields.string("bridge").map { Bridge(name: $0, isInternal: isInternal) }
    }
}

extension NameTable.Host {
    fileprivate init(_ json: JSON) throws(CFSError) {
        var fields = try JSONFields(json, what: "hosts", reading: .extensible)
        guard let id = try fields.string("id") else { throw fields.fault("id", "is missing") }
        guard let name = try fields.string("name") else { throw fields.fault("name", "is missing") }
        let aliases = try fields.strings("aliases")
        var addresses: [IPAddress] = []
        for text in try fields.strings("addresses") {
            guard let address = IPAddress(text) else {
                throw fields.fault("addresses", "has \(text), which is no address")
            }
            addresses.append(address)
        }
        let ports = try fields.list("ports") { json throws(CFSError) in try PublishedPort(json) }
        self.init(id: id, name: name, aliases: aliases, addresses: addresses, ports: ports)
    }

    fileprivate var json: JSON {
        var object = JSONObject([
            ("id", .string(id)), ("name", .string(name)), ("aliases", JSON(aliases)),
            ("addresses", JSON(addresses.map(\.description))),
        ])
        if !ports.isEmpty { object["ports"] = .array(ports.map(\.json)) }
        return JSON.object(object)
    }
}

extension PublishedPort {
    fileprivate init(_ json: JSON) throws(CFSError) {
        var fields = try JSONFields(json, what: "hosts.ports", reading: .extensible)
        let word = try fields.string("transport")
        guard let transport = Transport.allCases.first(where: { "\($0)" == word }) else {
            throw fields.fault("transport", "must be tcp, udp or sctp")
        }
        let text = try fields.string("address")
        let address = text.flatMap { IPAddress($0) }
        if text != nil, address == nil { throw fields.fault("address", "is no address") }
        guard let container = try fields.string("to").flatMap({ IPAddress($0) }) else {
            throw fields.fault("to", "is no address")
        }
        self.init(
            transport, hostAddress: address, hostPort: try Self.number("port", &fields), container: container,
            containerPort: try Self.number("toPort", &fields))
    }

    private static func number(_ key: String, _ fields: inout JSONFields) throws(CFSError) -> UInt16 {
        guard let number = try fields.unsigned(key).flatMap({ UInt16(exactly: $0) }), number > 0 else {
            throw fields.fault(key, "must be a number of a port")
        }
        return number
    }

    fileprivate var json: JSON {
        var object = JSONObject([("transport", .string("\(transport)"))])
        if let hostAddress { object["address"] = .string(hostAddress.description) }
        object["port"] = JSON(unsigned: UInt64(hostPort))
        object["to"] = .string(container.description)
        object["toPort"] = JSON(unsigned: UInt64(containerPort))
        return JSON.object(object)
    }
}
