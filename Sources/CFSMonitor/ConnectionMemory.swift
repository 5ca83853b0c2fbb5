import CFSModel
import CFSNetworks

extension NetworkDevices {
    /// Has the kernel forget connections of addresses, and what came to ports of the host by UDP: else packets would go on to
    /// whoever had address or port when the first of them came, for as long as they come.
    ///
    /// - Parameters:
    ///   - addresses: of containers that are gone, or not there yet.
    ///   - ports: those of other transports need nothing, since each of their connections has a beginning.
    static func forgetConnections(of addresses: [IPAddress], ports: [PublishedPort]) throws(CFSError) {
        let ports = ports.filter { $0.transport == .udp }
        guard !addresses.isEmpty || !ports.isEmpty else { return }
        var table = try ConnectionTable()
        try table.forget(addresses: addresses)
        guard !ports.isEmpty else { return }
        var host = try RouteSocket()
        let local = Set(try host.addresses().map(\.address))
        try table.forget(ports: ports) { $0.isLoopback || local.contains($0) }
    }
}
