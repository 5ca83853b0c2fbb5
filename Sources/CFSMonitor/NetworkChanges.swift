import CFSLinux
import CFSModel
import CFSNetworks
import Glibc

/// Networks that come and go while the container runs.
extension ContainerNetwork {
    /// - Parameters:
    ///   - own: the namespace that the container was made with.
    ///   - keep: writes the container's configuration; what it has, recover() takes for true.
    /// - Throws: what keeps the change from being made; all is as it was then.
    func change(
        _ change: NetworkChange, pid: Int32, in own: SharedFD?, _ poll: borrowing EventPoll,
        keep: (NetworkSettings) throws(CFSError) -> Void
    ) throws(CFSError) {
        if namespace == nil { try enterAnother(pid: pid, own) }
        switch change.step {
        case .connect(let endpoint, let name): try add(endpoint, change, name: name, poll, keep)
        case .disconnect(let network): try remove(network, change, poll, keep)
        }
    }

    /// The namespace of a container that was on no network. Its command may have gone to another one: where user namespaces are
    /// not closed to it, to one of its own, whose devices it may change as it likes, and be anybody on the network.
    private func enterAnother(pid: Int32, _ own: SharedFD?) throws(CFSError) {
        do throws(CFSError) {
            try enter(pid: pid)
            try checkIsAnother()
            guard let own, let entered = namespace,
                try File.status(at: own.raw).isSameFile(as: File.status(at: entered.raw))
            else {
                throw CFSError(
                    .conflict, .entering, "the container's first process has gone to another network namespace",
                    hint: "a container is put on networks in the namespace that it was started with: start it again")
            }
        } catch {
            leave()
            guard error.errno == ENOENT || error.errno == ESRCH else { throw error }
            throw CFSError(.containerNotRunning, .entering, "the container has ended meanwhile")
        }
    }

    private func checkIsAnother() throws(CFSError) {
        let ours = try File.open("/proc/thread-self/ns/net", .read, phase: .entering)
        guard let entered = namespace, try File.status(at: ours.raw).inode == File.status(at: entered.raw).inode else {
            return
        }
        throw CFSError(
            .conflict, .entering, "the container's first process has gone to the host's network namespace",
            hint: "a container is put on networks in a namespace of its own: start it again")
    }

    // MARK: One more

    private func add(
        _ endpoint: NetworkEndpoint, _ change: NetworkChange, name: String, _ poll: borrowing EventPoll,
        _ keep: (NetworkSettings) throws(CFSError) -> Void
    ) throws(CFSError) {
        let before = settings
        let present = try inside { () throws(CFSError) -> [String] in
            var inside = try RouteSocket()
            return try inside.links().map(\.name)
        }
        let interface = before.freeInterface(besides: present)
        let after = try change.applied(to: before, interface: interface)
        guard let added = after.endpoints.last else { return }
        let opensPorts = before.target == nil && after.target != nil
        let hadResolver = resolver != nil
        self.name = name
        settings = after
        do throws(CFSError) {
            // Ports first: they are what can be taken.
            if opensPorts, let target = after.target {
                try held.open(to: target)
                try held.watch(poll)
            }
            clear(added.addresses)
            var host = try RouteSocket()
            try makeDevice(added, &host)
            try inside { () throws(CFSError) -> Void in
                var inside = try RouteSocket()
                try configure(added, &inside, patience: 300_000_000)
                try addWaysOut(&inside, present: try Self.waysOut(&inside))
                try prepareResolver(&inside)
            }
            try limitIngress(added, &host)
            try keep(after)
            try held.publish(of: id, clearing: added.addresses, try packetFilter())
            try tellNames(added)
            if resolver == nil {
                try makeResolver()
                try resolver?.watch(poll)
            }
            try renewResolver()
        } catch {
            settings = before
            Self.regardless { () throws(CFSError) in try keep(before) }
            forgetNames(added.network)
            Self.regardless { () throws(CFSError) in try removeDevice(added) }
            if opensPorts { closePorts(poll) }
            // One that nobody watches answers nobody; the next change makes it.
            if !hadResolver { resolver = nil }
            Self.regardless { () throws(CFSError) in try renewResolver() }
            throw error
        }
    }

    /// Families with a default route. In the container's namespace.
    private static func waysOut(_ inside: inout RouteSocket) throws(CFSError) -> [IPAddress.Family] {
        try inside.routes().filter { $0.destination.prefix == 0 }.map(\.destination.family)
    }

    private func renewResolver() throws(CFSError) {
        resolver?.setTables(tables)
        resolver?.setNames(fixedNames)
        resolver?.forwarding = try forwarding()
    }

