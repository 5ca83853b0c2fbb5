import CFSLinux
import CFSModel
import CFSNetworks

/// Rules of other containers that somebody has taken away: who starts puts them back, for no daemon does.
extension NetworkDevices {
    /// Puts back what is missing of other networks and of the ports of containers that run, as the files of names tell both.
    /// Under the lock.
    ///
    /// - Parameters:
    ///   - own: the container that sees to its own ports itself.
    ///   - seen: what the packet filter has.
    /// - Returns: whether nothing was missing.
    static func putBackOthers(
        than own: ContainerID, _ rules: OpenPacketFilter, _ seen: (networks: [FilteredNetwork], ports: [PublishedPort]),
        _ folder: String
    ) throws(CFSError) -> Bool {
        let opened = try Directory.open(folder)
        let tables = try Directory.names(opened.raw).filter { $0.hasSuffix(".names") }.compactMap {
            readNames("\(folder)/\($0)")
        }
        let networks = tables.compactMap(\.filtered).filter { !seen.networks.contains($0) }
        if !networks.isEmpty { try putBack(networks, rules) }
        let short = own.short
        let present = Set(seen.ports)
        var lost: [(id: String, ports: [PublishedPort])] = []
        for host in tables.flatMap(\.hosts) where host.id != short {
            let ports = host.ports.filter { !present.contains($0) }
            if !ports.isEmpty { lost.append((host.id, ports)) }
        }
        guard !lost.isEmpty else { return networks.isEmpty }
        let running = try running(folder)
        for container in lost where running.contains(where: { $0.short == container.id }) {
            // One that somebody else has by now keeps nobody from starting.
            _ = publish(container.ports, &rules.filter)
        }
        return false
    }

    private static func putBack(_ networks: [FilteredNetwork], _ rules: OpenPacketFilter) throws(CFSError) {
        var host = try RouteSocket()
        for network in networks {
            do throws(CFSError) {
                guard let link = try host.link(named: network.bridge), link.kind == "bridge" else { continue }
                try rules.filter.add(network)
            } catch {
                // One that contradicts another keeps nobody from starting.
                continue
            }
        }
    }

    /// The containers that somebody looks after: those whose monitor was killed have names, too.
    private static func running(_ folder: String) throws(CFSError) -> [ContainerID] {
        let run = folder.parentFolder
        let opened = try Directory.open(run)
        var running: [ContainerID] = []
        for name in try Directory.names(opened.raw) {
            guard let id = ContainerID(name) else { continue }
            let lock = ContainerFolder(container: "", run: "\(run)/\(name)").lockPath
            guard File.exists(lock) else { continue }
            if try FileLock(ifFree: lock, shared: true) == nil { running.append(id) }
        }
        return running
    }
}

extension NameTable {
    /// The network in the packet filter; nil for one without a bridge.
    fileprivate var filtered: FilteredNetwork? {
        bridge.map { bridge in
            FilteredNetwork(
                bridge: bridge.name, subnets: subnets, isInternal: bridge.isInternal, masquerades: !bridge.isInternal)
        }
    }
}
