import CFSLinux
import CFSModel
import CLinux
import Glibc

/// Runs a container's health check again and again, one at a time.
///
/// Each is a process of its own (`cfs-runtime enter`) that enters the container as `exec` does: whatever hangs in there does
/// not hang the monitor.
final class HealthWatch {
    /// Tokens of the poll.
    static let tokens: ClosedRange<UInt64> = 30...31
    private static let socketToken: UInt64 = 30
    private static let outputToken: UInt64 = 31
    private static let outputLimit = 4096

    private struct Check {
        let pid: Int32
        let pidfd: SharedFD
        let socket: SharedFD
        let output: SharedFD
        let startedAt: UInt64
        /// On the monotonic clock.
        let deadline: UInt64
        var text: [UInt8] = []
        var status: Int32?
    }

    private let check: HealthCheck
    private let folder: ContainerFolder
    private let request: MonitorRequest
    private let startedAt = SystemClock.monotonic
    private(set) var health = Health()
    private var current: Check?
    /// On the monotonic clock.
    private var due: UInt64
    /// Told of every result, and whether the status has changed with it.
    private let report: (Health, Bool) -> Void

    init(
        _ check: HealthCheck, _ folder: ContainerFolder, _ request: MonitorRequest,
        report: @escaping (Health, Bool) -> Void
    ) {
        self.check = check
        self.folder = folder
        self.request = request
        self.report = report
        due = startedAt + check.interval
    }

    /// How long the poll may wait, in milliseconds.
    var patience: Int32 {
        let next = current.map(\.deadline) ?? due
        let now = SystemClock.monotonic
        return next <= now ? 0 : Int32(clamping: (next - now + 999_999) / 1_000_000)
    }

    /// Begins a check that is due, and ends one that takes too long.
    ///
    /// - Parameter isPaused: asked when one is due: a container that stands still answers nothing.
    func tick(_ poll: borrowing EventPoll, isPaused: () -> Bool) {
        let now = SystemClock.monotonic
        if let current {
            if now >= current.deadline { finish(-1, "the check took longer than its timeout\n", poll) }
        } else if now >= due {
            if isPaused() {
                due = now + check.interval
            } else {
                begin(poll)
            }
        }
    }

    private func begin(_ poll: borrowing EventPoll) {
        let startedAt = SystemClock.realtime
        do throws(CFSError) {
            current = try start(startedAt, poll)
        } catch {
            take(
                Health.Result(
                    startedAt: startedAt, finishedAt: SystemClock.realtime, status: -1, output: error.message))
        }
    }

    private func start(_ startedAt: UInt64, _ poll: borrowing EventPoll) throws(CFSError) -> Check {
        var process = request.spec.process
        process.args = check.command
        process.terminal = false
        let entry = MonitorMessage.EntryRequest(
            process: process.json, user: request.user, privileged: false, interactive: false,
            seccompFilter: request.seccompFilter)
        let pair = try SocketPair()
        var ends: [Int32] = [-1, -1]
        try checked(Int(cfs_pipe(&ends)), "pipe2", .entering)
        let (reading, writing) = (SharedFD(OwnedFD(ends[0])), SharedFD(OwnedFD(ends[1])))
        try StandardStreams.setNonBlocking(reading.raw)
        let null = SharedFD(try File.open("/dev/null", .readWrite))
        let pid = try Spawn.start(
            "/proc/self/exe", ["cfs-runtime", "enter", folder.container], environment: [],
            descriptors: [(0, null.raw), (1, writing.raw), (2, writing.raw), (3, pair.theirs)], newSession: true)
        extendLifetime((null, writing))
        pair.closeTheirs()
        guard let pidfd = try ProcessControl.open(pid: pid) else {
            throw CFSError(.monitorFailed, .entering, "the process of the health check is gone")
        }
        let made = Check(
            pid: pid, pidfd: SharedFD(pidfd), socket: SharedFD(try pair.takeOurs()), output: reading,
            startedAt: startedAt, deadline: SystemClock.monotonic + check.timeout)
        try MonitorMessage.enter(container: folder.container, run: folder.run, process: entry)
            .send(to: made.socket.raw)
        try poll.add(made.socket.raw, .readable, token: Self.socketToken)
        try poll.add(made.output.raw, .readable, token: Self.outputToken)
        return made
    }

    func handle(_ token: UInt64, _ poll: borrowing EventPoll) {
        guard let current else { return }
        if token == Self.outputToken {
            readOutput(poll)
            return
        }
        do throws(CFSError) {
            guard let (bytes, _) = try MessageSocket.receive(current.socket.raw) else {
                return finish(-1, "the process of the check is gone\n", poll)
            }
            switch try MonitorMessage(parsing: bytes) {
            case .exited(let record): finish(record.status, "", poll)
            case .failed(let error): finish(-1, "\(error.message)\n", poll)
            default: return
            }
        } catch {
            finish(-1, "\(error.message)\n", poll)
        }
    }

    private func readOutput(_ poll: borrowing EventPoll) {
        guard let output = current?.output else { return }
        var buffer = [UInt8](repeating: 0, count: Self.outputLimit)
        let count = buffer.withUnsafeMutableBytes { File.read(output.raw, into: $0) }
        if count == -ErrorCode.again { return }
        guard count > 0 else { return poll.remove(output.raw) }
        let room = Self.outputLimit - (current?.text.count ?? 0)
        current?.text += buffer[..<min(count, max(0, room))]
    }

    private func finish(_ status: Int32, _ remark: String, _ poll: borrowing EventPoll) {
        readOutput(poll)
        guard let check = current else { return }
        poll.remove(check.socket.raw)
        poll.remove(check.output.raw)
        end(check)
        current = nil
        take(
            Health.Result(
                startedAt: check.startedAt, finishedAt: SystemClock.realtime, status: status,
                output: String(decoding: check.text, as: UTF8.self) + remark))
    }

    private func end(_ check: Check) {
        do throws(CFSError) {
            // Of a check that took too long the command goes, then the process beside it.
            if try ProcessControl.reap(check.pidfd.raw, wait: false) == nil {
                try MessageSocket.send(check.socket.raw, MonitorMessage.signal(SIGKILL).bytes, waits: false)
                var request = pollfd(fd: check.pidfd.raw, events: Int16(POLLIN), revents: 0)
                _ = poll(&request, 1, 1000)
                try ProcessControl.signal(check.pidfd.raw, SIGKILL)
                _ = try ProcessControl.reap(check.pidfd.raw, wait: true)
            }
        } catch {
            // It has ended meanwhile.
            return
        }
    }

    private func take(_ result: Health.Result) {
        let isStarting = SystemClock.monotonic - startedAt < check.startPeriod
        let hasChanged = health.take(result, check, isStarting: isStarting)
        due = SystemClock.monotonic + check.interval
        report(health, hasChanged)
    }

    /// The container has ended: so does a check.
    func stop(_ poll: borrowing EventPoll) {
        guard let check = current else { return }
        poll.remove(check.socket.raw)
        poll.remove(check.output.raw)
        end(check)
        current = nil
    }
}
