import CFSLinux
import CFSModel

/// The sockets at which a container's resolver is asked: UDP and TCP of the container's own loopback.
package struct ResolverSockets: Sendable {
    /// Where a container asks; port 53 of it leads to the sockets below by rules inside the container's namespace.
    package static let address = IPAddress("127.0.0.11") ?? .unspecified(.ipv4)

    package let udp: SharedFD
    /// Listens.
    package let tcp: SharedFD
    package let udpPort: UInt16
    package let tcpPort: UInt16

    /// Opens them in the network namespace that this thread is in (see ``NetlinkSocket/inside(_:_:)``), where its loopback
    /// interface must be up. They stay there, wherever the thread goes.
    ///
    /// - Parameter port: for both; 0 lets the kernel choose two.
    package init(address: IPAddress = Self.address, port: UInt16 = 0) throws(CFSError) {
        let udp = try InternetSocket.open(address.family, .udp)
        try InternetSocket.bind(udp.raw, Endpoint(address, port), .udp)
        let tcp = try InternetSocket.open(address.family, .tcp)
        try InternetSocket.bind(tcp.raw, Endpoint(address, port), .tcp)
        try InternetSocket.listen(tcp.raw, Endpoint(address, port))
        try self.init(udp: udp, tcp: tcp)
    }

    /// Takes sockets that are bound already, the one of TCP listening: those of a process that did it for us.
    package init(udp: SharedFD, tcp: SharedFD) throws(CFSError) {
        (self.udp, self.tcp) = (udp, tcp)
        for socket in [udp, tcp] { try InternetSocket.setNonBlocking(socket.raw) }
        guard let udpPort = InternetSocket.local(udp.raw)?.port, let tcpPort = InternetSocket.local(tcp.raw)?.port,
            udpPort > 0, tcpPort > 0
        else { throw CFSError(.invalidArgument, .preparing, "the resolver's sockets are not bound") }
        (self.udpPort, self.tcpPort) = (udpPort, tcpPort)
    }
}
