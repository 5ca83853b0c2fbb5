import CFSModel

/// A way to a subnet in the main table: through a gateway, or straight through a device (`struct rtmsg` of
/// rtnetlink(7)).
package struct Route: Sendable, Hashable {
    /// RTN_*, of those that a table of routes has for one receiver.
    package enum Kind: UInt8, Sendable, Hashable {
        case unicast = 1
        /// What is for there is dropped, without a word or with one to the sender.
        case blackhole = 6, unreachable, prohibit
        /// The next table is asked.
        case `throw`
    }

    /// With a prefix of 0 for the default route.
    package var destination: IPSubnet
    package var gateway: IPAddress?
    /// The number of the device; nil for a route over several.
    package var device: Int32?
    /// Whether it came in an announcement of a router of IPv6 (RTPROT_RA).
    package var isAnnounced: Bool
    package var kind: Kind
    /// Of routes to the same subnet that with the least counts.
    package var metric: UInt32

    package init(
        destination: IPSubnet, gateway: IPAddress?, device: Int32?, isAnnounced: Bool = false, kind: Kind = .unicast,
        metric: UInt32 = 0
    ) {
        self.destination = destination
        self.gateway = gateway
        self.device = device
        self.isAnnounced = isAnnounced
        self.kind = kind
        self.metric = metric
    }

    private static let destination: UInt16 = 1  // RTA_DST
    private static let device: UInt16 = 4  // RTA_OIF
    private static let gateway: UInt16 = 5  // RTA_GATEWAY
    private static let metric: UInt16 = 6  // RTA_PRIORITY
    private static let source: UInt16 = 7  // RTA_PREFSRC
    private static let table: UInt16 = 15  // RTA_TABLE
    private static let otherGateway: UInt16 = 18  // RTA_VIA
    private static let mainTable: UInt8 = 254  // RT_TABLE_MAIN

    /// Reads what lies behind the header of an RTM_NEWROUTE. Nil when it is none of IPv4 or IPv6, in another table, or for
    /// several receivers.
    init?(_ body: ArraySlice<UInt8>) {
        let attributes = NetlinkAttributes(body.dropFirst(12))
        guard body.count >= 12, let family = body.first.flatMap({ IPAddress.Family(rawValue: $0) }),
            let prefix = body.number(at: 1, UInt8.self), let shortTable = body.number(at: 4, UInt8.self),
            let kind = body.number(at: 7, UInt8.self).flatMap({ Kind(rawValue: $0) }),
            attributes.number(Self.table, UInt32.self) ?? UInt32(shortTable) == UInt32(Self.mainTable)
        else { return nil }
        let base = attributes[Self.destination].map { IPAddress(bytes: Array($0)) } ?? .unspecified(family)
        guard let base, let subnet = IPSubnet(containing: base, prefix: Int(prefix)) else { return nil }
        destination = subnet
        self.kind = kind
        // The gateway of an IPv4 route may be one of IPv6: its family, then the address.
        let bytes = attributes[Self.gateway] ?? attributes[Self.otherGateway].map { $0.dropFirst(2) }
        gateway = bytes.flatMap { IPAddress(bytes: Array($0)) }
        device = attributes.number(Self.device, Int32.self)
        metric = attributes.number(Self.metric, UInt32.self) ?? 0
        isAnnounced = body.number(at: 5, UInt8.self) == 9  // RTPROT_RA
    }

    /// RTM_NEWROUTE: an error when it is there.
    ///
    /// - Parameter address: one of the device, for the route that the kernel makes with it: of its protocol, from that address
    ///   (IPv4), with its metric (IPv6). It goes with the address.
    func adding(to device: Int32, cameWith address: IPAddress? = nil) -> NetlinkMessage {
        var message = NetlinkMessage(24, [.create, .exclusive])
        // IPv4 wants to be told that a destination is on the link itself (RT_SCOPE_LINK, else RT_SCOPE_UNIVERSE).
        let scope: UInt8 = gateway == nil && destination.family == .ipv4 ? 253 : 0
        message.append(header: [destination.family.rawValue, UInt8(destination.prefix), 0, 0])
        // RTPROT_KERNEL or RTPROT_STATIC, RTN_UNICAST
        message.append(header: [Self.mainTable, address == nil ? 4 : 2, scope, 1])
        message.append(UInt32(0))
        if destination.prefix > 0 { message.append(Self.destination, destination.base.bytes) }
        if let gateway { message.append(Self.gateway, gateway.bytes) }
        if let address, address.family == .ipv4 { message.append(Self.source, address.bytes) }
        if let address, address.family == .ipv6 { message.append(Self.metric, UInt32(256)) }  // IP6_RT_PRIO_ADDRCONF
        message.append(Self.device, device)
        return message
    }

    /// RTM_GETROUTE.
    static func list(_ family: IPAddress.Family) -> NetlinkMessage {
        var message = NetlinkMessage(26)
        message.append(header: [family.rawValue, 0, 0, 0])
        message.append(header: [0, 0, 0, 0])
        message.append(UInt32(0))
        return message
    }
}

extension RouteSocket {
    /// Adds a way out of this namespace through a device that is up.
    ///
    /// - Parameters:
    ///   - subnet: where to; nil for the default route of the gateway's family.
    ///   - gateway: a neighbour that passes packets on; nil when the destination is on the link itself.
    /// - Throws: `conflict` when there is such a route, `invalidArgument` for neither subnet nor gateway, or two
    ///   families.
    package mutating func addRoute(to subnet: IPSubnet?, via gateway: IPAddress?, device: Int32) throws(CFSError) {
        let everywhere = gateway.flatMap { IPSubnet(containing: .unspecified($0.family), prefix: 0) }
        guard let destination = subnet ?? everywhere else {
            throw CFSError(.invalidArgument, .preparing, "a route needs a destination or a gateway")
        }
        if let gateway, gateway.family != destination.family {
            throw CFSError(
                .invalidArgument, .preparing,
                "the route to \(destination) cannot go through \(gateway), of another family")
        }
        let route = Route(destination: destination, gateway: gateway, device: device)
        let what = "cannot have the route to \(destination)" + (gateway.map { " through \($0)" } ?? "")
        try ask(device, route.adding(to: device), what)
    }

    /// Makes the route again that came with an address of a device, where somebody has removed it. One to the same subnet through another
    /// device is a `conflict` (IPv4).
    package mutating func restoreRoute(to subnet: IPSubnet, of address: IPAddress, device: Int32) throws(CFSError) {
        let route = Route(destination: subnet, gateway: nil, device: device)
        try ask(device, route.adding(to: device, cameWith: address), "cannot have the route to \(subnet)")
    }

    /// The routes of the main table, those of IPv4 first: where this namespace can send. No multicast.
    ///
    /// - Parameter deadEnds: whether to tell also those by which nothing is sent, such as blackholes.
    package mutating func routes(deadEnds: Bool = false) throws(CFSError) -> [Route] {
        var routes: [Route] = []
        for family in IPAddress.Family.allCases {
            let bodies = try list(Route.list(family), "the routes cannot be listed")
            // A kernel without IPv6 answers for all families.
            routes += bodies.compactMap { Route($0) }.filter {
                $0.destination.family == family && (deadEnds || $0.kind == .unicast)
            }
        }
        return routes
    }
}
