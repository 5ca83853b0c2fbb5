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
        if ["none", "host"].contains(reference) {
            throw CFSError(
                .networkNotFound, .looking, "\(reference) is no network that a container can be put on or taken from",
                hint: "a container has it from its start: cfs run --network \(reference)")
        }
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
        let subnets = try Self.hostSubnets()
        return try plan(NetworkSpec(name: NetworkRecord.defaultName)).record(
            try registry.networks(), routes: subnets.routes, avoided: subnets.avoided)
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
        let parent = try Self.parent(spec)
        let subnets = try Self.hostSubnets(parent: parent)
        let plan = plan(spec)
        let network = try registry.insertNetwork { networks throws(CFSError) in
            try plan.record(networks, routes: subnets.routes, avoided: subnets.avoided)
        }
        note("create", network)
        return network
    }

    /// The device of the host below those of the containers, of a kind that the kernel can put there.
    ///
    /// - Returns: its number; nil when none is asked for.
    private static func parent(_ spec: NetworkSpec) throws(CFSError) -> Int32? {
        guard let parent = spec.parent else { return nil }
        var socket = try RouteSocket()
        guard let link = try socket.link(named: parent) else {
            throw CFSError(
                .invalidArgument, .preparing, "the host has no device \"\(parent)\"", hint: "see: ip link")
        }
        let kind = spec.driver.rawValue
        guard link.isEthernet else {
            throw CFSError(
                .invalidArgument, .preparing,
                "the device \"\(parent)\" is not one of Ethernet, and carries no \(kind)",
                hint: "name one that is, such as a network card or a bridge: ip link")
        }
        // That a bridge has no device below it, the plan says.
        let isKnown = try spec.driver == .bridge ? true : socket.canMake(kind)
        guard isKnown else {
            throw CFSError(
                .kernelUnsupported, .preparing, "the kernel has no \(kind) devices, which this network needs",
                hint: "load its module (modprobe \(kind)), or use a kernel with CONFIG_\(kind.uppercased())")
        }
        return link.index
    }

    /// Subnets that are in use already: those that nobody can ask for, and those that are only not chosen.
    ///
    /// - Parameter parent: the number of a device of whose network the new one is a part: what that reaches may be asked for.
    private static func hostSubnets(
        parent: Int32? = nil
    ) throws(CFSError) -> (routes: [IPSubnet], avoided: [IPSubnet]) {
        var socket = try RouteSocket()
        let all = try socket.routes()
        let own = all.filter { $0.device != nil && $0.device == parent }
        let others = all.filter { $0.device == nil || $0.device != parent }
        return (others.map(\.destination), own.map(\.destination) + filteredSubnets())
    }

    /// Those of networks that the packet filter knows, also of other engines, whose networks need not have a route; none where
    /// it cannot be read.
    private static func filteredSubnets() -> [IPSubnet] {
        do throws(CFSError) {
            var filter = try PacketFilter()
            return try filter.contents()?.networks.flatMap(\.subnets) ?? []
        } catch {
            return []
        }
    }

    private func plan(_ spec: NetworkSpec) -> NetworkPlan {
        // An engine with another folder has networks of its own, whichever way it was told of that.
        let isUsual = spec.name == NetworkRecord.defaultName && options.root == EngineOptions.usualRoot
        return NetworkPlan(
            spec: spec, id: ContainerID().text, createdAt: SystemClock.realtime,
            device: isUsual ? NetworkRecord.defaultName : nil)
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
    /// - Throws: `networkNotFound`; `networkInUse`, also when somebody else has put a device into its bridge.
    public func removeNetwork(_ reference: String) throws(CFSError) {
        try requirePrivilege("removing networks")
        try remove(try network(reference))
    }

    private func remove(_ network: NetworkRecord) throws(CFSError) {
        do throws(CFSError) {
            try forget(network)
        } catch {
            guard error.code == .networkInUse else { throw error }
            let members = try members(of: network).map(\.container)
            guard let first = members.first else {
                // Without places it is a device of somebody else that keeps it.
                guard try !registry.endpoints(on: network.id).isEmpty else { throw error }
                throw CFSError(
                    .networkInUse, .removing,
                    "a container is being put on the network \(network.name), or taken off it, at this moment",
                    hint: "try again when that is done")
            }
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

    /// Takes a network out of the registry.
    ///
    /// - Throws: `networkInUse` while a container is on it, or its bridge has a device of somebody else.
    private func forget(_ network: NetworkRecord) throws(CFSError) {
        try forgetUnusedPlaces(on: network.id)
        // Of a network that has containers, theirs are the devices.
        if try registry.endpoints(on: network.id).isEmpty { try NetworkDevices.checkPorts(of: network) }
        try reserve.lend { () throws(CFSError) in try registry.removeNetwork(network) }
    }

    /// Removes every network that no container is on, but the default one.
    public func pruneNetworks() throws(CFSError) -> [NetworkRecord] {
        try requirePrivilege("removing networks")
        try makeFolders()
        var removed: [NetworkRecord] = []
        for network in try registry.networks() where network.name != NetworkRecord.defaultName {
            do throws(CFSError) {
                try forget(network)
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
        for place in try usedPlaces(on: network.id) {
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

    /// Takes away what a monitor that was killed has left of its container's networks; the rest is left to recover().
    ///
    /// - Returns: how many parts.
    @discardableResult
    func removeNetworkRemains(_ id: ContainerID, _ folder: ContainerFolder) -> Int {
        guard let settings = Self.request(of: folder)?.network else { return 0 }
        do throws(CFSError) {
            return try NetworkDevices.removeRemains(
                of: id, settings, folder: networkFolder, sharers: try networkSharers(of: id))
        } catch {
            return 0
        }
    }

    /// The first processes of containers that run and share a container's network namespace, or that which it had.
    private func networkSharers(of id: ContainerID) throws(CFSError) -> [Int32] {
        var pids: [Int32] = []
        for row in try registry.containers() where row.id != id {
            guard [.starting, .running, .stopping].contains(row.decision.phase),
                let joins = Self.request(of: folder(row.id))?.joins,
                joins.contains(where: { $0.kind == "network" && $0.container == id }),
                let pid = try record(of: row)?.state.pid
            else { continue }
            pids.append(pid)
        }
        return pids
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

    /// Those asked for, each once, and with `-P` one for each other port that image and caller offer.
    func ports(_ spec: ContainerSpec, _ image: ImageRecord) throws(CFSError) -> [PortMapping] {
        var ports: [PortMapping] = []
        var fixed: Set<PortMapping> = []
        for port in spec.ports where port.hostPort == nil || fixed.insert(port).inserted { ports.append(port) }
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
