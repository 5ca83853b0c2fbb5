import CFSLinux
import CFSModel
import CFSNetworks
import Glibc

/// What the kernel has of a network: made by the first of its containers that starts, gone with the network.
public enum NetworkDevices {
    /// What the names of the host's ends of containers' devices begin with.
    static let prefix = "cfsv"

    /// Whether a bridge is called as those of networks are, of any engine.
    package static func isBridgeName(_ name: String) -> Bool {
        name == NetworkRecord.defaultName || name.hasPrefix("cfs-")
    }

    /// The subnets of all bridges that are called so.
    package static func bridgeSubnets(_ links: [Link], _ addresses: [DeviceAddress]) -> [IPSubnet] {
        let bridges = links.filter { $0.kind == "bridge" && isBridgeName($0.name) }.map(\.index)
        return addresses.filter { bridges.contains($0.index) }.compactMap {
            IPSubnet(containing: $0.address, prefix: $0.prefix)
        }
    }

    /// The bridge of a network, made when it is not there, with everything that belongs to it.
    ///
    /// - Returns: its number.
    static func bridge(
        _ network: NetworkRecord, _ host: inout RouteSocket, _ rules: OpenPacketFilter, folder: String
    ) throws(CFSError) -> Int32 {
        if let link = try ready(network, &host, rules, folder) { return link.index }
        // One at a time: whoever comes second finds it whole.
        let lock = try lock(folder)
        defer { extendLifetime(lock) }
        if let link = try ready(network, &host, rules, folder) { return link.index }
        return try make(network, &host, rules)
    }

    /// Under the lock.
    static func make(
        _ network: NetworkRecord, _ host: inout RouteSocket, _ rules: OpenPacketFilter
    ) throws(CFSError) -> Int32 {
        let index: Int32
        var isNew = false
        if let begun = try host.link(named: network.device) {
            guard begun.kind == "bridge" else { throw taken(network) }
            index = begun.index
        } else {
            index = try host.createBridge(
                network.device, mtu: network.mtu, hardwareAddress: hardwareAddress(of: network))
            isNew = true
        }
        do throws(CFSError) {
            try configure(network, index, &host, rules)
        } catch {
            var error = error
            if error.code == .conflict, network.name == NetworkRecord.defaultName {
                error.hint =
                    "another engine (--root) has its subnet; the next container makes it with a free one after: "
                    + "cfs network rm \(network.name)"
            }
            // Nobody is on it yet, and nobody will be. Where something of the host is in the way, the device is what it is set on.
            if isNew, error.code == .conflict {
                ContainerNetwork.regardless { () throws(CFSError) in try host.delete(index) }
            }
            throw error
        }
        // Last: a bridge that is up is one that all of this was done for.
        try host.setUp(index)
        return index
    }

    /// Its rules and its bridge, when they are there already.
    private static func ready(
        _ network: NetworkRecord, _ host: inout RouteSocket, _ rules: OpenPacketFilter, _ folder: String
    ) throws(CFSError) -> Link? {
        guard let link = try host.link(named: network.device) else { return nil }
        guard link.kind == "bridge" else { throw taken(network) }
        guard link.isUp, try hasAddresses(network, link, &host) else { return nil }
        let wanted = filtered(network)
        // As they are now: it may have been opened a while ago.
        if VerifiedRules(folder).has(wanted, at: try rules.filter.mark()) { return link }
        return try rules.filter.has(wanted) ? link : nil
    }

    /// Whether a bridge has all that a network's containers take for their gateway, and the address of its link, without
    /// which the host finds none of them by IPv6 for what comes from elsewhere.
    static func hasAddresses(
        _ network: NetworkRecord, _ bridge: Link, _ host: inout RouteSocket
    ) throws(CFSError) -> Bool {
        let present = try host.addresses(of: bridge.index).map(\.address)
        // One that somebody else has made gets it from the kernel, with its first port.
        if bridge.isRunning, network.range(.ipv6)?.gateway != nil, !present.contains(where: \.isLinkLocal) {
            return false
        }
        return network.ranges.allSatisfy { range in range.gateway.map { present.contains($0) } ?? true }
    }

