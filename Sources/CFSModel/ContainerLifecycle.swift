/// What the processes of the engine have decided about a container, as the registry keeps it. That a command runs, and how it
/// ended, is its monitor's to tell: ``ContainerLifecycle/state(_:_:)`` puts both together.
public enum ContainerPhase: String, Sendable, Hashable, CaseIterable {
    case created
    /// Somebody starts it, and holds the lock of its run folder meanwhile.
    case starting
    case running
    /// Somebody asks it to end, and has a claim on it meanwhile.
    case stopping
    /// It was stopped.
    case exited
    /// Somebody takes it away.
    case removing
}

/// Who is at work on a container: one call of one process. A process is known by its number and its start time together,
/// since numbers come back.
public struct ProcessClaim: Sendable, Hashable {
    public var pid: Int32
    /// In clock ticks since boot (field 22 of proc_pid_stat(5)).
    public var startTime: UInt64
    /// Tells the calls of one process apart.
    public var serial: UInt64

    public init(pid: Int32, startTime: UInt64, serial: UInt64) {
        self.pid = pid
        self.startTime = startTime
        self.serial = serial
    }

    /// `PID:START:SERIAL`.
    public var text: String { "\(pid):\(startTime):\(serial)" }

    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let pid = Int32(parts[0]), let start = UInt64(parts[1]), let serial = UInt64(parts[2])
        else { return nil }
        self.init(pid: pid, startTime: start, serial: serial)
    }
}

/// The life of a container as a pure state machine: what each verb may do, and what a container is at.
public enum ContainerLifecycle {
    /// What changes a container's phase.
    public enum Verb: String, Sendable, Hashable, CaseIterable {
        case start, stop, remove
        /// Kills first where there is something to kill.
        case forceRemove
    }

    /// What is known when somebody wants to change a container.
    public struct Situation: Sendable, Hashable {
        public var state: ContainerRecord.State
        public var phase: ContainerPhase
        /// Whether the process that has the claim is still there.
        public var isClaimed: Bool
        /// Whether somebody looks after the container: its monitor, or whoever starts or removes it.
        public var isHeld: Bool
        /// Whether it has ended and waits to be started again by its policy.
        public var waitsForRestart: Bool

        public init(
            state: ContainerRecord.State, phase: ContainerPhase, isClaimed: Bool, isHeld: Bool,
            waitsForRestart: Bool = false
        ) {
            self.state = state
            self.phase = phase
            self.isClaimed = isClaimed
            self.isHeld = isHeld
            self.waitsForRestart = waitsForRestart
        }
    }

    /// The phase that a verb puts a container into; nil when there is nothing to do.
    ///
    /// - Throws: `containerRunning`, `containerNotRunning` or `conflict`: somebody else is at it, and was first.
    public static func begin(_ verb: Verb, _ name: String, _ now: Situation) throws(CFSError) -> ContainerPhase? {
        switch verb {
        case .start: try start(name, now)
        case .stop: try stop(name, now)
        case .remove, .forceRemove: try remove(name, now, force: verb == .forceRemove)
        }
    }

    private static func start(_ name: String, _ now: Situation) throws(CFSError) -> ContainerPhase {
        switch now.state {
        case .running, .paused:
            throw CFSError(.containerRunning, .starting, "the container \(name) is running already")
        case .stopping: throw busy(name, "being stopped", .starting)
        case .dead: throw removed(name, now, .starting)
        case .exited where now.waitsForRestart:
            throw CFSError(
                .conflict, .starting, "the container \(name) is about to be started again by its restart policy",
                hint: "stop it first to start it by hand: cfs stop \(name)")
        case .created, .exited:
            if now.isClaimed || now.isHeld && now.phase == .starting { throw busy(name, work(now), .starting) }
            return .starting
        }
    }

    private static func stop(_ name: String, _ now: Situation) throws(CFSError) -> ContainerPhase? {
        switch now.state {
        case .running, .paused, .stopping:
            if now.isClaimed { throw busy(name, work(now), .stopping) }
            return .stopping
        case .exited:
            guard now.waitsForRestart else { return nil }
            if now.isClaimed { throw busy(name, work(now), .stopping) }
            return .stopping
        case .created:
            if now.isHeld { throw busy(name, work(now), .stopping) }
            throw CFSError(.containerNotRunning, .stopping, "the container \(name) has not been started")
        case .dead: throw removed(name, now, .stopping)
        }
    }

