import CFSLinux
import CFSModel
import Glibc

/// A netlink socket (netlink(7)) of one network namespace. The kernel carries out a request within the call that sends it, and
/// has answered when that returns.
package struct NetlinkSocket: ~Copyable {
    package enum Family: Int32, Sendable {
        /// Links, addresses, routes, queueing (rtnetlink(7)).
        case route = 0
        /// nf_tables among others (NETLINK_NETFILTER).
        case netfilter = 12
    }

    private let fd: OwnedFD
    private var sequence: UInt32 = 0

    /// A socket of the namespace that this thread is in, wherever it goes later.
    ///
    /// - Throws: `systemCallFailed` and its like; `kernelUnsupported` for a family that the kernel lacks.
    package init(_ family: Family) throws(CFSError) {
        let made = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), family.rawValue)
        if made == -1, errno == EPROTONOSUPPORT {
            throw CFSError(
                .kernelUnsupported, .preparing, "the kernel has no netlink for this", systemCall: "socket", errno: errno
            )
        }
        let opened = OwnedFD(try checked(made == -1 ? -Int(errno) : Int(made), "socket", .preparing))
        // The kernel alone is heard: another process of a container's namespace could answer in its place.
        var kernel: (family: UInt16, padding: UInt16, process: UInt32, groups: UInt32) = (UInt16(AF_NETLINK), 0, 0, 0)
        let size = socklen_t(MemoryLayout.size(ofValue: kernel))
        let connected = withUnsafeBytes(of: &kernel) { bytes in
            Glibc.connect(opened.raw, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), size)
        }
        try checked(connected == -1 ? -Int(errno) : 0, "connect", .preparing)
        // Attributes and lists that are checked strictly, and errors with a text, but without the message they answer. Older
        // kernels have neither: no harm.
        for option in [Self.strictCheck, Self.extendedErrors, Self.shortErrors] {
            var on: Int32 = 1
            _ = setsockopt(opened.raw, Self.level, option, &on, socklen_t(MemoryLayout<Int32>.size))
        }
        fd = opened
    }

    /// The number of its network namespace: another one's for as long as the machine runs (SO_NETNS_COOKIE, Linux 5.14); nil
    /// where the kernel has none.
    var namespaceCookie: UInt64? {
        var cookie: UInt64 = 0
        var length = socklen_t(MemoryLayout<UInt64>.size)
        return getsockopt(fd.raw, SOL_SOCKET, Self.cookieOption, &cookie, &length) == 0 ? cookie : nil
    }

    private static let cookieOption: Int32 = 71  // SO_NETNS_COOKIE
    private static let level: Int32 = 270  // SOL_NETLINK
    private static let shortErrors: Int32 = 10  // NETLINK_CAP_ACK
    private static let extendedErrors: Int32 = 11  // NETLINK_EXT_ACK
    private static let strictCheck: Int32 = 12  // NETLINK_GET_STRICT_CHK

    /// Runs `body` with this thread, and no other, in the namespace behind a descriptor, and comes back: for sockets and for
    /// `/proc/sys/net`.
    package static func inside<Result: ~Copyable>(
        _ namespace: Int32, _ body: () throws(CFSError) -> Result
    ) throws(CFSError) -> Result {
        let ours = try File.open("/proc/thread-self/ns/net", .read, phase: .entering)
        try ProcessControl.enter(namespace, .network)
        let result: Result
        do throws(CFSError) {
            result = try body()
        } catch {
            try ProcessControl.enter(ours.raw, .network)
            throw error
        }
        try ProcessControl.enter(ours.raw, .network)
        return result
    }

    /// One message of an answer.
    package struct Answer: Sendable {
        package var kind: UInt16
        /// Behind the header.
        package var body: ArraySlice<UInt8>
    }

    /// Asks for one thing to be done, or for one answer.
    ///
    /// - Throws: an error whose `errno` is the kernel's and whose message has the kernel's own text where it gives one.
    @discardableResult
    package mutating func request(_ message: NetlinkMessage, _ what: String) throws(CFSError) -> [Answer] {
        var message = message
        message.flags.formUnion([.request, .acknowledge])
        sequence &+= 1
        try transmit(message.bytes(sequence: sequence), what)
        var wasInterrupted = false
        return try receive(what, wasInterrupted: &wasInterrupted) { $0 }
    }

    /// Asks for a list.
    package mutating func list(_ message: NetlinkMessage, _ what: String) throws(CFSError) -> [Answer] {
        try list(message, what) { $0 }
    }

    /// Asks for a list of which only a part is wanted, so that no more than that is in memory at a time.
    ///
    /// - Parameter keep: what is kept of an answer, as something of its own: its body is a piece of all that came with it. Nil
    ///   for nothing. All answers come again when the list changed meanwhile.
    package mutating func list<Kept>(
        _ message: NetlinkMessage, _ what: String, keep: (Answer) -> Kept?
    ) throws(CFSError) -> [Kept] {
        // A list that changed while it was read is read again: half of one and half of the other is neither. Whoever may
        // change it all the time shall not hold the reader.
        for _ in 0..<Self.mostReadings {
            var message = message
            message.flags.formUnion([.request, .dump])
            sequence &+= 1
            try transmit(message.bytes(sequence: sequence), what)
            var wasInterrupted = false
            let answers = try receive(what, wasInterrupted: &wasInterrupted, keep: keep)
            if !wasInterrupted { return answers }
        }
        throw CFSError(
            .conflict, .preparing, "\(what): the list changed each of the \(Self.mostReadings) times it was read",
            hint: "try again when fewer devices come and go")
    }

    private static let mostReadings = 16

    /// Sends several messages in one call, as nf_tables takes its batches: all are carried out, or none.
    ///
    /// - Parameter messages: those with the flag `acknowledge` are answered for; a batch needs one at least.
    package mutating func batch(_ messages: [NetlinkMessage], _ what: String) throws(CFSError) {
        if let first = try refusals(ofBatch: messages, what).first { throw Self.failure(first.errno, what, first.text) }
    }

    /// A message of a batch that the kernel refused.
    package struct Refusal: Sendable, Hashable {
        /// Its place in the batch.
        package var index: Int
        /// The kernel's error number (errno(3)).
        package var errno: Int32
        /// The kernel's own words, where it gives any.
        package var text: String?
    }

    /// Sends a batch and tells which of its messages were refused: none when it was carried out.
    ///
    /// What the kernel has against a batch as a whole, it says of the first message, and then perhaps nothing of the others.
    package mutating func refusals(
        ofBatch messages: [NetlinkMessage], _ what: String
    ) throws(CFSError) -> [Refusal] {
        var bytes: [UInt8] = []
        var awaited: [UInt32] = []
        let first = sequence &+ 1
        for var message in messages {
            message.flags.formUnion(.request)
            sequence &+= 1
            if message.flags.contains(.acknowledge) { awaited.append(sequence) }
            bytes += message.bytes(sequence: sequence)
        }
        makeRoom(forAnswers: messages.count)
        try transmit(bytes, what)
        do throws(CFSError) {
            let refusals = try receiveRefusals(since: first, until: awaited, what)
            if !refusals.isEmpty { discardAnswers() }
            return refusals
        } catch {
            discardAnswers()
            throw error
        }
    }

    private func receiveRefusals(
        since first: UInt32, until awaited: [UInt32], _ what: String
    ) throws(CFSError) -> [Refusal] {
        var awaited = awaited
        var refusals: [Refusal] = []
        while !awaited.isEmpty {
            for message in try received(since: first, what) where message.isEnd {
                awaited.removeAll { $0 == message.sequence }
                guard message.error != 0 else { continue }
                let index = Int(message.sequence &- first)
                refusals.append(Refusal(index: index, errno: message.error, text: message.text))
                if index == 0 { return refusals }
            }
        }
        return refusals
    }

    /// Every refused message is answered: what does not fit is lost, and with it the answer that is waited for.
    private func makeRoom(forAnswers count: Int) {
        guard count > 64 else { return }
        var size = Int32(clamping: count * 2048)
        _ = setsockopt(fd.raw, SOL_SOCKET, SO_RCVBUFFORCE, &size, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Throws away answers that nobody waited for, so that they do not take the room of new ones.
    private func discardAnswers() {
        var bytes: [UInt8] = [0]
        while recv(fd.raw, &bytes, bytes.count, Int32(MSG_DONTWAIT)) >= 0 || errno == EINTR || errno == ENOBUFS {}
    }

    private func transmit(_ bytes: [UInt8], _ what: String) throws(CFSError) {
        // A large batch needs a larger buffer than a socket has; SO_SNDBUFFORCE asks for CAP_NET_ADMIN, which all of this does.
        if bytes.count > 64 << 10 {
            var size = Int32(clamping: bytes.count * 2)
            _ = setsockopt(fd.raw, SOL_SOCKET, SO_SNDBUFFORCE, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var sent = bytes.withUnsafeBytes { send(fd.raw, $0.baseAddress, $0.count, 0) }
        while sent == -1, errno == EINTR { sent = bytes.withUnsafeBytes { send(fd.raw, $0.baseAddress, $0.count, 0) } }
        if sent == -1 { throw Self.failure(errno, what, nil) }
    }

    /// Everything that answers one message.
    private func receive<Kept>(
        _ what: String, wasInterrupted: inout Bool, keep: (Answer) -> Kept?
    ) throws(CFSError) -> [Kept] {
        var answers: [Kept] = []
        while true {
            for message in try received(since: sequence, what) {
                wasInterrupted = wasInterrupted || message.flags & 0x10 != 0  // NLM_F_DUMP_INTR
                if !message.isEnd {
                    if let kept = keep(Answer(kind: message.kind, body: message.body)) { answers.append(kept) }
                } else if message.error != 0 {
                    throw Self.failure(message.error, what, message.text)
                } else {
                    return answers
                }
            }
        }
    }

    /// A message as it came.
    private struct Received {
        var kind: UInt16
        var flags: UInt16
        var sequence: UInt32
        var body: ArraySlice<UInt8>

        /// NLMSG_ERROR, also when it says that all is well, or NLMSG_DONE.
        var isEnd: Bool { kind == 2 || kind == 3 }
        var error: Int32 { -(body.number(at: 0, Int32.self) ?? 0) }

        /// The kernel's own words in an error (NLMSGERR_ATTR_MSG), which lie behind the message that it answers.
        var text: String? {
            guard kind == 2, flags & 0x200 != 0, let length = body.number(at: 4, UInt32.self) else { return nil }
            // NLM_F_CAPPED: only the header of the message is there.
            let skipped = 4 + (flags & 0x100 != 0 ? 16 : (Int(length) + 3) & ~3)
            guard skipped <= body.count else { return nil }
            return NetlinkAttributes(body.dropFirst(skipped)).text(1)
        }
    }

    /// What comes next, without late answers to messages before `first`: a refused batch is answered more than once.
    private func received(since first: UInt32, _ what: String) throws(CFSError) -> [Received] {
        let bytes = try receiveBytes(what)
        var out: [Received] = []
        var place = 0
        while let length = bytes.number(at: place, UInt32.self).map({ Int($0) }), length >= 16,
            place + length <= bytes.count, let kind = bytes.number(at: place + 4, UInt16.self),
            let flags = bytes.number(at: place + 6, UInt16.self),
            let sequence = bytes.number(at: place + 8, UInt32.self)
        {
            let body = bytes[(bytes.startIndex + place + 16)..<(bytes.startIndex + place + length)]
            place += (length + 3) & ~3
            guard sequence &- first <= self.sequence &- first else { continue }
            out.append(Received(kind: kind, flags: flags, sequence: sequence, body: body))
        }
        return out
    }

    private func receiveBytes(_ what: String) throws(CFSError) -> ArraySlice<UInt8> {
        var number: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
            var received = recv(fd.raw, buffer.baseAddress, buffer.count, 0)
            while received == -1, errno == EINTR { received = recv(fd.raw, buffer.baseAddress, buffer.count, 0) }
            if received == -1 { number = errno }
            count = max(0, received)
        }
        if number != 0 { throw Self.failure(number, what, nil) }
        return bytes[...]
    }

    private static func failure(_ number: Int32, _ what: String, _ text: String?) -> CFSError {
        var error = CFSError(kernel: number, "netlink", .preparing)
        error.message = text.map { "\(what): \($0)" } ?? what
        return error
    }
}
