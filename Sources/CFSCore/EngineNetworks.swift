import CFSImages
import CFSLinux
import CFSModel
import CFSMonitor
import CFSNetworks
import CFSRegistry
import Glibc

/// A container on a network.
public struct NetworkMember: Sendable, Hashable {
    public var container: ContainerRecord
    public var addresses: [IPAddress]
    /// Six bytes.
    public var hardwareAddress: [UInt8]
}

extension Engine {
    /// All networks, sorted by name. The default one is made when it is not there and the caller may.
    public func networks() throws(CFSError) -> [NetworkRecord] {
        try makeFolders()
        // Where no subnet is free for it, the others are there all the same.
        if geteuid() == 0 { Self.regardless { () throws(CFSError) in _ = try defaultNetwork() } }
        return try registry.networks()
    }

    /// The network with this name, this id, or the only one whose id begins so.
    ///
    /// - Throws: `networkNotFound` with the nearest names; `ambiguousID`.
    public func network(_ reference: String) throws(CFSError) -> NetworkRecord {
        try network(reference, makesDefault: true)
    }

    /// - Parameter makesDefault: whether the default network is made when it is not there; else it is worked out only.
    func network(_ reference: String, makesDefault: Bool) throws(CFSError) -> NetworkRecord {
        try makeFolders()
        if reference == NetworkRecord.defaultName {
            return try makesDefault ? defaultNetwork() : plannedDefaultNetwork()
        }
        if let network = try registry.network(named: reference) { return network }
        let all = try registry.networks()
        let found = reference.utf8.count < 2 ? [] : all.filter { $0.id.utf8.starts(with: reference.utf8) }
        guard found.count <= 1 else {
            throw CFSError(
                .ambiguousID, .looking, "several networks have an id that begins with \(reference)",
                hint: "write more of it, or its name")
        }
        if let network = found.first { return network }
        let names = all.map(\.name) + [NetworkRecord.defaultName, "none", "host"]
        let near = NearestName.suggestions(for: reference, among: names)
        throw CFSError(
            .networkNotFound, .looking, "there is no network \"\(reference.prefix(300))\"",
            hint: near.isEmpty
                ? "those that there are: cfs network ls; a new one: cfs network create \(reference.prefix(128))"
                : "did you mean \(near.text(separator: " or "))?")
    }

    private func defaultNetwork() throws(CFSError) -> NetworkRecord {
        if let network = try registry.network(named: NetworkRecord.defaultName) { return network }
        try requirePrivilege("making networks")
        do throws(CFSError) {
            return try make(NetworkSpec(name: NetworkRecord.defaultName))
        } catch {
            // Another process was faster.
            guard error.code == .nameTaken, let network = try registry.network(named: NetworkRecord.defaultName) else {
                throw error
            }
            return network
        }
    }

    private func plannedDefaultNetwork() throws(CFSError) -> NetworkRecord {
        if let network = try registry.network(named: NetworkRecord.defaultName) { return network }
        let routes = try Self.hostSubnets()
        return try plan(NetworkSpec(name: NetworkRecord.defaultName)).record(try registry.networks(), routes: routes)
    }

    /// Makes a network. Nothing of it is in the kernel before its first container starts.
    ///
    /// - Throws: `nameTaken`; `conflict` for a subnet that another network or the host has; `invalidArgument`,
    ///   `limitExceeded`, `notPermitted`.
    public func createNetwork(_ spec: NetworkSpec) throws(CFSError) -> NetworkRecord {
        try requirePrivilege("making networks")
        try makeFolders()
        guard spec.name != NetworkRecord.defaultName else {
            throw CFSError(
                .nameTaken, .parsing, "\(spec.name) is the network that is there without being made",
                hint: "choose another name")
        }
        return try make(spec)
    }

    private func make(_ spec: NetworkSpec) throws(CFSError) -> NetworkRecord {
        if let parent = spec.parent {
            var socket = try RouteSocket()
            guard let link = try socket.link(named: parent) else {
                throw CFSError(
                    .invalidArgument, .preparing, "the host has no device \"\(parent)\"", hint: "see: ip link")
            }
            guard link.isEthernet else {
                throw CFSError(
                    .invalidArgument, .preparing,
                    "the device \"\(parent)\" is not one of Ethernet, and carries no \(spec.driver.rawValue)",
                    hint: "name one that is, such as a network card or a bridge: ip link")
            }
        }
        let routes = try Self.hostSubnets()
        let plan = plan(spec)
        let network = try registry.insertNetwork { networks throws(CFSError) in
            try plan.record(networks, routes: routes)
        }
        note("create", network)
        return network
    }

