import CFSLinux
import CFSModel
import CFSNetworks
import Glibc

/// A container's networks during one run: its devices, addresses, names and ports.
///
/// What the host has of it (its ends of the devices, rules for ports, names) ``disconnect()`` takes away. After a monitor that
/// was killed, the devices end with the container's namespace, and ``Engine/recover()`` sees to the rest.
final class ContainerNetwork {
    static let tokens: ClosedRange<UInt64> = 0x4000_0000_0000_0000...0x4fff_ffff_ffff_ffff
    private static let relayTokens: UInt64 = 0x4800_0000_0000_0000

    private let settings: NetworkSettings
    private let id: ContainerID
    private let name: String
    private var resolver: Resolver?
    private var relays: [LoopbackRelay] = []
    private var reservations: [ReservedPort] = []
    private var published: [PublishedPort] = []
    /// The host's ends of its devices, by number.
    private var devices: [Int32] = []
    private var hasNames = false
    /// Whether the kernel has it.
    private var hasIPv6 = false
    /// With the ports of the host that were chosen.
    private(set) var ports: [PortMapping] = []

    init(_ request: MonitorRequest, _ settings: NetworkSettings) {
        self.settings = settings
        id = request.id
        name = request.name
    }

    /// Puts the container whose first process this is on its networks. Before its command runs, and only in a process with one
    /// thread.
    ///
    /// - Throws: whatever keeps it from being reached as it was asked for; nothing is left then.
    func connect(pid: Int32) throws(CFSError) {
        do throws(CFSError) {
            let namespace = try File.open("/proc/\(pid)/ns/net", .read, phase: .preparing)
            hasIPv6 = try NetworkSysctl.hasIPv6()
            Self.raiseDescriptorLimit()
            // Ports first: they are what can be taken.
            try openPorts()
            var host = try RouteSocket()
            for endpoint in settings.endpoints { try makeDevice(endpoint, &host, namespace.raw) }
            let sockets = try NetlinkSocket.inside(namespace.raw) { () throws(CFSError) in try configureInside() }
            if let rate = settings.rates.ingress {
                for device in devices { try host.setRate(device, bitsPerSecond: rate, burst: settings.rates.burst) }
            }
            try publish()
            try makeResolver(sockets)
            try tellNames()
        } catch {
            disconnect()
            throw error
        }
    }

    /// Questions of names and relayed connections hold descriptors; the container has its own limit, which was set apart.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 65_536)
        // Without more it goes on with what it has.
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    // MARK: Devices

    private func makeDevice(
        _ endpoint: NetworkEndpoint, _ host: inout RouteSocket, _ namespace: Int32
    ) throws(CFSError) {
        let network = endpoint.network
        switch network.driver {
        case .bridge:
            let bridge = try NetworkDevices.bridge(network, &host, folder: settings.folder)
            let peer = VethPeer(
                name: endpoint.interface, hardwareAddress: endpoint.hardwareAddress, namespace: namespace)
            let name = Self.deviceName()
            let index = try host.createVeth(name, master: bridge, mtu: network.mtu, peer: peer).index
            devices.append(index)
            // A port of a bridge has no addresses, not even of its link.
            if hasIPv6 { try NetworkSysctl.set("ipv6/conf/\(name)/disable_ipv6", "1") }
            // Where bridges hand packets to the packet filter, what a container sends to a port of its own comes back here.
            if !settings.ports.isEmpty { try host.setHairpin(index, true) }
        case .macvlan, .ipvlan:
            guard let parent = try host.link(named: network.device) else {
                throw CFSError(
                    .networkFailed, .preparing,
                    "the host has no device \(network.device), which the network \(network.name) needs",
                    hint: "see: ip link")
            }
            if network.driver == .macvlan {
                try host.createMacvlan(
                    endpoint.interface, parent: parent.index, mode: .bridge, mtu: network.mtu,
                    hardwareAddress: endpoint.hardwareAddress, namespace: namespace)
            } else {
                try host.createIPVlan(
                    endpoint.interface, parent: parent.index, mode: .l2, mtu: network.mtu, namespace: namespace)
            }
        }
    }

