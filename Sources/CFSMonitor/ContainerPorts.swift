import CFSLinux
import CFSModel
import CFSNetworks
import Glibc

/// The ports of the host that lead to a container: taken with the first of its networks that the host reaches, and given
/// back with the last.
final class ContainerPorts {
    /// One of them, with what holds it.
    private struct Held {
        /// Its place among those that are asked for.
        let place: Int
        /// With the port of the host that was chosen.
        var mapping: PortMapping
        var relays: [LoopbackRelay] = []
        var reservations: [ReservedPort] = []

        /// What is open of it, a mapping for each address: all addresses of a family are `0.0.0.0` or `::`.
        func opened(to target: NetworkEndpoint) -> [PortMapping] {
            guard mapping.hostAddress == nil else { return [mapping] }
            // Sockets show what the host has; where there are none, rules lead to the families that the container has.
            let families =
                mapping.container.transport == .sctp
                ? target.addresses.map(\.family) : relays.map(\.endpoint.address.family)
            return IPAddress.Family.allCases.filter { families.contains($0) }.map { family in
                var one = mapping
                one.hostAddress = .unspecified(family)
                return one
            }
        }
    }

    private let asked: [PortMapping]
    /// See ``NetworkSettings/folder``.
    private let folder: String
    private var held: [Held] = []
    /// What the packet filter is to have of them.
    private(set) var published: [PublishedPort] = []
    private var nextToken: UInt64

    /// - Parameter firstToken: of the poll; from there on they are all its own.
    init(_ settings: NetworkSettings, firstToken: UInt64) {
        (asked, folder, nextToken) = (settings.ports, settings.folder, firstToken)
    }

    /// Those that are open, one for each address; none of them is without an address.
    private(set) var mappings: [PortMapping] = []
    private var relays: [LoopbackRelay] { held.flatMap(\.relays) }

    /// Takes all ports of the host that can lead there, or none.
    ///
    /// - Throws: `conflict` for one that something of the host has.
    func open(to target: NetworkEndpoint) throws(CFSError) {
        do throws(CFSError) {
            let families = try openFamilies(target)
            for place in asked.indices where asked[place].canLead(to: target) {
                held.append(try open(place, target, families))
            }
        } catch {
            close()
            throw error
        }
        tell(target)
    }

    /// Leads them to another network from now on. What cannot lead there is given back, and what could not lead to the last one
    /// is taken, unless somebody else has it; connections end.
    ///
    /// - Returns: whether there are others than before.
    func move(to target: NetworkEndpoint, _ poll: borrowing EventPoll) -> Bool {
        let before = mappings
        for lost in held where !lost.mapping.canLead(to: target) {
            for relay in lost.relays { relay.stop(poll) }
        }
        held.removeAll { !$0.mapping.canLead(to: target) }
        for one in held {
            for relay in one.relays {
                let inside = Self.inside(target, relay.endpoint.address.family)
                relay.lead(
                    to: Endpoint(inside, one.mapping.container.port),
                    servesAll: inside.family != relay.endpoint.address.family, poll)
            }
        }
        let present = held.map(\.place)
        for place in asked.indices where !present.contains(place) && asked[place].canLead(to: target) {
            ContainerNetwork.regardless { () throws(CFSError) in
                let taken = try open(place, target, try openFamilies(target))
                for relay in taken.relays { try relay.watch(poll) }
                held.append(taken)
            }
        }
        held.sort { $0.place < $1.place }
        tell(target)
        return mappings != before
    }

    private func tell(_ target: NetworkEndpoint) {
        mappings = held.flatMap { $0.opened(to: target) }
        published = Self.published(target, mappings)
    }

    /// Gives the ports back; the poll must know them no more.
    func close() { (held, mappings, published) = ([], [], []) }

