import CFSLinux
import CFSModel
import CLinux
import Glibc

/// Keeps a published port of one of the host's addresses from everybody else, as long as it lives. What arrives there from
/// outside is led to the container by packet-filter rules before it gets here.
///
/// TCP is bound and does not listen: that is enough against every other bind as long as this one has no SO_REUSEADDR (two
/// that have it share a port until one listens), and whoever gets past the rules is refused instead of left to wait. For
/// loopback addresses, and `0.0.0.0` and `::`, which include them, ``LoopbackRelay`` is the reservation.
package struct PortReservation: ~Copyable {
    package let endpoint: Endpoint
    package let transport: SocketTransport
    private let socket: SharedFD

    /// Binds in the network namespace that this thread is in.
    ///
    /// - Throws: `conflict` for a port that is in use; it names address and port.
    package init(_ endpoint: Endpoint, _ transport: SocketTransport) throws(CFSError) {
        let socket = try InternetSocket.open(endpoint.address.family, transport)
        if transport == .udp { try Self.refuseAll(socket.raw) }
        try InternetSocket.bind(socket.raw, endpoint, transport)
        (self.transport, self.socket) = (transport, socket)
        self.endpoint = InternetSocket.local(socket.raw) ?? endpoint
    }

    /// A filter that keeps nothing (SO_ATTACH_FILTER of socket(7)): nobody reads, so nothing may pile up.
    private static func refuseAll(_ fd: Int32) throws(CFSError) {
        // One `struct sock_filter`: BPF_RET | BPF_K with 0, the bytes to keep.
        let program: [UInt64] = [UInt64(0x06)]
        let result = program.withUnsafeBytes { program in
            var filter = cfs_sock_fprog(length: 1, filter: program.baseAddress)
            return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, socklen_t(MemoryLayout<cfs_sock_fprog>.size))
        }
        try checked(result == -1 ? -Int(errno) : 0, "setsockopt", .preparing)
    }

    /// Bytes that lie at the socket (FIONREAD): none ever.
    var waitingBytes: Int32 {
        var count: Int32 = 0
        return ioctl(socket.raw, UInt(FIONREAD), &count) == 0 ? count : -1
    }
}
