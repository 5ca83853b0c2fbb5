import CFSModel

/// Who is on one network, by which names: a file that the engine writes whole (`AtomicFile`) whenever somebody comes or
/// goes, and that the resolvers of the network's containers read. Pure.
///
/// ```json
/// {"version":1,"network":"front","subnets":["10.89.0.0/24"],
///  "hosts":[{"id":"3f9c2a41b7d0","name":"web","aliases":["www"],"addresses":["10.89.0.2","fd00:89::2"]}],
///  "bridge":"cfs-0f8fad5b","internal":false}
/// ```
package struct NameTable: Sendable, Hashable {
    package struct Host: Sendable, Hashable {
        /// The short id; also a name.
        package var id: String
        /// What the host's addresses are called when they are looked up backwards.
        package var name: String
        package var aliases: [String]
        /// Those on this network, of either family.
        package var addresses: [IPAddress]

        package init(id: String, name: String, aliases: [String] = [], addresses: [IPAddress]) {
            (self.id, self.name, self.aliases, self.addresses) = (id, name, aliases, addresses)
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
        let hosts = self.hosts.map { host in
            JSON.object(
                JSONObject([
                    ("id", .string(host.id)), ("name", .string(host.name)), ("aliases", JSON(host.aliases)),
                    ("addresses", JSON(host.addresses.map(\.description))),
                ]))
        }
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
        self.init(id: id, name: name, aliases: aliases, addresses: addresses)
    }
}
