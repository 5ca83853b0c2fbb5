import CFSModel
import Glibc

/// The address of one end of a TCP connection.
public struct SocketEnd: Sendable, Hashable {
    /// Four bytes (IPv4) or sixteen (IPv6), in network order.
    public var address: [UInt8]
    public var port: UInt16

    public init(address: [UInt8], port: UInt16) {
        self.address = address
        self.port = port
    }
}

/// What the kernel knows of a TCP socket of this machine, in our own network namespace.
public struct SocketRecord: Sendable, Hashable {
    /// States that a connection may be in (net/tcp_states.h).
    public enum State: UInt8, Sendable {
        case established = 1
        case synSent, synReceived, finWait1, finWait2, timeWait, close, closeWait, lastAck, listen, closing,
            newSynReceived
    }
    /// Nil for a number that is none of the above.
    public var state: State?
    /// Who made it; 0 also for a socket that its owner has closed: see ``inode``.
    public var uid: UInt32
    /// Of the socket; 0 once nobody has it open, and then ``uid`` says nothing.
    public var inode: UInt32
    /// Of the cgroup v2 in which it was made; nil before Linux 5.7, and without `CONFIG_SOCK_CGROUP_DATA`.
    public var cgroup: UInt64?
    /// Whose record it is: the end that was asked for, and the one that it is connected to.
    public var own: SocketEnd
    public var other: SocketEnd

    public init(
        state: State?, uid: UInt32, inode: UInt32, cgroup: UInt64?, own: SocketEnd, other: SocketEnd
    ) {
        self.state = state
        self.uid = uid
        self.inode = inode
        self.cgroup = cgroup
        self.own = own
        self.other = other
    }
}

/// Asks the kernel about one TCP socket by its addresses (sock_diag(7)): some 50 microseconds, and no privilege.
public enum SocketDiagnosis {
    /// The socket whose own end is `end`, and which is connected to `other`; nil when there is none.
    ///
    /// The kernel falls back to a listening socket when it finds no connection: compare what comes with what was asked for.
    ///
    /// - Throws: `systemCallFailed` and its like.
    public static func record(of end: SocketEnd, connectedTo other: SocketEnd) throws(CFSError) -> SocketRecord? {
        guard end.address.count == other.address.count, end.address.count == 4 || end.address.count == 16 else {
            throw CFSError(.invalidArgument, .looking, "both ends of a connection have addresses of one kind")
        }
        let made = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), netlinkFamily)
        let netlink = OwnedFD(try checked(made == -1 ? -Int(errno) : Int(made), "socket", .looking))
        // The kernel answers within the call that asks; this is for one that does not.
        var patience = timeval(tv_sec: 1, tv_usec: 0)
        let set = setsockopt(
            netlink.raw, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        try checked(set == -1 ? -Int(errno) : 0, "setsockopt", .looking)
        let request = SocketDiagnosisMessage.request(of: end, connectedTo: other)
        let sent = request.withUnsafeBytes { send(netlink.raw, $0.baseAddress, $0.count, 0) }
        try checked(sent == -1 ? -Int(errno) : sent, "send", .looking)
        var failure = 0
        let answer = [UInt8](unsafeUninitializedCapacity: 8 << 10) { buffer, count in
            var received = recv(netlink.raw, buffer.baseAddress, buffer.count, 0)
            while received == -1, errno == EINTR { received = recv(netlink.raw, buffer.baseAddress, buffer.count, 0) }
            if received == -1 { failure = -Int(errno) }
            count = max(0, received)
        }
        try checked(failure, "recv", .looking)
        return try SocketDiagnosisMessage.record(in: answer)
    }

    private static let netlinkFamily: Int32 = 4  // NETLINK_SOCK_DIAG
}

/// The messages of sock_diag(7), as bytes: pure.
enum SocketDiagnosisMessage {
    private static let byFamily: UInt16 = 20
    private static let error: UInt16 = 2
    private static let cgroupAttribute: UInt16 = 21  // INET_DIAG_CGROUP_ID
    private static let headerSize = 16
    private static let recordSize = 72