    /// New for every run: the kernel takes the device of the last one away in its own time.
    private static func deviceName() -> String {
        var generator = SystemRandomNumberGenerator()
        let random: UInt32 = generator.next()
        let digits = String(random, radix: 16)
        return "cfsv" + String(repeating: "0", count: 8 - digits.utf8.count) + digits
    }

    /// In the container's namespace.
    private func configureInside() throws(CFSError) -> ResolverSockets {
        var inside = try RouteSocket()
        // The container's own process does so too, at its own pace; the resolver needs it now.
        if let loopback = try inside.link(named: "lo"), !loopback.isUp { try inside.setUp(loopback.index) }
        var hasWayOut: Set<IPAddress.Family> = []
        for endpoint in settings.endpoints {
            guard let link = try inside.link(named: endpoint.interface) else {
                throw CFSError(.networkFailed, .preparing, "the device \(endpoint.interface) is not in the container")
            }
            if hasIPv6 {
                let isOn = endpoint.network.range(.ipv6) != nil
                let conf = "ipv6/conf/\(endpoint.interface)"
                try NetworkSysctl.set("\(conf)/\(isOn ? "accept_ra" : "disable_ipv6")", isOn ? "0" : "1")
            }
            for address in endpoint.addresses {
                let prefix = endpoint.network.range(address.family)?.subnet.prefix ?? address.family.width
                try inside.add(address: address, prefix: prefix, to: link.index)
            }
            if !link.isUp { try inside.setUp(link.index) }
            for range in endpoint.network.ranges where !endpoint.network.isInternal {
                guard let gateway = range.gateway, hasWayOut.insert(range.subnet.family).inserted else { continue }
                try inside.addRoute(to: nil, via: gateway, device: link.index)
            }
            if let rate = settings.rates.egress {
                try inside.setRate(link.index, bitsPerSecond: rate, burst: settings.rates.burst)
            }
        }
        // Whoever is in the container may ping; the groups are the host's, of which its own are some.
        try NetworkSysctl.set("ipv4/ping_group_range", "0 2147483647")
        let sockets = try ResolverSockets()
        try ResolverRedirect.install(udp: sockets.udpPort, tcp: sockets.tcpPort)
        return sockets
    }

    // MARK: Ports

    private func openPorts() throws(CFSError) {
        guard !settings.ports.isEmpty, let target = Self.target(settings) else { return }
        for mapping in settings.ports { ports.append(try open(mapping, target)) }
        published = Self.published(settings, ports)
    }

    /// What the packet filter has of a container's ports.
    static func published(_ settings: NetworkSettings, _ ports: [PortMapping]) -> [PublishedPort] {
        guard let target = target(settings) else { return [] }
        var published: [PublishedPort] = []
        for mapping in ports where mapping.hostAddress?.isLoopback != true {
            guard let hostPort = mapping.hostPort else { continue }
            for address in target.addresses
            where mapping.hostAddress == nil || mapping.hostAddress?.family == address.family {
                published.append(
                    PublishedPort(
                        PublishedPort.Transport(mapping.container.transport), hostAddress: mapping.hostAddress,
                        hostPort: hostPort, container: address, containerPort: mapping.container.port))
            }
        }
        return published
    }

    /// Where ports lead: the first network that the host reaches.
    private static func target(_ settings: NetworkSettings) -> NetworkEndpoint? {
        settings.endpoints.first { $0.network.driver == .bridge && !$0.network.isInternal }
    }

