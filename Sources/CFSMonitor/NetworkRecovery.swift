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
                try attach(running, to: network, &host, folder, &changes)
            }
        }
        var present: [NetworkRecord] = []
        for network in networks where network.driver == .bridge {
            if let link = try host.link(named: network.device), link.kind == "bridge", link.isUp {
                present.append(network)
            }
        }
        if !present.isEmpty { changes += try putRightRules(present, running) }
        for network in networks { changes += try putRightNames(network, running, folder) }
        return changes
    }

    /// Makes the bridge again that containers which run are on, and puts the devices of those into it that are in none.
    private static func attach(
        _ running: [ConnectedContainer], to network: NetworkRecord, _ host: inout RouteSocket, _ folder: String,
        _ changes: inout Int
    ) throws(CFSError) {
        let members = running.filter { $0.pid != nil && $0.endpoint(on: network) != nil }
        guard !members.isEmpty else { return }
        var links = try host.links()
        if !links.contains(where: { $0.name == network.device && $0.isUp }) {
            _ = try make(network, &host, try OpenPacketFilter(), folder)
            links = try host.links()
            changes += 1
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

    /// - Returns: false when it is in its place, or has none.
    private static func attach(
        _ member: ConnectedContainer, to network: NetworkRecord, _ bridge: Int32, _ ends: [Link],
        _ host: inout RouteSocket
    ) throws(CFSError) -> Bool {
        guard let pid = member.pid, let endpoint = member.endpoint(on: network),
            let number = try host.namespaceNumber(of: pid)
        else { return false }
        if ends.contains(where: { $0.master == bridge && $0.peerNamespace == number }) { return false }
        for end in ends where end.master == nil && end.peerNamespace == number {
            guard try isEnd(end, of: endpoint, pid) else { continue }
            try host.setMaster(end.index, bridge)
            if !member.settings.ports.isEmpty { try host.setHairpin(end.index, true) }
            return true
        }
        return false
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

    private static func putRightRules(
        _ networks: [NetworkRecord], _ running: [ConnectedContainer]
    ) throws(CFSError) -> Int {
        var filter = try PacketFilter()
        var changes = 0
        if try filter.ensure() { changes += 1 }
        guard let seen = try filter.contents() else { return 0 }
        for network in networks where !seen.networks.contains(filtered(network)) {
            try filter.add(filtered(network))
            changes += 1
        }
        for network in networks where !network.isInternal {
            for range in network.ranges where range.gateway != nil { try PacketForwarding.turnOn(range.subnet.family) }
        }
        let wanted = Set(running.flatMap(\.publishedPorts))
        let starting = Set(running.filter { $0.ports == nil }.flatMap { $0.settings.endpoints.flatMap(\.addresses) })
        // Another engine's ports lead to other subnets.
        let subnets = networks.flatMap { $0.ranges.map(\.subnet) }
        let left = seen.ports.filter { port in
            !wanted.contains(port) && !starting.contains(port.container)
                && subnets.contains { $0.contains(port.container) }
        }
        try filter.unpublish(left)
        ContainerNetwork.regardless { () throws(CFSError) in
            try forgetConnections(of: left.map(\.container), ports: left)
        }
        let missing = wanted.subtracting(seen.ports)
        if !missing.isEmpty { try filter.publish(Array(missing)) }
        return changes + left.count + missing.count
    }

    /// Puts the other networks into a packet filter that was made anew: one that was gone had nothing of them any more, and of one
    /// of another layout not all can be read. Under the lock. Their ports come with recover(), which knows who has them.
    static func putBackOthers(
        than own: NetworkRecord, _ filter: inout PacketFilter, _ host: inout RouteSocket, _ folder: String
    ) throws(CFSError) {
        let opened = try Directory.open(folder)
        for file in try Directory.names(opened.raw) where file.hasSuffix(".names") {
            guard let table = readNames("\(folder)/\(file)"), let bridge = table.bridge, bridge.name != own.device
            else {
                continue
            }
            do throws(CFSError) {
                guard let link = try host.link(named: bridge.name), link.kind == "bridge" else { continue }
                try filter.add(
                    FilteredNetwork(
                        bridge: bridge.name, subnets: table.subnets, isInternal: bridge.isInternal,
                        masquerades: !bridge.isInternal))
            } catch {
                // One that contradicts another keeps nobody from starting.
                continue
            }
        }
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
