import CFSLinux
import CFSModel
import CFSMonitor
import CFSRegistry
import Glibc
import Synchronization

/// A container that was asked to end. Its time runs from then on, whenever somebody waits.
public final class PendingStop: Sendable {
    /// Nil for one that has ended already.
    private let monitor: MessageSocket?
    /// Nil likewise.
    private let container: (engine: Engine, row: ContainerRow)?
    /// Nil where the registry had no room for one.
    private let claim: ClaimedContainer?
    private let isSettled = Atomic(false)
    /// On the monotonic clock.
    private let deadline: UInt64

    init() {
        monitor = nil
        container = nil
        claim = nil
        deadline = 0
    }

    init(_ monitor: consuming MessageSocket, _ engine: Engine, _ claim: ClaimedContainer, seconds: Int) {
        self.monitor = consume monitor
        container = (engine, claim.row)
        self.claim = claim
        deadline = Self.deadline(seconds)
    }

    /// Without a claim: somebody else may stop it, too.
    init(_ monitor: consuming MessageSocket, _ engine: Engine, unclaimed row: ContainerRow, seconds: Int) {
        self.monitor = consume monitor
        container = (engine, row)
        claim = nil
        deadline = Self.deadline(seconds)
    }

    private static func deadline(_ seconds: Int) -> UInt64 {
        SystemClock.monotonic + UInt64(max(0, seconds)) * 1_000_000_000
    }

    // Nobody waits any more: whoever stops it next may.
    deinit { settle(hasEnded: false) }

    private func settle(hasEnded: Bool) {
        guard let (engine, row) = container, !isSettled.exchange(true, ordering: .relaxed) else { return }
        if let claim {
            Engine.regardless { () throws(CFSError) in try engine.settle(claim, hasEnded ? .exited : .running) }
        }
        guard hasEnded else { return }
        engine.remember("stop", row, endsIt: true)
        engine.note("stop", row)
        // One that removes itself has made room.
        engine.reserve.make()
    }

    /// For who waits without a thread: readable when ``look()`` may have news; nil for one that has ended already.
    package var descriptor: Int32? {
        switch monitor {
        case nil: nil
        case let monitor?: monitor.fd.raw
        }
    }

    /// Nanoseconds until its time is over.
    package var left: UInt64 {
        let now = SystemClock.monotonic
        return now < deadline ? deadline - now : 0
    }

    /// Whether it has ended; never waits.
    package func look() throws(CFSError) -> Bool {
        do throws(CFSError) {
            switch monitor {
            case nil: return true
            case let monitor?: guard try Self.ended(monitor, by: 0) else { return false }
            }
        } catch {
            guard Self.meansEnded(error) else { throw error }
        }
        settle(hasEnded: true)
        return true
    }

    /// Kills it; its end is to be waited for all the same.
    package func kill() throws(CFSError) {
        do throws(CFSError) {
            switch monitor {
            case nil: return
            case let monitor?: try sendKill(monitor)
            }
        } catch {
            guard Self.meansEnded(error) else { throw error }
        }
    }

    private func sendKill(_ monitor: borrowing MessageSocket) throws(CFSError) {
        // Before the end that it makes.
        if let (engine, row) = container { engine.note("kill", row, [EngineEvent.Attribute("signal", "\(SIGKILL)")]) }
        try monitor.send(MonitorMessage.signal(SIGKILL).bytes)
    }

    /// Waits for its end; kills it when its time is over.
    public func wait() throws(CFSError) {
        do throws(CFSError) {
            switch monitor {
            case nil: return
            case let monitor?:
                if try !Self.ended(monitor, by: deadline) {
                    try sendKill(monitor)
                    guard let (engine, row) = container else { return }
                    try Container(id: row.id, engine: engine).awaitKilled(monitor, row)
                }
            }
        } catch {
            guard Self.meansEnded(error) else { throw error }
        }
        settle(hasEnded: true)
    }

    /// Whether an error of talking to a monitor is that its container has just ended.
    static func meansEnded(_ error: CFSError) -> Bool {
        error.code == .containerNotRunning || error.errno == EPIPE || error.errno == ECONNRESET
    }

    /// Waits until a monitor says that its container has ended, or has ended itself; false when it is too late for that.
    static func ended(_ monitor: borrowing MessageSocket, by deadline: UInt64?) throws(CFSError) -> Bool {
        let poll = try EventPoll()
        try poll.add(monitor.fd.raw, .readable, token: 0)
        while true {
            var milliseconds: Int32 = -1
            if let deadline {
                let now = SystemClock.monotonic
                milliseconds = now >= deadline ? 0 : Int32(clamping: (deadline - now + 999_999) / 1_000_000)
            }
            if try poll.wait(milliseconds: milliseconds).isEmpty { return false }
            guard let (bytes, _) = try monitor.receive() else { return true }
            if case .exited = try MonitorMessage(parsing: bytes) { return true }
        }
    }
}
