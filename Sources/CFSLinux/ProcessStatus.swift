import CLinux

/// What the kernel says of a process, also of one that has ended and was not waited for (proc_pid_stat(5)).
public struct ProcessStatus: Sendable, Hashable {
    /// The start in clock ticks since boot: with the number it is an identity that survives the reuse of numbers.
    public let startTime: UInt64
    /// The process that waits for it.
    public let parent: Int32
    /// Whether it has executed a program since it was cloned.
    public let hasExecuted: Bool
    /// Whether it has begun to end, or has ended: it still gives up what it has, its namespaces before its descriptors.
    public let isEnding: Bool
    /// Whether it only keeps its number until somebody waits for it.
    public let hasEnded: Bool
    /// Whether somebody has stopped it, by a signal or to trace it: it hears nothing.
    public let isStopped: Bool
    /// The signal that ended it, if one did.
    public let endSignal: Int32?

    /// PF_FORKNOEXEC of linux/sched.h: set by a clone, cleared by execve before that closes any descriptor.
    private static let forkedWithoutExec: UInt64 = 0x40
    /// PF_EXITING: set before the kernel takes anything away from a process that ends, and never cleared.
    private static let exiting: UInt64 = 0x4

    /// Asks for a process by its number; nil when there is none.
    public init?(of pid: Int32) {
        let fd = File.tryOpen("/proc/\(pid)/stat", .read)
        guard fd >= 0 else { return nil }
        let owned = OwnedFD(fd)
        var buffer = [UInt8](repeating: 0, count: 1024)
        let count = buffer.withUnsafeMutableBytes { File.read(owned.raw, into: $0) }
        guard count > 0 else { return nil }
        self.init(stat: buffer[..<count])
    }

    /// Reads the line of `/proc/PID/stat`; the name in it may hold spaces and parentheses.
    init?(stat line: some BidirectionalCollection<UInt8>) {
        guard let parenthesis = line.lastIndex(of: 0x29) else { return nil }
        // From the third field on, the state.
        let fields = line[line.index(after: parenthesis)...].split { $0 == 0x20 || $0 == 0x0a }
        func number(_ field: Int) -> UInt64? {
            fields.indices.contains(field - 3) ? UInt64(String(decoding: fields[field - 3], as: UTF8.self)) : nil
        }
        guard let flags = number(9), let startTime = number(22), let parent = number(4) else { return nil }
        self.parent = Int32(clamping: parent)
        self.startTime = startTime
        hasExecuted = flags & Self.forkedWithoutExec == 0
        isEnding = flags & Self.exiting != 0
        hasEnded = fields[0].first == UInt8(ascii: "Z") || fields[0].first == UInt8(ascii: "X")
        isStopped = fields[0].first == UInt8(ascii: "T") || fields[0].first == UInt8(ascii: "t")
        let signal = number(52).map { Int32($0 & 0x7f) } ?? 0
        endSignal = hasEnded && signal != 0 ? signal : nil
    }
}

extension ProcessControl {
    /// The start of a process in clock ticks since boot; nil when there is no such process.
    public static func startTime(of pid: Int32) -> UInt64? { ProcessStatus(of: pid)?.startTime }

    /// Whether the process with this identity runs. One that has ended does not, though it keeps its number until it is
    /// waited for: a moment, or as long as its parent likes.
    public static func isRunning(_ pid: Int32, startTime: UInt64) -> Bool {
        guard let status = ProcessStatus(of: pid) else { return false }
        return status.startTime == startTime && !status.hasEnded
    }
}
