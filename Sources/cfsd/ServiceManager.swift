import CFSCore
import CFSLinux
import Glibc

/// A socket that listens already, of the service manager.
struct InheritedSocket: Equatable {
    enum Kind { case unix, loopback, network }
    let descriptor: Int32
    let kind: Kind
}

/// What systemd and a service say to each other: sd_listen_fds(3) and sd_notify(3), by hand.
enum ServiceManager {
    /// The sockets that were passed to this very process; their variables are taken out of the environment.
    ///
    /// - Throws: `invalidArgument` for a descriptor that is no listening socket.
    static func takeSockets() throws(CFSError) -> [InheritedSocket] {
        defer { for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) } }
        guard let owner = variable("LISTEN_PID"), owner == "\(getpid())", let text = variable("LISTEN_FDS"),
            let count = Int32(text), (1...64).contains(count)
        else { return [] }
        var sockets: [InheritedSocket] = []
        for descriptor in 3..<(3 + count) {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            sockets.append(InheritedSocket(descriptor: descriptor, kind: try kind(of: descriptor)))
        }
        return sockets
    }

    private static func kind(of descriptor: Int32) throws(CFSError) -> InheritedSocket.Kind {
        var listens: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let asked = getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size)
        let named = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard asked == 0, named == 0, listens == 1 else {
            throw CFSError(.invalidArgument, .starting, "descriptor \(descriptor) is no socket that listens")
        }
        let bytes = withUnsafeBytes(of: &address) { Array($0) }
        switch Int32(address.ss_family) {
        case AF_UNIX: return .unix
        case AF_INET: return bytes[4] == 127 ? .loopback : .network
        case AF_INET6: return bytes[8..<23].allSatisfy { $0 == 0 } && bytes[23] == 1 ? .loopback : .network
        default: throw CFSError(.invalidArgument, .starting, "descriptor \(descriptor) is a socket of another kind")
        }
    }

    /// Tells how far the service is: `READY=1`, `STOPPING=1`. Does nothing where nobody asked to be told.
    static func tell(_ words: String...) {
        guard let path = variable("NOTIFY_SOCKET"), path.hasPrefix("/") || path.hasPrefix("@") else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        if bytes[0] == 0x40 { bytes[0] = 0 }
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let made = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard made >= 0 else { return }
        let descriptor = OwnedFD(made)
        let text = Array(words.joined(separator: "\n").utf8)
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                text.withUnsafeBytes {
                    sendto(descriptor.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL), pointer, length)
                }
            }
        }
    }

    static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
