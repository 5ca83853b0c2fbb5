import CFSLinux
import Glibc
import Testing

@testable import CFSModel
@testable import CFSNetworks

/// One poll for all that a test has: what is tested, its clients and its servers, in the test's own thread. Time stands still
/// unless the test moves it.
final class TestLoop {
    let poll: EventPoll
    /// Nanoseconds.
    var now: UInt64 = 1_000_000_000_000
    private var parts: [(tokens: Range<UInt64>, handle: (UInt64) -> Void)] = []
    private var nextToken: UInt64 = 1 << 32

    init() throws {
        poll = try EventPoll()
        // As in the process that has such a loop.
        signal(SIGPIPE, SIG_IGN)
    }

    func add(_ tokens: Range<UInt64>, _ handle: @escaping (UInt64) -> Void) { parts.append((tokens, handle)) }

    /// Watches a descriptor of the test's own.
    @discardableResult
    func watch(
        _ fd: Int32, _ interest: EventPoll.Interest = .readable, _ handle: @escaping () -> Void
    ) throws -> UInt64 {
        let token = nextToken
        nextToken += 1
        parts.append((token..<(token + 1), { _ in handle() }))
        try poll.add(fd, interest, token: token)
        return token
    }

    /// Goes on until something is so; false when a minute passes without any event.
    func run(until isSo: () -> Bool) throws -> Bool {
        while !isSo() {
            let events = try poll.wait(milliseconds: 60_000)
            if events.isEmpty { return false }
            for event in events {
                for part in parts where part.tokens.contains(event.token) { part.handle(event.token) }
            }
        }
        return true
    }
}

let loopback = IPAddress("127.0.0.1")!

/// A socket of UDP that keeps what comes, and answers as the test says.
final class DatagramPeer {
    let fd: SharedFD
    let endpoint: Endpoint
    private(set) var received: [[UInt8]] = []
    private(set) var sources: [Endpoint] = []
    /// Gets each packet and a way back.
    var respond: (([UInt8], ([UInt8]) -> Void) -> Void)?
    /// The same, with whose it is.
    var respondWithSource: (([UInt8], Endpoint, ([UInt8]) -> Void) -> Void)?

    init(_ loop: TestLoop, at endpoint: Endpoint = Endpoint(loopback, 0)) throws {
        fd = try InternetSocket.open(endpoint.address.family, .udp)
        try InternetSocket.bind(fd.raw, endpoint, .udp)
        self.endpoint = InternetSocket.local(fd.raw)!
        try loop.watch(fd.raw) { [unowned self] in receive() }
    }

    private func receive() {
        while true {
            var buffer = [UInt8](repeating: 0, count: 65536)
            let (count, from) = buffer.withUnsafeMutableBytes { InternetSocket.receive(fd.raw, into: $0) }
            guard count >= 0, let from else { return }
            let bytes = Array(buffer.prefix(count))
            received.append(bytes)
            sources.append(from)
            respond?(bytes) { self.send($0, to: from) }
            respondWithSource?(bytes, from) { self.send($0, to: from) }
        }
    }

    func send(_ bytes: [UInt8], to endpoint: Endpoint) {
        _ = bytes.withUnsafeBytes { InternetSocket.send(fd.raw, $0, to: endpoint) }
    }
}

/// A connection of TCP, of a client or accepted, that keeps what comes.
final class StreamPeer {
    let fd: SharedFD
    private let loop: TestLoop
    private(set) var received: [UInt8] = []
    private(set) var hasEnded = false
    /// The error number that ended it.
    private(set) var failure: Int32?
    var respond: (() -> Void)?

    init(_ fd: SharedFD, _ loop: TestLoop) throws {
        (self.fd, self.loop) = (fd, loop)
        try loop.watch(fd.raw) { [unowned self] in receive() }
    }

    convenience init(to endpoint: Endpoint, _ loop: TestLoop) throws { try self.init(Self.connect(to: endpoint), loop) }

