import CFSLinux
import CFSModel
import CFSMonitor
import Glibc

/// Which part of a container's log is wanted.
public struct LogOptions: Sendable, Hashable {
    /// Goes on with what comes, until the container ends.
    public var follow = false
    /// Only what was written at or after this time, in nanoseconds since 1970.
    public var since: UInt64?
    /// Only what was written before this time; who follows ends then.
    public var until: UInt64?
    /// Only this many of the last lines.
    public var tail: Int?
    /// Only what was written to this one; of ``tail`` those that are of it.
    public var stream: LogStream?

    public init() {}
}

/// A piece of output: a line with its line feed, or a part of one that was too long or never ended.
public struct LogLine: Sendable, Hashable {
    /// When the monitor read it, in nanoseconds since 1970.
    public var time: UInt64
    public var stream: LogStream
    public var bytes: [UInt8]
}

extension Container {
    /// Hands out the container's log, oldest line first.
    ///
    /// - Parameters:
    ///   - lost: called before a line that does not follow the last one: the log's files were turned, and the oldest removed, faster
    ///     than they were read.
    ///   - onDamage: called once when a piece of the log is no line and is passed over, with a sentence that says so.
    ///   - body: called with each line; returns false when it has enough.
    /// - Throws: `invalidState` for a container that was made to keep none.
    public func logs(
        _ options: LogOptions = LogOptions(), lost: () throws(CFSError) -> Void = {},
        onDamage: (String) -> Void = { _ in },
        _ body: (LogLine) throws(CFSError) -> Bool
    ) throws(CFSError) {
        let cursor = try logCursor(options)
        var gaps = 0
        var isDamageTold = false
        func tellDamage(_ isDamaged: Bool) {
            guard isDamaged, !isDamageTold else { return }
            isDamageTold = true
            onDamage("\(folder.logPath) is damaged: what is no line of it is passed over")
        }
        repeat {
            defer { tellDamage(cursor.isDamaged) }
            while let line = try cursor.next() {
                if cursor.gaps > gaps { try lost() }
                gaps = cursor.gaps
                if try !body(line) { return }
            }
        } while try cursor.waitForMore()
        guard cursor.endsInHalfALine else { return }
        do throws(CFSError) {
            tellDamage(try record().state.pid == nil)
        } catch {
            // It has removed itself, and the log with it.
            guard error.code == .containerNotFound else { throw error }
        }
    }

    /// A reader of the log that waits only where it is told to.
    package func logCursor(_ options: LogOptions = LogOptions()) throws(CFSError) -> LogCursor {
        let row = try row()
        let policy = try request().log
        guard policy.isKept else {
            throw CFSError(
                .invalidState, .looking, "the container \(row.name) keeps no log: it was made with --log-driver none",
                hint: try record().state.pid == nil
                    ? nil : "cfs attach \(row.name) shows what it writes from now on")
        }
        return try LogCursor(folder, policy, options)
    }
}

/// Reads a container's log line by line: see ``Container/logCursor(_:)``. For one thread at a time.
package final class LogCursor {
    private let reader: LogReader
    private let watch: LogWatch?
    private let until: UInt64?
    private let stream: LogStream?
    private var lines: LogSelection
    /// Whether what comes is read, behind the tail.
    private var isFollowing: Bool
    /// Whether what comes is later than all that is asked for.
    private var isOver = false
    /// Whether there is more to read at once: of a container that writes faster than anybody reads, what is not asked for ends
    /// never.
    package private(set) var isInterrupted = false
    private static let mostPassedOver = 1000
    /// Lines of the tail that are still to be handed out.
    private var held: [LogLine].SubSequence = []

    fileprivate init(_ folder: ContainerFolder, _ policy: LogPolicy, _ options: LogOptions) throws(CFSError) {
        reader = LogReader(path: folder.logPath, fileCount: policy.fileCount)
        // The connection is made before the last look at the file: nothing that is written until the end is missed.
        until = options.until
        stream = options.stream
        // What comes from now on is none of what was written before a time that has passed.
        let mayCome = options.follow && until.map { $0 > SystemClock.realtime } ?? true
        watch = mayCome ? try LogWatch(folder) : nil
        // Who follows a tail goes on from where that was cut off.
        isFollowing = watch != nil && options.tail == nil
        if !isFollowing { try reader.stopAtPresentEnd() }
        lines = LogSelection(options)
    }

    /// How often lines were lost: see ``Container/logs(_:lost:_:)``.
    package var gaps: Int { reader.gaps }
    package var isDamaged: Bool { reader.isDamaged }
    fileprivate var endsInHalfALine: Bool { reader.endsInHalfALine }

    /// The next line that there is; nil when there is none yet, or no more.
    package func next() throws(CFSError) -> LogLine? {
        if let line = held.popFirst() { return line }
        if let line = try nextSelected() { return line }
        if isFollowing { return nil }
        held = lines.finishTail().filter(isAskedFor)[...]
        guard watch != nil else { return held.popFirst() }
        isFollowing = true
        reader.goOn()
        if let line = held.popFirst() { return line }
        return try nextSelected()
    }

    private func nextSelected() throws(CFSError) -> LogLine? {
        isInterrupted = false
        var passedOver = 0
        while !isOver, let line = try reader.nextLine() {
            if isFollowing, let until, line.time >= until {
                isOver = true
                return nil
            }
            if let selected = lines.take(line), isAskedFor(selected) { return selected }
            passedOver += 1
            if isFollowing, passedOver == Self.mostPassedOver {
                isInterrupted = true
                return nil
            }
        }
        return nil
    }

    private func isAskedFor(_ line: LogLine) -> Bool { stream == nil || line.stream == stream }

    /// What becomes readable when ``next()`` may have more; none when there will be no more.
    package var descriptors: [Int32] { isOver ? [] : watch?.descriptors ?? [] }

    /// Takes note of what has become readable; false when there will be no more.
    package func look() throws(CFSError) -> Bool { try watch?.look(milliseconds: 0) ?? false }

    fileprivate func waitForMore() throws(CFSError) -> Bool {
        guard let watch, !isOver else { return false }
        if isInterrupted { return until.map { SystemClock.realtime < $0 } ?? true }
        guard let until else { return try watch.look(milliseconds: -1) }
        let now = SystemClock.realtime
        guard now < until else { return false }
        return try watch.look(milliseconds: Int32(clamping: (until - now) / 1_000_000 + 1))
    }
}

