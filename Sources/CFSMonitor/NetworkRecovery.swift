import CFSLinux
import CFSModel
import CFSNetworks
import Glibc

/// A container that runs, as far as the host's side of networks is concerned.
public struct ConnectedContainer: Sendable {
    public var id: ContainerID
    public var settings: NetworkSettings
    /// With the ports of the host that were chosen; nil for one that is about to run, whose monitor alone knows them.
    public var ports: [PortMapping]?
    /// Of its first process; nil for one that is about to run.
    public var pid: Int32?

    public init(id: ContainerID, settings: NetworkSettings, ports: [PortMapping]?, pid: Int32?) {
        self.id = id
        self.settings = settings
        self.ports = ports
        self.pid = pid
    }

    func endpoint(on network: NetworkRecord) -> NetworkEndpoint? {
        settings.endpoints.first { $0.network.id == network.id }
    }
}

extension NetworkDevices {
    /// Puts right what a monitor that was killed has left of its container, and what somebody else has taken away: bridges of
    /// containers that run, rules of networks and ports, names, and connections that the kernel remembers.
    ///
    /// - Parameters:
    ///   - networks: all of the engine's.
    ///   - running: tells every container that runs and is on one. Asked while nobody changes anything.
    /// - Returns: how many devices, rules and names were not as they have to be.
    public static func putRight(
        _ networks: [NetworkRecord], folder: String, running: () throws(CFSError) -> [ConnectedContainer]
    ) throws(CFSError) -> Int {
        // Without the folder none of its containers has run since the machine was started.
        guard File.exists(folder) else { return 0 }
        let lock = try lock(folder)
        defer { extendLifetime(lock) }
        let running = try running()
        var changes = 0
        var host = try RouteSocket()
        for network in networks where network.driver == .bridge {
            // What keeps one from its place, such as a device of somebody else that has its name, keeps no other from its own.
            ContainerNetwork.regardless { () throws(CFSError) in
                try attach(running, to: network, &host, &changes)
            }
        }
        let bridged = networks.filter { $0.driver == .bridge }
        var failure: CFSError?
        for network in bridged {
            ContainerNetwork.regardless { () throws(CFSError) in
                changes += try restoreRoutes(of: network, running, &host, &failure)
            }
        }
        var present: [NetworkRecord] = []
        for network in bridged {
            if let link = try host.link(named: network.device), link.kind == "bridge", link.isUp {
                present.append(network)
            }
        }
        do throws(CFSError) {
            if !bridged.isEmpty {
                let others = bridgeSubnets(try host.links(), try host.addresses())
                changes += try putRightRules(bridged, present, running, others, &failure)
            }
        } catch {
            // Without nf_tables there are no rules of networks that nobody is on.
            guard error.code == .kernelUnsupported, present.isEmpty else { throw error }
        }
        for network in networks { changes += try putRightNames(network, running, folder) }
        // What kept one from its place is told when all others are in theirs.
        if let failure { throw failure }
        return changes
    }

    /// Makes the bridge again that containers which run are on, and puts the devices of those into it that are in none.
    private static func attach(
        _ running: [ConnectedContainer], to network: NetworkRecord, _ host: inout RouteSocket, _ changes: inout Int
    ) throws(CFSError) {
        let members = running.filter { $0.pid != nil && $0.endpoint(on: network) != nil }
        guard !members.isEmpty else { return }
        var links = try host.links()
        let present = links.first { $0.name == network.device && $0.isUp }
        let isWhole = try present.map { link throws(CFSError) in try hasAddresses(network, link, &host) }
        if isWhole != true {
            do throws(CFSError) {
                _ = try make(network, &host, try OpenPacketFilter())
                links = try host.links()
                changes += 1
            } catch {
                // A bridge without an address, where IPv6 was turned off, has ports all the same.
                guard present != nil else { throw error }
            }
        }
        guard let bridge = links.first(where: { $0.name == network.device && $0.kind == "bridge" })?.index else {
            return
        }
        let ends = links.filter(isEnd)
        for member in members {
            do throws(CFSError) {
                if try attach(member, to: network, bridge, ends, &host) { changes += 1 }
            } catch {
                // It may have ended meanwhile.
                continue
            }
        }
    }

