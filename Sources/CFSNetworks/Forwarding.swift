import CFSLinux
import CFSModel
import Glibc

/// Whom a resolver asks what it does not know itself, and how patiently. Asked from the host, so its loopback counts too.
package struct Forwarding: Sendable, Hashable {
    /// In the order in which they are asked.
    package var servers: [Endpoint]
    /// Nanoseconds for one try.
    package var timeout: UInt64
    /// Rounds through all servers.
    package var attempts: Int
    /// Whether each query begins with another server.
    package var rotates: Bool

    /// Two seconds for a try: the C libraries wait five, and the second server should have answered by then.
    package init(servers: [Endpoint], timeout: UInt64 = 2_000_000_000, attempts: Int = 2, rotates: Bool = false) {
        (self.servers, self.timeout, self.attempts, self.rotates) = (servers, timeout, attempts, rotates)
    }

    package init(servers: [IPAddress]) { self.init(servers: servers.map { Endpoint($0, 53) }) }

    /// As the host's own configuration has it. A server behind an interface that is not there is left out.
    package init(_ configuration: ResolverConfiguration) {
        self.init(servers: [IPAddress]())
        for server in configuration.servers {
            let scope = server.zone.map { UInt32($0) ?? if_nametoindex($0) } ?? 0
            if server.zone == nil || scope > 0 { servers.append(Endpoint(server.address, 53, scope: scope)) }
        }
        if let seconds = configuration.timeout { timeout = UInt64(seconds) * 1_000_000_000 }
        if let attempts = configuration.attempts { self.attempts = attempts }
        rotates = configuration.rotate
    }
}

/// A query on its way to an upstream and back: over UDP when its client came that way, else over TCP. Each try has a socket
/// of its own, connected to the server: the port is random (RFC 5452, 9.2), and the kernel drops what comes from elsewhere.
final class ForwardedQuery {
    /// Who waits for the answer.
    enum Client: Equatable {
        case datagram(Endpoint)
        /// A connection by its number.
        case connection(UInt64)
    }

    enum Outcome: Equatable {
        case waiting
        /// This server does not help.
        case failed
        /// The server cannot read the query.
        case unread
        case answered([UInt8])
    }

    let query: NameQuery
    let client: Client
    private let transport: SocketTransport
    /// The client's own, for the number at the beginning.
    private let bytes: ArraySlice<UInt8>
    private var id: UInt16 = 0
    private var socket: SharedFD?
    /// What TCP has not taken yet, and what it has brought.
    private var outgoing: ArraySlice<UInt8> = []
    private var incoming: [UInt8] = []

    /// The place in the list of the server that is asked now.
    var server = 0
    /// How many have been asked, the same ones again included.
    var tries = 0
    let first: Int
    /// Those that have said that they do not help: asking again is no use.
    var refused: [Int] = []
    var deadline: UInt64 = 0

    init(_ query: NameQuery, bytes: ArraySlice<UInt8>, client: Client, first: Int) {
        (self.query, self.bytes, self.client, self.first) = (query, bytes, client, first)
        if case .datagram = client { transport = .udp } else { transport = .tcp }
    }

    /// Asks a server; false when it cannot even be asked.
    func ask(_ server: Endpoint, token: UInt64, _ poll: borrowing EventPoll) -> Bool {
        close(poll)
        var random = SystemRandomNumberGenerator()
        id = random.next()
        var message: [UInt8] = []
        if transport == .tcp { message.append(word: UInt16(bytes.count)) }
        message.append(word: id)
        message += bytes.dropFirst(2)
        do throws(CFSError) {
            let opened = try InternetSocket.open(server.address.family, transport)
            guard InternetSocket.connect(opened.raw, server) == 0 else { return false }
            if transport == .udp {
                let sent = message.withUnsafeBytes { InternetSocket.send(opened.raw, $0) }
                guard sent == message.count else { return false }
            } else {
                (outgoing, incoming) = (message[...], [])
            }
            try poll.add(opened.raw, transport == .udp ? .readable : .writable, token: token)
            socket = opened
            return true
        } catch {
            return false
        }
    }

    func close(_ poll: borrowing EventPoll) {
        if let socket { poll.remove(socket.raw) }
        socket = nil
    }

    /// Looks what has come.
    func move(token: UInt64, _ poll: borrowing EventPoll) -> Outcome {
        guard let socket else { return .waiting }
        return transport == .udp ? receive(socket.raw) : exchange(socket.raw, token, poll)
    }

    /// Packets are bounded for each call: who floods must not hold the loop.
    private func receive(_ fd: Int32) -> Outcome {
        for _ in 0..<16 {
            let (bytes, failure) = Self.read(fd)
            if failure == -ErrorCode.again { return .waiting }
            // A port where nobody listens, a net that is not reachable.
            if failure < 0 { return .failed }
            let outcome = judge(bytes[...])
            if outcome != .waiting { return outcome }
        }
        return .waiting
    }

    private static func read(_ fd: Int32) -> ([UInt8], Int) {
        var failure = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(UInt16.max) + 2) { buffer, count in
            let received = File.read(fd, into: UnsafeMutableRawBufferPointer(buffer))
            failure = min(0, received)
            count = max(0, received)
        }
        return (bytes, failure)
    }

    private func judge(_ bytes: ArraySlice<UInt8>) -> Outcome {
        switch query.judge(bytes, sentAs: id) {
        case .foreign: return .waiting
        case .failed(.formatError?): return .unread
        case .failed: return .failed
        case .answered:
            return .answered(query.relayed(bytes, limit: transport == .udp ? query.sizeLimit : Int(UInt16.max)))
        }
    }

    private func exchange(_ fd: Int32, _ token: UInt64, _ poll: borrowing EventPoll) -> Outcome {
        if !outgoing.isEmpty {
            let sent = outgoing.withUnsafeBytes { InternetSocket.send(fd, $0) }
            if sent == -ErrorCode.again { return InternetSocket.takeError(fd) == 0 ? .waiting : .failed }
            guard sent >= 0 else { return .failed }
            outgoing = outgoing.dropFirst(sent)
            guard outgoing.isEmpty else { return .waiting }
            do throws(CFSError) { try poll.modify(fd, .readable, token: token) } catch { return .failed }
        }
        let (bytes, failure) = Self.read(fd)
        if failure == -ErrorCode.again { return .waiting }
        guard failure == 0, !bytes.isEmpty else { return .failed }
        incoming += bytes
        guard incoming.count >= 2 else { return .waiting }
        let length = Int(incoming[...].word(at: 0))
        guard incoming.count >= 2 + length else { return .waiting }
        let outcome = judge(incoming[2..<(2 + length)])
        // One query, one answer: another one is no answer at all.
        return outcome == .waiting ? .failed : outcome
    }
}
