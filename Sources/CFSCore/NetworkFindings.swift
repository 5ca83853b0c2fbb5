import CFSModel
import CFSNetworks

/// What of a host decides whether containers on networks are reached, as it was read. ``findings`` is pure.
struct NetworkFacts {
    /// A network, and what is there of it.
    struct Place {
        var network: NetworkRecord
        /// The names of its containers that run, sorted.
        var containers: [String] = []
        /// The bridge, or the device of the host below the containers'.
        var device: Link?
        /// How many of the containers have their device in no bridge.
        var cutOff = 0
        /// How many have it in the bridge, switched off.
        var switchedOff = 0
        /// Those whose device is in another bridge, sorted by name, with the host's end of it.
        var strayed: [(container: String, end: Link)] = []
        /// The names of those that have none any more, sorted.
        var lost: [String] = []
        /// The containers' own, and whose they are.
        var owners: [IPAddress: String] = [:]
        /// Those of the device.
        var addresses: [IPAddress] = []

        /// Whether its containers reach others than each other.
        var isOpen: Bool { network.driver == .bridge && !network.isInternal }
        var isUsed: Bool { !containers.isEmpty }
    }

    struct Filter {
        var condition: PacketFilter.Condition
        var networks: [FilteredNetwork] = []
        var ports: [PublishedPort] = []
        /// The sets with elements that are of no network, one for each.
        var strangers: [String] = []
        var chains: [BaseChain] = []
    }

    var places: [Place] = []
    /// What containers that run have published.
    var ports: [PublishedPort] = []
    /// Addresses of containers that begin or end, whose ports only their monitors know.
    var unsettled: [IPAddress] = []
    /// Nil when the kernel has no nf_tables.
    var filter: Filter?
    /// Whether devices of a kind can be made.
    var kinds: [String: Bool] = [:]
    /// By number.
    var links: [Int32: Link] = [:]
    var routes: [Route] = []
    /// Those by which nothing is sent.
    var deadEnds: [Route] = []
    /// Those of all devices of the host.
    var addresses: [DeviceAddress] = []
    /// Those of ``settingNames`` that the kernel has.
    var settings: [String: String] = [:]
    /// The tables of iptables beside nf_tables, and the command that shows them.
    var legacyTables: [(command: String, tables: [String])] = []

    // MARK: Settings

    private static func forwarding(_ family: IPAddress.Family) -> String {
        family == .ipv4 ? "ipv4/ip_forward" : "ipv6/conf/all/forwarding"
    }
    static let everyIPv6 = "ipv6/conf/all/disable_ipv6"
    private static func switchOff(_ network: NetworkRecord) -> String { "ipv6/conf/\(network.device)/disable_ipv6" }
    private static let callsFilter = "bridge/bridge-nf-call-iptables"
    static let connections = "netfilter/nf_conntrack_count"
    static let connectionLimit = "netfilter/nf_conntrack_max"

    /// The devices that packets of IPv4 come in by: bridges of networks in use, and the way out of the host.
    private var forwardingDevices: [String] {
        let bridges = places.filter { $0.isOpen && $0.isUsed && $0.device != nil }.map(\.network.device)
        let isNeeded = places.contains { $0.isOpen && $0.isUsed }
        let ways = isNeeded ? defaultRoutes(.ipv4).compactMap { $0.device.flatMap { links[$0]?.name } } : []
        return bridges + ways.filter { !bridges.contains($0) }
    }

    var localnetDevices: [String] { ["all"] + bridges.map(\.network.device) }

    private var bridges: [Place] { places.filter { $0.network.driver == .bridge && $0.device != nil } }

    /// All that ``findings`` looks at, below `/proc/sys/net`.
    var settingNames: [String] {
        IPAddress.Family.allCases.map(Self.forwarding)
            + [Self.everyIPv6, Self.callsFilter, Self.connections, Self.connectionLimit]
            + forwardingDevices.map { "ipv4/conf/\($0)/forwarding" }
            + localnetDevices.map { "ipv4/conf/\($0)/route_localnet" }
            + bridges.map { Self.switchOff($0.network) }
    }

    /// The command that changes a setting; a name with a dot in it needs slashes.
    static func sysctl(_ name: String, _ value: String) -> String {
        let dotted = String(decoding: name.utf8.map { $0 == 0x2f ? 0x2e : $0 }, as: UTF8.self)
        let text = name.contains(".") ? "net/\(name)" : "net.\(dotted)"
        return "sysctl -w \(text)=\(value)"
    }

