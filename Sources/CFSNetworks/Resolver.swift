import CFSLinux
import CFSModel
import Glibc

/// The name server of one container: it knows the containers of its networks, and asks the host's servers for the rest.
///
/// It lives in a process with one thread: all descriptors belong to the process's poll, nothing blocks, and whatever the
/// container sends, memory stays bounded. Its own sockets are in the container's network namespace; those to the servers are
/// opened in the one that the thread is in when a query comes, the host's.
package final class Resolver {
    /// What one container may have at once.
    package struct Limits: Sendable {
        /// Queries that wait for a server; one more is answered with SERVFAIL. 256 at most.
        package var queries = 256
        /// Connections of TCP; for one more the idlest goes. 16 at most.
        package var connections = 16
        /// Nanoseconds that a connection may stay without a question.
        package var idleTime: UInt64 = 10_000_000_000

        package init() {}
    }

    private enum Place {
        static let udp: UInt64 = 0
        static let tcp: UInt64 = 1
        static let connections: Range<UInt64> = 16..<32
        static let queries: Range<UInt64> = 256..<512
    }

    /// How many tokens of the poll it has, from its first on.
    package static let tokenCount: UInt64 = 512
    package let tokens: Range<UInt64>

    /// Whom it asks; nil when all networks are internal. Then what nobody here has does not exist (NXDOMAIN), which every C
    /// library takes for an answer; musl would wait five seconds for another one after REFUSED.
    package var forwarding: Forwarding?

    private let sockets: ResolverSockets
    private let directory: NameDirectory
    private let limits: Limits
    private let clock: () -> UInt64
    private var queries: [ForwardedQuery?]
    private var connections: [ResolverConnection?]
    private var connectionNumber: UInt64 = 0
    /// Begins another list of addresses with each answer.
    private var turn = 0
    /// The server that answered last in the place of the first, and how long it stays the first.
    private var preferred = (server: 0, until: UInt64(0))
    /// When the listener is looked at again, after there was no descriptor for a connection.
    private var acceptsAgain: UInt64?

    /// - Parameters:
    ///   - tables: a file of ``NameTable`` for each of the container's networks. What has changed is read anew.
    ///   - names: fixed ones beside those, such as `host.cfs.internal`; they come first.
    ///   - domains: search domains that stand for the networks: `web.DOMAIN` is `web`, and nobody else is asked.
    ///   - token: the first of ``tokenCount`` tokens.
    ///   - clock: nanoseconds that never go back.
    package init(
        sockets: ResolverSockets, tables: [String], names: [(name: String, addresses: [IPAddress])] = [],
        domains: [String] = [], forwarding: Forwarding?, limits: Limits = Limits(), token: UInt64,
        clock: @escaping () -> UInt64 = { SystemClock.monotonic }
    ) {
        self.sockets = sockets
        directory = NameDirectory(paths: tables, fixed: names, domains: domains)
        self.forwarding = forwarding
        self.limits = limits
        self.clock = clock
        tokens = token..<(token + Self.tokenCount)
        queries = Array(repeating: nil, count: min(limits.queries, Place.queries.count))
        connections = Array(repeating: nil, count: min(limits.connections, Place.connections.count))
    }

    /// The container is on other networks now.
    package func setTables(_ paths: [String]) { directory.setPaths(paths) }

    /// Other fixed names in the place of those that there are.
    package func setNames(_ names: [(name: String, addresses: [IPAddress])]) { directory.setFixed(names) }

    // MARK: The loop

    package func watch(_ poll: borrowing EventPoll) throws(CFSError) {
        try poll.add(sockets.udp.raw, .readable, token: tokens.lowerBound + Place.udp)
        try poll.add(sockets.tcp.raw, .readable, token: tokens.lowerBound + Place.tcp)
    }

    /// Takes an event of the poll.
    package func handle(_ token: UInt64, _ poll: borrowing EventPoll) {
        guard tokens.contains(token) else { return }
        switch token - tokens.lowerBound {
        case Place.udp: receive(poll)
        case Place.tcp: accept(poll)
        case let place where Place.connections.contains(place):
            serve(Int(place - Place.connections.lowerBound), poll)
        case let place where Place.queries.contains(place):
            moveQuery(Int(place - Place.queries.lowerBound), poll)
        default: return
        }
    }

    /// How long the poll may wait, in milliseconds; -1 without end.
    package var patience: Int32 {
        var next = acceptsAgain ?? .max
        for query in queries { if let query { next = min(next, query.deadline) } }
        for connection in connections {
            if let connection, connection.waiting == 0 { next = min(next, connection.lastActive + limits.idleTime) }
        }
        return LoopPatience.milliseconds(until: next, now: clock())
    }

    /// Sees to what is due.
    package func tick(_ poll: borrowing EventPoll) {
        let now = clock()
        for slot in queries.indices {
            guard let query = queries[slot], query.deadline <= now else { continue }
            if preferred.server == query.server { preferred = (0, 0) }
            askNext(slot, poll)
        }
        for slot in connections.indices {
            guard let connection = connections[slot], connection.waiting == 0 else { continue }
            if connection.lastActive + limits.idleTime <= now { closeConnection(slot, poll) }
        }
        if let due = acceptsAgain, due <= now { listenAgain(poll) }
    }

    /// The poll forgets all of it.
    package func stop(_ poll: borrowing EventPoll) {
        for socket in [sockets.udp, sockets.tcp] { poll.remove(socket.raw) }
        for slot in connections.indices { closeConnection(slot, poll) }
        for slot in queries.indices { endQuery(slot, poll) }
        acceptsAgain = nil
    }

    // MARK: Clients

    /// Packets are bounded for each call: who floods must not hold the loop.
    private func receive(_ poll: borrowing EventPoll) {
        for _ in 0..<64 {
            var client: Endpoint?
            var failure = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: Int(UInt16.max)) { buffer, count in
                let received = InternetSocket.receive(sockets.udp.raw, into: UnsafeMutableRawBufferPointer(buffer))
                client = received.from
                failure = min(0, received.count)
                count = max(0, received.count)
            }
            if failure < 0 { return }
            if let client, client.port != 0 { take(bytes[...], .datagram(client), poll) { send($0, to: client) } }
        }
    }

    /// One that cannot be sent is lost, as packets are; its client asks again.
    private func send(_ answer: [UInt8], to client: Endpoint) {
        _ = answer.withUnsafeBytes { InternetSocket.send(sockets.udp.raw, $0, to: client) }
    }

    private func accept(_ poll: borrowing EventPoll) {
        for _ in 0..<64 {
            let number = InternetSocket.accept(sockets.tcp.raw)
            if number == -ErrorCode.again { return }
            guard number >= 0 else {
                // One that was reset before; else no descriptor or memory is left, which is told again and again.
                if ![EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(Int32(-number)) { return }
                if !dropIdlest(poll) {
                    poll.remove(sockets.tcp.raw)
                    acceptsAgain = clock() + 1_000_000_000
                    return
                }
                continue
            }
            let fd = SharedFD(OwnedFD(number))
            if !connections.contains(where: { $0 == nil }), !dropIdlest(poll) { continue }
            guard let slot = connections.firstIndex(where: { $0 == nil }) else { continue }
            connectionNumber += 1
            do throws(CFSError) {
                connections[slot] = try ResolverConnection(
                    fd, number: connectionNumber,
                    token: tokens.lowerBound + Place.connections.lowerBound + UInt64(slot),
                    now: clock(), poll)
            } catch {
                continue
            }
        }
    }

    private func listenAgain(_ poll: borrowing EventPoll) {
        do throws(CFSError) {
            try poll.add(sockets.tcp.raw, .readable, token: tokens.lowerBound + Place.tcp)
            acceptsAgain = nil
        } catch {
            acceptsAgain = clock() + 1_000_000_000
        }
    }

    /// Closes the connection that has done nothing for longest and waits for nothing.
    private func dropIdlest(_ poll: borrowing EventPoll) -> Bool {
        var idlest: (slot: Int, time: UInt64)?
        for slot in connections.indices {
            guard let connection = connections[slot], connection.waiting == 0 else { continue }
            if connection.lastActive < idlest?.time ?? .max { idlest = (slot, connection.lastActive) }
        }
        if let idlest { closeConnection(idlest.slot, poll) }
        return idlest != nil
    }

    private func closeConnection(_ slot: Int, _ poll: borrowing EventPoll) {
        guard let connection = connections[slot] else { return }
        connection.close(poll)
        connections[slot] = nil
        for query in queries.indices where queries[query]?.client == .connection(connection.number) {
            endQuery(query, poll)
        }
    }

    private func serve(_ slot: Int, _ poll: borrowing EventPoll) {
        guard let connection = connections[slot] else { return }
        let goesOn = connection.handle(now: clock(), poll) { takeQuery($0, of: connection, poll) }
        if !goesOn { closeConnection(slot, poll) }
    }

    /// Whether the answer comes later.
    private func takeQuery(
        _ bytes: ArraySlice<UInt8>, of connection: ResolverConnection, _ poll: borrowing EventPoll
    ) -> Bool {
        take(bytes, .connection(connection.number), poll) { connection.put($0) }
    }

    // MARK: Questions

    /// Answers a packet at once, or begins to ask others; whether the answer comes later.
    @discardableResult
    private func take(
        _ bytes: ArraySlice<UInt8>, _ client: ForwardedQuery.Client, _ poll: borrowing EventPoll,
        answer: ([UInt8]) -> Void
    ) -> Bool {
        switch NameQuery.read(bytes) {
        case .nothing: return false
        case .fault(let fault):
            answer(fault)
            return false
        case .query(let query, let length):
            if let known = known(query, limit: Self.limit(query, client)) {
                answer(known)
                return false
            }
            return forward(query, bytes.prefix(length), client, poll, answer: answer)
        }
    }

    private static func limit(_ query: NameQuery, _ client: ForwardedQuery.Client) -> Int {
        if case .datagram = client { query.sizeLimit } else { Int(UInt16.max) }
    }

    /// What is answered here; nil for what others know.
    private func known(_ query: NameQuery, limit: Int) -> [UInt8]? {
        if let version = query.extended?.version, version > 0 { return query.answer(.badVersion) }
        // Of other classes only servers speak about themselves, and a transfer is no single answer.
        guard query.group == NameQuery.internet, query.type != .axfr, query.type != .ixfr else {
            return query.answer(.refused)
        }
        directory.refresh()
        switch directory.find(query.name, query.type) {
        case .addresses(let addresses):
            // All that there is for ANY, as far as it fits (RFC 8482, 4.1).
            let records = addresses.map { NameRecord($0) }.filter { query.type == .any || query.type == $0.type }
            turn &+= 1
            let first = records.isEmpty ? 0 : turn % records.count
            let rotated = Array(records[first...] + records[..<first])
            return query.answer(.noError, rotated, isAuthoritative: true, limit: limit)
        case .pointer(let name):
            return query.answer(.noError, [NameRecord(pointingAt: name)], isAuthoritative: true, limit: limit)
        case .absent: return query.answer(.nameError, isAuthoritative: true)
        // What ends so is ours: whoever answers for it elsewhere would pose as the host.
        case .unknown where query.name.isOurs: return query.answer(.nameError)
        case .unknown: return forwarding == nil ? query.answer(.nameError) : nil
        }
    }

    private func forward(
        _ query: NameQuery, _ bytes: ArraySlice<UInt8>, _ client: ForwardedQuery.Client, _ poll: borrowing EventPoll,
        answer: ([UInt8]) -> Void
    ) -> Bool {
        // A client that asks again has lost patience, not its question.
        if case .datagram = client,
            queries.contains(where: { $0.map { $0.client == client && $0.query == query } ?? false })
        {
            return true
        }
        guard let slot = queries.firstIndex(where: { $0 == nil }), let forwarding, !forwarding.servers.isEmpty else {
            answer(query.answer(.serverFailure))
            return false
        }
        let now = clock()
        turn &+= 1
        let first = forwarding.rotates ? turn : now < preferred.until ? preferred.server : 0
        let forwarded = ForwardedQuery(query, bytes: bytes, client: client, first: first)
        queries[slot] = forwarded
        if askServer(slot, forwarded, poll) { return true }
        queries[slot] = nil
        answer(query.answer(.serverFailure))
        return false
    }

    /// Asks the next server that may help; false when there is none.
    private func askServer(_ slot: Int, _ query: ForwardedQuery, _ poll: borrowing EventPoll) -> Bool {
        guard let forwarding else { return false }
        let count = forwarding.servers.count
        while query.tries < count * forwarding.attempts {
            query.server = (query.first + query.tries) % count
            query.tries += 1
            if query.refused.contains(query.server) { continue }
            let token = tokens.lowerBound + Place.queries.lowerBound + UInt64(slot)
            guard query.ask(forwarding.servers[query.server], token: token, poll) else { continue }
            query.deadline = clock() + forwarding.timeout
            return true
        }
        return false
    }

    private func askNext(_ slot: Int, _ poll: borrowing EventPoll) {
        guard let query = queries[slot], !askServer(slot, query, poll) else { return }
        conclude(slot, query.query.answer(.serverFailure), poll)
    }

    private func moveQuery(_ slot: Int, _ poll: borrowing EventPoll) {
        guard let query = queries[slot] else { return }
        let token = tokens.lowerBound + Place.queries.lowerBound + UInt64(slot)
        switch query.move(token: token, poll) {
        case .waiting: return
        case .failed:
            query.refused.append(query.server)
            askNext(slot, poll)
        case .unread: conclude(slot, query.query.answer(.formatError), poll)
        case .answered(let answer):
            if query.tries > 1 { preferred = (query.server, clock() + 60_000_000_000) }
            conclude(slot, answer, poll)
        }
    }

    private func endQuery(_ slot: Int, _ poll: borrowing EventPoll) {
        queries[slot]?.close(poll)
        queries[slot] = nil
    }

    private func conclude(_ slot: Int, _ answer: [UInt8], _ poll: borrowing EventPoll) {
        guard let client = queries[slot]?.client else { return }
        endQuery(slot, poll)
        switch client {
        case .datagram(let endpoint): send(answer, to: endpoint)
        case .connection(let number):
            guard let place = connections.firstIndex(where: { $0?.number == number }),
                let connection = connections[place]
            else { return }
            let goesOn = connection.deliver(answer, now: clock(), poll) { takeQuery($0, of: connection, poll) }
            if !goesOn { closeConnection(place, poll) }
        }
    }
}
