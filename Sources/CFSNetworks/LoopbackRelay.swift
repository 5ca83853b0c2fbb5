import CFSLinux
import CFSModel
import Glibc

/// Makes one published port of a container reachable at the host's loopback addresses, where packet-filter rules cannot:
/// listens there, and passes on what comes to the container's address. It is the port's reservation, too.
///
/// It lives in a process with one thread: nothing blocks, and all descriptors belong to the process's poll. That process has
/// SIGPIPE blocked or ignored: splice(2) to a connection that broke raises it.
///
/// At `0.0.0.0` and `::` (which take the port of every address) only clients at a loopback address are served: what comes
/// from elsewhere is led to the container by rules, and where no rule says so it is refused.
package final class LoopbackRelay {
    package struct Limits: Sendable {
        /// Connections of TCP at once, 2048 at most; more wait until one ends.
        package var connections = 256
        /// Clients of UDP at once, 2048 at most; for one more the one that was used longest ago goes.
        package var flows = 256
        /// Nanoseconds that a client of UDP may rest.
        package var flowTime: UInt64 = 120_000_000_000
        /// The same as long as the container has not answered.
        package var unansweredFlowTime: UInt64 = 30_000_000_000
        /// Nanoseconds in which the container must take a connection.
        package var connectTime: UInt64 = 10_000_000_000

        package init() {}
    }

    /// How many tokens of the poll it has, from its first on: the listener's, and two for each connection.
    package static let tokenCount: UInt64 = 4112
    private static let listenerPlace: UInt64 = 0
    private static let firstPlace: UInt64 = 16
    private static let most = 2048

    package let tokens: Range<UInt64>
    /// Where it listens: with the port that the kernel chose, when 0 was asked for.
    package let endpoint: Endpoint

    private enum Listener {
        case stream(SharedFD)
        case datagram(DatagramRelay)
    }

    private let listener: Listener
    private var target: Endpoint
    private var servesAll: Bool
    private let limits: Limits
    private let clock: () -> UInt64
    private let pipes = SplicePipes()
    private var connections: [RelayConnection?]
    /// When the listener is looked at again, after there was no descriptor for a connection; `UInt64.max` when it waits for a
    /// connection to end; nil when it is watched.
    private var acceptsAgain: UInt64?

    /// Listens in the network namespace that this thread is in.
    ///
    /// - Parameters:
    ///   - endpoint: a loopback address, or `0.0.0.0` or `::`.
    ///   - target: the container's address and port.
    ///   - servesAll: whether clients from elsewhere are served too: where the container has no address of the family, no rule can
    ///     lead them to it. It sees them come from the host.
    ///   - token: the first of ``tokenCount`` tokens.
    ///   - clock: nanoseconds that never go back.
    /// - Throws: `conflict` for a port that is in use; it names address and port. `invalidArgument` for an address that is
    ///   neither.
    package init(
        at endpoint: Endpoint, _ transport: SocketTransport, to target: Endpoint, servesAll: Bool = false,
        limits: Limits = Limits(), token: UInt64,
        clock: @escaping () -> UInt64 = { SystemClock.monotonic }
    ) throws(CFSError) {
        guard endpoint.address.isLoopback || endpoint.address.isUnspecified else {
            throw CFSError(.invalidArgument, .preparing, "\(endpoint.address) is no loopback address")
        }
        var limits = limits
        limits.connections = min(limits.connections, Self.most)
        limits.flows = min(limits.flows, Self.most)
        tokens = token..<(token + Self.tokenCount)
        (self.target, self.servesAll, self.limits, self.clock) = (target, servesAll, limits, clock)
        switch transport {
        case .tcp:
            let socket = try InternetSocket.open(endpoint.address.family, .tcp)
            // Connections of a relay before this one may still be remembered (TIME_WAIT).
            try InternetSocket.set(socket.raw, SOL_SOCKET, SO_REUSEADDR, 1)
            try InternetSocket.bind(socket.raw, endpoint, .tcp)
            try InternetSocket.listen(socket.raw, endpoint)
            self.endpoint = InternetSocket.local(socket.raw) ?? endpoint
            listener = .stream(socket)
            connections = Array(repeating: nil, count: limits.connections)
        case .udp:
            let relay = try DatagramRelay(
                endpoint, target: target, servesAll: servesAll, firstToken: token + Self.firstPlace, limits: limits)
            self.endpoint = relay.endpoint
            listener = .datagram(relay)
            connections = []
        }
    }

    /// A packet with a loopback address of somebody else never gets past the kernel's routing.
    static func serves(_ client: Endpoint, at endpoint: Endpoint) -> Bool {
        endpoint.address.isLoopback || client.address.isLoopback
    }

    /// Connections of TCP, or clients of UDP, at this moment.
    package var count: Int {
        switch listener {
        case .stream: connections.count { $0 != nil }
        case .datagram(let relay): relay.flowCount
        }
    }

    private var listenerFD: Int32 {
        switch listener {
        case .stream(let fd): fd.raw
        case .datagram(let relay): relay.listener.raw
        }
    }

    // MARK: The loop

    package func watch(_ poll: borrowing EventPoll) throws(CFSError) {
        try poll.add(listenerFD, .readable, token: tokens.lowerBound + Self.listenerPlace)
    }

    /// Takes an event of the poll.
    package func handle(_ token: UInt64, _ poll: borrowing EventPoll) {
        guard tokens.contains(token) else { return }
        let place = token - tokens.lowerBound
        switch listener {
        case .datagram(let relay):
            if place == Self.listenerPlace { return relay.receive(now: clock(), poll) }
            if place >= Self.firstPlace { relay.answer(Int(place - Self.firstPlace), now: clock()) }
        case .stream(let socket):
            if place == Self.listenerPlace { return accept(socket.raw, poll) }
            guard place >= Self.firstPlace else { return }
            let slot = Int((place - Self.firstPlace) / 2)
            guard connections.indices.contains(slot), let connection = connections[slot] else { return }
            if !connection.handle(isTarget: (place - Self.firstPlace) % 2 == 1, poll) { close(slot, poll) }
        }
    }

    /// Passes on to another address from now on; connections and clients that there are end.
    ///
    /// - Parameters: as of ``init(at:_:to:servesAll:limits:token:clock:)``.
    package func lead(to target: Endpoint, servesAll: Bool, _ poll: borrowing EventPoll) {
        (self.target, self.servesAll) = (target, servesAll)
        if case .datagram(let relay) = listener { return relay.lead(to: target, servesAll: servesAll, poll) }
        for slot in connections.indices { close(slot, poll) }
    }

    /// How long the poll may wait, in milliseconds; -1 without end.
    package var patience: Int32 {
        var next = acceptsAgain ?? .max
        for connection in connections { if let due = connection?.deadline { next = min(next, due) } }
        if case .datagram(let relay) = listener { next = min(next, relay.deadline) }
        return LoopPatience.milliseconds(until: next, now: clock())
    }

    /// Sees to what is due.
    package func tick(_ poll: borrowing EventPoll) {
        let now = clock()
        for slot in connections.indices { if let due = connections[slot]?.deadline, due <= now { close(slot, poll) } }
        if case .datagram(let relay) = listener { relay.tick(now: now, poll) }
        if let due = acceptsAgain, due <= now { listenAgain(poll) }
    }

    /// The poll forgets all of it; connections are reset.
    package func stop(_ poll: borrowing EventPoll) {
        if case .datagram(let relay) = listener { return relay.stop(poll) }
        for slot in connections.indices { close(slot, poll) }
        poll.remove(listenerFD)
        acceptsAgain = nil
    }

    // MARK: Connections

    private func accept(_ socket: Int32, _ poll: borrowing EventPoll) {
        for _ in 0..<64 {
            guard let slot = connections.firstIndex(where: { $0 == nil }) else { return pause(until: .max, poll) }
            let number = InternetSocket.accept(socket)
            guard number >= 0 else {
                // No descriptor or memory is left, which is told again and again.
                if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(Int32(-number)) {
                    pause(until: clock() + 1_000_000_000, poll)
                }
                return
            }
            let client = SharedFD(OwnedFD(number))
            InternetSocket.set(client.raw, isResetWhenClosed: true)
            guard let peer = InternetSocket.peer(client.raw), servesAll || Self.serves(peer, at: endpoint) else {
                continue
            }
            let first = tokens.lowerBound + Self.firstPlace + UInt64(slot) * 2
            do throws(CFSError) {
                connections[slot] = try RelayConnection(
                    client: client, target: target, tokens: (first, first + 1), pipes: pipes,
                    deadline: clock() + limits.connectTime, poll)
            } catch {
                continue
            }
        }
    }

    private func pause(until due: UInt64, _ poll: borrowing EventPoll) {
        poll.remove(listenerFD)
        acceptsAgain = due
    }

    private func listenAgain(_ poll: borrowing EventPoll) {
        do throws(CFSError) {
            try watch(poll)
            acceptsAgain = nil
        } catch {
            acceptsAgain = clock() + 1_000_000_000
        }
    }

    private func close(_ slot: Int, _ poll: borrowing EventPoll) {
        guard let connection = connections[slot] else { return }
        connection.close(poll)
        connections[slot] = nil
        // There is room, and a descriptor.
        if acceptsAgain != nil { listenAgain(poll) }
    }
}
