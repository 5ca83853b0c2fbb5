import CFSModel
import CFSMonitor

extension Engine {
    /// What can be said of a container's networks before anything is made.
    ///
    /// - Parameter makesDefault: see ``network(_:makesDefault:)``.
    func checkNetworks(_ spec: ContainerSpec, makesDefault: Bool = true) throws(CFSError) {
        guard !spec.networks.isEmpty else {
            let what: String? =
                if !spec.ports.isEmpty || spec.publishesExposedPorts {
                    "a port of the host can lead only to a container that is on a network"
                } else if spec.resolver != ResolverChoices() {
                    "names can be looked up only by a container that is on a network"
                } else if !spec.networkRates.isEmpty {
                    "a rate limits only a container that is on a network"
                } else {
                    nil
                }
            guard let what else { return }
            // Beside `none`, `host` and their like there is no other one.
            throw CFSError(
                .invalidArgument, .parsing, what, hint: "use --network \(NetworkRecord.defaultName) instead")
        }
        guard spec.namespaces.network == .private else {
            throw CFSError(
                .invalidArgument, .parsing,
                "a container that shares a network namespace can be on no network of its own",
                hint: "leave one --network away")
        }
        var networks: [NetworkRecord] = []
        for request in spec.networks {
            let network = try network(request.network, makesDefault: makesDefault)
            guard !networks.contains(where: { $0.id == network.id }) else {
                throw CFSError(.invalidArgument, .parsing, "the network \(network.name) is given twice")
            }
            networks.append(network)
        }
        try Self.checkIngress(spec.networkRates, networks)
        let target = networks.first { $0.driver == .bridge && !$0.isInternal }
        let isReached = target != nil
        guard isReached || !spec.resolver.hosts.contains(where: { $0.address == nil }) else {
            throw CFSError(
                .invalidArgument, .parsing,
                "host-gateway stands for the host, which the container's networks do not reach",
                hint: "write an address, or add a network that is neither internal nor macvlan or ipvlan")
        }
        guard isReached || spec.ports.isEmpty && !spec.publishesExposedPorts else { throw Self.noWayIn(networks) }
        if let target { try Self.check(spec.ports, leadTo: target) }
        try Self.checkOnce(spec.ports)
    }

    /// A rate for what a container receives is kept at the host's end of its device.
    ///
    /// - Parameter networks: all of the container's.
    /// - Throws: `invalidArgument` when none of their devices has such an end.
    static func checkIngress(_ rates: NetworkRates, _ networks: [NetworkRecord]) throws(CFSError) {
        guard rates.ingress != nil, !networks.isEmpty, networks.allSatisfy({ $0.driver != .bridge }) else { return }
        throw CFSError(
            .invalidArgument, .parsing,
            "what a container receives by macvlan or ipvlan cannot be limited: its device has no end on the host",
            hint: "leave --network-ingress-rate away, or use a network with the driver bridge")
    }

    /// Why no port leads to a container that is on these networks only.
    private static func noWayIn(_ networks: [NetworkRecord]) -> CFSError {
        let what: (networks: String, reason: String, hint: String) =
            if networks.allSatisfy(\.isInternal) {
                ("internal networks", "those have no way in from outside", "a network that is not internal")
            } else if networks.contains(where: \.isInternal) {
                (
                    "internal networks, macvlan and ipvlan",
                    "the first have no way in from outside, the others none by the host",
                    "a network with the driver bridge that is not internal"
                )
            } else {
                ("macvlan and ipvlan", "these have no way in by the host", "a network with the driver bridge")
            }
        return CFSError(
            .invalidArgument, .parsing,
            "no port of the host can lead to a container that is on \(what.networks) only: \(what.reason)",
            hint: "add \(what.hint), or leave -p away")
    }

    /// No port of the host leads to two places; the same mapping again is no second one.
    private static func checkOnce(_ ports: [PortMapping]) throws(CFSError) {
        let fixed = ports.filter { $0.hostPort != nil }
        for (index, port) in fixed.enumerated() {
            guard let other = fixed[..<index].first(where: { clash($0, port) }) else { continue }
            throw CFSError(
                .invalidArgument, .parsing, "the port \(port.text.prefix { $0 != "-" }) is published twice",
                hint: "it leads to \(other.container) and to \(port.container)")
        }
    }

    private static func clash(_ one: PortMapping, _ other: PortMapping) -> Bool {
        guard one != other, one.hostPort == other.hostPort, one.container.transport == other.container.transport else {
            return false
        }
        return one.hostAddress == other.hostAddress || one.hostAddress == nil || other.hostAddress == nil
    }

    /// Ports that can never be opened. On another network later, such a port waits for the next one that it can lead to.
    private static func check(_ ports: [PortMapping], leadTo target: NetworkRecord) throws(CFSError) {
        for port in ports where !port.canLead(to: target.ranges.map(\.subnet.family)) {
            throw CFSError(
                .invalidArgument, .parsing,
                "the port of \(port.hostAddress.map { "\($0)" } ?? "") cannot lead to the container: it has no address of "
                    + "that family on \(target.name)",
                hint: "publish it without an address, or give the network a subnet of that family")
        }
    }
}