    private static func taken(_ network: NetworkRecord) -> CFSError {
        CFSError(
            .conflict, .preparing,
            "the host has a device \(network.device) that is not the bridge of the network \(network.name)",
            hint: "rename that device: ip link set \(network.device) name OTHER")
    }

    private static func configure(
        _ network: NetworkRecord, _ index: Int32, _ host: inout RouteSocket, _ rules: OpenPacketFilter
    ) throws(CFSError) {
        // Isolation before anything can pass.
        try rules.filter.ensure()
        try rules.filter.add(filtered(network))
        if network.range(.ipv6) == nil, try NetworkSysctl.hasIPv6() {
            try NetworkSysctl.turnOffIPv6(of: network.device)
        }
        let present = try host.addresses(of: index).map(\.address)
        // IPv4 first: what keeps a bridge from IPv6 keeps it from that alone.
        for range in network.ranges {
            if range.subnet.family == .ipv6 {
                try checkIPv6(of: network)
                try NetworkSysctl.set("ipv6/conf/\(network.device)/accept_ra", "0")
            }
            guard let gateway = range.gateway else { continue }
            if !network.isInternal { try PacketForwarding.turnOn(range.subnet.family) }
            if !present.contains(gateway) {
                try host.add(address: gateway, prefix: range.subnet.prefix, to: index)
            }
            // The kernel makes that of the link with the first port, unless it is told not to (addr_gen_mode).
            guard range.subnet.family == .ipv6, !present.contains(where: \.isLinkLocal) else { continue }
            do throws(CFSError) {
                try host.add(address: linkLocal(hardwareAddress(of: network)), prefix: 64, to: index)
            } catch {
                // The kernel was quicker.
                guard error.code == .conflict else { throw error }
            }
        }
    }

    /// A device that is made where IPv6 is turned off has none, and takes no address of it.
    ///
    /// - Throws: what keeps the bridge of a network with IPv6 from having its address.
    private static func checkIPv6(of network: NetworkRecord) throws(CFSError) {
        let setting = "ipv6/conf/\(network.device)/disable_ipv6"
        guard let value = try NetworkSysctl.value(setting) else {
            throw CFSError(
                .kernelUnsupported, .preparing,
                "the network \(network.name) has IPv6, which the kernel of this host does not have",
                hint: "use a network without IPv6")
        }
        guard value != "0" else { return }
        throw CFSError(
            .networkFailed, .preparing, "the network \(network.name) has IPv6, which is turned off on this host",
            hint: "turn it on for the network: sysctl -w net.ipv6.conf.\(network.device).disable_ipv6=0; "
                + "or use one without IPv6")
    }

    static func filtered(_ network: NetworkRecord) -> FilteredNetwork {
        FilteredNetwork(
            bridge: network.device, subnets: network.ranges.map(\.subnet), isInternal: network.isInternal,
            masquerades: !network.isInternal)
    }

    /// One that stays: without it a bridge takes that of a port, and all others would have to learn it anew.
    private static func hardwareAddress(of network: NetworkRecord) -> [UInt8] {
        let digits = Array(network.id.utf8).filter { $0 != 0x2d }
        let bytes = stride(from: 0, to: 8, by: 2).map { place in
            UInt8(String(decoding: digits[place..<(place + 2)], as: UTF8.self), radix: 16) ?? 0
        }
        return [0x02, 0xcf] + bytes
    }

    /// The address of a link that the kernel makes of a hardware address (RFC 4291, appendix A).
    private static func linkLocal(_ hardware: [UInt8]) -> IPAddress {
        let interface = [hardware[0] ^ 2] + hardware[1...2] + [0xff, 0xfe] + hardware[3...5]
        return IPAddress(bytes: [0xfe, 0x80, 0, 0, 0, 0, 0, 0] + interface) ?? .unspecified(.ipv6)
    }

