import CFSLinux
import CFSModel
import CLinux
import Glibc

/// The monitor's own socket: whoever calls there becomes a client.
///
/// A caller that cannot be taken for want of a descriptor stays ready, and a loop that watches for it would never sleep. So
/// the socket is not watched then; callers wait in its queue.
final class ClientListener {
    /// Descriptors that callers may not use up: the end of a container needs some, for its cgroup and its record.
    static let reserve = 8
    /// How long to wait for descriptors that somebody else returns, in milliseconds.
    static let pause: Int32 = 1000

    /// What is asked of the kernel, for tests.
    struct Calls {
        var accept: (Int32) -> Int = { Int(cfs_accept($0)) }
        var descriptorLimit: () -> UInt64 = ClientListener.descriptorLimit
        var now: () -> UInt64 = { SystemClock.monotonic }
    }

    private static func descriptorLimit() -> UInt64 {
        var (soft, hard): (UInt64, UInt64) = (0, 0)
        return cfs_getrlimit(Int32(RLIMIT_NOFILE.rawValue), &soft, &hard) == 0 ? soft : .max
    }

    /// Whether the reserve is untouched by what a client has sent.
    static func hasRoom(beside files: [SharedFD]) -> Bool {
        let limit = descriptorLimit()
        return files.allSatisfy { UInt64(Int($0.raw) + reserve) < limit }
    }

    private enum State {
        case watching
        /// Callers have all descriptors that are theirs: until a client leaves.
        case full
        /// The kernel had none to give: until a client leaves, or this time has come, since others may return some.
        case starved(until: UInt64)
    }

    private let socket: SharedFD
    private let token: UInt64
    private let calls: Calls
    private var state = State.watching

    /// - Parameter token: of the poll's events.
    init(_ socket: consuming OwnedFD, token: UInt64, calls: Calls = Calls()) {
        self.socket = SharedFD(socket)
        self.token = token
        self.calls = calls
    }

    func watch(_ poll: borrowing EventPoll) throws(CFSError) { try poll.add(socket.raw, .readable, token: token) }

    /// How long the poll may wait for an event: without end, unless the socket is to be watched again.
    var patience: Int32 { if case .starved = state { Self.pause } else { -1 } }

    /// Takes one caller. None may do the container harm, so nothing is thrown.
    func accept(into clients: ClientConnections, _ poll: borrowing EventPoll) {
        let result = calls.accept(socket.raw)
        guard result >= 0 else {
            // Any other error is of a caller that went away.
            if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(Int32(-result)) { stopWatching(starved, poll) }
            return
        }
        let connection = SharedFD(OwnedFD(result))
        do throws(CFSError) { _ = try clients.add(connection, poll) } catch { return }
        if UInt64(result + Self.reserve) >= calls.descriptorLimit() { stopWatching(.full, poll) }
    }

    private var starved: State { .starved(until: calls.now() + UInt64(Self.pause) * 1_000_000) }

    private func stopWatching(_ state: State, _ poll: borrowing EventPoll) {
        poll.remove(socket.raw)
        self.state = state
    }

    /// Watches again when there is hope for a descriptor.
    func resume(_ poll: borrowing EventPoll, clientLeft: Bool) {
        switch state {
        case .watching: return
        case .full: guard clientLeft else { return }
        case .starved(let until): guard clientLeft || calls.now() >= until else { return }
        }
        do throws(CFSError) {
            try watch(poll)
            state = .watching
        } catch {
            state = starved
        }
    }
}