    private static func remove(_ name: String, _ now: Situation, force: Bool) throws(CFSError) -> ContainerPhase {
        switch now.state {
        case .running, .paused, .stopping:
            guard force else {
                throw CFSError(
                    .containerRunning, .removing, "the container \(name) is running",
                    hint: "stop it first (`cfs stop \(name)`), or use --force")
            }
            if now.isClaimed, now.phase == .removing { throw busy(name, work(now), .removing) }
            // A stop that waits has its end by this.
            return .removing
        case .exited where now.waitsForRestart && !force:
            throw CFSError(
                .containerRunning, .removing,
                "the container \(name) is about to be started again by its restart policy",
                hint: "stop it first (`cfs stop \(name)`), or use --force")
        case .created, .exited, .dead:
            // One that is about to run cannot be killed yet, and is nothing to take away any more.
            if now.isClaimed || now.isHeld && now.phase == .starting { throw busy(name, work(now), .removing) }
            return .removing
        }
    }

    private static func work(_ now: Situation) -> String {
        switch now.phase {
        case .starting, .created: "being started"
        case .removing: "being removed"
        case .stopping: "being stopped"
        case .running, .exited: "in use"
        }
    }

    private static func busy(_ name: String, _ work: String, _ phase: CFSError.Phase) -> CFSError {
        CFSError(
            .conflict, phase, "the container \(name) is \(work) by somebody else",
            hint: work == "being stopped"
                ? "wait for that, or end it at once: cfs kill \(name)" : "wait for that, and see `cfs ps -a`")
    }

    private static func removed(_ name: String, _ now: Situation, _ phase: CFSError.Phase) -> CFSError {
        now.isClaimed ? busy(name, "being removed", phase) : removalBrokeOff(name, phase)
    }

    /// What a container is at whose removal was killed in the middle.
    package static func removalBrokeOff(_ name: String, _ phase: CFSError.Phase) -> CFSError {
        CFSError(
            .conflict, phase, "the removal of the container \(name) was begun, and broke off",
            hint: "remove it: cfs rm \(name)")
    }
}

extension ContainerLifecycle {
    /// What a monitor has written down of a run, and what the kernel says of it.
    public struct Evidence: Sendable, Hashable {
        /// The start that the run folder tells of.
        public var live: Live?
        /// The end that the container's folder tells of.
        public var end: End?
        /// Whether somebody looks after the container.
        public var isHeld: Bool

        public struct Live: Sendable, Hashable {
            public var pid: Int32
            /// Nanoseconds since 1970.
            public var startedAt: UInt64
            public var isThere: Bool
            public var isFrozen: Bool

            public init(pid: Int32, startedAt: UInt64, isThere: Bool, isFrozen: Bool) {
                self.pid = pid
                self.startedAt = startedAt
                self.isThere = isThere
                self.isFrozen = isFrozen
            }
        }

        public struct End: Sendable, Hashable {
            public var status: Int32
            public var reason: String?
            public var startedAt: UInt64

            public init(status: Int32, reason: String?, startedAt: UInt64) {
                self.status = status
                self.reason = reason
                self.startedAt = startedAt
            }
        }

        public init(live: Live?, end: End?, isHeld: Bool) {
            self.live = live
            self.end = end
            self.isHeld = isHeld
        }
    }

    /// What a container is at: what was decided, and what is seen of it.
    ///
    /// - Parameter startedAt: when the last start that the registry knows of was begun, in nanoseconds since 1970; nil for
    ///   none. Of a start that did not come to its end nothing follows.
    public static func state(
        _ phase: ContainerPhase, isClaimed: Bool, startedAt: UInt64?, _ seen: Evidence
    ) -> ContainerRecord.State {
        let startedAt = [.running, .stopping, .exited].contains(phase) ? startedAt : nil
        if let live = seen.live {
            let isOver = seen.end.map { $0.startedAt >= live.startedAt } ?? false
            // A process that has ended without a record has a monitor that is about to write it, or none.
            if live.isThere || !isOver && seen.isHeld {
                if live.isFrozen { return .paused(pid: live.pid) }
                return phase == .stopping && isClaimed ? .stopping(pid: live.pid) : .running(pid: live.pid)
            }
            if !isOver { return ended(phase, isClaimed, .exited(status: lostStatus, reason: lostReason)) }
        }
        if let end = seen.end {
            // An end of the run before the last one tells nothing of the last.
            if let startedAt, end.startedAt < startedAt, !seen.isHeld {
                return ended(phase, isClaimed, .exited(status: lostStatus, reason: lostReason))
            }
            return ended(phase, isClaimed, .exited(status: end.status, reason: end.reason))
        }
        if startedAt != nil, !seen.isHeld {
            return ended(phase, isClaimed, .exited(status: lostStatus, reason: lostReason))
        }
        return ended(phase, isClaimed, .created)
    }

    /// As after SIGKILL, which is what the kernel sends a container whose monitor was killed.
    public static let lostStatus: Int32 = 137
    public static let lostReason = "monitor lost"

    private static func ended(
        _ phase: ContainerPhase, _ isClaimed: Bool, _ state: ContainerRecord.State
    ) -> ContainerRecord.State {
        phase == .removing ? .dead : state
    }
}