    /// What the packet filter has of a container's ports.
    static func published(_ target: NetworkEndpoint?, _ ports: [PortMapping]) -> [PublishedPort] {
        guard let target else { return [] }
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

    /// One of the same family where there is one: both work.
    private static func inside(_ target: NetworkEndpoint, _ family: IPAddress.Family) -> IPAddress {
        target.addresses.first { $0.family == family } ?? target.addresses[0]
    }

    /// The families of the host that a port without an address is taken of. Where no device of the host has an address of IPv6
    /// nobody comes that way; a network that has IPv6 gives its bridge one.
    private func openFamilies(_ target: NetworkEndpoint) throws(CFSError) -> [IPAddress.Family] {
        guard asked.contains(where: { $0.hostAddress == nil }) else { return [] }
        let isOfIPv6 = target.addresses.contains { $0.family == .ipv6 }
        let hasIPv6 = try isOfIPv6 ? NetworkSysctl.hasIPv6() : NetworkSysctl.hasIPv6Address()
        return hasIPv6 ? IPAddress.Family.allCases : [.ipv4]
    }

    /// Takes a port of the host, against every other program too.
    ///
    /// - Parameter families: those of a port without an address.
    private func open(
        _ place: Int, _ target: NetworkEndpoint, _ families: [IPAddress.Family]
    ) throws(CFSError) -> Held {
        let mapping = asked[place]
        var taken = Held(place: place, mapping: mapping)
        guard mapping.container.transport != .sctp else {
            // The packet filter alone leads there, and a port of loopback does not.
            guard mapping.hostPort != nil else {
                throw CFSError(
                    .invalidArgument, .preparing, "a port of sctp needs a port of the host by number",
                    hint: "write -p \(mapping.container.port):\(mapping.container)")
            }
            return taken
        }
        for address in mapping.hostAddress.map({ [$0] }) ?? families.map({ IPAddress.unspecified($0) }) {
            do throws(CFSError) {
                try take(Endpoint(address, taken.mapping.hostPort ?? 0), &taken, target)
            } catch {
                // Sockets of IPv6 may be refused although the host has an address: systemd's RestrictAddressFamilies=.
                let isAbsent = error.errno == EAFNOSUPPORT || error.errno == EADDRNOTAVAIL
                guard isAbsent, mapping.hostAddress == nil, address.family == .ipv6 else { throw error }
            }
        }
        return taken
    }

    /// Takes a port of one address, or of all of a family; for 0 the kernel chooses it.
    private func take(
        _ endpoint: Endpoint, _ taken: inout Held, _ target: NetworkEndpoint
    ) throws(CFSError) {
        let port = taken.mapping.container
        let transport: SocketTransport = port.transport == .udp ? .udp : .tcp
        let chosen: UInt16
        if endpoint.address.isLoopback || endpoint.address.isUnspecified {
            let inside = Self.inside(target, endpoint.address.family)
            let relay = try LoopbackRelay(
                at: endpoint, transport, to: Endpoint(inside, port.port),
                servesAll: inside.family != endpoint.address.family, token: nextToken)
            nextToken += LoopbackRelay.tokenCount
            taken.relays.append(relay)
            chosen = relay.endpoint.port
        } else {
            let reserved = try ReservedPort(endpoint, transport)
            taken.reservations.append(reserved)
            chosen = reserved.port
        }
        taken.mapping.hostPort = taken.mapping.hostPort ?? chosen
    }

    /// Holds a port as long as it lives.
    private final class ReservedPort {
        private let reservation: PortReservation
        var port: UInt16 { reservation.endpoint.port }

        init(_ endpoint: Endpoint, _ transport: SocketTransport) throws(CFSError) {
            reservation = try PortReservation(endpoint, transport)
        }
    }

    // MARK: The packet filter

    /// Changes the packet filter while nobody else does: recover() sees all of a change, or nothing. What somebody has taken away
    /// from others comes back.
    ///
    /// - Parameters:
    ///   - id: whose ports they are.
    ///   - addresses: those that are the container's from now on.
    ///   - host: the host's packet filter.
    func publish(of id: ContainerID, clearing addresses: [IPAddress], _ host: OpenPacketFilter) throws(CFSError) {
        let lock = try NetworkDevices.lock(folder)
        defer { extendLifetime(lock) }
        let verified = VerifiedRules(folder)
        // Without ports there is nothing to add, and where none is published nothing to take away.
        if published.isEmpty, verified.has(nil, at: try host.filter.mark()) { return }
        let contents = try host.filter.contents()
        let seen = contents?.ports ?? []
        // The sockets of these ports are ours, so whoever had them is gone and has left its rules; and whatever leads to an
        // address of ours is of whoever had that before. Of sctp there are no sockets.
        let places = published.filter { $0.transport != .sctp }.map(Self.place)
        let present = published.filter { seen.contains($0) }
        let left = seen.filter { port in
            !present.contains(port) && (addresses.contains(port.container) || places.contains(Self.place(port)))
        }
        try host.filter.unpublish(left)
        let missing = published.filter { !present.contains($0) }
        if !missing.isEmpty { try host.filter.publish(missing) }
        ContainerNetwork.regardless { () throws(CFSError) in
            try NetworkDevices.forgetConnections(of: left.map(\.container), ports: left + missing)
        }
        guard let contents else { return }
        // Our own start does not depend on it.
        ContainerNetwork.regardless { () throws(CFSError) in
            let isWhole = try NetworkDevices.putBackOthers(than: id, host, contents, folder)
            guard isWhole, seen.isEmpty, published.isEmpty, let mark = host.filter.readAt else { return }
            verified.note(contents.networks, at: mark)
        }
    }

    /// Whether the packet filter may have some.
    var isPublished: Bool { !published.isEmpty }

    /// - Parameter forgets: whether what came to ports by UDP is forgotten, too.
    func unpublish(_ host: OpenPacketFilter, forgets: Bool = true) throws(CFSError) {
        guard isPublished else { return }
        let lock = try NetworkDevices.lock(folder)
        defer { extendLifetime(lock) }
        try host.filter.unpublish(published)
        guard forgets else { return }
        ContainerNetwork.regardless { () throws(CFSError) in
            try NetworkDevices.forgetConnections(of: [], ports: published)
        }
    }

    /// What only one can have: the port of the host, of one address or of all of a family.
    static func place(_ port: PublishedPort) -> PublishedPort {
        PublishedPort(
            port.transport, hostAddress: port.hostAddress, hostPort: port.hostPort,
            container: .unspecified(port.container.family), containerPort: 0)
    }

    // MARK: While it runs

    func watch(_ poll: borrowing EventPoll) throws(CFSError) {
        for relay in relays { try relay.watch(poll) }
    }

    func handle(_ token: UInt64, _ poll: borrowing EventPoll) {
        relays.first { $0.tokens.contains(token) }?.handle(token, poll)
    }

    /// Milliseconds until ``tick(_:)`` has something to do; -1 for never.
    var patience: Int32 { relays.map(\.patience).filter { $0 >= 0 }.min() ?? -1 }

    func tick(_ poll: borrowing EventPoll) {
        for relay in relays { relay.tick(poll) }
    }

    func stop(_ poll: borrowing EventPoll) {
        for relay in relays { relay.stop(poll) }
    }
}

extension NetworkSettings {
    /// Where ports of the host lead: the first network that the host reaches.
    var target: NetworkEndpoint? {
        endpoints.first { $0.network.driver == .bridge && !$0.network.isInternal }
    }
}

extension PortMapping {
    /// Whether it can lead to something with addresses of these families. A port of loopback is relayed, one of another address
    /// is translated, which does not change the family.
    public func canLead(to families: some Sequence<IPAddress.Family>) -> Bool {
        guard let asked = hostAddress, !asked.isLoopback else { return true }
        return families.contains(asked.family)
    }

    fileprivate func canLead(to target: NetworkEndpoint) -> Bool {
        canLead(to: target.addresses.lazy.map(\.family))
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
