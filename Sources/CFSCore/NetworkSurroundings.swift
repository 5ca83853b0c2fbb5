import CFSModel
import CFSMonitor
import CFSNetworks

/// What others on a host do to networks: their packet filters, routes and settings. Pure.
extension NetworkFacts {
    /// Chains of others that drop what is forwarded, or may do so.
    var strangers: [Finding] {
        let bridges = places.filter { $0.network.driver == .bridge }.map {
            ChainRule.Device($0.network.device, $0.device?.index)
        }
        let found = FilterHealth.findings(in: filter?.chains ?? [], bridges: bridges, others: waysOut(besides: bridges))
        // Else packets within a bridge pass no chain.
        let within =
            settings["bridge/bridge-nf-call-iptables"] == "1"
            ? ", also what containers of one network send each other" : ""
        let findings = found.map { chain in
            let what =
                chain.isCertain
                ? "drops what is forwarded and no rule of it accepts"
                : "may drop what is forwarded: no rule of it accepts all that comes from and goes to bridges of cfs"
            return Finding("filters of others", .warning, "\(chain) \(what)\(within)", hint: chain.hint)
        }
        return findings.isEmpty && filter != nil
            ? [Finding("filters of others", .good, "none drops what is forwarded")] : findings
    }

    /// The devices by which containers reach others and are reached. Bridges of others are none, but for those that lead further:
    /// whoever keeps theirs apart from ours may do so.
    private func waysOut(besides bridges: [ChainRule.Device]) -> [ChainRule.Device] {
        let defaults = Set(IPAddress.Family.allCases.flatMap { defaultRoutes($0) }.compactMap(\.device))
        let ours = Set(bridges.map(\.name))
        let found = links.values.filter { link in
            guard link.isUp, link.master == nil, link.name != "lo", !ours.contains(link.name) else { return false }
            return defaults.contains(link.index) || link.kind != "bridge" && link.kind != "veth"
        }
        return found.sorted { $0.index < $1.index }.map { ChainRule.Device($0.name, $0.index) }
    }

    var legacy: [Finding] {
        legacyTables.filter { $0.tables.contains("filter") }.map { command, _ in
            Finding(
                "filters of others", .warning, "\(command) has a table filter, whose policies are not seen here",
                hint: "\(command) -S FORWARD shows whether it drops")
        }
    }

    /// With it, neighbours reach what listens on the host's loopback only; published ports do without.
    var localnet: [Finding] {
        localnetDevices.compactMap { device in
            let setting = "ipv4/conf/\(device)/route_localnet"
            guard settings[setting].map({ $0 != "0" }) ?? false else { return nil }
            return Finding(
                "route_localnet of \(device)", .warning,
                "on: neighbours reach what listens on the host's loopback; published ports do without",
                hint: Self.sysctl(setting, "0"))
        }
    }

    /// Routes of the host into the subnet of a network, by another device.
    var overlaps: [Finding] {
        var findings: [Finding] = []
        for place in places where place.network.driver == .bridge {
            let network = place.network
            for range in network.ranges {
                for route in routes where route.destination.prefix > 0 && route.destination.overlaps(range.subnet) {
                    if let index = route.device, index == place.device?.index { continue }
                    let device = route.device.flatMap { links[$0]?.name }
                    let by = device.map { " by \($0)" } ?? ""
                    let name = "subnet of \(network.name)"
                    let removal = "ip route del \(route.destination)" + (device.map { " dev \($0)" } ?? "")
                    if let device, NetworkDevices.isBridgeName(device) {
                        findings.append(
                            Finding(
                                name, .warning,
                                "\(range.subnet) overlaps that of another engine's network, on \(device)",
                                hint: "cfs network rm \(network.name)"))
                        continue
                    }
                    // The longest prefix decides.
                    let isStolen = place.isUsed && route.destination.prefix > range.subnet.prefix
                    let finding =
                        isStolen
                        ? Finding(
                            name, .missing,
                            "the host's route to \(route.destination)\(by) takes a part of \(range.subnet) away",
                            hint: removal)
                        : Finding(
                            name, .warning,
                            "\(range.subnet) overlaps the host's route to \(route.destination)\(by), whose part "
                                + "there is not reached: remove that route, or make the network with another subnet",
                            hint: removal)
                    findings.append(finding)
                }
            }
        }
        return findings
    }

    /// How many connections the kernel remembers; beyond its limit, packets of new ones are dropped.
    var tracking: Finding? {
        guard let count = settings[Self.connections].flatMap({ UInt64($0) }),
            let limit = settings[Self.connectionLimit].flatMap({ UInt64($0) }), limit > 0
        else { return nil }
        let detail = "\(count) of \(limit)"
        guard count >= limit / 10 * 9 else { return Finding("connections", .good, detail) }
        return Finding(
            "connections", .warning, "\(detail): new ones will be dropped",
            hint: Self.sysctl(Self.connectionLimit, "\(limit * 2)"))
    }

    func defaultRoutes(_ family: IPAddress.Family) -> [Route] {
        routes.filter { $0.destination.prefix == 0 && $0.destination.family == family }
    }

    /// The host's ways out, for each family that a network that is not internal has.
    var ways: [Finding] {
        IPAddress.Family.allCases.compactMap { family in
            guard places.contains(where: { $0.isOpen && $0.network.range(family) != nil }) else { return nil }
            let name = "default route of \(family == .ipv4 ? "IPv4" : "IPv6")"
            guard let route = defaultRoutes(family).first else {
                // Without IPv6 the host takes no route of it.
                if family == .ipv6, settings[Self.everyIPv6] != "0" {
                    let isThere = settings[Self.everyIPv6] != nil
                    return Finding(
                        name, .warning, "none: \(isThere ? "IPv6 is off on this host" : "the kernel has no IPv6")",
                        hint: isThere ? Self.sysctl(Self.everyIPv6, "0") : nil)
                }
                return Finding(
                    name, .warning, "none: containers reach no further than the host's neighbours",
                    hint: "ip \(family == .ipv4 ? "" : "-6 ")route add default via ROUTER")
            }
            let device = route.device.flatMap { links[$0]?.name }.map { "by \($0)" }
            let gateway = route.gateway.map { "through \($0)" }
            return Finding(name, .good, [gateway, device].compactMap { $0 }.text(separator: " "))
        }
    }
}
