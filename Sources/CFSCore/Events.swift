import CFSLinux
import CFSModel
import CFSMonitor
import Glibc
import Synchronization

/// Which events are wanted; what is nil or empty asks for nothing.
public struct EventFilter: Sendable, Hashable {
    /// From this time on, in nanoseconds since 1970; nil is from now on.
    public var since: UInt64?
    /// Only what happened before; the sequence ends then. Nil goes on without end.
    public var until: UInt64?
    public var kinds: [EngineEvent.Kind] = []
    /// See ``EngineEvent/actions``; `health_status` takes every status.
    public var actions: [String] = []
    /// Names, or the beginnings of ids.
    public var containers: [String] = []
    public var images: [String] = []

    public init() {}

    package func takes(_ event: EngineEvent) -> Bool {
        if let since, event.time < since { return false }
        if !kinds.isEmpty, !kinds.contains(event.kind) { return false }
        if !actions.isEmpty {
            let word = event.action.prefix { $0 != ":" }
            guard actions.contains(where: { $0 == event.action || $0 == word }) else { return false }
        }
        if !containers.isEmpty {
            guard event.kind == .container,
                containers.contains(where: { $0 == event.name || !$0.isEmpty && event.id.hasPrefix($0) })
            else { return false }
        }
        return images.isEmpty || images.contains(event.kind == .image ? event.name : event.image)
    }
}

extension Engine {
    /// What happens to containers and images, in any process, in the order in which it happened; none is lost, however
    /// many write. Nothing is read before it is asked for, so a slow reader costs no memory. For one reader at a time.
    ///
    /// - Parameter onDamage: told once, in a sentence, of a file whose events are not all whole; those that are come.
    public func events(
        _ filter: EventFilter = EventFilter(), onDamage: (@Sendable (String) -> Void)? = nil
    ) throws(CFSError) -> Events {
        try makeFolders(withRun: false)
        return Events(source: try EventSource(journal, filter, onDamage))
    }
}

/// See ``Engine/events(_:)``.
public struct Events: AsyncSequence, Sendable {
    fileprivate let source: EventSource

    public func makeAsyncIterator() -> Iterator { Iterator(source: source) }

    /// Waits for the next event on this thread; nil after the end.
    public func nextBlocking() throws(CFSError) -> EngineEvent? { try source.next() }

    public struct Iterator: AsyncIteratorProtocol, Sendable {
        fileprivate let source: EventSource

        /// The next event; nil after the end, and when the task is cancelled.
        public func next() async throws(CFSError) -> EngineEvent? { try await next(isolation: nil) }

        public func next(isolation actor: isolated (any Actor)?) async throws(CFSError) -> EngineEvent? {
            let source = source
            return try await Blocking.cancellable { () throws(CFSError) in
                try source.next()
            } onCancel: {
                source.stop()
            }
        }
    }
}

/// Reads the journal, and waits where it ends.
private final class EventSource: Sendable {
    private struct State {
        var reader: JournalReader
        var isOver = false
    }

    private let state: Mutex<State>
    private let filter: EventFilter
    private let changes: PathWatch
    private let cancellation: Pipe

    init(
        _ journal: Journal, _ filter: EventFilter, _ onDamage: (@Sendable (String) -> Void)?
    ) throws(CFSError) {
        self.filter = filter
        cancellation = try Pipe()
        // Before the first look, so that nothing falls in between; the folder, because the file changes.
        changes = try PathWatch()
        try changes.add(journal.folder, [.modified, .created, .movedTo])
        let reader =
            filter.since == nil
            ? try JournalReader.atEnd(of: journal, report: onDamage)
            : try JournalReader(journal, from: nil, report: onDamage)
        state = Mutex(State(reader: reader))
    }

    /// Ends a wait from any thread.
    func stop() { _ = [UInt8(0)].withUnsafeBytes { File.write(cancellation.writing.raw, $0) } }

    func next() throws(CFSError) -> EngineEvent? {
        try state.withLock { state throws(CFSError) in
            while !state.isOver {
                while let event = try state.reader.next() {
                    // Writers look at the clock before they wait for their turn: the order is the file's.
                    if let until = filter.until, event.time >= until { continue }
                    if filter.takes(event) { return event }
                }
                try wait(&state)
            }
            return nil
        }
    }

    private func wait(_ state: inout State) throws(CFSError) {
        var milliseconds: Int32 = -1
        if let until = filter.until {
            let now = SystemClock.realtime
            guard now < until else {
                state.isOver = true
                return try state.reader.tellHalfLine()
            }
            milliseconds = Int32(clamping: (until - now) / 1_000_000 + 1)
        }
        let poll = try EventPoll()
        try poll.add(cancellation.reading.raw, .readable, token: 0)
        try poll.add(changes.descriptor, .readable, token: 1)
        for event in try poll.wait(milliseconds: milliseconds) {
            if event.token == 0 { state.isOver = true } else { try changes.take() }
        }
    }
}
