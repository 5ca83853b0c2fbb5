import CFSCgroups
import CFSLinux
import CFSModel
import CFSMonitor
import Glibc
import Synchronization

/// Something that a container's limits have brought about.
public enum LimitEvent: Sendable, Hashable {
    /// The kernel has killed `kills` processes since the last event, because nothing could be reclaimed at a memory limit.
    case outOfMemory(kills: UInt64)
    /// The container went over `memory.high` and is slowed down.
    case memoryHigh
    /// Something waited longer than the trigger allows.
    case pressure(PressureTrigger)
    /// All processes stand still.
    case paused
    /// They go on.
    case resumed
    /// The container has ended; nothing follows.
    case ended
}

extension Container {
    /// What the container's limits bring about from now on, as it happens. For one reader; ends with the container, or
    /// with the task.
    ///
    /// - Parameter pressure: when waiting for a resource is worth an event.
    /// - Throws: `containerNotRunning`; `invalidArgument` for a trigger that the kernel does not take.
    public func limitEvents(pressure: [PressureTrigger] = []) throws(CFSError) -> LimitEvents {
        let (_, cgroup) = try runningCgroup()
        return LimitEvents(source: try LimitEventSource(cgroup, try folder.connect(), pressure))
    }
}

/// See ``Container/limitEvents(pressure:)``.
public struct LimitEvents: AsyncSequence, Sendable {
    fileprivate let source: LimitEventSource

    public func makeAsyncIterator() -> Iterator { Iterator(source: source) }

    public struct Iterator: AsyncIteratorProtocol, Sendable {
        fileprivate let source: LimitEventSource

        /// The next event; nil after the end.
        public func next() async throws(CFSError) -> LimitEvent? { try await next(isolation: nil) }

        public func next(isolation actor: isolated (any Actor)?) async throws(CFSError) -> LimitEvent? {
            let source = source
            return try await Blocking.cancellable { () throws(CFSError) in
                try source.next()
            } onCancel: {
                source.stop()
            }
        }
    }
}

/// Waits for one of several watches.
private final class LimitEventSource: Sendable {
    private struct State: ~Copyable {
        var memory: CgroupWatch?
        var group: CgroupWatch
        var pressure: [TriggerWatch] = []
        /// Processes whose end was told.
        var kills: UInt64
        /// A removed cgroup is always ready, with nothing to say.
        var isRemoved = false
        var waiting: [LimitEvent] = []
        var isOver = false
    }

    /// A watch that can stand in a list.
    private final class TriggerWatch {
        var watch: CgroupWatch
        init(_ watch: consuming CgroupWatch) { self.watch = watch }
    }

    private let state: Mutex<State>
    private let cancellation: Pipe
    /// The end is the monitor's to tell. The kernel is no witness of it: it holds notices back for 10 ms
    /// (CGROUP_FILE_NOTIFY_MIN_INTV), and a cgroup that is removed before then never sends them.
    private let monitor: MessageSocket

    init(
        _ cgroup: Cgroup, _ monitor: consuming MessageSocket, _ triggers: [PressureTrigger]
    ) throws(CFSError) {
        cancellation = try Pipe()
        self.monitor = consume monitor
        var memory: CgroupWatch?
        let events = try cgroup.memoryEvents()
        if events != nil { memory = try CgroupWatch(.memory, of: cgroup) }
        var first = State(
            memory: memory, group: try CgroupWatch(.state, of: cgroup), kills: events?.oomKill ?? 0)
        for trigger in triggers {
            first.pressure.append(TriggerWatch(try CgroupWatch(.pressure(trigger), of: cgroup)))
        }
        state = Mutex(first)
    }

    /// Ends a wait from any thread.
    func stop() { _ = [UInt8(0)].withUnsafeBytes { File.write(cancellation.writing.raw, $0) } }

    func next() throws(CFSError) -> LimitEvent? {
        try state.withLock { state throws(CFSError) in
            while state.waiting.isEmpty {
                if state.isOver { return nil }
                try wait(&state)
            }
            let event = state.waiting.removeFirst()
            if event == .ended { state.isOver = true }
            return event
        }
    }

    private func wait(_ state: inout State) throws(CFSError) {
        let poll = try EventPoll()
        let first: UInt64 = 4
        try poll.add(cancellation.reading.raw, .readable, token: 0)
        try poll.add(monitor.fd.raw, .readable, token: 1)
        if !state.isRemoved {
            try poll.add(state.group.descriptor, .priority, token: 2)
            if let descriptor = state.memory?.descriptor { try poll.add(descriptor, .priority, token: 3) }
            for (index, trigger) in state.pressure.enumerated() {
                try poll.add(trigger.watch.descriptor, .priority, token: first + UInt64(index))
            }
        }
        for event in try poll.wait() {
            switch event.token {
            case 0: state.isOver = true
            case 1: try hear(&state)
            case 2: take(try state.group.change(), &state)
            case 3: take(try state.memory?.change(), &state)
            default:
                take(try state.pressure[Int(event.token - first)].watch.change(), &state)
            }
        }
    }

    private func take(_ change: CgroupChange?, _ state: inout State) {
        switch change {
        case .memory(let now, let before):
            take(kills: now.oomKill, &state)
            if now.high > before.high { state.waiting.append(.memoryHigh) }
        case .state(let now, let before):
            if now.isPopulated, now.isFrozen != before.isFrozen {
                state.waiting.append(now.isFrozen ? .paused : .resumed)
            }
        case .pressure(let trigger): state.waiting.append(.pressure(trigger))
        case .removed: state.isRemoved = true
        case nil: return
        }
    }

    private func take(kills: UInt64, _ state: inout State) {
        guard kills > state.kills else { return }
        state.waiting.append(.outOfMemory(kills: kills - state.kills))
        state.kills = kills
    }

    private func hear(_ state: inout State) throws(CFSError) {
        if let (bytes, _) = try monitor.receive() {
            guard case .exited(let record) = try MonitorMessage(parsing: bytes) else { return }
            // A kill whose notice the kernel held back until the file was gone.
            if let outOfMemory = record.outOfMemory { take(kills: outOfMemory.kills, &state) }
        }
        state.waiting.append(.ended)
    }
}