    /// Makes sure that nobody loses a device with the bridge of a network that none of the engine's containers is on.
    ///
    /// - Throws: `networkInUse` when the bridge has a port of somebody else: a device that is no container's, or one whose
    ///   container runs. Those of containers that have ended are about to go.
    public static func checkPorts(of network: NetworkRecord) throws(CFSError) {
        guard network.driver == .bridge else { return }
        var host = try RouteSocket()
        guard let bridge = try host.link(named: network.device), bridge.kind == "bridge" else { return }
        let ports = try host.links().filter { $0.master == bridge.index }
        guard let other = try foreign(ports, &host) else { return }
        throw CFSError(
            .networkInUse, .removing,
            "the bridge \(network.device) of the network \(network.name) has a device that is of none of its "
                + "containers: \(other.name)",
            hint: "another engine (--root) or somebody else uses it: ip link show master \(network.device)")
    }

    private static func foreign(_ ports: [Link], _ host: inout RouteSocket) throws(CFSError) -> Link? {
        if let other = ports.first(where: { !isEnd($0) }) { return other }
        guard !ports.isEmpty else { return nil }
        let processes = try Directory.open("/proc")
        for name in try Directory.names(processes.raw) {
            guard let pid = Int32(name), let number = try host.namespaceNumber(of: pid) else { continue }
            if let other = ports.first(where: { $0.peerNamespace == number }) { return other }
        }
        return nil
    }

    /// Takes away what a network that no container is on has left in the kernel and beside it.
    public static func remove(_ network: NetworkRecord, folder: String) throws(CFSError) {
        if network.driver == .bridge {
            let lock = try lock(folder)
            defer { extendLifetime(lock) }
            try removeDevices(network)
        }
        _ = unlink(namesPath(network, folder))
    }

    private static func removeDevices(_ network: NetworkRecord) throws(CFSError) {
        var host = try RouteSocket()
        if let link = try host.link(named: network.device), link.kind == "bridge" { try host.delete(link.index) }
        do throws(CFSError) {
            var filter = try PacketFilter()
            var left: [PublishedPort] = []
            if let seen = try filter.contents() {
                left = ours(seen, bridges: [network.device]).filter { port in
                    network.ranges.contains { $0.subnet.contains(port.container) }
                }
            }
            try filter.unpublish(left)
            ContainerNetwork.regardless { () throws(CFSError) in
                try forgetConnections(of: left.map(\.container), ports: left)
            }
            try filter.remove(filtered(network))
        } catch {
            // Then there is nothing of it either.
            guard error.code == .kernelUnsupported else { throw error }
        }
    }

    /// The file of the names of a network's containers.
    static func namesPath(_ network: NetworkRecord, _ folder: String) -> String { "\(folder)/\(network.id).names" }

    /// Nil also for a file that is damaged: it is made anew, of whoever comes and goes from then on.
    static func readNames(_ path: String) -> NameTable? {
        guard File.exists(path) else { return nil }
        do throws(CFSError) { return try NameTable(parsing: try File.readAll(at: path)) } catch { return nil }
    }

    static func lock(_ folder: String) throws(CFSError) -> FileLock {
        try Directory.makeAll(folder)
        return try FileLock("\(folder)/lock")
    }

    /// A container that runs is found by another name from now on.
    public static func rename(
        _ id: ContainerID, to name: String, _ settings: NetworkSettings
    ) throws(CFSError) {
        let short = String(id.short)
        for endpoint in settings.endpoints {
            try changeNames(endpoint.network, settings.folder) { table in
                for index in table.hosts.indices where table.hosts[index].id == short {
                    table.hosts[index].name = name
                }
            }
        }
    }

    /// Changes the names of a network's containers: one at a time, and whoever reads sees one state or the other.
    static func changeNames(
        _ network: NetworkRecord, _ folder: String, _ change: (inout NameTable) -> Void
    ) throws(CFSError) {
        let lock = try lock(folder)
        defer { extendLifetime(lock) }
        let path = namesPath(network, folder)
        var table = readNames(path) ?? NameTable(network: network.name)
        let before = table
        table.subnets = network.ranges.map(\.subnet)
        if network.driver == .bridge {
            table.bridge = NameTable.Bridge(name: network.device, isInternal: network.isInternal)
        }
        change(&table)
        guard table != before else { return }
        try AtomicFile.write(table.bytes, to: path, durable: false)
    }
}
