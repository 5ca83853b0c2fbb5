/// A network that containers can be on.
public struct NetworkRecord: Sendable, Hashable {
    /// What connects its containers.
    public enum Driver: String, Sendable, Hashable, CaseIterable {
        /// A switch of the host's own: containers reach each other, the host, and through it the world.
        case bridge
        /// Devices of their own with hardware addresses of their own on a device of the host: the network beyond that sees them.
        case macvlan
        /// Likewise with the hardware address of the host's device.
        case ipvlan
    }

    /// Its addresses of one family, and the way out of it.
    public struct Range: Sendable, Hashable {
        public var subnet: IPSubnet
        /// With the driver `bridge` an address of the host; nil for none.
        public var gateway: IPAddress?

        public init(subnet: IPSubnet, gateway: IPAddress?) {
            self.subnet = subnet
            self.gateway = gateway
        }
    }

    /// The network that is there without being made.
    public static let defaultName = "cfs0"

    /// A random UUID.
    public var id: String
    public var name: String
    public var driver = Driver.bridge
    /// One for each family, IPv4 first.
    public var ranges: [Range]
    /// The bridge, or the device of the host below the containers' devices.
    public var device: String
    /// Whether nobody but its containers is reached from it, nor reaches it.
    public var isInternal = false
    /// Bytes of a packet; nil is the device's own, 1,500 for a bridge.
    public var mtu: UInt32?
    public var labels: [String: String] = [:]
    /// Nanoseconds since 1970.
    public var createdAt: UInt64

    public init(id: String, name: String, ranges: [Range], device: String, createdAt: UInt64) {
        self.id = id
        self.name = name
        self.ranges = ranges
        self.device = device
        self.createdAt = createdAt
    }

    public func range(_ family: IPAddress.Family) -> Range? { ranges.first { $0.subnet.family == family } }

    public init?(json: JSON) {
        guard let id = json["id"]?.string, let name = json["name"]?.string, let device = json["device"]?.string,
            let driver = json["driver"]?.string.flatMap({ Driver(rawValue: $0) }),
            let createdAt = json["createdAt"]?.unsigned, let stored = json["ranges"]?.array
        else { return nil }
        var ranges: [Range] = []
        for range in stored {
            guard let subnet = range["subnet"]?.string.flatMap({ IPSubnet($0) }) else { return nil }
            let gateway = range["gateway"]?.string
            guard gateway == nil || gateway.flatMap({ IPAddress($0) }) != nil else { return nil }
            ranges.append(Range(subnet: subnet, gateway: gateway.flatMap { IPAddress($0) }))
        }
        self.init(id: id, name: name, ranges: ranges, device: device, createdAt: createdAt)
        self.driver = driver
        isInternal = json["internal"]?.bool ?? false
        mtu = json["mtu"]?.unsigned.flatMap { UInt32(exactly: $0) }
        if let labels = json["labels"] { self.labels = labels.stringMap ?? [:] }
    }

    public var json: JSON {
        var builder = JSONBuilder()
        builder.set("id", id)
        builder.set("name", name)
        builder.set("driver", driver.rawValue)
        builder.set(
            "ranges",
            ranges.map { range -> JSON in
                var builder = JSONBuilder()
                builder.set("subnet", range.subnet.description)
                builder.set("gateway", range.gateway?.description)
                return builder.json
            })
        builder.set("device", device)
        builder.set("internal", isInternal)
        builder.set("mtu", mtu)
        if !labels.isEmpty { builder.set("labels", labels) }
        builder.set("createdAt", JSON(unsigned: createdAt))
        return builder.json
    }
}

/// A container's place on a network.
public struct NetworkEndpoint: Sendable, Hashable {
    public var network: NetworkRecord
    /// The device inside: `eth0` for the first.
    public var interface: String
    /// One for each family of the network.
    public var addresses: [IPAddress]
    /// Six bytes.
    public var hardwareAddress: [UInt8]
    /// What others on the network find it by, besides its name: the beginning of its id, and what else was asked for.
    public var names: [String]

    public init(
        network: NetworkRecord, interface: String, addresses: [IPAddress], hardwareAddress: [UInt8], names: [String]
    ) {
        self.network = network
        self.interface = interface
        self.addresses = addresses
        self.hardwareAddress = hardwareAddress
        self.names = names
    }

    public init?(json: JSON) {
        guard let network = json["network"].flatMap({ NetworkRecord(json: $0) }),
            let interface = json["interface"]?.string, let texts = json["addresses"]?.strings,
            let hardware = json["hardwareAddress"]?.string.flatMap({ HardwareAddress.bytes($0) }),
            let names = json["names"]?.strings
        else { return nil }
        let addresses = texts.compactMap { IPAddress($0) }
        guard addresses.count == texts.count else { return nil }
        self.init(
            network: network, interface: interface, addresses: addresses, hardwareAddress: hardware, names: names)
    }

    public var json: JSON {
        [
            "network": network.json, "interface": .string(interface), "addresses": JSON(addresses.map(\.description)),
            "hardwareAddress": .string(HardwareAddress.text(hardwareAddress)), "names": JSON(names),
        ]
    }
}

/// Addresses of Ethernet as text: `02:cf:0a:b0:00:02`.
public enum HardwareAddress {
    /// Six bytes; nil for any other text.
    public static func bytes(_ text: String) -> [UInt8]? {
        let parts = text.utf8.split(separator: 0x3a, omittingEmptySubsequences: false)
        guard parts.count == 6 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard part.count == 2, let byte = UInt8(String(decoding: part, as: UTF8.self), radix: 16),
                part.first != 0x2b, part.first != 0x2d
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    public static func text(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.text(separator: ":")
    }
}