    private func plan(_ spec: NetworkSpec) -> NetworkPlan {
        // Engines with other folders have networks of their own.
        let isUsual = spec.name == NetworkRecord.defaultName && options.root == EngineOptions().root
        return NetworkPlan(
            spec: spec, id: ContainerID().text, createdAt: SystemClock.realtime,
            device: isUsual ? NetworkRecord.defaultName : nil)
    }

    private static func hostSubnets() throws(CFSError) -> [IPSubnet] {
        var socket = try RouteSocket()
        return try socket.routes().map(\.destination)
    }

    static func check(networkName name: String) throws(CFSError) {
        guard isPlain(name) else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(name.prefix(200))\" is no name for a network",
                hint: "use letters, digits, and ._- after the first, at most 128")
        }
        guard !["none", "host", "private", "default", "bridge", "container"].contains(name), ContainerID(name) == nil
        else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(name)\" means something else to --network", hint: "choose another name"
            )
        }
    }

    /// Removes a network that no container is on, running or not.
    ///
    /// - Throws: `networkNotFound`, `networkInUse`.
    public func removeNetwork(_ reference: String) throws(CFSError) {
        try requirePrivilege("removing networks")
        try remove(try network(reference))
    }

    private func remove(_ network: NetworkRecord) throws(CFSError) {
        do throws(CFSError) {
            try reserve.lend { () throws(CFSError) in try registry.removeNetwork(network) }
        } catch {
            guard error.code == .networkInUse else { throw error }
            let members = try members(of: network).map(\.container)
            guard let first = members.first else { throw error }
            let names = members.map(\.name)
            let isOne = members.count == 1
            // One that runs, or waits for its next run, is removed by force only.
            let verb = first.state.pid != nil || first.restartsAt != nil ? "rm -f" : "rm"
            throw CFSError(
                .networkInUse, .removing,
                "the network \(network.name) has \(isOne ? "a container" : "containers"): "
                    + names.prefix(8).map { $0 }.text(separator: ", ") + (names.count > 8 ? ", ..." : ""),
                hint:
                    "take \(isOne ? "it" : "them") off first: cfs network disconnect \(network.name) \(first.name), or "
                    + "remove \(isOne ? "it" : "them"): cfs \(verb) \(first.name)")
        }
        note("destroy", network)
        try NetworkDevices.remove(network, folder: networkFolder)
    }

    /// Removes every network that no container is on, but the default one.
    public func pruneNetworks() throws(CFSError) -> [NetworkRecord] {
        try requirePrivilege("removing networks")
        try makeFolders()
        var removed: [NetworkRecord] = []
        for network in try registry.networks() where network.name != NetworkRecord.defaultName {
            do throws(CFSError) {
                try reserve.lend { () throws(CFSError) in try registry.removeNetwork(network) }
            } catch {
                guard error.code == .networkInUse else { throw error }
                continue
            }
            note("destroy", network)
            try NetworkDevices.remove(network, folder: networkFolder)
            removed.append(network)
        }
        return removed
    }

    /// The containers on a network, running or not, sorted by name.
    public func members(of network: NetworkRecord) throws(CFSError) -> [NetworkMember] {
        var members: [NetworkMember] = []
        for place in try registry.endpoints(on: network.id) {
            guard let row = try registry.container(place.container), let record = try record(of: row) else { continue }
            members.append(
                NetworkMember(
                    container: record, addresses: place.addresses, hardwareAddress: place.hardwareAddress))
        }
        return members.sorted { $0.container.name < $1.container.name }
    }

    /// See ``recover()``.
    func recoverNetworks() throws(CFSError) -> Int {
        try reserve.lend { () throws(CFSError) in try registry.forgetLostEndpoints() }
        let networks = try registry.networks()
        guard !networks.isEmpty else { return 0 }
        let places = try forgetUnusedPlaces()
        return try places
            + NetworkDevices.putRight(networks, folder: networkFolder) { () throws(CFSError) in
                try connectedContainers()
            }
    }

    func connectedContainers() throws(CFSError) -> [ConnectedContainer] {
        var running: [ConnectedContainer] = []
        for id in Set(try registry.endpoints().map(\.container)) {
            let folder = folder(id)
            guard let row = try registry.container(id), let settings = Self.request(of: folder)?.network else {
                continue
            }
            if let record = try record(of: row), record.state.pid != nil {
                running.append(
                    ConnectedContainer(id: id, settings: settings, ports: record.ports, pid: record.state.pid))
            } else if try RunLock.isHeld(folder) {
                running.append(ConnectedContainer(id: id, settings: settings, ports: nil, pid: nil))
            }
        }
        return running
    }

    var networkFolder: String { "\(options.run)/networks" }

    // MARK: A container's places

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
            throw CFSError(.invalidArgument, .parsing, what, hint: "add --network \(NetworkRecord.defaultName)")
        }
        guard spec.namespaces.network == .private else {
            throw CFSError(
                .invalidArgument, .parsing,
                "a container that shares a network namespace can be on no network of its own",
                hint: "leave one --network away")
        }
        var seen: Set<String> = []
        var target: NetworkRecord?
        for request in spec.networks {
            let network = try network(request.network, makesDefault: makesDefault)
            guard seen.insert(network.id).inserted else {
                throw CFSError(.invalidArgument, .parsing, "the network \(network.name) is given twice")
            }
            if target == nil, network.driver == .bridge, !network.isInternal { target = network }
        }
        let isReached = target != nil
        guard isReached || !spec.resolver.hosts.contains(where: { $0.address == nil }) else {
            throw CFSError(
                .invalidArgument, .parsing,
                "host-gateway stands for the host, which the container's networks do not reach",
                hint: "write an address, or add a network that is neither internal nor macvlan or ipvlan")
        }
        guard isReached || spec.ports.isEmpty && !spec.publishesExposedPorts else {
            throw CFSError(
                .invalidArgument, .parsing,
                "no port of the host can lead to a container that is on networks only which the host does not reach",
                hint: "add a network that is neither internal nor macvlan or ipvlan, or leave -p away")
        }
        if let target { try Self.check(spec.ports, leadTo: target) }
        let fixed = spec.ports.filter { $0.hostPort != nil }
        for (index, port) in fixed.enumerated() {
            guard
                let other = fixed[..<index].first(where: {
                    $0.hostPort == port.hostPort && $0.container.transport == port.container.transport
                        && ($0.hostAddress == port.hostAddress || $0.hostAddress == nil || port.hostAddress == nil)
                })
            else { continue }
            throw CFSError(
                .invalidArgument, .parsing, "the port \(port.text.prefix { $0 != "-" }) is published twice",
                hint: "it leads to \(other.container) and to \(port.container)")
        }
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

    /// The error of a start, with the name of the container that has one of the ports that it wanted.
    func namingOwner(_ error: CFSError, of ports: [PortMapping]) -> CFSError {
        guard error.code == .conflict, !ports.isEmpty else { return error }
        let wanted = Set(ports.compactMap { port in port.hostPort.map { ContainerPort($0, port.container.transport) } })
        do throws(CFSError) {
            for record in try containers() {
                let owned = record.ports.contains { port in
                    port.hostPort.map { wanted.contains(ContainerPort($0, port.container.transport)) } ?? false
                }
                guard owned else { continue }
                var told = error
                told.message += ": the container \(record.name) has it"
                told.hint = "choose another port, or stop that container: cfs stop \(record.name)"
                return told
            }
        } catch {
            // What kept it from starting is the error to tell.
        }
        return error
    }

    /// Gives a container its places; nil for one that is on no network.
    func networkSettings(
        _ row: ContainerRow, _ spec: ContainerSpec, _ image: ImageRecord
    ) throws(CFSError) -> NetworkSettings? {
        guard !spec.networks.isEmpty else { return nil }
        var networks: [NetworkRecord] = []
        for request in spec.networks { networks.append(try network(request.network)) }
        let places = try places(row, on: networks, spec.networks)
        var settings = NetworkSettings()
        settings.folder = networkFolder
        settings.ports = try ports(spec, image)
        settings.resolver = spec.resolver
        settings.rates = spec.networkRates
        for (index, place) in places.enumerated() {
            settings.endpoints.append(
                NetworkEndpoint(
                    network: place.network, interface: "eth\(index)", addresses: place.row.addresses,
                    hardwareAddress: place.row.hardwareAddress,
                    names: spec.networks[index].aliases + [row.id.short]))
        }
        return settings
    }

    /// Those asked for, and with `-P` one for each other port that image and caller offer.
    func ports(_ spec: ContainerSpec, _ image: ImageRecord) throws(CFSError) -> [PortMapping] {
        var ports = spec.ports
        guard spec.publishesExposedPorts else { return ports }
        var offered = spec.exposedPorts
        for text in image.configuration.exposedPorts {
            // An image is data: a port that is none is no reason not to run it.
            let parts = text.utf8.split(separator: 0x2f, maxSplits: 1).map { String(decoding: $0, as: UTF8.self) }
            guard let number = parts.first.flatMap({ UInt16($0) }), number > 0,
                let transport = parts.count == 2 ? Transport(rawValue: parts[1].lowercased()) : .tcp
            else { continue }
            offered.append(ContainerPort(number, transport))
        }
        // A free port is found by binding one, which is not done for sctp.
        for port in offered.sorted()
        where port.transport != .sctp && !ports.contains(where: { $0.container == port }) {
            ports.append(PortMapping(hostAddress: nil, hostPort: nil, container: port))
        }
        return ports
    }
}