    /// Takes a port of the host, against every other program too.
    private func open(_ mapping: PortMapping, _ target: NetworkEndpoint) throws(CFSError) -> PortMapping {
        guard mapping.container.transport != .sctp else {
            // The packet filter alone leads there, and a port of loopback does not.
            guard mapping.hostPort != nil else {
                throw CFSError(
                    .invalidArgument, .preparing, "a port of sctp needs a port of the host by number",
                    hint: "write -p \(mapping.container.port):\(mapping.container)")
            }
            return mapping
        }
        if let asked = mapping.hostAddress, !asked.isLoopback,
            !target.addresses.contains(where: { $0.family == asked.family })
        {
            throw CFSError(
                .invalidArgument, .preparing,
                "the port of \(asked) cannot lead to the container: it has no address of that family on \(target.network.name)",
                hint: "publish it without an address, or give the network a subnet of that family")
        }
        var mapped = mapping
        for address in mapping.hostAddress.map({ [$0] }) ?? [.unspecified(.ipv4), .unspecified(.ipv6)] {
            do throws(CFSError) {
                let port = try take(Endpoint(address, mapped.hostPort ?? 0), mapping.container, target)
                mapped.hostPort = mapped.hostPort ?? port
            } catch {
                // A host without IPv6 has no such addresses.
                let isAbsent = error.errno == EAFNOSUPPORT || error.errno == EADDRNOTAVAIL
                guard isAbsent, mapping.hostAddress == nil, address.family == .ipv6 else { throw error }
            }
        }
        return mapped
    }

    /// - Returns: the port, which the kernel chooses for 0.
    private func take(
        _ endpoint: Endpoint, _ port: ContainerPort, _ target: NetworkEndpoint
    ) throws(CFSError) -> UInt16 {
        let transport: SocketTransport = port.transport == .udp ? .udp : .tcp
        guard endpoint.address.isLoopback || endpoint.address.isUnspecified else {
            let reserved = try ReservedPort(endpoint, transport)
            reservations.append(reserved)
            return reserved.port
        }
        // One of the same family where there is one: both work.
        let inside = target.addresses.first { $0.family == endpoint.address.family } ?? target.addresses[0]
        let relay = try LoopbackRelay(
            at: endpoint, transport, to: Endpoint(inside, port.port),
            servesAll: inside.family != endpoint.address.family,
            token: Self.relayTokens + UInt64(relays.count) * LoopbackRelay.tokenCount)
        relays.append(relay)
        return relay.endpoint.port
    }

    /// Holds a port as long as it lives.
    private final class ReservedPort {
        private let reservation: PortReservation
        var port: UInt16 { reservation.endpoint.port }

        init(_ endpoint: Endpoint, _ transport: SocketTransport) throws(CFSError) {
            reservation = try PortReservation(endpoint, transport)
        }
    }

    /// Changes the packet filter while nobody else does: recover() sees all of a change, or nothing.
    private func publish() throws(CFSError) {
        let lock = try NetworkDevices.lock(settings.folder)
        defer { extendLifetime(lock) }
        var filter = try PacketFilter()
        let seen = try filter.contents()?.ports ?? []
        // The sockets of these ports are ours, so whoever had them is gone and has left its rules; and whatever leads to an
        // address of ours is of whoever had that before. Of sctp there are no sockets.
        let places = published.filter { $0.transport != .sctp }.map(Self.place)
        let addresses = settings.endpoints.flatMap(\.addresses)
        let left = seen.filter { addresses.contains($0.container) || places.contains(Self.place($0)) }
        try filter.unpublish(left)
        if !published.isEmpty { try filter.publish(published) }
        try NetworkDevices.forgetConnections(of: left.map(\.container), ports: left + published)
    }

    private func unpublish() throws(CFSError) {
        guard !published.isEmpty else { return }
        let lock = try NetworkDevices.lock(settings.folder)
        defer { extendLifetime(lock) }
        var filter = try PacketFilter()
        try filter.unpublish(published)
    }

    /// What only one can have: the port of the host, of one address or of all of a family.
    private static func place(_ port: PublishedPort) -> PublishedPort {
        PublishedPort(
            port.transport, hostAddress: port.hostAddress, hostPort: port.hostPort,
            container: .unspecified(port.container.family), containerPort: 0)
    }

    // MARK: Names

    private func makeResolver(_ sockets: ResolverSockets) throws(CFSError) {
        var fixed: [(name: String, addresses: [IPAddress])] = settings.resolver.hosts.compactMap { entry in
            let address = entry.address ?? settings.hostAddress()
            return address.map { (entry.name, [$0]) }
        }
        let ways = IPAddress.Family.allCases.compactMap { settings.hostAddress($0) }
        if !ways.isEmpty { fixed.append((NetworkSettings.hostName, ways)) }
        resolver = Resolver(
            sockets: sockets, tables: settings.endpoints.map { NetworkDevices.namesPath($0.network, settings.folder) },
            names: fixed, forwarding: try forwarding(), token: Self.tokens.lowerBound)
    }

