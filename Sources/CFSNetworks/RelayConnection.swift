import CFSLinux
import CFSModel
import Glibc

/// One connection of a ``LoopbackRelay``: a client of the host and the container's port, and the bytes between them.
final class RelayConnection {
    private struct Side {
        let fd: SharedFD
        let token: UInt64
        /// What the poll looks for; nil when it does not watch it.
        var interest: EventPoll.Interest?
        /// Whether both of its ways have ended: nothing more comes than what lies there.
        var isOver = false
    }

    private var client: Side
    private var target: Side
    private var toTarget = SpliceStream()
    private var toClient = SpliceStream()
    private let pipes: SplicePipes
    /// When the target must have answered; nil once it has.
    private(set) var deadline: UInt64?

    /// Begins to connect. A client whose target cannot even be asked is reset.
    init(
        client: SharedFD, target: Endpoint, tokens: (client: UInt64, target: UInt64), pipes: SplicePipes,
        deadline: UInt64, _ poll: borrowing EventPoll
    ) throws(CFSError) {
        InternetSocket.set(client.raw, isResetWhenClosed: true)
        let opened = try InternetSocket.open(target.address.family, .tcp)
        InternetSocket.set(opened.raw, isResetWhenClosed: true)
        try checked(InternetSocket.connect(opened.raw, target), "connect", .running)
        (self.pipes, self.deadline) = (pipes, deadline)
        self.client = Side(fd: client, token: tokens.client, interest: nil)
        self.target = Side(fd: opened, token: tokens.target, interest: .writable)
        for side in [client, opened] {
            // Either may be gone without a word.
            try InternetSocket.set(side.raw, SOL_SOCKET, SO_KEEPALIVE, 1)
            try InternetSocket.set(side.raw, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        }
        try poll.add(opened.raw, .writable, token: tokens.target)
    }

    /// Takes an event of one of the sockets; false when the connection is over.
    func handle(isTarget: Bool, _ poll: borrowing EventPoll) -> Bool {
        let side = isTarget ? target : client
        if deadline != nil {
            guard InternetSocket.takeError(target.fd.raw) == 0 else { return false }
            // An event of the connection that had the token before.
            guard InternetSocket.peer(target.fd.raw) != nil else { return true }
            deadline = nil
        }
        if side.interest == [] {
            guard InternetSocket.takeError(side.fd.raw) == 0 else { return false }
            // Only the end of both ways wakes a socket that nothing is expected of, and would do so again and again.
            poll.remove(side.fd.raw)
            if isTarget { Self.end(&target) } else { Self.end(&client) }
        }
        toTarget.move(from: client.fd.raw, to: target.fd.raw, pipes)
        toClient.move(from: target.fd.raw, to: client.fd.raw, pipes)
        if toTarget.state == .broken || toClient.state == .broken { return false }
        if toTarget.state == .ended, toClient.state == .ended {
            // Both were closed in order: so is this.
            for fd in [client.fd, target.fd] { InternetSocket.set(fd.raw, isResetWhenClosed: false) }
            return false
        }
        return update(poll)
    }

    private static func end(_ side: inout Side) { (side.interest, side.isOver) = (nil, true) }

    private func update(_ poll: borrowing EventPoll) -> Bool {
        do throws(CFSError) {
            try Self.update(&client, incoming: toTarget, outgoing: toClient, from: target, poll)
            try Self.update(&target, incoming: toClient, outgoing: toTarget, from: client, poll)
            return true
        } catch {
            return false
        }
    }

    private static func update(
        _ side: inout Side, incoming: SpliceStream, outgoing: SpliceStream, from other: Side,
        _ poll: borrowing EventPoll
    ) throws(CFSError) {
        guard !side.isOver else { return }
        var wanted: EventPoll.Interest = []
        if incoming.waitsForSource { wanted.insert(.readable) }
        // What lies at a side that is not watched any more wakes nobody.
        if outgoing.waitsForSink || other.isOver && outgoing.waitsForSource { wanted.insert(.writable) }
        guard side.interest != wanted else { return }
        if side.interest == nil {
            try poll.add(side.fd.raw, wanted, token: side.token)
        } else {
            try poll.modify(side.fd.raw, wanted, token: side.token)
        }
        side.interest = wanted
    }

    func close(_ poll: borrowing EventPoll) { for side in [client, target] { poll.remove(side.fd.raw) } }
}
