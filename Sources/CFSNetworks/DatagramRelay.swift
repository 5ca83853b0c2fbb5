import CFSLinux
import CFSModel
import Glibc

/// The UDP half of a ``LoopbackRelay``: each client of a socket has a flow, a socket of its own towards the container, by
/// which the answers find back.
final class DatagramRelay {
    private final class Flow {
        let client: Endpoint
        /// What the client asked, and is answered by.
        let local: LocalAddress
        let fd: SharedFD
        var lastUsed: UInt64
        /// Whether the container has answered: then it is kept longer, as the kernel's own tracking does (conntrack).
        var isAnswered = false

        init(_ client: Endpoint, _ local: LocalAddress, _ fd: SharedFD, _ now: UInt64) {
            (self.client, self.local, self.fd, lastUsed) = (client, local, fd, now)
        }

        func deadline(_ limits: LoopbackRelay.Limits) -> UInt64 {
            lastUsed + (isAnswered ? limits.flowTime : limits.unansweredFlowTime)
        }
    }

    let listener: SharedFD
    /// Where it is bound.
    let endpoint: Endpoint
    private var target: Endpoint
    private var servesAll: Bool
    private let firstToken: UInt64
    private let limits: LoopbackRelay.Limits
    private var flows: [Flow?]

    /// - Parameter firstToken: of the flows.
    init(
        _ endpoint: Endpoint, target: Endpoint, servesAll: Bool, firstToken: UInt64, limits: LoopbackRelay.Limits
    ) throws(CFSError) {
        listener = try InternetSocket.open(endpoint.address.family, .udp)
        try InternetSocket.bind(listener.raw, endpoint, .udp)
        try InternetSocket.tellLocalAddress(listener.raw, endpoint.address.family)
        self.endpoint = InternetSocket.local(listener.raw) ?? endpoint
        (self.target, self.servesAll, self.firstToken, self.limits) = (target, servesAll, firstToken, limits)
        flows = Array(repeating: nil, count: limits.flows)
    }

    var flowCount: Int { flows.count { $0 != nil } }

    /// When the next flow ends.
    var deadline: UInt64 {
        var next = UInt64.max
        for flow in flows { if let flow { next = min(next, flow.deadline(limits)) } }
        return next
    }

    /// Passes on what clients have sent. Datagrams are bounded for each call.
    func receive(now: UInt64, _ poll: borrowing EventPoll) {
        for _ in 0..<64 {
            let (bytes, client, local) = Self.datagram(listener.raw)
            guard let bytes else { return }
            guard let client, servesAll || LoopbackRelay.serves(client, at: endpoint),
                let flow = flow(of: client, local, now, poll)
            else {
                continue
            }
            flow.lastUsed = now
            // What does not fit is lost, as datagrams are.
            _ = bytes.withUnsafeBytes { InternetSocket.send(flow.fd.raw, $0) }
        }
    }

    /// Passes on what the container has sent to a flow.
    func answer(_ slot: Int, now: UInt64) {
        guard flows.indices.contains(slot), let flow = flows[slot] else { return }
        for _ in 0..<64 {
            var failure = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: Int(UInt16.max)) { buffer, count in
                let received = File.read(flow.fd.raw, into: UnsafeMutableRawBufferPointer(buffer))
                failure = min(0, received)
                count = max(0, received)
            }
            if failure == -ErrorCode.again { return }
            // Nobody listens there at the moment: its client hears nothing, and may ask again.
            if failure < 0 { continue }
            (flow.lastUsed, flow.isAnswered) = (now, true)
            _ = bytes.withUnsafeBytes { InternetSocket.send(listener.raw, $0, to: flow.client, from: flow.local) }
        }
    }

    /// Ends flows that nobody uses.
    func tick(now: UInt64, _ poll: borrowing EventPoll) {
        for slot in flows.indices { if let flow = flows[slot], flow.deadline(limits) <= now { end(slot, poll) } }
    }

    /// Passes on to another address from now on; clients that there are begin anew.
    func lead(to target: Endpoint, servesAll: Bool, _ poll: borrowing EventPoll) {
        (self.target, self.servesAll) = (target, servesAll)
        for slot in flows.indices { end(slot, poll) }
    }

    func stop(_ poll: borrowing EventPoll) {
        poll.remove(listener.raw)
        for slot in flows.indices { end(slot, poll) }
    }

    private func end(_ slot: Int, _ poll: borrowing EventPoll) {
        if let flow = flows[slot] { poll.remove(flow.fd.raw) }
        flows[slot] = nil
    }

    /// That of a client, or a new one; with no room left the one that was used longest ago makes it.
    private func flow(
        of client: Endpoint, _ local: LocalAddress, _ now: UInt64, _ poll: borrowing EventPoll
    ) -> Flow? {
        var (free, oldest): (Int?, (slot: Int, used: UInt64)?) = (nil, nil)
        for slot in flows.indices {
            guard let flow = flows[slot] else {
                free = free ?? slot
                continue
            }
            if flow.client == client, flow.local == local { return flow }
            if flow.lastUsed < oldest?.used ?? .max { oldest = (slot, flow.lastUsed) }
        }
        guard let slot = free ?? oldest?.slot else { return nil }
        end(slot, poll)
        do throws(CFSError) {
            let fd = try InternetSocket.open(target.address.family, .udp)
            try checked(InternetSocket.connect(fd.raw, target), "connect", .running)
            try poll.add(fd.raw, .readable, token: firstToken + UInt64(slot))
            let made = Flow(client, local, fd, now)
            flows[slot] = made
            return made
        } catch {
            return nil
        }
    }

    private static func datagram(_ fd: Int32) -> ([UInt8]?, Endpoint?, LocalAddress) {
        var (from, local): (Endpoint?, LocalAddress) = (nil, LocalAddress())
        var failure = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(UInt16.max)) { buffer, count in
            let received = InternetSocket.receiveDatagram(fd, into: UnsafeMutableRawBufferPointer(buffer))
            (from, local) = (received.from, received.local)
            failure = min(0, received.count)
            count = max(0, received.count)
        }
        return (failure < 0 ? nil : bytes, from, local)
    }
}
