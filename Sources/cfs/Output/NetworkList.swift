import CFSCore

/// Networks as `cfs network ls` prints them.
struct NetworkList {
    private let networks: [NetworkRecord]
    private let isFull: Bool

    /// - Parameter isFull: whether nothing may be shortened.
    init(_ networks: [NetworkRecord], isFull: Bool) {
        self.networks = networks
        self.isFull = isFull
    }

    private func id(_ network: NetworkRecord) -> String { isFull ? network.id : String(network.id.prefix(12)) }

    private static func subnets(_ network: NetworkRecord) -> String {
        network.ranges.map { "\($0.subnet)" }.text(separator: ", ")
    }

    /// One id a line.
    var ids: String { networks.map { id($0) + "\n" }.text(separator: "") }

    var table: String {
        var table = Table(["NETWORK ID", "NAME", "DRIVER", "SUBNETS", "INTERNAL"])
        for network in networks {
            table.add([
                id(network), network.name, network.driver.rawValue, Self.subnets(network),
                network.isInternal ? "yes" : "no",
            ])
        }
        return table.text
    }

    /// The fields of templates, each a text: Docker's, and those of the table.
    var templates: TemplateList {
        var list = TemplateList(titles: [
            ("ID", "NETWORK ID"), ("Name", "NAME"), ("Driver", "DRIVER"), ("Subnets", "SUBNETS"),
            ("Internal", "INTERNAL"), ("IPv6", "IPV6"), ("Device", "DEVICE"), ("CreatedAt", "CREATED AT"),
        ])
        list.rows = networks.map { network in
            let values = JSONObject([
                ("ID", .string(id(network))), ("Name", .string(network.name)),
                ("Driver", .string(network.driver.rawValue)), ("Subnets", .string(Self.subnets(network))),
                ("Internal", .string("\(network.isInternal)")), ("IPv6", .string("\(network.range(.ipv6) != nil)")),
                ("Device", .string(network.device)), ("CreatedAt", .string(Timestamp.text(network.createdAt))),
            ])
            return TemplateList.Row(values: values, labels: network.labels)
        }
        return list
    }

    /// An array of objects.
    var json: JSON {
        .array(
            networks.map { network -> JSON in
                [
                    "ID": .string(network.id), "Name": .string(network.name),
                    "Driver": .string(network.driver.rawValue),
                    "Subnets": JSON(network.ranges.map { "\($0.subnet)" }), "Internal": .bool(network.isInternal),
                    "IPv6": .bool(network.range(.ipv6) != nil), "Device": .string(network.device),
                    "CreatedAt": .string(Timestamp.text(network.createdAt)), "Labels": JSON(network.labels),
                ]
            })
    }
}