    private func closePorts(_ poll: borrowing EventPoll) {
        Self.regardless { () throws(CFSError) in try held.unpublish(try packetFilter()) }
        held.stop(poll)
        held.close()
    }

    // MARK: One less

    private func remove(
        _ network: String, _ change: NetworkChange, _ poll: borrowing EventPoll,
        _ keep: (NetworkSettings) throws(CFSError) -> Void
    ) throws(CFSError) {
        let before = settings
        let after = try change.applied(to: before)
        guard let removed = before.endpoints.first(where: { $0.network.id == network }) else { return }
        // The device first: what still has the address must not lose it in the books.
        try removeDevice(removed)
        try keep(after)
        settings = after
        // From here on nothing keeps it from being gone; what cannot be taken away is left to recover().
        forgetNames(removed.network)
        Self.regardless { () throws(CFSError) in
            try NetworkDevices.forgetConnections(of: removed.addresses, ports: [])
        }
        Self.regardless { () throws(CFSError) in try renewResolver() }
        if before.target?.network.id == network {
            if let target = after.target {
                Self.regardless { () throws(CFSError) in try held.unpublish(try packetFilter()) }
                if held.move(to: target, poll) {
                    // Told before the packet filter has them.
                    Self.regardless { () throws(CFSError) in try keep(after) }
                }
                Self.regardless { () throws(CFSError) in
                    try held.publish(of: id, clearing: [], try packetFilter())
                    try tellPorts(on: target.network)
                }
            } else {
                closePorts(poll)
            }
        }
        Self.regardless { () throws(CFSError) in
            try inside { () throws(CFSError) -> Void in
                var inside = try RouteSocket()
                // The kernel took those of the device away with it.
                try addWaysOut(&inside, present: try Self.waysOut(&inside))
            }
        }
    }

    /// Notes beside its names on a network which ports lead to it there.
    private func tellPorts(on network: NetworkRecord) throws(CFSError) {
        let (short, ports) = (id.short, held.published)
        try NetworkDevices.changeNames(network, settings.folder) { table in
            for index in table.hosts.indices where table.hosts[index].id == short { table.hosts[index].ports = ports }
        }
    }

    /// Takes a device away, with both its ends, by the numbers that it was made with: its name inside is the container's.
    private func removeDevice(_ endpoint: NetworkEndpoint) throws(CFSError) {
        guard let device = devices.first(where: { $0.network == endpoint.network.id }) else { return }
        if let outer = device.outer {
            var host = try RouteSocket()
            try host.delete(outer)
        } else {
            try inside { () throws(CFSError) -> Void in
                var inside = try RouteSocket()
                let index = device.inner > 0 ? device.inner : try inside.link(named: endpoint.interface)?.index
                if let index { try inside.delete(index) }
            }
        }
        devices.removeAll { $0.network == endpoint.network.id }
    }
}

extension NetworkChange.EtcFile {
    /// The longest file that is looked at, in bytes: the container may write what it likes.
    private static let sizeLimit = 1 << 20

    /// Carries the difference over to the file, which the container may have changed: a line that went is taken out, a new
    /// one comes to the end. Of `resolv.conf`, whose lines belong together, nothing is touched then.
    public func apply(in folder: String) throws(CFSError) {
        guard before != after else { return }
        let directory = try Directory.open(folder)
        // Not waiting: the container may hold a lease on its file (fcntl(2), F_SETLEASE).
        let file = try File.open(name.rawValue, [.readWrite, .noFollow, .nonBlocking], at: directory.raw)
        let present = try File.readAll(file.raw, limit: Self.sizeLimit, path: name.rawValue)
        guard let new = bytes(after: present) else { return }
        let written = new.withUnsafeBytes { pwrite(file.raw, $0.baseAddress, $0.count, 0) }
        try checked(written == new.count ? 0 : -Int(errno), "pwrite", .running, path: name.rawValue)
        try checked(ftruncate(file.raw, off_t(new.count)) == 0 ? 0 : -Int(errno), "ftruncate", .running)
    }

    /// What becomes of the bytes that are there; nil for nothing else.
    func bytes(after present: [UInt8]) -> [UInt8]? {
        let (before, after) = (Array(before.utf8), Array(after.utf8))
        if present == before { return after }
        guard name == .hosts else { return nil }
        func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
            bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
        }
        let (old, new) = (Set(lines(before)), Set(lines(after)))
        var kept = lines(present).filter { new.contains($0) || !old.contains($0) }
        if kept.last?.isEmpty == true { kept.removeLast() }
        kept += lines(after).filter { !old.contains($0) && !kept.contains($0) }
        return kept.reduce(into: []) { $0 += $1 + [0x0a] }
    }
}