    private static let recover = "cfs system recover"

    // MARK: Findings

    var findings: [Finding] {
        var findings = [kernel] + ["bridge", "veth"].map(kind) + forwardings
        if let filter { findings.append(table(filter)) }
        for place in places { findings += problems(place) }
        findings += strangers + legacy + localnet + overlaps + [tracking].compactMap { $0 } + ways
        return findings
    }

    private var kernel: Finding {
        if filter != nil { return Finding("nf_tables", .good, "in the kernel") }
        let error = PacketFilter.unsupported
        return Finding("nf_tables", .missing, error.message, hint: error.hint)
    }

    private func kind(_ name: String) -> Finding {
        kinds[name] == true
            ? Finding("\(name) devices", .good, "can be made")
            : Finding(
                "\(name) devices", .missing, "not in this kernel",
                hint: "modprobe \(name), or a kernel with CONFIG_\(name.uppercased())")
    }

    private var forwardings: [Finding] {
        var findings: [Finding] = []
        for family in IPAddress.Family.allCases {
            let open = places.filter { $0.isOpen && $0.network.range(family) != nil }
            guard !open.isEmpty else { continue }
            let setting = Self.forwarding(family)
            let name = "forwarding of \(family == .ipv4 ? "IPv4" : "IPv6")"
            if settings[setting].map({ $0 != "0" }) ?? false {
                findings.append(Finding(name, .good, "on"))
            } else if settings[setting] == nil {
                findings.append(Finding(name, .missing, "not in this kernel"))
            } else if let used = open.first(where: \.isUsed) {
                let detail = "off: containers of \(used.network.name) reach no further than the host"
                findings.append(Finding(name, .missing, detail, hint: Self.sysctl(setting, "1")))
            } else {
                findings.append(Finding(name, .good, "off; the next container that starts turns it on"))
            }
        }
        for device in forwardingDevices {
            let setting = "ipv4/conf/\(device)/forwarding"
            guard settings[setting] == "0", settings[Self.forwarding(.ipv4)] != "0" else { continue }
            findings.append(
                Finding(
                    "forwarding of \(device)", .missing, "off: packets that come in there are not passed on",
                    hint: Self.sysctl(setting, "1")))
        }
        return findings
    }

    private func table(_ filter: Filter) -> Finding {
        let isUsed = places.contains { $0.isUsed && $0.network.driver == .bridge }
        let name = "packet filter"
        switch filter.condition {
        case .whole where !filter.strangers.isEmpty:
            let count = filter.strangers.count
            let sets = Set(filter.strangers).sorted().text(separator: ", ")
            return Finding(
                name, isUsed ? .missing : .warning,
                "table inet cfs has \(count) element\(count == 1 ? "" : "s") of no network, in \(sets)",
                hint: Self.recover)
        case .whole: return Finding(name, .good, "table inet cfs")
        case .missing where !isUsed:
            return Finding(name, .good, "not made yet; the first container that starts makes it")
        case .missing:
            return Finding(
                name, .missing, "table inet cfs is gone: networks are not apart, ports lead nowhere",
                hint: Self.recover)
        case .foreign(let comment):
            return Finding(
                name, isUsed ? .missing : .warning,
                "table inet cfs is of another layout (\(comment.isEmpty ? "without a comment" : comment))",
                hint: Self.recover)
        case .damaged(let count):
            return Finding(
                name, isUsed ? .missing : .warning,
                "\(count) rules of table inet cfs are gone: networks are not apart, ports lead nowhere",
                hint: Self.recover)
        case .altered(let how):
            return Finding(name, isUsed ? .missing : .warning, "table inet cfs \(how)", hint: Self.recover)
        }
    }

    /// What is wrong with a network, or that nothing is; nothing about a bridge that is not there and not needed.
    private func problems(_ place: Place) -> [Finding] {
        let strays = straysFound(place)
        let others = problemsOfItsOwn(place)
        return strays.isEmpty ? others : others.filter { $0.verdict != .good } + strays
    }

