import CFSLinux
import CFSModel
import CLinux
import Glibc

/// Sockets of UDP and TCP (udp(7), tcp(7)) that never block. Results are counts, or minus the error number.
enum InternetSocket {
    /// Close-on-exec, non-blocking; a socket of IPv6 takes IPv6 only.
    static func open(_ family: IPAddress.Family, _ transport: SocketTransport) throws(CFSError) -> SharedFD {
        let kind = transport == .tcp ? SOCK_STREAM : SOCK_DGRAM
        let flags = Int32(kind.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let made = socket(Int32(family.rawValue), flags, 0)
        let fd = SharedFD(OwnedFD(try checked(made == -1 ? -Int(errno) : Int(made), "socket", .preparing)))
        if family == .ipv6 { try set(fd.raw, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
        return fd
    }

    static func set(_ fd: Int32, _ level: Int32, _ option: Int32, _ value: Int32) throws(CFSError) {
        var value = value
        let result = setsockopt(fd, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        try checked(result == -1 ? -Int(errno) : 0, "setsockopt", .preparing)
    }

    static func setNonBlocking(_ fd: Int32) throws(CFSError) {
        let flags = fcntl(fd, F_GETFL)
        let result = flags == -1 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK)
        try checked(result == -1 ? -Int(errno) : 0, "fcntl", .preparing)
    }

    /// - Throws: `conflict` for a port that somebody has; the error names address and port.
    static func bind(_ fd: Int32, _ endpoint: Endpoint, _ transport: SocketTransport) throws(CFSError) {
        let result = endpoint.withSocketAddress { Glibc.bind(fd, $0, $1) }
        if result == -1 { throw failure(errno, "bind", endpoint, transport) }
    }

    static func listen(_ fd: Int32, _ endpoint: Endpoint) throws(CFSError) {
        if Glibc.listen(fd, 128) == -1 { throw failure(errno, "listen", endpoint, .tcp) }
    }

    private static func failure(
        _ number: Int32, _ call: String, _ endpoint: Endpoint, _ transport: SocketTransport
    ) -> CFSError {
        let (code, text): (CFSError.Code, String) =
            switch number {
            case EADDRINUSE: (.conflict, "port \(endpoint.port)/\(transport.rawValue) of \(endpoint.address) is in use")
            case EADDRNOTAVAIL: (.invalidArgument, "this host does not have the address \(endpoint.address)")
            case EACCES, EPERM:
                (.notPermitted, "port \(endpoint.port)/\(transport.rawValue) of \(endpoint.address) is not permitted")
            default: (.systemCallFailed, "cannot listen at \(endpoint)/\(transport.rawValue)")
            }
        return CFSError(code, .preparing, text, systemCall: call, errno: number)
    }

    /// Zero, or minus the error number; EINPROGRESS is none.
    static func connect(_ fd: Int32, _ endpoint: Endpoint) -> Int {
        let result = endpoint.withSocketAddress { Glibc.connect(fd, $0, $1) }
        return result == 0 || errno == EINPROGRESS ? 0 : -Int(errno)
    }

    /// The next connection, non-blocking.
    static func accept(_ listener: Int32) -> Int {
        let number = Int(cfs_accept(listener))
        guard number >= 0 else { return number }
        if fcntl(Int32(number), F_SETFL, O_RDWR | O_NONBLOCK) == -1 {
            let failure = -Int(errno)
            _ = close(Int32(number))
            return failure
        }
        return number
    }

    /// Where a socket is bound.
    static func local(_ fd: Int32) -> Endpoint? { name(fd, getsockname) }

    /// Nil as long as the socket is not connected.
    static func peer(_ fd: Int32) -> Endpoint? { name(fd, getpeername) }

    private typealias NameCall = (Int32, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>?) -> Int32

    private static func name(_ fd: Int32, _ call: NameCall) -> Endpoint? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call(fd, $0, &length) }
        }
        return result == 0 ? Endpoint(storage) : nil
    }

    /// The error that waits at a socket (SO_ERROR of socket(7)), or 0.
    static func takeError(_ fd: Int32) -> Int32 {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &length) == 0 ? value : errno
    }

    /// Whether the close of a connection is a reset, from which the other side hears that it broke.
    static func set(_ fd: Int32, isResetWhenClosed: Bool) {
        var option = linger(l_onoff: isResetWhenClosed ? 1 : 0, l_linger: 0)
        _ = setsockopt(fd, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// One datagram and whose it is.
    static func receive(_ fd: Int32, into buffer: UnsafeMutableRawBufferPointer) -> (count: Int, from: Endpoint?) {
        while true {
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let count = withUnsafeMutablePointer(to: &storage) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(fd, buffer.baseAddress, buffer.count, 0, $0, &length)
                }
            }
            if count >= 0 { return (count, Endpoint(storage)) }
            if errno != EINTR { return (-Int(errno), nil) }
        }
    }

    /// Has datagrams come with the address that they were sent to.
    static func tellLocalAddress(_ fd: Int32, _ family: IPAddress.Family) throws(CFSError) {
        try checked(Int(cfs_tell_local_address(fd, Int32(family.rawValue))), "setsockopt", .preparing)
    }

    /// One datagram, whose it is, and the address of this host that it was sent to.
    static func receiveDatagram(
        _ fd: Int32, into buffer: UnsafeMutableRawBufferPointer
    ) -> (count: Int, from: Endpoint?, local: LocalAddress) {
        var storage = sockaddr_storage()
        var length = UInt32(MemoryLayout<sockaddr_storage>.size)
        var local = cfs_local_address()
        let count = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Int(cfs_receive_datagram(fd, buffer.baseAddress, buffer.count, $0, &length, &local))
            }
        }
        return (count, count < 0 ? nil : Endpoint(storage), LocalAddress(value: local))
    }

    /// One datagram, from that address.
    static func send(
        _ fd: Int32, _ bytes: UnsafeRawBufferPointer, to endpoint: Endpoint, from local: LocalAddress
    ) -> Int {
        var value = local.value
        return endpoint.withSocketAddress {
            Int(cfs_send_datagram(fd, bytes.baseAddress, bytes.count, $0, UInt32($1), &value))
        }
    }

    /// One datagram, or as much of a stream as there is room for; to a connected socket without an address.
    static func send(_ fd: Int32, _ bytes: UnsafeRawBufferPointer, to endpoint: Endpoint? = nil) -> Int {
        while true {
            let flags = Int32(MSG_NOSIGNAL)
            let count =
                endpoint?.withSocketAddress { sendto(fd, bytes.baseAddress, bytes.count, flags, $0, $1) }
                ?? Glibc.send(fd, bytes.baseAddress, bytes.count, flags)
            if count >= 0 { return count }
            if errno != EINTR { return -Int(errno) }
        }
    }
}

/// The address of this host that a datagram was sent to: whoever asks at one address hears no answer from another.
struct LocalAddress: Equatable {
    fileprivate var value = cfs_local_address()

    static func == (one: LocalAddress, other: LocalAddress) -> Bool {
        withUnsafeBytes(of: one.value) { one in
            withUnsafeBytes(of: other.value) { one.elementsEqual($0) }
        }
    }
}

/// TCP or UDP.
package enum SocketTransport: String, Sendable, Hashable, CaseIterable { case tcp, udp }