/// Picks the lines that are asked for; holds back the last ones while older lines are still read.
private struct LogSelection {
    private let options: LogOptions
    /// Pieces, each with the number of the line that it is part of.
    private var held: [(piece: LogLine, line: Int)] = []
    private var first = 0
    private var lineCount = 0
    /// The lines that go on, by stream.
    private var unfinished: [LogStream: Int] = [:]
    private var isTailDone: Bool

    init(_ options: LogOptions) {
        self.options = options
        isTailDone = options.tail == nil
    }

    mutating func take(_ line: LogLine) -> LogLine? {
        if let since = options.since, line.time < since { return nil }
        if let until = options.until, line.time >= until { return nil }
        guard !isTailDone, let tail = options.tail else { return line }
        let number = number(of: line)
        let oldest = lineCount - max(0, tail)
        if number > oldest { held.append((line, number)) }
        while first < held.count, held[first].line <= oldest { first += 1 }
        if first > 4096 {
            held.removeFirst(first)
            first = 0
        }
        return nil
    }

    private mutating func number(of piece: LogLine) -> Int {
        let number: Int
        if let begun = unfinished[piece.stream] {
            number = begun
        } else {
            lineCount += 1
            number = lineCount
        }
        unfinished[piece.stream] = piece.bytes.last == 0x0a ? nil : number
        return number
    }

    mutating func finishTail() -> [LogLine] {
        guard !isTailDone, let tail = options.tail else { return [] }
        isTailDone = true
        defer { held = [] }
        return held[first...].filter { $0.line > lineCount - max(0, tail) }.map(\.piece)
    }
}

/// Tells when a log has grown, or its container has ended.
private final class LogWatch {
    private let monitor: SharedFD?
    private let changes: PathWatch
    private var isOver = false

    init(_ folder: ContainerFolder) throws(CFSError) {
        changes = try PathWatch()
        // The folder, because the log is made with the first line.
        guard try changes.addIfThere(folder.container, [.modified, .created, .deletedSelf]) else {
            throw CFSError(.containerNotFound, .looking, "the container is gone")
        }
        do throws(CFSError) {
            monitor = SharedFD(try folder.connect().fd.duplicate())
        } catch {
            guard error.code == .containerNotRunning else { throw error }
            monitor = nil
        }
    }

    var descriptors: [Int32] {
        guard let monitor, !isOver else { return [] }
        return [monitor.raw, changes.descriptor]
    }

    /// Looks, or waits, whether the log may have more; false when the container has ended and everything was read.
    func look(milliseconds: Int32) throws(CFSError) -> Bool {
        guard let monitor, !isOver else { return false }
        let poll = try EventPoll()
        try poll.add(monitor.raw, .readable, token: 0)
        try poll.add(changes.descriptor, .readable, token: 1)
        for event in try poll.wait(milliseconds: milliseconds) {
            if event.token == 1 {
                try changes.take()
            } else if let (bytes, _) = try MessageSocket.receive(monitor.raw) {
                // What is in the log at the end is all there will be. A run that another follows has other messages.
                if case .exited = try MonitorMessage(parsing: bytes) { isOver = true }
            } else {
                isOver = true
            }
        }
        return true
    }
}
