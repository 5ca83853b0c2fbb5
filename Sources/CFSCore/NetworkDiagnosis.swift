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
        facts.routes = try host.routes()
        for link in try host.links() { facts.links[link.index] = link }
        let networks = File.exists("\(options.root)/registry.db") ? try registry.networks() : []
        let running = networks.isEmpty ? [] : try connectedContainers().filter { $0.ports != nil }
        for network in networks {
            var place = NetworkFacts.Place(network: network)
            place.device = facts.links.values.first { $0.name == network.device }
            for container in running
            where container.settings.endpoints.contains(where: { $0.network.id == network.id }) {
                place.containers.append(try registry.container(container.id)?.name ?? container.id.short)
                guard network.driver == .bridge, let bridge = place.device?.index, let pid = container.pid,
                    let number = try host.namespaceNumber(of: pid)
                else { continue }
                let isThere = facts.links.values.contains {
                    NetworkDevices.isEnd($0) && $0.master == bridge && $0.peerNamespace == number
                }
                if !isThere { place.cutOff += 1 }
            }
            place.containers.sort()
            if let device = place.device { place.addresses = try host.addresses(of: device.index).map(\.address) }
            facts.places.append(place)
        }
        facts.ports = running.flatMap(\.publishedPorts)
        facts.filter = try Self.filterFacts()
        for name in facts.settingNames { facts.settings[name] = try NetworkSysctl.value(name) }
        facts.legacyTables = Self.legacyTables
        return facts
    }

    /// Nil when the kernel has no nf_tables.
    private static func filterFacts() throws(CFSError) -> NetworkFacts.Filter? {
        do throws(CFSError) {
            var filter = try PacketFilter()
            let condition = try filter.condition()
            let contents = condition == .whole ? try filter.contents() : nil
            return NetworkFacts.Filter(
                condition: condition, networks: contents?.networks ?? [], ports: contents?.ports ?? [],
                chains: try filter.baseChains())
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
