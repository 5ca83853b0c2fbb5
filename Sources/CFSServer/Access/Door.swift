import CFSCore
import CFSLinux
import Glibc
import NIOCore
import NIOPosix

/// Says who is at the other end of a connection, or fails: then nobody is let in.
protocol Door: Sendable {
    /// Called on the connection's event loop straight after `accept`, before a byte is read.
    func peer(_ channel: any Channel) -> EventLoopFuture<Peer>
}

/// Why somebody is not let in. The other side hears only whether a container may ever call: reasons are for the log.
struct Refusal: Error, CustomStringConvertible {
    let reason: String
    var isOfContainer = false
    var description: String { reason }
}

extension ServerError {
    static let notWelcome = ServerError(
        .notPermitted, "only root and members of the group cfs may call",
        hint: "become root, or ask for the group: usermod -a -G cfs USER")

    /// For those who are root, or in the group, and in a container.
    static let noContainers = ServerError(
        .notPermitted, "a process in a container may not call", hint: "call from outside of containers")

    /// What somebody hears who is not let in.
    static func refusing(_ error: any Error) -> ServerError {
        (error as? Refusal)?.isOfContainer == true ? noContainers : notWelcome
    }
}

/// The Unix socket: the kernel says who connected (SO_PEERCRED, unix(7)).
struct UnixDoor: Door {
    let members: CallerGroup
    let containers: ContainerGrounds

    private struct Credentials {
        var pid: Int32 = 0
        var uid: UInt32 = 0
        var gid: UInt32 = 0
    }

    func peer(_ channel: any Channel) -> EventLoopFuture<Peer> {
        guard let socket = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeFailedFuture(Refusal(reason: "no socket"))
        }
        let credentials: EventLoopFuture<Credentials> = socket.unsafeGetSocketOption(
            level: .socket, name: .init(rawValue: SO_PEERCRED))
        return credentials.flatMapThrowing { credentials in
            guard credentials.uid != (try CallerGroup.overflowUID()) else {
                throw Refusal(reason: "a user without a number here")
            }
            try containers.check(process: credentials.pid)
            try members.check(credentials.uid)
            return Peer(way: .unix, uid: credentials.uid, hosts: nil, process: credentials.pid)
        }
    }
}

/// A port on loopback: anybody on this machine can reach it, so the kernel is asked whose socket the other end is.
struct LoopbackDoor: Door {
    let members: CallerGroup
    let containers: ContainerGrounds

    func peer(_ channel: any Channel) -> EventLoopFuture<Peer> {
        guard let socket = channel as? any SocketOptionProvider, let own = channel.localAddress,
            let other = channel.remoteAddress, let ownEnd = SocketEnd(own), let otherEnd = SocketEnd(other),
            let port = own.port
        else { return channel.eventLoop.makeFailedFuture(Refusal(reason: "a connection without addresses")) }
        // The first byte of TCP_INFO is the state.
        let state: EventLoopFuture<UInt8> = socket.unsafeGetSocketOption(
            level: .tcp, name: .init(rawValue: TCP_INFO))
        return state.flatMapThrowing { ownState in
            let record = try SocketDiagnosis.record(of: otherEnd, connectedTo: ownEnd)
            let uid = try PeerCheck.uid(
                record, own: ownEnd, other: otherEnd, ownState: ownState, overflow: try CallerGroup.overflowUID())
            guard let record, let cgroup = record.cgroup else {
                throw Refusal(reason: "this kernel does not say in which cgroup a socket was made")
            }
            try containers.check(cgroup)
            try members.check(uid)
            return Peer(way: .tcp, uid: uid, hosts: ["localhost:\(port)", "127.0.0.1:\(port)", "[::1]:\(port)"])
        }
    }
}

/// A port that other machines reach: the handshake lets in who has a certificate of ours, before HTTP begins.
struct CertificateDoor: Door {
    let hosts: [String]

    func peer(_ channel: any Channel) -> EventLoopFuture<Peer> {
        guard let port = channel.localAddress?.port else {
            return channel.eventLoop.makeFailedFuture(Refusal(reason: "a connection without addresses"))
        }
        let names = hosts + ["localhost", "127.0.0.1", "[::1]"]
        let all = names.flatMap { port == 443 ? [$0, "\($0):443"] : ["\($0):\(port)"] }
        return channel.eventLoop.makeSucceededFuture(Peer(way: .tls, uid: geteuid(), hosts: all))
    }
}

/// What the kernel's record of the other end must say: pure.
enum PeerCheck {
    /// The user behind a connection.
    ///
    /// - Parameters:
    ///   - record: of the other end; nil when the kernel has none.
    ///   - ownState: of our end (`tcpi_state`).
    ///   - overflow: the user that stands for one without a number here.
    /// - Throws: a ``Refusal`` for whatever leaves a doubt.
    static func uid(
        _ record: SocketRecord?, own: SocketEnd, other: SocketEnd, ownState: UInt8, overflow: UInt32
    ) throws(Refusal) -> UInt32 {
        guard let record else { throw Refusal(reason: "the kernel knows no such socket") }
        guard record.own == other, record.other == own else {
            throw Refusal(reason: "the kernel's record is of another socket")
        }
        // A socket that was closed is reported as root's: whoever forgets this lets everybody in.
        guard record.inode != 0 else { throw Refusal(reason: "the other end is closed") }
        switch record.state {
        case .established, .finWait1, .finWait2: break
        default: throw Refusal(reason: "the other end is not connected")
        }
        switch SocketRecord.State(rawValue: ownState) {
        case .established, .closeWait: break
        default: throw Refusal(reason: "our own end is not connected")
        }
        guard record.uid != overflow else { throw Refusal(reason: "a user without a number here") }
        return record.uid
    }
}

extension SocketEnd {
    /// Nil for what is no address of IPv4 or IPv6.
    init?(_ address: SocketAddress) {
        guard let port = address.port else { return nil }
        switch address {
        case .v4(let address):
            self.init(address: withUnsafeBytes(of: address.address.sin_addr) { Array($0) }, port: UInt16(port))
        case .v6(let address):
            self.init(address: withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }, port: UInt16(port))
        default: return nil
        }
    }
}
