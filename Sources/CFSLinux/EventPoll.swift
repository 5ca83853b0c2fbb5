import CFSModel
import CLinux
import Glibc

/// Readiness of many descriptors (epoll(7)), level triggered.
public struct EventPoll: ~Copyable, Sendable {
    public struct Interest: OptionSet, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        public static let readable = Interest(rawValue: CFS_EPOLLIN)
        public static let writable = Interest(rawValue: CFS_EPOLLOUT)
        public static let priority = Interest(rawValue: CFS_EPOLLPRI)
        public static let hangUp = Interest(rawValue: CFS_EPOLLHUP)
        public static let failure = Interest(rawValue: CFS_EPOLLERR)
    }
    public struct Event {
        public let token: UInt64
        public let ready: Interest
    }

    private let fd: OwnedFD

    public init() throws(CFSError) {
        fd = OwnedFD(try checked(Int(cfs_epoll_create()), "epoll_create1", .preparing))
    }

    private func change(_ operation: Int32, _ target: Int32, _ interest: Interest, _ token: UInt64) -> Int {
        Int(cfs_epoll_change(fd.raw, operation, target, interest.rawValue, token))
    }

    /// Watches a descriptor; false when it is of a kind that is always ready (a regular file, EPERM).
    @discardableResult
    public func add(_ target: Int32, _ interest: Interest, token: UInt64) throws(CFSError) -> Bool {
        let result = change(CFS_EPOLL_ADD, target, interest, token)
        if result == -ErrorCode.notPermitted { return false }
        try checked(result, "epoll_ctl", .preparing)
        return true
    }

    public func modify(_ target: Int32, _ interest: Interest, token: UInt64) throws(CFSError) {
        try checked(change(CFS_EPOLL_MODIFY, target, interest, token), "epoll_ctl", .running)
    }

    /// Stops watching; a descriptor that is not watched is fine.
    public func remove(_ target: Int32) { _ = change(CFS_EPOLL_REMOVE, target, [], 0) }

    /// Waits for events, at most `milliseconds` (-1: without end).
    public func wait(milliseconds: Int32 = -1) throws(CFSError) -> [Event] {
        var failure = 0
        let events = [cfs_event](unsafeUninitializedCapacity: 16) { buffer, count in
            let found = Int(cfs_epoll_wait(fd.raw, buffer.baseAddress, milliseconds))
            failure = min(found, 0)
            count = max(found, 0)
        }
        try checked(failure, "epoll_wait", .running)
        return events.map { Event(token: $0.token, ready: Interest(rawValue: $0.ready)) }
    }
}

/// Signals as something to read (signalfd(2)). The signals are blocked for the calling thread from then on.
public struct SignalDescriptor: ~Copyable {
    public let fd: OwnedFD

    public init(_ signals: [Int32]) throws(CFSError) {
        fd = OwnedFD(try checked(Int(cfs_signalfd(signals, signals.count)), "signalfd", .preparing))
    }

    /// The numbers that have arrived.
    public func pending() throws(CFSError) -> [Int32] {
        var numbers: [Int32] = []
        let size = 128  // sizeof(struct signalfd_siginfo)
        var buffer = [UInt8](repeating: 0, count: size * 8)
        while true {
            let count = buffer.withUnsafeMutableBytes { File.read(fd.raw, into: $0) }
            if count == -ErrorCode.again { return numbers }
            try checked(count, "read", .running)
            for offset in stride(from: 0, to: count, by: size) {
                numbers.append(Int32(buffer[offset]) | Int32(buffer[offset + 1]) << 8)
            }
            if count < buffer.count { return numbers }
        }
    }
}