    static func connect(to endpoint: Endpoint) throws -> SharedFD {
        let fd = try InternetSocket.open(endpoint.address.family, .tcp)
        #expect(InternetSocket.connect(fd.raw, endpoint) == 0)
        // Over loopback, and with room in the backlog, a connection is there at once.
        #expect(InternetSocket.peer(fd.raw) != nil)
        return fd
    }

    private func receive() {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = buffer.withUnsafeMutableBytes { File.read(fd.raw, into: $0) }
        if count == -ErrorCode.again { return }
        if count > 0 {
            received += buffer.prefix(count)
        } else {
            hasEnded = true
            if count < 0 { failure = Int32(-count) }
            loop.poll.remove(fd.raw)
        }
        respond?()
    }

    /// What the kernel takes at once.
    @discardableResult
    func send(_ bytes: some Collection<UInt8>) -> Int {
        Array(bytes).withUnsafeBytes { InternetSocket.send(fd.raw, $0) }
    }

    /// Gives the socket away.
    func leave() -> SharedFD {
        loop.poll.remove(fd.raw)
        return fd
    }

    func endOutput() { shutdown(fd.raw, Int32(SHUT_WR)) }

    /// Messages of the DNS, each behind its length.
    var messages: [[UInt8]] {
        var (out, rest): ([[UInt8]], ArraySlice<UInt8>) = ([], received[...])
        while rest.count >= 2, rest.count - 2 >= Int(rest.word(at: 0)) {
            let length = Int(rest.word(at: 0))
            out.append(Array(rest.dropFirst(2).prefix(length)))
            rest = rest.dropFirst(2 + length)
        }
        return out
    }

    static func framed(_ message: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.append(word: UInt16(message.count))
        return out + message
    }
}

/// A listener of TCP that keeps its connections.
final class StreamServer {
    let fd: SharedFD
    let endpoint: Endpoint
    private(set) var connections: [StreamPeer] = []
    var accepted: ((StreamPeer) -> Void)?

    init(_ loop: TestLoop, _ endpoint: Endpoint = Endpoint(loopback, 0)) throws {
        fd = try InternetSocket.open(endpoint.address.family, .tcp)
        try InternetSocket.bind(fd.raw, endpoint, .tcp)
        try InternetSocket.listen(fd.raw, endpoint)
        self.endpoint = InternetSocket.local(fd.raw)!
        try loop.watch(fd.raw) { [unowned self] in
            let number = InternetSocket.accept(fd.raw)
            guard number >= 0, let peer = try? StreamPeer(SharedFD(OwnedFD(number)), loop) else { return }
            connections.append(peer)
            accepted?(peer)
        }
    }

    func dropConnections() { connections = [] }
}

/// A connection that sends much, and reads little at a time.
final class SlowPeer {
    private let fd: SharedFD
    private let loop: TestLoop
    private let token: UInt64
    private var rest: ArraySlice<UInt8>
    private(set) var received: [UInt8] = []
    private(set) var hasEnded = false

    init(_ fd: SharedFD, _ loop: TestLoop, sends bytes: [UInt8]) throws {
        (self.fd, self.loop, rest) = (fd, loop, bytes[...])
        token = try loop.watch(fd.raw, [.readable, .writable]) {}
        loop.add(token..<(token + 1)) { [unowned self] _ in move() }
    }

    private func move() {
        if !rest.isEmpty {
            let count = rest.withUnsafeBytes { InternetSocket.send(fd.raw, $0) }
            rest = rest.dropFirst(max(0, count))
            if rest.isEmpty {
                shutdown(fd.raw, Int32(SHUT_WR))
                _ = #expect(throws: Never.self) { try loop.poll.modify(fd.raw, .readable, token: token) }
            }
        }
        var buffer = [UInt8](repeating: 0, count: 10_000)
        let count = buffer.withUnsafeMutableBytes { File.read(fd.raw, into: $0) }
        if count > 0 { received += buffer.prefix(count) }
        if count == 0 {
            hasEnded = true
            loop.poll.remove(fd.raw)
        }
        #expect(count >= 0 || count == -ErrorCode.again)
    }
}
