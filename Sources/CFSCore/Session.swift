import CFSLinux
import CFSModel
import CFSMonitor
import CFSNamespaces
import Glibc
import Synchronization

/// How a command ended.
public struct ExitStatus: Sendable, Hashable {
    /// By the shell's convention: the command's own status, or 128 + the signal's number.
    public var code: Int32
    /// The signal that ended it, if one did.
    public var signal: Int32?
    /// Why the engine ended it where it did.
    public var reason: String?
    /// What its owner should know, though it has nothing to do with the status: that its log is incomplete, for example.
    /// One sentence each, without its end.
    public var warnings: [String] = []

    public init(code: Int32, signal: Int32? = nil, reason: String? = nil) {
        self.code = code
        self.signal = signal
        self.reason = reason
    }

    init(_ record: ExitRecord) {
        self.init(code: record.status, signal: record.signal, reason: record.reason)
        warnings = record.warnings
    }
}

/// What a session tells.
public enum SessionEvent: Sendable, Hashable {
    /// An output could not be written where the streams go (a full disk); the command goes on without that.
    case unwritten(UnwrittenOutput)
    /// Output was lost on its way to an attached client, which did not read as fast as it came.
    case skipped(SkippedOutput)
    /// The command has ended; nothing follows.
    case ended(ExitStatus)
}

/// The connection to the process that stays beside a running command: a container's first, or one more in it.
///
/// When it goes, a container runs on without a client; a command of ``Container/execute(_:_:)`` too, unwatched.
public final class Session: Sendable {
    /// The command's process, as the host sees it.
    public let pid: Int32
    private let socket: SharedFD
    /// Nil for a command that somebody else started.
    private let helper: Helper?
    private let end: Mutex<ExitRecord?> = Mutex(nil)
    private let onEnd: @Sendable () -> Void

    init(pid: Int32, socket: SharedFD, helper: Helper?, onEnd: @escaping @Sendable () -> Void) {
        self.pid = pid
        self.socket = socket
        self.helper = helper
        self.onEnd = onEnd
    }

    /// When the command began and ended, in nanoseconds since 1970, once it has ended.
    package var lifetime: (startedAt: UInt64, finishedAt: UInt64)? {
        end.withLock { $0 }.map { ($0.startedAt, $0.finishedAt) }
    }

    /// Readable when ``next()`` has something.
    public var descriptor: Int32 { socket.raw }

    /// Sends the command a signal; after its end it does nothing.
    public func signal(_ number: Int32) throws(CFSError) { try tell(.signal(number)) }

    /// Kills the command for good, whatever its container's restart policy.
    func kill() throws(CFSError) { try tell(.stop(SIGKILL)) }

    /// Gives the command's terminal this size; without one it does nothing.
    public func resize(_ size: WindowSize) throws(CFSError) {
        try tell(.resize(rows: size.rows, columns: size.columns))
    }

    private func tell(_ message: MonitorMessage) throws(CFSError) {
        do throws(CFSError) {
            try MessageSocket.send(socket.raw, message.bytes)
        } catch {
            // The other side has ended meanwhile, and its last message says how.
            guard error.errno == EPIPE || error.errno == ECONNRESET else { throw error }
        }
    }

    /// Waits for the next event; nil after the last one.
    ///
    /// - Throws: `monitorFailed` when the helper is gone without a word: the container then died with it.
    public func next() throws(CFSError) -> SessionEvent? {
        while end.withLock({ $0 }) == nil { if let event = try receive() { return event } }
        return nil
    }

    /// Takes one message, and waits for it when there is none; nil for one that is no event.
    package func receive() throws(CFSError) -> SessionEvent? {
        guard let (bytes, _) = try MessageSocket.receive(socket.raw) else {
            helper?.reap()
            throw CFSError(
                .monitorFailed, .running, "the container's monitor is gone, and the container with it",
                hint: "somebody killed it; `cfs system recover` puts away what it left")
        }
        switch try MonitorMessage(parsing: bytes) {
        // The monitor tidies up: our own part of that is done meanwhile.
        case .ending: onEnd()
        case .unwritten(let output): return .unwritten(output)
        case .skipped(let output): return .skipped(output)
        case .exited(let record):
            end.withLock { $0 = record }
            helper?.reap()
            return .ended(ExitStatus(record))
        default: break
        }
        return nil
    }

    /// Waits for the end.
    public func wait() throws(CFSError) -> ExitStatus {
        while let event = try next() {
            if case .ended(let status) = event { return status }
        }
        if let record = end.withLock({ $0 }) { return ExitStatus(record) }
        throw CFSError(.invalidState, .running, "the session has no end")
    }
}

/// A helper process that this process started, and must reap.
final class Helper: Sendable {
    private let pid: Int32
    private let pidfd: SharedFD
    /// Helpers that were let go before they ended.
    private static let orphans = Mutex<[SharedFD]>([])

    init(pid: Int32) throws(CFSError) {
        guard let opened = try ProcessControl.open(pid: pid) else {
            throw CFSError(.monitorFailed, .starting, "the helper ended at once")
        }
        self.pid = pid
        pidfd = SharedFD(opened)
        // A program that starts thousands of containers must not gather zombies.
        Self.reapOrphans()
    }

    /// Reaps those that were let go and have ended since.
    static func reapOrphans() { orphans.withLock { $0.removeAll(where: isReaped) } }

    deinit { if !Self.isReaped(pidfd) { Self.orphans.withLock { $0.append(pidfd) } } }

    /// Waits for its end.
    func waitForEnd() {
        do throws(CFSError) {
            _ = try ProcessControl.reap(pidfd.raw, wait: true)
        } catch {
            // No child any more: somebody else has waited for it.
            return
        }
    }

    /// Kills it, with what it has made and what still is in its process group, and waits for its end, which only a call
    /// that hangs in the kernel delays: then not for ever.
    func kill() {
        Engine.regardless { () throws(CFSError) in
            // Not waited for yet, so its number, and that of its group, is nobody else's.
            if try ProcessControl.signal(pidfd.raw, SIGKILL) { _ = Glibc.kill(-pid, SIGKILL) }
        }
        var end = pollfd(fd: pidfd.raw, events: Int16(POLLIN), revents: 0)
        _ = poll(&end, 1, 10_000)
        reap()
    }

    /// Reaps it if it has ended; else the next start does.
    func reap() { _ = Self.isReaped(pidfd) }

    private static func isReaped(_ pidfd: SharedFD) -> Bool {
        do throws(CFSError) {
            return try ProcessControl.reap(pidfd.raw, wait: false) != nil
        } catch {
            // No child any more: reaped before, or somebody waits for all children.
            return true
        }
    }
}

extension Engine {
    /// Reaps processes of commands that nobody watches any more and that have ended. Each start does that, too: for programs that
    /// run long without one.
    package static func reapHelpers() { Helper.reapOrphans() }
}
