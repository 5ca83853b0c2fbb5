import CFSLinux
import CFSModel
import CFSMonitor

extension Engine {
    /// All that is known of a network, as JSON: names and nesting as users of Docker know them where there is such a name.
    public func inspectNetwork(_ reference: String) throws(CFSError) -> JSON {
        let network = try network(reference)
        let ranges = network.ranges.map { range -> JSON in
            ["Subnet": .string("\(range.subnet)"), "Gateway": range.gateway.map { .string("\($0)") } ?? .null]
        }
        let members = try members(of: network).map { member -> (String, JSON) in
            func text(_ family: IPAddress.Family) -> JSON {
                let address = member.addresses.first { $0.family == family }
                let range = network.range(family)
                return .string(address.flatMap { address in range.map { "\(address)/\($0.subnet.prefix)" } } ?? "")
            }
            return (
                member.container.id.text,
                [
                    "Name": .string(member.container.name), "State": .string(member.container.state.name),
                    "MacAddress": .string(HardwareAddress.text(member.hardwareAddress)),
                    "IPv4Address": text(.ipv4), "IPv6Address": text(.ipv6),
                ]
            )
        }
        return [
            "Name": .string(network.name), "Id": .string(network.id),
            "Created": .string(Timestamp.text(network.createdAt)), "Driver": .string(network.driver.rawValue),
            "EnableIPv6": .bool(network.range(.ipv6) != nil), "IPAM": ["Config": .array(ranges)],
            "Internal": .bool(network.isInternal), "Device": .string(network.device),
            "MTU": network.mtu.map { .integer(Int64($0)) } ?? .null, "Containers": .object(JSONObject(members)),
            "Labels": JSON(network.labels),
        ]
    }
}

extension Container {
    /// Its addresses, its names and its ports; null for one that is on no network.
    static func networkSettings(_ request: MonitorRequest, _ record: ContainerRecord) -> JSON {
        guard let settings = request.network else { return .null }
        var networks = JSONObject()
        for endpoint in settings.endpoints {
            func address(_ family: IPAddress.Family) -> JSON {
                .string(endpoint.addresses.first { $0.family == family }.map { "\($0)" } ?? "")
            }
            func length(_ family: IPAddress.Family) -> JSON {
                .integer(Int64(endpoint.network.range(family)?.subnet.prefix ?? 0))
            }
            func gateway(_ family: IPAddress.Family) -> JSON {
                .string(endpoint.network.range(family)?.gateway.map { "\($0)" } ?? "")
            }
            networks[endpoint.network.name] = [
                "NetworkID": .string(endpoint.network.id), "Interface": .string(endpoint.interface),
                "MacAddress": .string(HardwareAddress.text(endpoint.hardwareAddress)),
                "IPAddress": address(.ipv4), "IPPrefixLen": length(.ipv4), "Gateway": gateway(.ipv4),
                "GlobalIPv6Address": address(.ipv6), "GlobalIPv6PrefixLen": length(.ipv6),
                "IPv6Gateway": gateway(.ipv6), "DNSNames": JSON([record.name] + endpoint.names),
            ]
        }
        var ports = JSONObject()
        for port in record.state.pid == nil ? settings.ports : record.ports {
            let binding: JSON = [
                "HostIp": .string(port.hostAddress.map { "\($0)" } ?? ""),
                "HostPort": .string(port.hostPort.map { "\($0)" } ?? ""),
            ]
            ports["\(port.container)"] = .array((ports["\(port.container)"]?.array ?? []) + [binding])
        }
        return ["Networks": .object(networks), "Ports": .object(ports)]
    }
}