    /// Leads what is for a network's subnets to its bridge, where somebody has removed the route that came with the bridge's
    /// address.
    ///
    /// - Parameter failure: the first thing that kept something from its place.
    private static func restoreRoutes(
        of network: NetworkRecord, _ running: [ConnectedContainer], _ host: inout RouteSocket,
        _ failure: inout CFSError?
    ) throws(CFSError) -> Int {
        guard running.contains(where: { $0.pid != nil && $0.endpoint(on: network) != nil }),
            let link = try host.link(named: network.device), link.kind == "bridge", link.isUp
        else { return 0 }
        let bridge = link.index
        let present = try host.routes().filter { $0.device == bridge }.map(\.destination)
        let addresses = try host.addresses(of: bridge).map(\.address)
        var changes = 0
        for range in network.ranges where !present.contains(range.subnet) {
            // Without an address of the family there was none.
            guard let gateway = range.gateway, addresses.contains(gateway) else { continue }
            do throws(CFSError) {
                try host.restoreRoute(to: range.subnet, of: gateway, device: bridge)
                changes += 1
            } catch {
                // Somebody's own leads elsewhere.
                var error = error
                if error.code == .conflict {
                    error.message = "another route of the host has the place of the one to \(range.subnet)"
                    error.hint = "cfs doctor network tells what removes it"
                }
                failure = failure ?? error
            }
        }
        return changes
    }

    /// - Returns: false when it is in its place, or has none.
    private static func attach(
        _ member: ConnectedContainer, to network: NetworkRecord, _ bridge: Int32, _ ends: [Link],
        _ host: inout RouteSocket
    ) throws(CFSError) -> Bool {
        switch try place(of: member, on: network, bridge, ends, &host) {
        case .switchedOff(let end):
            try host.setUp(end.index)
        case .apart(let end):
            try host.setMaster(end.index, bridge)
            if !member.settings.ports.isEmpty { try host.setHairpin(end.index, true) }
            if !end.isUp { try host.setUp(end.index) }
        // Whoever has put it elsewhere takes it out there.
        case .inBridge, .elsewhere, .gone, nil: return false
        }
        return true
    }

    /// Where the host's end of a container's device is.
    package enum EndPlace: Sendable, Hashable {
        /// In its bridge, and on.
        case inBridge
        case switchedOff(Link)
        /// In no bridge.
        case apart(Link)
        /// In another bridge, into which somebody has put it.
        case elsewhere(Link)
        /// The container has no such device: it comes with the next start only.
        case gone
    }

    /// Finds the host's end of a container's device for a network.
    ///
    /// - Parameters:
    ///   - bridge: that of the network.
    ///   - ends: devices of the host that ``isEnd(_:)``, as they are now.
    /// - Returns: nil for a container that is not there any more, or is not on the network.
    package static func place(
        of member: ConnectedContainer, on network: NetworkRecord, _ bridge: Int32, _ ends: [Link],
        _ host: inout RouteSocket
    ) throws(CFSError) -> EndPlace? {
        guard let pid = member.pid, let endpoint = member.endpoint(on: network) else { return nil }
        guard let number = try host.namespaceNumber(of: pid) else {
            let namespace = File.tryOpen("/proc/\(pid)/ns/net", .read)
            guard namespace >= 0 else { return nil }
            _ = OwnedFD(namespace)
            // It runs, and no device of ours has its other end there.
            return .gone
        }
        let own = ends.filter { $0.peerNamespace == number }
        if let end = own.first(where: { $0.master == bridge }) { return end.isUp ? .inBridge : .switchedOff(end) }
        for end in own where end.master == nil {
            if try isEnd(end, of: endpoint, pid) { return .apart(end) }
        }
        // Those for its other networks are in the bridges of these.
        for end in own where end.master != nil {
            if try isEnd(end, of: endpoint, pid) { return .elsewhere(end) }
        }
        return .gone
    }

    /// Whether a device is the host's end of a container's.
    package static func isEnd(_ link: Link) -> Bool { link.kind == "veth" && link.name.hasPrefix(prefix) }

    /// Whether a device of the host is the other end of the one that a container has for a network. What the container may have
    /// changed of its own end, it stays with this one alone.
    private static func isEnd(_ end: Link, of endpoint: NetworkEndpoint, _ pid: Int32) throws(CFSError) -> Bool {
        // Of two ends with the same number older kernels tell it of neither.
        let peer = end.peer ?? end.index
        let namespace = File.tryOpen("/proc/\(pid)/ns/net", .read)
        guard namespace >= 0 else { return false }
        let opened = OwnedFD(namespace)
        let link = try NetlinkSocket.inside(opened.raw) { () throws(CFSError) -> Link? in
            var inside = try RouteSocket()
            return try inside.link(at: peer)
        }
        return link?.hardwareAddress == endpoint.hardwareAddress
    }

