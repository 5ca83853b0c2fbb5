import CFSModel
import CFSNetworks

/// What a start does to put a container on its networks, as people read it: pure.
struct NetworkSteps {
    /// A network of the container, and what of it there is.
    struct Place {
        /// The device of the host that a network is made of: its bridge, or the one below the containers' devices.
        enum Device { case missing, ready, foreign }

        var network: NetworkRecord
        var request: NetworkRequest
        var device = Device.ready
        /// Whether the network is not there yet, and made with the container.
        var isNew = false
    }

    let places: [Place]
    let ports: [PortMapping]
    let resolver: ResolverChoices
    let rates: NetworkRates
    /// Nil for one that the engine makes up.
    let name: String?

    /// What is written down before anything runs.
    var placing: [String] {
        var steps: [String] = []
        for place in places where place.isNew {
            steps.append(
                "cfs: make the network \(place.network.name) of \(Self.list(place.network.ranges.map(\.subnet)))")
        }
        for place in places { steps.append("cfs: reserve \(Self.addresses(place)) on \(place.network.name)") }
        return steps
    }

    /// What is done between the clone and the command, in the order of `ContainerNetwork.connect`.
    var connecting: [String] {
        var steps = ["monitor: forget the connections of whoever had its addresses before"]
        // The packet filter alone leads to a port of sctp.
        for port in ports where port.container.transport != .sctp {
            steps.append("monitor: take \(Self.host(port)) for \(port.container)")
        }
        for (index, place) in places.enumerated() { steps += devices(index, place) }
        for (index, place) in places.enumerated() { steps += inside(index, place) }
        steps += waysOut
        steps.append("monitor: sysctl net.ipv4.ping_group_range=0 2147483647")
        steps.append("monitor: sysctl net.ipv4.ip_unprivileged_port_start=0")
        steps.append(
            "monitor: sockets of the resolver, to which the packet filter inside leads \(ResolverSockets.address):53")
        if let rate = rates.ingress {
            for (index, place) in places.enumerated() where place.network.driver == .bridge {
                steps.append("monitor: eth\(index) receives at most \(text(rate))")
            }
        }
        // A port of loopback is relayed only.
        for port in ports where port.hostAddress?.isLoopback != true {
            steps.append("monitor: the packet filter leads \(Self.host(port)) to \(port.container)")
        }
        steps.append("monitor: the resolver begins; it asks \(servers) for names that no container has")
        for place in places {
            let names = [name ?? "its name"] + place.request.aliases + ["its ID"]
            steps.append("monitor: tell \(place.network.name) the names \(names.text(separator: ", "))")
        }
        return steps
    }

    private func devices(_ index: Int, _ place: Place) -> [String] {
        let network = place.network
        var device = "monitor: make the device eth\(index) in the container"
        if let address = place.request.hardwareAddress { device += " with \(HardwareAddress.text(address))" }
        guard network.driver == .bridge else {
            device += ", \(network.driver.rawValue) on \(network.device)"
            if place.device == .missing { device += " (a start here refuses it: the host has no such device)" }
            return [device]
        }
        // A new network's bridge is named with it.
        let bridge = place.isNew && network.device != network.name ? "the bridge" : "the bridge \(network.device)"
        let of = "\(bridge) of the network \(network.name)"
        device += ", the other end a port of the bridge" + (ports.isEmpty ? "" : " in hairpin mode")
        switch place.device {
        case .ready: return ["monitor: use \(of)", device]
        case .foreign:
            return ["monitor: make \(of) (a start here refuses it: the host has another device of that name)"]
        case .missing:
            var parts = ["rules of the packet filter"]
            if network.ranges.contains(where: { $0.gateway != nil }), !network.isInternal { parts.append("forwarding") }
            parts += network.ranges.compactMap { range in range.gateway.map { "\($0)/\(range.subnet.prefix)" } }
            return ["monitor: make \(of): \(parts.text(separator: ", ")), up", device]
        }
    }

    private func inside(_ index: Int, _ place: Place) -> [String] {
        var steps = ["monitor: eth\(index) gets \(Self.addresses(place)), and is up"]
        if let rate = rates.egress { steps.append("monitor: eth\(index) sends at most \(text(rate))") }
        return steps
    }

    /// To the gateway of the first network that has one of the family.
    private var waysOut: [String] {
        var present: Set<IPAddress.Family> = []
        var steps: [String] = []
        for (index, place) in places.enumerated() where !place.network.isInternal {
            for range in place.network.ranges {
                guard let gateway = range.gateway, present.insert(range.subnet.family).inserted else { continue }
                steps.append("monitor: default route via \(gateway) by eth\(index)")
            }
        }
        return steps
    }

    /// Whom the resolver asks, as `ContainerNetwork.forwarding` has it.
    private var servers: String {
        if places.allSatisfy(\.network.isInternal) { return "nobody" }
        return resolver.servers.isEmpty ? "the host's servers" : Self.list(resolver.servers)
    }

    private func text(_ rate: UInt64) -> String {
        "\(rate) bits a second" + (rates.burst.map { ", \($0) bytes of them at once" } ?? "")
    }

    /// Those asked for, and the subnets of those that are chosen.
    private static func addresses(_ place: Place) -> String {
        let texts = place.network.ranges.map { range in
            let asked = place.request.addresses.first { $0.family == range.subnet.family }
            return asked.map { "\($0)/\(range.subnet.prefix)" } ?? "an address of \(range.subnet)"
        }
        return texts.text(separator: " and ")
    }

    /// `port 80/tcp of every address of the host`.
    private static func host(_ port: PortMapping) -> String {
        let transport = port.container.transport.rawValue
        let number = port.hostPort.map { "port \($0)/\(transport)" } ?? "a free port of \(transport)"
        let address = port.hostAddress.map { $0.isUnspecified ? "every address" : "\($0)" } ?? "every address"
        return "\(number) of \(address) of the host"
    }

    private static func list(_ items: [some CustomStringConvertible]) -> String {
        items.map(\.description).text(separator: ", ")
    }
}
