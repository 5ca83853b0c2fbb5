import CFSLinux
import CFSModel
import CFSNetworks

/// What a container needs for its networks whichever they are: made while its starter still works out the rest.
struct NetworkBeginning {
    /// Of its first process.
    let namespace: SharedFD
    let hasIPv6: Bool
    let sockets: ResolverSockets
    /// The host's.
    let filter: OpenPacketFilter

    /// Only in a process with one thread.
    ///
    /// - Parameter pid: in a network namespace of its own.
    /// - Throws: what ``ContainerNetwork/connect(pid:)`` would; nothing is left then that it could not do again.
    init(pid: Int32) throws(CFSError) {
        namespace = SharedFD(try File.open("/proc/\(pid)/ns/net", .read, phase: .preparing))
        hasIPv6 = try NetworkSysctl.hasIPv6()
        sockets = try NetlinkSocket.inside(namespace.raw) { () throws(CFSError) -> ResolverSockets in
            var inside = try RouteSocket()
            return try Self.makeResolverSockets(&inside)
        }
        filter = try OpenPacketFilter()
    }

    /// What a container has once, with its first network. In its namespace.
    ///
    /// - Parameter own: settings of the kernel that the container makes itself, perhaps at this moment.
    static func makeResolverSockets(
        _ inside: inout RouteSocket, besides own: [String: String] = [:]
    ) throws(CFSError) -> ResolverSockets {
        // The container's own process does so too, at its own pace; the resolver needs it now.
        if let loopback = try inside.link(named: "lo"), !loopback.isUp { try inside.setUp(loopback.index) }
        // Whoever is in the container may ping, and listen at any port of what is the container's alone; the groups are the
        // host's, of which its own are some.
        if own["net.ipv4.ping_group_range"] == nil {
            try NetworkSysctl.set("ipv4/ping_group_range", "0 2147483647")
        }
        if own["net.ipv4.ip_unprivileged_port_start"] == nil {
            try NetworkSysctl.set("ipv4/ip_unprivileged_port_start", "0")
        }
        let sockets = try ResolverSockets()
        try ResolverRedirect.install(udp: sockets.udpPort, tcp: sockets.tcpPort)
        return sockets
    }
}