    /// A `nlmsghdr` and an `inet_diag_req_v2`.
    static func request(of end: SocketEnd, connectedTo other: SocketEnd) -> [UInt8] {
        var out: [UInt8] = []
        append(UInt32(72), to: &out)
        append(byFamily, to: &out)
        append(UInt16(1), to: &out)  // NLM_F_REQUEST
        append(UInt32(1), to: &out)
        append(UInt32(0), to: &out)
        out.append(end.address.count == 4 ? UInt8(AF_INET) : UInt8(AF_INET6))
        out += [UInt8(IPPROTO_TCP), 0, 0]
        append(UInt32.max, to: &out)  // in any state
        for port in [end.port, other.port] { out += [UInt8(port >> 8), UInt8(port & 0xff)] }
        for address in [end.address, other.address] {
            out += address
            out.append(contentsOf: repeatElement(0, count: 16 - address.count))
        }
        append(UInt32(0), to: &out)  // any interface
        append(UInt64.max, to: &out)  // INET_DIAG_NOCOOKIE
        return out
    }

    /// The record in an answer; nil when it says that there is no such socket.
    static func record(in answer: [UInt8]) throws(CFSError) -> SocketRecord? {
        guard answer.count >= headerSize + 4, let length = answer.integer(0, UInt32.self),
            let kind = answer.integer(4, UInt16.self), Int(length) <= answer.count
        else { throw notUnderstood }
        if kind == error {
            let number = Int32(bitPattern: answer.integer(headerSize, UInt32.self) ?? 0)
            if number == -ENOENT { return nil }
            throw CFSError(kernel: -number, "sock_diag", .looking)
        }
        guard kind == byFamily, Int(length) >= headerSize + recordSize else { throw notUnderstood }
        let start = headerSize
        let isShort = answer[start] == UInt8(AF_INET)
        func end(_ port: Int, _ address: Int) -> SocketEnd {
            let bytes = Array(answer[(start + address)..<(start + address + (isShort ? 4 : 16))])
            return SocketEnd(
                address: bytes, port: UInt16(answer[start + port]) << 8 | UInt16(answer[start + port + 1]))
        }
        guard let uid = answer.integer(start + 64, UInt32.self), let inode = answer.integer(start + 68, UInt32.self)
        else { throw notUnderstood }
        return SocketRecord(
            state: SocketRecord.State(rawValue: answer[start + 1]), uid: uid, inode: inode,
            cgroup: attribute(cgroupAttribute, in: answer[..<Int(length)], from: start + recordSize),
            own: end(4, 8), other: end(6, 24))
    }

    /// The value of an attribute of eight bytes; nil when it is not there.
    private static func attribute(_ wanted: UInt16, in message: ArraySlice<UInt8>, from start: Int) -> UInt64? {
        let bytes = Array(message)
        var place = start
        while let length = bytes.integer(place, UInt16.self), let kind = bytes.integer(place + 2, UInt16.self),
            length >= 4, place + Int(length) <= bytes.count
        {
            if kind & 0x3fff == wanted, length == 12 { return bytes.integer(place + 4, UInt64.self) }
            place += (Int(length) + 3) & ~3
        }
        return nil
    }

    private static func append(_ value: some FixedWidthInteger, to out: inout [UInt8]) {
        withUnsafeBytes(of: value) { out += $0 }
    }

    private static var notUnderstood: CFSError {
        CFSError(.systemCallFailed, .looking, "the kernel's answer about a socket is not understood")
    }
}

extension [UInt8] {
    /// An integer in the machine's own order at a place; nil when it does not lie in the array.
    fileprivate func integer<Value: FixedWidthInteger>(_ place: Int, _ type: Value.Type) -> Value? {
        guard place >= 0, place + MemoryLayout<Value>.size <= count else { return nil }
        return withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: Value.self) }
    }
}
