import CFSLinux
import CFSModel
import CFSMonitor
import CFSNetworks

extension Engine {
    /// Looks what keeps containers on networks from being reached and from reaching others, in the network namespace of the
    /// caller. It changes nothing. Each finding that is not good says the command that mends it, where there is one.
    public func diagnoseNetworks() -> [Finding] {
        guard privilege.verdict == .good else { return [privilege] }
        do throws(CFSError) {
            return try networkFacts().findings
        } catch {
            return [Finding("networks", .missing, error.description, hint: error.hint)]
        }
    }

    private func networkFacts() throws(CFSError) -> NetworkFacts {
        var host = try RouteSocket()
        var facts = NetworkFacts()
        for kind in ["bridge", "veth"] { facts.kinds[kind] = try host.canMake(kind) }
        let networks = File.exists("\(options.root)/registry.db") ? try registry.networks() : []
        let connected = networks.isEmpty ? [] : try connectedContainers()
        let running = connected.filter { $0.ports != nil }
        // Behind that: whoever runs has its devices.
        for link in try host.links() { facts.links[link.index] = link }
        let ends = facts.links.values.filter { NetworkDevices.isEnd($0) }
        for network in networks {
            var place = NetworkFacts.Place(network: network)
            place.device = facts.links.values.first { $0.name == network.device }
            for container in running
            where container.settings.endpoints.contains(where: { $0.network.id == network.id }) {
                let name = try registry.container(container.id)?.name ?? container.id.short
                place.containers.append(name)
                for endpoint in container.settings.endpoints where endpoint.network.id == network.id {
                    for address in endpoint.addresses { place.owners[address] = name }
                }
                guard network.driver == .bridge, let bridge = place.device?.index else { continue }
                switch try NetworkDevices.place(of: container, on: network, bridge, ends, &host) {
                case .apart: place.cutOff += 1
                case .switchedOff: place.switchedOff += 1
                case .elsewhere(let end): place.strayed.append((name, end))
                case .gone: place.lost.append(name)
                case .inBridge, nil: continue
                }
            }
            place.containers.sort()
            place.strayed.sort { $0.container < $1.container }
            place.lost.sort()
            if let device = place.device { place.addresses = try host.addresses(of: device.index).map(\.address) }
            facts.places.append(place)
        }
        facts.addresses = try host.addresses()
        // Behind the addresses, with which the kernel makes those of bridges.
        for route in try host.routes(deadEnds: true) {
            if route.kind == .unicast { facts.routes.append(route) } else { facts.deadEnds.append(route) }
        }
        facts.add(connected)
        let subnets = networks.flatMap { $0.ranges.map(\.subnet) }
        facts.filter = try Self.filterFacts(
            subnets + NetworkDevices.bridgeSubnets(Array(facts.links.values), facts.addresses))
        // Whoever has come since the first look has rules already.
        if networks.contains(where: { !facts.strayPorts($0).isEmpty }) { facts.add(try connectedContainers()) }
        for name in facts.settingNames { facts.settings[name] = try NetworkSysctl.value(name) }
        facts.legacyTables = Self.legacyTables
        return facts
    }

    /// Nil when the kernel has no nf_tables.
    ///
    /// - Parameter subnets: those of networks and bridges.
    private static func filterFacts(_ subnets: [IPSubnet]) throws(CFSError) -> NetworkFacts.Filter? {
        do throws(CFSError) {
            var filter = try PacketFilter()
            let condition = try filter.wholeCondition()
            let contents = condition == .whole ? try filter.contents() : nil
            let strangers = contents == nil ? [] : try filter.strangers(NetworkDevices.isBridgeName, subnets: subnets)
            return NetworkFacts.Filter(
                condition: condition, networks: contents?.networks ?? [], ports: contents?.ports ?? [],
                strangers: strangers, chains: try filter.baseChains())
        } catch {
            if error.code == .kernelUnsupported { return nil }
            throw error
        }
    }

    /// The tables of iptables that are not nf_tables (`iptables-legacy`): IPv4, then IPv6.
    private static var legacyTables: [(command: String, tables: [String])] {
        [("iptables-legacy", "ip_tables_names"), ("ip6tables-legacy", "ip6_tables_names")].map { command, file in
            do throws(CFSError) {
                let text = String(decoding: try File.readAll(at: "/proc/net/\(file)"), as: UTF8.self)
                return (command, text.split(separator: "\n").map { String($0) })
            } catch {
                // A kernel without them.
                return (command, [])
            }
        }
    }
}

extension NetworkFacts {
    fileprivate mutating func add(_ containers: [ConnectedContainer]) {
        let known = Set(ports)
        ports += containers.flatMap(\.publishedPorts).filter { !known.contains($0) }
        unsettled += containers.filter { $0.ports == nil }.flatMap { $0.settings.endpoints.flatMap(\.addresses) }
    }
}