    /// Ports that lead to addresses of nobody: what else of the host listens there is not reached.
    func strayPorts(_ network: NetworkRecord) -> [PublishedPort] {
        // Another engine may have the subnet of a network on which nothing was ever started.
        let devices = places.map(\.network.device)
        let others = (filter?.networks ?? []).filter { !devices.contains($0.bridge) }.flatMap(\.subnets)
        return (filter?.ports ?? []).filter { port in
            !ports.contains(port) && !unsettled.contains(port.container)
                && network.ranges.contains { $0.subnet.contains(port.container) }
                && !others.contains { $0.contains(port.container) }
        }
    }

    private func straysFound(_ place: Place) -> [Finding] {
        guard place.network.driver == .bridge else { return [] }
        let strays = strayPorts(place.network)
        guard let first = strays.first else { return [] }
        let more = strays.count > 1 ? " and \(strays.count - 1) more" : ""
        return [
            Finding(
                "network \(place.network.name)", .warning, "no container has the port \(first)\(more)",
                hint: Self.recover)
        ]
    }

    private func problemsOfItsOwn(_ place: Place) -> [Finding] {
        let network = place.network
        let name = "network \(network.name)"
        guard let device = place.device else {
            if network.driver != .bridge {
                return [
                    Finding(name, .missing, "the host has no device \(network.device)", hint: "see: ip link")
                ]
            }
            guard place.isUsed else { return [] }
            return [
                Finding(
                    name, .missing, "its bridge \(network.device) is gone while containers run",
                    hint: Self.recover)
            ]
        }
        guard network.driver == .bridge else { return [Finding(name, .good, "on \(network.device)")] }
        guard device.kind == "bridge" else {
            return [
                Finding(
                    name, .missing, "\(network.device) is a device of somebody else",
                    hint: "ip link set \(network.device) name OTHER")
            ]
        }
        var findings: [Finding] = []
        if device.isUp {
            findings += addressing(place, name)
            findings += routing(place, name, device)
        } else {
            // A bridge that is switched off loses its addresses of IPv6.
            let lost = network.ranges.filter { $0.gateway.map { !place.addresses.contains($0) } ?? false }
            let commands = ["ip link set \(network.device) up"] + lost.compactMap { addition($0, network) }
            findings.append(
                Finding(
                    name, place.isUsed ? .missing : .warning, "its bridge \(network.device) is switched off",
                    hint: commands.text(separator: " && ")))
        }
        for own in addresses {
            guard let owner = place.owners[own.address] else { continue }
            let device = links[own.index]?.name ?? "\(own.index)"
            findings.append(
                Finding(
                    name, .missing, "the host has the address \(own.address) of \(owner) itself, on \(device)",
                    hint: "ip address del \(own.address)/\(own.prefix) dev \(device)"))
        }
        findings += attachment(place, name)
        if let filter, filter.condition == .whole, place.isUsed {
            let ports = ports.filter { port in network.ranges.contains { $0.subnet.contains(port.container) } }
            let lost = ports.filter { !filter.ports.contains($0) }
            if !filter.networks.contains(network.filtered) {
                findings.append(Finding(name, .missing, "rules of it are gone", hint: Self.recover))
            }
            if let first = lost.first {
                let more = lost.count > 1 ? " and \(lost.count - 1) more" : ""
                findings.append(
                    Finding(name, .missing, "the rule of the port \(first)\(more) is gone", hint: Self.recover))
            }
        }
        guard findings.isEmpty else { return findings }
        let count = place.containers.count
        return [Finding(name, .good, "\(count) container\(count == 1 ? "" : "s") on \(network.device)")]
    }

    /// What is wrong with the devices between the bridge and its containers.
    private func attachment(_ place: Place, _ name: String) -> [Finding] {
        var findings: [Finding] = []
        if place.cutOff > 0 {
            let verb = place.cutOff == 1 ? "is" : "are"
            findings.append(
                Finding(
                    name, .missing, "\(place.cutOff) of its containers \(verb) cut off from its bridge",
                    hint: Self.recover))
        }
        if place.switchedOff > 0 {
            let what = place.switchedOff == 1 ? "the device of 1 of its containers is" : "devices of containers are"
            findings.append(Finding(name, .missing, "\(what) switched off on the host", hint: Self.recover))
        }
        for (container, end) in place.strayed {
            let master = end.master.flatMap { links[$0] }.map { "the \($0.kind ?? "device") \($0.name)" }
            let detail = "the device \(end.name) of \(container) is in \(master ?? "a bridge of somebody else")"
            // Recover takes it from nobody.
            findings.append(
                Finding(
                    name, .missing, detail, hint: "ip link set \(end.name) nomaster && \(Self.recover)"))
        }
        if !place.lost.isEmpty {
            let names = place.lost.text(separator: ", ")
            let what = place.lost.count == 1 ? "the device of \(names) is" : "the devices of \(names) are"
            // A device is made by the container's monitor alone.
            findings.append(
                Finding(
                    name, .missing, "\(what) gone", hint: "cfs restart \(place.lost.text(separator: " "))"))
        }
        return findings
    }

