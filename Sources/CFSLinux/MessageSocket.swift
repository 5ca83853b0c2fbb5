import CFSModel
import CLinux
import Glibc

/// One end of a Unix socket that keeps message borders (SOCK_SEQPACKET) and carries descriptors (unix(7)).
public struct MessageSocket: ~Copyable, Sendable {
    public let fd: OwnedFD

    public init(_ fd: consuming OwnedFD) { self.fd = fd }

    /// A listening socket at a path, for its owner only (mode 0600).
    public static func listen(at path: String, backlog: Int32 = 16) throws(CFSError) -> OwnedFD {
        OwnedFD(try checked(Int(cfs_unix_listen(path, backlog)), "bind", .preparing, path: path))
    }

    public static func connect(to path: String) throws(CFSError) -> MessageSocket {
        MessageSocket(OwnedFD(try checked(Int(cfs_unix_connect(path)), "connect", .looking, path: path)))
    }

    /// Whether the other end is open at this moment (POLLHUP of poll(2)).
    public static func hasPeer(_ socket: Int32) -> Bool {
        var request = pollfd(fd: socket, events: 0, revents: 0)
        // Not waiting, so never interrupted.
        return poll(&request, 1, 0) == 0
    }

    /// The process that was listening when this end was connected (SO_PEERCRED of unix(7)).
    public func peerProcess() throws(CFSError) -> Int32 {
        // struct ucred: pid, uid, gid.
        var credentials: (Int32, UInt32, UInt32) = (0, 0, 0)
        var size = socklen_t(MemoryLayout.size(ofValue: credentials))
        let result = getsockopt(fd.raw, SOL_SOCKET, SO_PEERCRED, &credentials, &size)
        try checked(result == 0 ? 0 : -Int(errno), "getsockopt", .looking)
        return credentials.0
    }

    /// Takes the next caller of a listening socket.
    public static func accept(_ listener: Int32) throws(CFSError) -> MessageSocket {
        MessageSocket(OwnedFD(try checked(Int(cfs_accept(listener)), "accept4", .running)))
    }

    /// Sends one message with up to 253 descriptors (SCM_RIGHTS).
    public func send(_ bytes: [UInt8], descriptors: [Int32] = []) throws(CFSError) {
        try Self.send(fd.raw, bytes, descriptors: descriptors)
    }

    /// Like ``send(_:descriptors:)``, for a socket by number.
    ///
    /// - Parameter waits: whether to wait for a receiver that is behind; else that is an error (EAGAIN).
    public static func send(
        _ socket: Int32, _ bytes: [UInt8], descriptors: [Int32] = [], waits: Bool = true
    ) throws(CFSError) {
        let flags = waits ? 0 : Int32(MSG_DONTWAIT)
        let sent = bytes.withUnsafeBytes {
            Int(cfs_send_fds(socket, $0.baseAddress, $0.count, descriptors, descriptors.count, flags))
        }
        try checked(sent, "sendmsg", .running)
    }

    /// Receives one message; nil when the other end is closed. The descriptors are the caller's to close.
    ///
    /// - Throws: `.limitExceeded` for a message of more than `size` bytes: it is lost, with its descriptors.
    public func receive(atMost size: Int = 64 << 10) throws(CFSError) -> (bytes: [UInt8], descriptors: [Int32])? {
        try Self.receive(fd.raw, atMost: size)
    }

    public static func receive(
        _ socket: Int32, atMost size: Int = 64 << 10
    ) throws(CFSError) -> (
        bytes: [UInt8], descriptors: [Int32]
    )? {
        var descriptors = [Int32](repeating: -1, count: 253)
        var count = descriptors.count
        var result = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            // MSG_TRUNC: the answer is the message's own length, also when that is more than the buffer's.
            result = Int(
                cfs_receive_fds(socket, buffer.baseAddress, size, &descriptors, &count, Int32(MSG_TRUNC)))
            if result == -104 {
                // A peer that ended with unread data resets the connection, and that is told once, before what it has
                // sent (unix(7)): its last words come now.
                count = descriptors.count
                result = Int(
                    cfs_receive_fds(socket, buffer.baseAddress, size, &descriptors, &count, Int32(MSG_TRUNC)))
            }
            filled = min(max(0, result), size)
        }
        if result > size {
            for descriptor in descriptors[..<count] { _ = close(descriptor) }
            throw CFSError(.limitExceeded, .running, "a message of \(result) bytes came: at most \(size) are taken")
        }
        try checked(result, "recvmsg", .running)
        if result == 0 && count == 0 { return nil }
        return (bytes, Array(descriptors[..<count]))
    }
}

/// A connection to a Unix socket that is a stream of bytes.
public enum StreamSocket {
    public static func connect(to path: String) throws(CFSError) -> OwnedFD {
        OwnedFD(try checked(Int(cfs_unix_connect_stream(path)), "connect", .looking, path: path))
    }

    /// The same with a limit of time, for this and for each write to it (EAGAIN); nil where nobody listens.
    public static func connectIfThere(to path: String, milliseconds: Int32) throws(CFSError) -> OwnedFD? {
        let result = Int(cfs_unix_connect_stream_within(path, milliseconds))
        if result == -ErrorCode.notFound || result == -Int(ECONNREFUSED) { return nil }
        return OwnedFD(try checked(result, "connect", .looking, path: path))
    }

    /// Sends all of the bytes; the end of whoever reads is an error (EPIPE), and no signal.
    public static func send(_ socket: Int32, _ bytes: [UInt8]) throws(CFSError) {
        var failure = 0
        bytes.withUnsafeBytes { all in
            var rest = all
            while !rest.isEmpty {
                let count = Int(cfs_send_fds(socket, rest.baseAddress, rest.count, nil, 0, 0))
                if count < 0 {
                    failure = count
                    return
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
        try checked(failure, "sendmsg", .running)
    }
}

/// Two connected ends, both close-on-exec: one stays, the other is for the process that is about to be made.
public final class SocketPair {
    private var own: SharedFD?
    private var other: SharedFD?

    public init() throws(CFSError) {
        var fds: (Int32, Int32) = (-1, -1)
        let result = withUnsafeMutableBytes(of: &fds) {
            Int(cfs_socketpair_seqpacket($0.bindMemory(to: Int32.self).baseAddress))
        }
        try checked(result, "socketpair", .preparing)
        own = SharedFD(OwnedFD(fds.0))
        other = SharedFD(OwnedFD(fds.1))
    }

    /// -1 once taken.
    public var ours: Int32 { own?.raw ?? -1 }
    /// -1 once closed.
    public var theirs: Int32 { other?.raw ?? -1 }

    /// Closes the other end here, so that its end in the other process is seen on ours.
    public func closeTheirs() { other = nil }

    /// The same in the other process, for our end.
    public func closeOurs() { own = nil }

    /// Gives our end away, as a descriptor of its own.
    public func takeOurs() throws(CFSError) -> OwnedFD {
        defer { own = nil }
        let copy = fcntl(ours, F_DUPFD_CLOEXEC, 3)
        return OwnedFD(try checked(copy == -1 ? -Int(errno) : Int(copy), "fcntl", .preparing))
    }
}
