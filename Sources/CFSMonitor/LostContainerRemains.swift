import CFSLinux
import CFSModel
import CFSNetworks

extension NetworkDevices {
    /// Takes away what a monitor that was killed has left of its container on the host: rules of its ports, names, and connections
    /// that the kernel remembers. The caller is the only one at work on the container, of which nothing runs.
    ///
    /// - Parameter sharers: processes of containers that share its network namespace and run on: they keep its devices there.
    /// - Returns: how many rules, names and devices there were.
    public static func removeRemains(
        of id: ContainerID, _ settings: NetworkSettings, folder: String, sharers: [Int32]
    ) throws(CFSError) -> Int {
        guard !settings.endpoints.isEmpty, File.exists(folder) else { return 0 }
        let lock = try lock(folder)
        defer { extendLifetime(lock) }
        var count = 0
        for pid in sharers {
            ContainerNetwork.regardless { () throws(CFSError) in
                count += try removeDevices(of: settings.endpoints, inside: pid)
            }
        }
        let short = id.short
        for endpoint in settings.endpoints {
            let path = namesPath(endpoint.network, folder)
            guard var table = readNames(path) else { continue }
            let before = table.hosts.count
            table.hosts.removeAll { $0.id == short }
            guard table.hosts.count < before else { continue }
            try AtomicFile.write(table.bytes, to: path, durable: false)
            count += 1
        }
        // A container keeps its addresses until it is removed, so whatever leads there is its own.
        let addresses = settings.endpoints.flatMap(\.addresses)
        let ports = try unpublish(leadingTo: addresses, bridges: settings.endpoints.map(\.network.device))
        if count > 0 || !ports.isEmpty {
            ContainerNetwork.regardless { () throws(CFSError) in
                try forgetConnections(of: addresses, ports: ports)
            }
        }
        return count + ports.count
    }

    /// Takes a container's devices out of a namespace that somebody else holds: their address may be another one's next.
    private static func removeDevices(
        of endpoints: [NetworkEndpoint], inside pid: Int32
    ) throws(CFSError) -> Int {
        let namespace = try File.open("/proc/\(pid)/ns/net", .read, phase: .preparing)
        return try NetlinkSocket.inside(namespace.raw) { () throws(CFSError) -> Int in
            var inside = try RouteSocket()
            var count = 0
            for link in try inside.links() {
                let isOwn = endpoints.contains { endpoint in
                    switch endpoint.network.driver {
                    case .bridge: link.kind == "veth" && link.hardwareAddress == endpoint.hardwareAddress
                    case .macvlan: link.kind == "macvlan" && link.hardwareAddress == endpoint.hardwareAddress
                    case .ipvlan: link.kind == "ipvlan" && link.name == endpoint.interface
                    }
                }
                guard isOwn else { continue }
                try inside.delete(link.index)
                count += 1
            }
            return count
        }
    }

    /// Published ports but for those that lead into a network of somebody else, who may have the same subnet: another engine's
    /// bridge is there, and the one that ours was to have is not.
    ///
    /// - Parameter bridges: ours.
    static func ours(
        _ seen: (networks: [FilteredNetwork], ports: [PublishedPort]), bridges: [String]
    ) -> [PublishedPort] {
        let foreign = seen.networks.filter { !bridges.contains($0.bridge) }.flatMap(\.subnets)
        return seen.ports.filter { port in !foreign.contains { $0.contains(port.container) } }
    }

    /// Takes the rules of ports that lead to certain addresses out of the packet filter.
    private static func unpublish(
        leadingTo addresses: [IPAddress], bridges: [String]
    ) throws(CFSError) -> [PublishedPort] {
        do throws(CFSError) {
            var filter = try PacketFilter()
            guard let seen = try filter.contents() else { return [] }
            let ports = ours(seen, bridges: bridges).filter { addresses.contains($0.container) }
            try filter.unpublish(ports)
            return ports
        } catch {
            // Then there are none.
            guard error.code == .kernelUnsupported else { throw error }
            return []
        }
    }
}
