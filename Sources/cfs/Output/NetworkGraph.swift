import CFSCore

/// Who reaches whom, drawn as text: the world, the host, networks and the containers on them.
///
/// `<->` is both ways, `-->` one way only, `-x-` none. The containers of one network reach each other; what is not drawn
/// does not reach.
struct NetworkGraph {
    private typealias Place = (network: NetworkRecord, members: [NetworkMember])
    private let places: [Place]

    /// - Parameter places: networks with the containers on them; drawn in the order of their names.
    init(_ places: [(network: NetworkRecord, members: [NetworkMember])]) {
        self.places = places.sorted { $0.network.name < $1.network.name }.map { place in
            (network: place.network, members: place.members.sorted { $0.container.name < $1.container.name })
        }
    }

    var text: String {
        var lines: [[String]] = []
        let bridges = places.filter { $0.network.driver == .bridge }
        if !bridges.isEmpty {
            lines += [["world"]] + ports { !$0 } + [["|"], ["host"]] + ports { $0 }
            for (index, place) in bridges.enumerated() {
                lines.append(["|"])
                let isLast = index == bridges.count - 1
                lines.append([Self.arrows(place.network)] + Self.remarks(place.network))
                lines += inside(place, isLast ? " " : "|")
            }
        }
        let others = places.filter { $0.network.driver != .bridge }
        for device in Set(others.map { $0.network.device }).sorted() {
            if !lines.isEmpty { lines.append([""]) }
            lines.append([Printable.text(device)])
            let here = others.filter { $0.network.device == device }
            for (index, place) in here.enumerated() {
                lines.append(["|<-> \(place.network.name)"] + Self.remarks(place.network))
                lines += inside(place, index == here.count - 1 ? " " : "|")
            }
        }
        return Self.aligned(lines)
    }

    /// A network as a branch of the host: what reaches into it, and out of it.
    private static func arrows(_ network: NetworkRecord) -> String {
        if !network.isInternal { return "|<-> \(network.name) --> world" }
        return network.ranges.contains { $0.gateway != nil } ? "|--> \(network.name)" : "|-x- \(network.name)"
    }

    private static func remarks(_ network: NetworkRecord) -> [String] {
        let kind: String? =
            network.isInternal ? "internal" : network.driver == .bridge ? nil : network.driver.rawValue
        return [network.ranges.map { "\($0.subnet)" }.text(separator: ", "), kind ?? ""]
    }

    /// Who has an address on a network.
    private func inside(_ place: Place, _ trunk: String) -> [[String]] {
        let network = place.network
        var lines: [[String]] = []
        let gateways = network.ranges.compactMap(\.gateway)
        if network.driver == .bridge, !gateways.isEmpty {
            let name = network.isInternal ? "" : "host.cfs.internal"
            lines.append(["\(trunk)    host", gateways.map { "\($0)" }.text(separator: ", "), name])
        }
        for member in place.members {
            let others = member.container.networks.filter { $0 != network.name }.sorted()
            var remarks: [String] = []
            if member.container.state.pid == nil { remarks.append(member.container.state.name) }
            if !others.isEmpty { remarks.append("may route to \(others.text(separator: ", "))") }
            lines.append([
                "\(trunk)    \(member.container.name)", member.addresses.map { "\($0)" }.text(separator: ", "),
                remarks.text(separator: ", "),
            ])
        }
        return lines
    }

    /// The published ports of containers that run: those of loopback, or those that the world reaches.
    private func ports(_ isWanted: (_ isLoopback: Bool) -> Bool) -> [[String]] {
        var seen: Set<ContainerID> = []
        var ports: [(mapping: PortMapping, name: String)] = []
        for place in places where place.network.driver == .bridge && !place.network.isInternal {
            for member in place.members {
                let container = member.container
                guard container.state.pid != nil, seen.insert(container.id).inserted else { continue }
                for mapping in Self.merged(container.ports) where isWanted(mapping.hostAddress?.isLoopback ?? false) {
                    if mapping.hostPort != nil { ports.append((mapping, container.name)) }
                }
            }
        }
        let texts = ports.map { mapping, name in
            (mapping.hostPort ?? 0, "|  \(Self.place(mapping)) --> \(name):\(mapping.container.port)")
        }
        return texts.sorted { $0 < $1 }.map { [$0.1] }
    }

    /// All addresses of both families are one place, without an address.
    private static func merged(_ ports: [PortMapping]) -> [PortMapping] {
        ports.compactMap { port in
            guard let address = port.hostAddress, address.isUnspecified else { return port }
            var other = port
            other.hostAddress = .unspecified(address.family == .ipv4 ? .ipv6 : .ipv4)
            guard ports.contains(other) else { return port }
            if address.family == .ipv6 { return nil }
            other.hostAddress = nil
            return other
        }
    }

    /// `*:8080/tcp`, `[::1]:53/udp`.
    private static func place(_ mapping: PortMapping) -> String {
        let address = mapping.hostAddress.map { $0.family == .ipv6 ? "[\($0)]" : "\($0)" } ?? "*"
        return "\(address):\(mapping.hostPort ?? 0)/\(mapping.container.transport.rawValue)"
    }

    /// Columns of one width; a line of one cell is as long as it likes. No white space at the end of a line.
    private static func aligned(_ lines: [[String]]) -> String {
        var widths = [0, 0]
        for line in lines where line.count > 1 {
            for column in widths.indices { widths[column] = max(widths[column], DisplayWidth.of(line[column])) }
        }
        return lines.map { line in
            var text = ""
            for (column, cell) in line.enumerated() {
                text += cell
                guard line.dropFirst(column + 1).contains(where: { !$0.isEmpty }) else { break }
                text += String(repeating: " ", count: widths[column] - DisplayWidth.of(cell) + 3)
            }
            return text + "\n"
        }.text(separator: "")
    }
}
