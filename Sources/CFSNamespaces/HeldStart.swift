import CFSLinux
import CFSModel
import CLinux
import Glibc

/// A start that stops before the command, until somebody says go: the `create` and `start` of an OCI runtime
/// (runtime-spec, runtime.md, Lifecycle).
public struct HeldStart: Sendable, Hashable {
    /// Whether the launcher is told when the mounts are there and the root is not yet changed, and waited for.
    public var stopsAtMounts = false
    /// Run by the child when the launcher has gone on, with the host's root and the container's namespaces.
    public var createContainerHooks: [HookPlan] = []
    /// Run by the child before the command, inside.
    public var startContainerHooks: [HookPlan] = []
    /// A listening socket at which the word to start comes; nil when the launcher gives it.
    public var gate: Int32?

    public init() {}
}

/// A container in which all is made but the command.
public final class HeldProcess {
    /// As the host sees it.
    public let pid: Int32
    /// See ``ProcessStatus``.
    public let startTime: UInt64
    /// The outer side of its terminal, when it has one.
    public let terminal: SharedFD?
    private let pending: PendingLaunch

    init(_ pending: PendingLaunch, terminal: SharedFD?) throws(CFSError) {
        pid = pending.pid
        self.terminal = terminal
        self.pending = pending
        guard let status = ProcessStatus(of: pid) else {
            throw CFSError(.monitorFailed, .starting, "the process \(pending.pid) cannot be found in /proc")
        }
        startTime = status.startTime
    }

    /// Handle on the process, valid as long as this value lives.
    public var pidfd: Int32 { pending.pidfd.raw }

    /// Lets it live on without this process. Until then it is killed when this value goes, or its process does.
    ///
    /// - Parameter state: what hooks before the command read on standard input.
    public func release(state: [UInt8]) throws(CFSError) {
        try MessageSocket.send(
            pending.pair.ours, LaunchMessage.released(state: String(decoding: state, as: UTF8.self)).bytes)
        pending.becameCommand()
    }

    /// Runs the command, of a start without a gate; returns once it runs.
    ///
    /// - Parameter agent: who decides about calls, when the filter asks.
    public func start(agent: SeccompAgent? = nil) throws(CFSError) {
        let agent = agent.map { SeccompAgent.OfProcess(agent: $0, pid: pid, pidfd: pidfd) }
        try MessageSocket.send(pending.pair.ours, LaunchMessage.go.bytes)
        _ = try ChildReports.awaitStart(pending.pair.ours, agent: agent)
        _ = try ChildReports.confirmStart(pid, pidfd, isInit: false)
    }

    /// Runs the command of a container that waits at a gate; returns once it runs.
    ///
    /// - Parameters:
    ///   - gate: the path of its socket.
    ///   - agent: who decides about calls of that process, when its filter asks.
    /// - Throws: what failed in the container.
    public static func start(gate: String, agent: SeccompAgent.OfProcess? = nil) throws(CFSError) {
        let starter = try MessageSocket.connect(to: gate)
        try starter.send(LaunchMessage.go.bytes)
        _ = try ChildReports.awaitStart(starter.fd.raw, agent: agent)
    }
}

extension Launcher {
    /// Goes on until the container waits before its command.
    ///
    /// - Parameters:
    ///   - meanwhile: called while the child makes its mounts, before anything runs that is not ours.
    ///   - atMounts: called when the mounts are there and the root is not yet changed, if the plan stops there; gives the state
    ///     that the child's own hooks read.
    public static func hold(
        _ pending: PendingLaunch, _ plan: LaunchPlan, _ timeline: inout Timeline,
        meanwhile: () throws(CFSError) -> Void, atMounts: (Int32) throws(CFSError) -> [UInt8]
    ) throws(CFSError) -> HeldProcess {
        try setUp(pending, plan, &timeline)
        try meanwhile()
        var terminal: SharedFD?
        while let (bytes, descriptors) = try MessageSocket.receive(pending.pair.ours) {
            switch LaunchMessage(bytes: bytes) {
            case .terminal: terminal = descriptors.first.map { SharedFD(OwnedFD($0)) }
            case .mounted:
                let state = String(decoding: try atMounts(pending.pid), as: UTF8.self)
                try MessageSocket.send(pending.pair.ours, LaunchMessage.hooked(state: state).bytes)
            case .ready:
                timeline.mark("container made")
                return try HeldProcess(pending, terminal: terminal)
            case .failed(let error): throw error
            default: throw CFSError(.invalidState, .starting, "the child's message is not understood")
            }
        }
        throw try pending.endedEarly()
            ?? CFSError(.monitorFailed, .starting, "the process ended before its command ran")
    }
}
