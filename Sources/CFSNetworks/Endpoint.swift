import CFSLinux
import CFSModel
import Glibc

/// An address and a port, as a socket has them.
package struct Endpoint: Sendable, Hashable {
    package var address: IPAddress
    package var port: UInt16
    /// The interface's number for a link-local address of IPv6 (`sin6_scope_id` of ipv6(7)); else 0.
    package var scope: UInt32

    package init(_ address: IPAddress, _ port: UInt16, scope: UInt32 = 0) {
        self.address = address
        self.port = port
        self.scope = scope
    }

    /// What the kernel filled in; nil for another family.
    init?(_ storage: sockaddr_storage) {
        let family = Int32(storage.ss_family)
        let read: (bytes: [UInt8], port: UInt16, scope: UInt32)? = withUnsafeBytes(of: storage) { bytes in
            switch family {
            case AF_INET:
                var address = bytes.loadUnaligned(as: sockaddr_in.self)
                return (withUnsafeBytes(of: &address.sin_addr) { Array($0) }, address.sin_port.byteSwapped, 0)
            case AF_INET6:
                var address = bytes.loadUnaligned(as: sockaddr_in6.self)
                return (
                    withUnsafeBytes(of: &address.sin6_addr) { Array($0) }, address.sin6_port.byteSwapped,
                    address.sin6_scope_id
                )
            default: return nil
            }
        }
        guard let read, let address = IPAddress(bytes: read.bytes) else { return nil }
        self.init(address, read.port, scope: read.scope)
    }

    /// Lends a `struct sockaddr_in` or `sockaddr_in6`.
    func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        func lend<Address>(_ address: Address) -> Result {
            withUnsafePointer(to: address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<Address>.size))
                }
            }
        }
        if address.family == .ipv4 {
            var made = sockaddr_in()
            made.sin_family = sa_family_t(AF_INET)
            made.sin_port = port.bigEndian
            withUnsafeMutableBytes(of: &made.sin_addr) { $0.copyBytes(from: address.bytes) }
            return lend(made)
        }
        var made = sockaddr_in6()
        made.sin6_family = sa_family_t(AF_INET6)
        made.sin6_port = port.bigEndian
        made.sin6_scope_id = scope
        withUnsafeMutableBytes(of: &made.sin6_addr) { $0.copyBytes(from: address.bytes) }
        return lend(made)
    }
}

extension Endpoint: CustomStringConvertible {
    package var description: String { address.family == .ipv4 ? "\(address):\(port)" : "[\(address)]:\(port)" }
}