    /// The command that gives a bridge the address of a range; nil where the kernel has no IPv6 for one.
    private func addition(_ range: NetworkRecord.Range, _ network: NetworkRecord) -> String? {
        guard let gateway = range.gateway else { return nil }
        let command = "ip address add \(gateway)/\(range.subnet.prefix) dev \(network.device)"
        guard range.subnet.family == .ipv6 else { return command }
        let off = Self.switchOff(network)
        guard let setting = settings[off] else { return nil }
        return (setting == "0" ? "" : "\(Self.sysctl(off, "0")) && ") + command + " nodad"
    }

    /// What came with the bridge's addresses, and is gone without them.
    private func routing(_ place: Place, _ name: String, _ bridge: Link) -> [Finding] {
        guard place.isUsed else { return [] }
        let ranges = place.network.ranges.filter { range in
            range.gateway.map { place.addresses.contains($0) } ?? false
        }
        var findings: [Finding] = []
        for subnet in ranges.map(\.subnet) {
            let ways = routes.filter { $0.destination == subnet }
            if let own = ways.first(where: { $0.device == bridge.index }) {
                let stronger = deadEnds.first { $0.destination == subnet && $0.metric < own.metric }
                if let stronger {
                    findings.append(
                        Finding(
                            name, .missing, "another route of the host to \(subnet) leads nowhere (\(stronger.kind))",
                            hint: stronger.removal))
                }
                continue
            }
            let other = ways.lazy.compactMap { $0.device.flatMap { links[$0]?.name } }.first
            let deadEnd = other == nil ? deadEnds.first { $0.destination == subnet } : nil
            let detail =
                other.map { "leads to \($0), and not to its bridge" }
                ?? deadEnd.map { "leads nowhere (\($0.kind))" } ?? "is gone"
            let removal =
                other.map { "ip route del \(subnet) dev \($0) && " } ?? deadEnd.map { "\($0.removal) && " } ?? ""
            findings.append(
                Finding(
                    name, .missing, "the host's route to \(subnet) \(detail)", hint: removal + Self.recover))
        }
        for subnet in ranges.map(\.subnet) {
            // The longest prefix decides: one that is wider than the subnet does no harm to it.
            for route in deadEnds where route.destination.prefix > subnet.prefix && route.destination.overlaps(subnet) {
                let detail =
                    "the host's route to \(route.destination), a part of \(subnet), leads nowhere (\(route.kind))"
                findings.append(Finding(name, .missing, detail, hint: route.removal))
            }
        }
        let hasIPv6 = ranges.contains { $0.subnet.family == .ipv6 }
        if hasIPv6, bridge.isRunning, !place.addresses.contains(where: \.isLinkLocal) {
            findings.append(
                Finding(name, .missing, "its bridge has no link-local address (fe80::/10)", hint: Self.recover))
        }
        return findings
    }

    private func addressing(_ place: Place, _ name: String) -> [Finding] {
        let network = place.network
        let setting = settings[Self.switchOff(network)]
        return network.ranges.compactMap { range in
            guard let gateway = range.gateway, !place.addresses.contains(gateway) else { return nil }
            let isOfIPv6 = range.subnet.family == .ipv6
            let detail: String =
                if isOfIPv6, setting == nil {
                    "the kernel has no IPv6"
                } else if isOfIPv6, setting != "0" {
                    "IPv6 is off on its bridge"
                } else {
                    "its bridge has no address \(gateway)"
                }
            // Recover looks after bridges that containers are on, as far as their devices take addresses.
            let isForRecover = place.isUsed && (!isOfIPv6 || setting == "0")
            return Finding(
                name, place.isUsed ? .missing : .warning, detail,
                hint: isForRecover ? Self.recover : addition(range, network))
        }
    }
}

extension Route {
    /// The command that removes one by which nothing is sent.
    fileprivate var removal: String {
        "ip route del \(kind) \(destination)" + (metric > 0 ? " metric \(metric)" : "")
    }
}