    /// - Parameters:
    ///   - networks: all that have rules.
    ///   - present: those whose bridge is there.
    ///   - others: the subnets of bridges, also of other engines'.
    ///   - failure: the first thing that kept a network or a port from its place.
    private static func putRightRules(
        _ networks: [NetworkRecord], _ present: [NetworkRecord], _ running: [ConnectedContainer],
        _ others: [IPSubnet], _ failure: inout CFSError?
    ) throws(CFSError) -> Int {
        var filter = try PacketFilter()
        var changes = 0
        if !present.isEmpty, try filter.ensure() { changes += 1 }
        // Another engine's ports lead to other subnets. Where a bridge is gone there are rules of ports all the same.
        let subnets = networks.flatMap { $0.ranges.map(\.subnet) }
        changes += try filter.removeStrangers(isBridgeName, subnets: subnets + others)
        guard let seen = try filter.contents() else { return changes }
        for network in present where !seen.networks.contains(filtered(network)) {
            do throws(CFSError) {
                try filter.add(filtered(network))
                changes += 1
            } catch {
                failure = failure ?? error
            }
        }
        for network in present where !network.isInternal {
            do throws(CFSError) {
                for range in network.ranges where range.gateway != nil {
                    if try PacketForwarding.turnOn(range.subnet.family) { changes += 1 }
                    guard range.subnet.family == .ipv4 else { continue }
                    if try PacketForwarding.turnOn(of: network.device) { changes += 1 }
                }
            } catch {
                failure = failure ?? error
            }
        }
        let wanted = Set(running.flatMap(\.publishedPorts))
        let starting = Set(running.filter { $0.ports == nil }.flatMap { $0.settings.endpoints.flatMap(\.addresses) })
        // What has the place of a port that its container holds by a socket leads astray. Of sctp there are no sockets.
        let places = Set(wanted.filter { $0.transport != .sctp }.map(ContainerPorts.place))
        let left = ours(seen, bridges: networks.map(\.device)).filter { port in
            if wanted.contains(port) || starting.contains(port.container) { return false }
            return places.contains(ContainerPorts.place(port)) || subnets.contains { $0.contains(port.container) }
        }
        try filter.unpublish(left)
        ContainerNetwork.regardless { () throws(CFSError) in
            try forgetConnections(of: left.map(\.container), ports: left)
        }
        changes += left.count
        let published = publish(Array(wanted.subtracting(seen.ports)), &filter)
        failure = failure ?? published.failure
        return changes + published.count
    }

    /// Publishes ports, and where one of them cannot be, all others.
    ///
    /// - Returns: how many, and what kept the first one.
    static func publish(
        _ ports: [PublishedPort], _ filter: inout PacketFilter
    ) -> (count: Int, failure: CFSError?) {
        do throws(CFSError) {
            if !ports.isEmpty { try filter.publish(ports) }
            return (ports.count, nil)
        } catch {
            guard ports.count > 1 else { return (0, error) }
        }
        var (count, failure): (Int, CFSError?) = (0, nil)
        for port in ports {
            do throws(CFSError) {
                try filter.publish([port])
                count += 1
            } catch {
                failure = failure ?? error
            }
        }
        return (count, failure)
    }

    private static func putRightNames(
        _ network: NetworkRecord, _ running: [ConnectedContainer], _ folder: String
    ) throws(CFSError) -> Int {
        let path = namesPath(network, folder)
        guard var table = readNames(path) else { return 0 }
        let there = running.filter { $0.settings.endpoints.contains { $0.network.id == network.id } }.map {
            String($0.id.short)
        }
        // A monitor that ends takes its names away itself, and has the kernel forget connections.
        let gone = table.hosts.filter { !there.contains($0.id) }
        guard !gone.isEmpty else { return 0 }
        let kept = table.hosts.filter { there.contains($0.id) }
        table.hosts = kept
        let left = gone.flatMap(\.addresses).filter { address in !kept.contains { $0.addresses.contains(address) } }
        ContainerNetwork.regardless { () throws(CFSError) in try forgetConnections(of: left, ports: []) }
        try AtomicFile.write(table.bytes, to: path, durable: false)
        return gone.count
    }
}
