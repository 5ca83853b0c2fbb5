import CFSCgroups
import CFSLinux
import CFSModel
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
        return LimitEvents(source: try LimitEventSource(cgroup, pressure))
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
            let result = await withTaskCancellationHandler {
                await Blocking.result { () throws(CFSError) in try source.next() }
            } onCancel: {
                source.stop()
            }
            return try result.get()
        }
    }
}

/// Waits for one of several watches.
private final class LimitEventSource: Sendable {
    private struct State: ~Copyable {
        var memory: CgroupWatch?
        var group: CgroupWatch
        var pressure: [TriggerWatch] = []
        var waiting: [LimitEvent] = []
        var isOver = false
    }

    /// A watch that can stand in a list.
    private final class TriggerWatch {
        let watch: CgroupWatch
        let trigger: PressureTrigger
        init(_ watch: consuming CgroupWatch, _ trigger: PressureTrigger) {
            self.watch = watch
            self.trigger = trigger
        }
    }

    private let state: Mutex<State>
    private let end: Pipe

    init(_ cgroup: Cgroup, _ triggers: [PressureTrigger]) throws(CFSError) {
        end = try Pipe()
        var memory: CgroupWatch?
        if try cgroup.memoryEvents() != nil { memory = try CgroupWatch(.memory, of: cgroup) }
        var first = State(memory: memory, group: try CgroupWatch(.state, of: cgroup))
        for trigger in triggers {
            first.pressure.append(TriggerWatch(try CgroupWatch(.pressure(trigger), of: cgroup), trigger))
        }
        state = Mutex(first)
    }

    /// Ends a wait from any thread.
    func stop() { _ = [UInt8(0)].withUnsafeBytes { File.write(end.writing.raw, $0) } }

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
        let first: UInt64 = 3
        try poll.add(end.reading.raw, .readable, token: 0)
        try poll.add(state.group.descriptor, .priority, token: 1)
        if let descriptor = state.memory?.descriptor { try poll.add(descriptor, .priority, token: 2) }
        for (index, trigger) in state.pressure.enumerated() {
            try poll.add(trigger.watch.descriptor, .priority, token: first + UInt64(index))
        }
        for event in try poll.wait() {
            switch event.token {
            case 0: state.isOver = true
            case 1: take(try state.group.change(), &state)
            case 2: take(try state.memory?.change(), &state)
            default: state.waiting.append(.pressure(state.pressure[Int(event.token - first)].trigger))
            }
        }
    }

    private func take(_ change: CgroupChange?, _ state: inout State) {
        switch change {
        case .memory(let now, let before):
            if now.oomKill > before.oomKill { state.waiting.append(.outOfMemory(kills: now.oomKill - before.oomKill)) }
            if now.high > before.high { state.waiting.append(.memoryHigh) }
        case .state(let now, let before):
            if before.isPopulated, !now.isPopulated {
                state.waiting.append(.ended)
            } else if now.isFrozen != before.isFrozen {
                state.waiting.append(now.isFrozen ? .paused : .resumed)
            }
        case .removed: state.waiting.append(.ended)
        case .pressure, nil: return
        }
    }
}
