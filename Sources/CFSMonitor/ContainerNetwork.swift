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

    /// A device of it, by its numbers.
    struct Device {
        /// The id of its network.
        var network: String
        /// The host's end; nil for one that has no such (macvlan, ipvlan).
        var outer: Int32?
        /// Inside; 0 before that is known.
        var inner: Int32 = 0
    }

    var settings: NetworkSettings
    let id: ContainerID
    /// What it is called; where it was renamed, as the last change said.
    var name: String
    /// Of the first process; nil before it is there.
    private(set) var namespace: SharedFD?
    var sockets: ResolverSockets?
    var resolver: Resolver?
    /// Settings of the kernel that the container's own process makes.
    private let sysctls: [String: String]
    let held: ContainerPorts
    var devices: [Device] = []
    /// The networks that have been told its names.
    var named: [NetworkRecord] = []
    /// Whether the kernel has it.
    var hasIPv6 = false
    /// The host's, once it was asked for.
    private var opened: OpenPacketFilter?
    /// With the ports of the host that were chosen.
    var ports: [PortMapping] { held.mappings }

    init(_ request: MonitorRequest, _ settings: NetworkSettings) {
        self.settings = settings
        id = request.id
        name = request.name
        sysctls = request.spec.linux.sysctl
        held = ContainerPorts(settings, firstToken: Self.relayTokens)
    }

    /// Puts the container whose first process this is on its networks. Before its command runs, and only in a process with one
    /// thread.
    ///
    /// - Parameter begun: what was made for it before; without, that is made too.
    /// - Throws: whatever keeps it from being reached as it was asked for; nothing is left then.
    func connect(pid: Int32, _ begun: NetworkBeginning? = nil) throws(CFSError) {
        do throws(CFSError) {
            try enter(pid: pid, begun)
            clear(settings.endpoints.flatMap(\.addresses))
            // Ports first: they are what can be taken.
            if let target = settings.target { try held.open(to: target) }
            var host = try RouteSocket()
            for endpoint in settings.endpoints { try makeDevice(endpoint, &host) }
            try inside { () throws(CFSError) -> Void in
                var inside = try RouteSocket()
                for endpoint in settings.endpoints { try configure(endpoint, &inside, patience: 10_000_000_000) }
                try addWaysOut(&inside, present: [])
                try prepareResolver(&inside)
            }
            for endpoint in settings.endpoints { try limitIngress(endpoint, &host) }
            try held.publish(of: id, clearing: settings.endpoints.flatMap(\.addresses), try packetFilter())
            try makeResolver()
            for endpoint in settings.endpoints { try tellNames(endpoint) }
        } catch {
            disconnect().remove()
            throw error
        }
    }

    /// The host's packet filter, kept open until ``disconnect()``.
    func packetFilter() throws(CFSError) -> OpenPacketFilter {
        if let opened { return opened }
        let filter = try OpenPacketFilter()
        opened = filter
        return filter
    }

    /// Has what the kernel remembers of the last owners of addresses forgotten.
    func clear(_ addresses: [IPAddress]) {
        Self.regardless { () throws(CFSError) in try LeavingAddresses(settings.folder).clear(addresses) }
    }

    /// Finds the namespace of the container's first process.
    func enter(pid: Int32, _ begun: NetworkBeginning? = nil) throws(CFSError) {
        Self.raiseDescriptorLimit()
        if let begun {
            (namespace, hasIPv6) = (begun.namespace, begun.hasIPv6)
            (sockets, opened) = (begun.sockets, begun.filter)
            return
        }
        namespace = SharedFD(try File.open("/proc/\(pid)/ns/net", .read, phase: .preparing))
        hasIPv6 = try NetworkSysctl.hasIPv6()
    }

    /// As if it had not been found.
    func leave() { namespace = nil }

    /// Runs `body` in the container's namespace.
    func inside<Result: ~Copyable>(_ body: () throws(CFSError) -> Result) throws(CFSError) -> Result {
        guard let namespace else {
            throw CFSError(.invalidState, .preparing, "the container has no network namespace yet")
        }
        return try NetlinkSocket.inside(namespace.raw, body)
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

    func makeDevice(_ endpoint: NetworkEndpoint, _ host: inout RouteSocket) throws(CFSError) {
        guard let namespace = namespace?.raw else { return }
        let network = endpoint.network
        switch network.driver {
        case .bridge:
            let bridge = try NetworkDevices.bridge(network, &host, try packetFilter(), folder: settings.folder)
            let peer = VethPeer(
                name: endpoint.interface, hardwareAddress: endpoint.hardwareAddress, namespace: namespace)
            let name = Self.deviceName()
            let (index, inner) = try host.createVeth(name, master: bridge, mtu: network.mtu, peer: peer)
            devices.append(Device(network: network.id, outer: index, inner: inner))
            // A port of a bridge has no addresses, not even of its link.
            if hasIPv6 { try NetworkSysctl.turnOffIPv6(of: name) }
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
            devices.append(Device(network: network.id))
        }
    }

    /// New for every run: the kernel takes the device of the last one away in its own time.
    private static func deviceName() -> String {
        var generator = SystemRandomNumberGenerator()
        let random: UInt32 = generator.next()
        let digits = String(random, radix: 16)
        return NetworkDevices.prefix + String(repeating: "0", count: 8 - digits.utf8.count) + digits
    }

    /// The device inside that was made. A process that may steer the namespace's network can have put another one in its place
    /// meanwhile, or have moved it away: a pair is known by the numbers of both its ends, what has one end by what it is.
    private func made(_ endpoint: NetworkEndpoint, _ inside: inout RouteSocket) throws(CFSError) -> Link {
        let driver = endpoint.network.driver
        guard let place = devices.firstIndex(where: { $0.network == endpoint.network.id }),
            let link = try devices[place].outer == nil
                ? inside.link(named: endpoint.interface) : inside.link(at: devices[place].inner),
            // Of two ends with the same number older kernels tell it of neither.
            devices[place].outer == nil || (link.peer ?? link.index) == devices[place].outer,
            link.kind == (driver == .bridge ? "veth" : driver.rawValue),
            driver == .ipvlan || link.hardwareAddress == endpoint.hardwareAddress
        else {
            throw CFSError(.networkFailed, .preparing, "the device \(endpoint.interface) is not in the container")
        }
        devices[place].inner = link.index
        return link
    }

    /// What a device has inside. In the container's namespace.
    ///
    /// - Parameter patience: see ``NetworkEndpoint/outwaiting(_:_:)``.
    func configure(
        _ endpoint: NetworkEndpoint, _ inside: inout RouteSocket, patience: UInt64
    ) throws(CFSError) {
        let link = try made(endpoint, &inside)
        if hasIPv6 {
            if endpoint.network.range(.ipv6) == nil {
                try NetworkSysctl.turnOffIPv6(of: link.name)
            } else {
                try NetworkSysctl.set("ipv6/conf/\(link.name)/accept_ra", "0")
            }
        }
        for address in endpoint.addresses {
            let prefix = endpoint.network.range(address.family)?.subnet.prefix ?? address.family.width
            try endpoint.outwaiting(patience) { () throws(CFSError) in
                try inside.add(address: address, prefix: prefix, to: link.index)
            }
        }
        if !link.isUp { try endpoint.outwaiting(patience) { () throws(CFSError) in try inside.setUp(link.index) } }
        if let rate = settings.rates.egress {
            try inside.setRate(link.index, bitsPerSecond: rate, burst: settings.rates.burst)
        }
    }

    /// Leads what is for nobody near to the gateway of the first network that has one of the family. In the container's
    /// namespace.
    ///
    /// - Parameter present: families that have such a way already.
    func addWaysOut(_ inside: inout RouteSocket, present: [IPAddress.Family]) throws(CFSError) {
        var present = present
        for endpoint in settings.endpoints where !endpoint.network.isInternal {
            guard let device = devices.first(where: { $0.network == endpoint.network.id })?.inner else { continue }
            for range in endpoint.network.ranges {
                guard let gateway = range.gateway, !present.contains(range.subnet.family) else { continue }
                present.append(range.subnet.family)
                try inside.addRoute(to: nil, via: gateway, device: device)
            }
        }
    }

    /// What a container has once, with its first network. In its namespace.
    func prepareResolver(_ inside: inout RouteSocket) throws(CFSError) {
        if sockets == nil { sockets = try NetworkBeginning.makeResolverSockets(&inside, besides: sysctls) }
    }

    func limitIngress(_ endpoint: NetworkEndpoint, _ host: inout RouteSocket) throws(CFSError) {
        guard let rate = settings.rates.ingress,
            let device = devices.first(where: { $0.network == endpoint.network.id })?.outer
        else { return }
        try host.setRate(device, bitsPerSecond: rate, burst: settings.rates.burst)
    }

    // MARK: Names

    func makeResolver() throws(CFSError) {
        guard let sockets else { return }
        resolver = Resolver(
            sockets: sockets, tables: tables, names: fixedNames, forwarding: try forwarding(),
            token: Self.tokens.lowerBound)
    }

    var tables: [String] { settings.endpoints.map { NetworkDevices.namesPath($0.network, settings.folder) } }

    /// Names beside those of its networks.
    var fixedNames: [(name: String, addresses: [IPAddress])] {
        var fixed: [(name: String, addresses: [IPAddress])] = settings.resolver.hosts.compactMap { entry in
            let address = entry.address ?? settings.hostAddress()
            return address.map { (entry.name, [$0]) }
        }
        let ways = IPAddress.Family.allCases.compactMap { settings.hostAddress($0) }
        if !ways.isEmpty { fixed.append((NetworkSettings.hostName, ways)) }
        return fixed
    }

    /// Whom to ask for names that nobody on its networks has; nil when it shall reach nobody else.
    func forwarding() throws(CFSError) -> Forwarding? {
        if settings.endpoints.allSatisfy(\.network.isInternal) { return nil }
        guard settings.resolver.servers.isEmpty else { return Forwarding(servers: settings.resolver.servers) }
        let path = "/etc/resolv.conf"
        guard File.exists(path) else { return Forwarding(servers: [IPAddress]()) }
        let text = String(decoding: try File.readAll(at: path, limit: 1 << 20), as: UTF8.self)
        return Forwarding(ResolverConfiguration(text))
    }

    func tellNames(_ endpoint: NetworkEndpoint) throws(CFSError) {
        named.append(endpoint.network)
        let host = NameTable.Host(
            id: String(id.short), name: name, aliases: endpoint.names, addresses: endpoint.addresses,
            ports: settings.target?.network.id == endpoint.network.id ? held.published : [])
        var left: [IPAddress] = []
        try NetworkDevices.changeNames(endpoint.network, settings.folder) { table in
            // Whoever had an address of ours before is gone, and its monitor was killed.
            let gone = table.hosts.filter { other in
                other.id == host.id || other.addresses.contains { host.addresses.contains($0) }
            }
            left = gone.flatMap(\.addresses).filter { host.addresses.contains($0) }
            table.hosts.removeAll { other in gone.contains { $0.id == other.id } }
            table.hosts.append(host)
        }
        // What it had on the way is not for us.
        Self.regardless { () throws(CFSError) in try NetworkDevices.forgetConnections(of: left, ports: []) }
    }

    /// What cannot be taken back is left to recover().
    func forgetNames(_ network: NetworkRecord) {
        guard named.contains(where: { $0.id == network.id }) else { return }
        named.removeAll { $0.id == network.id }
        let short = String(id.short)
        Self.regardless { () throws(CFSError) in
            try NetworkDevices.changeNames(network, settings.folder) { table in
                table.hosts.removeAll { $0.id == short }
            }
        }
    }

    // MARK: While it runs

    func watch(_ poll: borrowing EventPoll) throws(CFSError) {
        try resolver?.watch(poll)
        try held.watch(poll)
    }

    func handle(_ token: UInt64, _ poll: borrowing EventPoll) {
        if token >= Self.relayTokens { held.handle(token, poll) } else { resolver?.handle(token, poll) }
    }

    /// Milliseconds until ``tick(_:)`` has something to do; -1 for never.
    var patience: Int32 {
        [resolver?.patience ?? -1, held.patience].filter { $0 >= 0 }.min() ?? -1
    }

    func tick(_ poll: borrowing EventPoll) {
        resolver?.tick(poll)
        held.tick(poll)
    }

    // MARK: The end

    func stop(_ poll: borrowing EventPoll) {
        resolver?.stop(poll)
        held.stop(poll)
    }

    /// Takes away what the host has of it. What cannot be taken away is left to recover().
    ///
    /// - Returns: what takes its time, such as devices, which the kernel removes once no processor looks at them any more.
    func disconnect() -> NetworkRemains {
        var remains = NetworkRemains(devices: devices.compactMap(\.outer))
        // Whoever has these addresses next does not meet them.
        Self.regardless { () throws(CFSError) in
            guard !remains.devices.isEmpty else { return }
            var host = try RouteSocket()
            for device in remains.devices { try host.closePort(device) }
        }
        // Before its rules: those whose names are there, others put back.
        for network in named { forgetNames(network) }
        // What came to its ports has gone on to its addresses, and is forgotten with those.
        Self.regardless { () throws(CFSError) in
            if held.isPublished { try held.unpublish(try packetFilter(), forgets: false) }
        }
        if hasConnections { remains.leaving = leave(settings.endpoints.flatMap(\.addresses)) }
        held.close()
        remains.filter = opened
        (resolver, sockets, namespace, devices, opened) = (nil, nil, nil, [], nil)
        return remains
    }

    /// Whether the kernel may remember something of its addresses: not when no packet has passed its devices. Behind their
    /// closing.
    private var hasConnections: Bool {
        // A packet for a port is remembered before anybody asks who has the address it leads to.
        guard settings.ports.isEmpty else { return !devices.isEmpty }
        do throws(CFSError) {
            var host = try RouteSocket()
            for device in devices {
                // Those without a host's end, or whose end is gone, tell nothing.
                guard let outer = device.outer, let passed = try host.link(at: outer)?.statistics,
                    passed.received.packets == 0, passed.sent.packets == 0
                else { return true }
            }
            return false
        } catch {
            return true
        }
    }

    /// Notes addresses as others may have them from now on; where that cannot be, their connections are forgotten at once.
    private func leave(_ addresses: [IPAddress]) -> LeavingAddresses? {
        let leaving = LeavingAddresses(settings.folder)
        do throws(CFSError) {
            try leaving.note(addresses)
            return leaving
        } catch {
            Self.regardless { () throws(CFSError) in
                try NetworkDevices.forgetConnections(of: addresses, ports: [])
            }
            return nil
        }
    }

    static func regardless(_ step: () throws(CFSError) -> Void) {
        do throws(CFSError) { try step() } catch { return }
    }
}