    /// Whom to ask for names that nobody on its networks has; nil when it shall reach nobody else.
    private func forwarding() throws(CFSError) -> Forwarding? {
        if settings.endpoints.allSatisfy(\.network.isInternal) { return nil }
        guard settings.resolver.servers.isEmpty else { return Forwarding(servers: settings.resolver.servers) }
        let path = "/etc/resolv.conf"
        guard File.exists(path) else { return Forwarding(servers: [IPAddress]()) }
        let text = String(decoding: try File.readAll(at: path, limit: 1 << 20), as: UTF8.self)
        return Forwarding(ResolverConfiguration(text))
    }

    private func tellNames() throws(CFSError) {
        hasNames = true
        for endpoint in settings.endpoints {
            let host = NameTable.Host(
                id: String(id.short), name: name, aliases: endpoint.names, addresses: endpoint.addresses)
            try NetworkDevices.changeNames(endpoint.network, settings.folder) { table in
                // Whoever had an address of ours before is gone.
                table.hosts.removeAll { $0.id == host.id || $0.addresses.contains { host.addresses.contains($0) } }
                table.hosts.append(host)
            }
        }
    }

    // MARK: While it runs

    func watch(_ poll: borrowing EventPoll) throws(CFSError) {
        try resolver?.watch(poll)
        for relay in relays { try relay.watch(poll) }
    }

    func handle(_ token: UInt64, _ poll: borrowing EventPoll) {
        guard token >= Self.relayTokens else {
            resolver?.handle(token, poll)
            return
        }
        let index = Int((token - Self.relayTokens) / LoopbackRelay.tokenCount)
        if relays.indices.contains(index) { relays[index].handle(token, poll) }
    }

    /// Milliseconds until ``tick(_:)`` has something to do; -1 for never.
    var patience: Int32 {
        var least = resolver?.patience ?? -1
        for relay in relays {
            let span = relay.patience
            if span >= 0, least < 0 || span < least { least = span }
        }
        return least
    }

    func tick(_ poll: borrowing EventPoll) {
        resolver?.tick(poll)
        for relay in relays { relay.tick(poll) }
    }

    // MARK: The end

    func stop(_ poll: borrowing EventPoll) {
        resolver?.stop(poll)
        for relay in relays { relay.stop(poll) }
    }

    /// Takes away what the host has of it. What cannot be taken away is left to recover().
    func disconnect() {
        // The kernel removes the devices with their namespace; that takes a while, and longer when another container shares
        // it and stays. Whoever has these addresses next does not meet them.
        Self.regardless { () throws(CFSError) in
            guard !devices.isEmpty else { return }
            var host = try RouteSocket()
            for device in devices { try host.closePort(device) }
        }
        Self.regardless { () throws(CFSError) in try unpublish() }
        Self.regardless { () throws(CFSError) in
            guard !devices.isEmpty else { return }
            let addresses = settings.endpoints.flatMap(\.addresses)
            try NetworkDevices.forgetConnections(of: addresses, ports: published)
        }
        if hasNames {
            let short = String(id.short)
            for endpoint in settings.endpoints {
                Self.regardless { () throws(CFSError) in
                    try NetworkDevices.changeNames(endpoint.network, settings.folder) { table in
                        table.hosts.removeAll { $0.id == short }
                    }
                }
            }
        }
        (resolver, relays, reservations, published, devices, hasNames) = (nil, [], [], [], [], false)
    }

    private static func regardless(_ step: () throws(CFSError) -> Void) {
        do throws(CFSError) { try step() } catch { return }
    }
}

extension PublishedPort.Transport {
    fileprivate init(_ transport: Transport) {
        switch transport {
        case .tcp: self = .tcp
        case .udp: self = .udp
        case .sctp: self = .sctp
        }
    }
}
