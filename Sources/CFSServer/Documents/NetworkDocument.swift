import CFSCore

/// What is told of networks.
enum NetworkDocument {
    /// A network, and the containers that are on it, running or not.
    static func json(_ network: NetworkRecord, _ members: [NetworkMember]) -> JSON {
        var object = JSONObject([
            ("id", .string(network.id)), ("name", .string(network.name)),
            ("driver", .string(network.driver.rawValue)), ("internal", .bool(network.isInternal)),
            ("device", .string(network.device)), ("subnets", .array(network.ranges.map(range))),
            ("labels", JSON(network.labels)), ("createdAt", .string(Timestamp.text(network.createdAt))),
            ("containers", .array(members.map(member))),
        ])
        object["mtu"] = network.mtu.map { .integer(Int64($0)) }
        return .object(object)
    }

    private static func range(_ range: NetworkRecord.Range) -> JSON {
        var object = JSONObject([("subnet", .string("\(range.subnet)"))])
        object["gateway"] = range.gateway.map { .string("\($0)") }
        return .object(object)
    }

    private static func member(_ member: NetworkMember) -> JSON {
        let container = member.container
        return [
            "id": .string(container.id.text), "name": .string(container.name),
            "status": .string(container.statusName), "addresses": JSON(member.addresses.map { "\($0)" }),
            "hardwareAddress": .string(HardwareAddress.text(member.hardwareAddress)),
            "ports": .array(container.state.pid == nil ? [] : container.ports.compactMap(port)),
        ]
    }

    /// Nil for one that has no port of the host.
    private static func port(_ mapping: PortMapping) -> JSON? {
        guard let hostPort = mapping.hostPort else { return nil }
        var object = JSONObject([
            ("hostPort", .integer(Int64(hostPort))), ("port", .integer(Int64(mapping.container.port))),
            ("transport", .string(mapping.container.transport.rawValue)),
        ])
        object["hostAddress"] = mapping.hostAddress.map { .string("\($0)") }
        return .object(object)
    }
}
