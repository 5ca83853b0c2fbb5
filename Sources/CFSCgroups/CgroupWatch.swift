import CFSLinux
import CFSModel
import CLinux
import Glibc

/// What the kernel counts pressure of.
public enum PressureResource: String, Sendable, Hashable, CaseIterable {
    case cpu, memory, io
}

/// When pressure is worth an event (Documentation/accounting/psi.rst, Monitoring for pressure thresholds).
public struct PressureTrigger: Sendable, Hashable {
    public var resource: PressureResource
    /// Whether all tasks must wait, not only some.
    public var isFull: Bool
    /// Microseconds of waiting within the window.
    public var stall: UInt64
    /// Microseconds; 500,000 to 10,000,000. Without CAP_SYS_RESOURCE a multiple of two seconds (Linux 6.5).
    public var window: UInt64

    public init(_ resource: PressureResource, isFull: Bool = false, stall: UInt64, window: UInt64) {
        self.resource = resource
        self.isFull = isFull
        self.stall = stall
        self.window = window
    }
}

/// What has happened in a cgroup since the last look.
public enum CgroupChange: Sendable, Hashable {
    /// Counters of `memory.events`, now and before: a larger `oomKill` is a process that the kernel killed.
    case memory(MemoryEvents, before: MemoryEvents)
    /// `cgroup.events`: the last process left, or the first came; all stand still, or run again.
    case state(CgroupEvents, before: CgroupEvents)
    case pressure(PressureTrigger)
    /// The cgroup was removed; nothing more will come.
    case removed
}

/// Something of a cgroup that the kernel tells about. The descriptor becomes ready for POLLPRI (poll(2), EPOLLPRI)
/// when there is news; ``change()`` then says what it is.
///
///     var watch = try CgroupWatch(.memory, of: cgroup)
///     try poll.add(watch.descriptor, .priority, token: 1)   // then, when it is ready:
///     if case .memory(let now, let before)? = try watch.change(), now.oomKill > before.oomKill { ... }
public struct CgroupWatch: ~Copyable, Sendable {
    public enum Subject: Sendable, Hashable {
        /// `memory.events`, of the cgroup and those below.
        case memory
        /// `cgroup.events`.
        case state
        case pressure(PressureTrigger)

        fileprivate var fileName: String {
            switch self {
            case .memory: "memory.events"
            case .state: "cgroup.events"
            case .pressure(let trigger): "\(trigger.resource.rawValue).pressure"
            }
        }
    }

    private let subject: Subject
    private let file: OwnedFD
    private let path: String
    private var memory = MemoryEvents()
    private var state = CgroupEvents()

    /// Begins to watch: changes from now on are told.
    ///
    /// - Throws: `cgroupControllerUnavailable` when the cgroup has not the controller; `invalidArgument` for a trigger
    ///   that the kernel does not take; `notPermitted` for one that needs CAP_SYS_RESOURCE.
    public init(_ subject: Subject, of cgroup: Cgroup) throws(CFSError) {
        let name = subject.fileName
        let path = "\(cgroup.path)/\(name)"
        let file = try Self.open(name, subject, cgroup, path)
        // The first look arms the notification; what was before is no news.
        let text = try Self.text(file.raw, subject, path) ?? []
        self.init(subject, file, path, text)
    }

    private init(_ subject: Subject, _ file: consuming OwnedFD, _ path: String, _ text: [UInt8]) {
        self.subject = subject
        self.file = file
        self.path = path
        memory = text.withUnsafeBytes { MemoryEvents($0) }
        state = text.withUnsafeBytes { CgroupEvents($0) }
    }

    /// What the file says; nil once the cgroup was removed. A file of pressure says nothing that counts.
    private static func text(_ file: Int32, _ subject: Subject, _ path: String) throws(CFSError) -> [UInt8]? {
        if case .pressure = subject { return [] }
        var buffer = [UInt8](repeating: 0, count: 512)
        let result = buffer.withUnsafeMutableBytes { Int(cfs_read_from_start(file, $0.baseAddress, $0.count)) }
        if result == -Int(ENODEV) { return nil }
        buffer.removeLast(buffer.count - (try checked(result, "pread", .looking, path: path)))
        return buffer
    }

    private static func open(
        _ name: String, _ subject: Subject, _ cgroup: Cgroup, _ path: String
    ) throws(CFSError) -> OwnedFD {
        guard case .pressure(let trigger) = subject else {
            let opened = File.tryOpen(name, .read, at: cgroup.descriptor)
            if opened == -ErrorCode.notFound, subject == .memory {
                throw try CgroupHierarchy(holding: cgroup.path).unavailable(.memory)
            }
            return OwnedFD(try checked(opened, "openat", .looking, path: path))
        }
        let opened = File.tryOpen(name, [.readWrite, .nonBlocking], at: cgroup.descriptor)
        if opened == -ErrorCode.notFound || opened == -ErrorCode.notSupported { throw noPressure(path) }
        let file = OwnedFD(try checked(opened, "openat", .looking, path: path))
        try arm(file.raw, trigger, path)
        return file
    }

    private static func noPressure(_ path: String) -> CFSError {
        CFSError(
            .kernelUnsupported, .looking, "this kernel does not measure pressure", path: path,
            hint: "it needs CONFIG_PSI, and psi=1 at boot where it is off by default")
    }

    private static func arm(_ file: Int32, _ trigger: PressureTrigger, _ path: String) throws(CFSError) {
        let text = "\(trigger.isFull ? "full" : "some") \(trigger.stall) \(trigger.window)"
        let result = Array(text.utf8CString).withUnsafeBytes { File.write(file, $0) }
        switch -result {
        case ErrorCode.notSupported: throw noPressure(path)
        case ErrorCode.invalid:
            let hint =
                "the window is 500000 to 10000000 us, and the stall at most the window; "
                + "without CAP_SYS_RESOURCE the window is a multiple of 2000000 us"
            throw CFSError(
                .invalidArgument, .looking, "the kernel does not take the pressure trigger \"\(text)\"",
                systemCall: "write", path: path, errno: Int32(-result), hint: hint)
        default: try checked(min(result, 0), "write", .looking, path: path)
        }
    }

    /// Becomes ready for POLLPRI.
    public var descriptor: Int32 { file.raw }

    /// What has changed since the last call; nil when nothing of it has. Never waits.
    public mutating func change() throws(CFSError) -> CgroupChange? {
        if case .pressure(let trigger) = subject {
            let ready = Int(cfs_poll_one(file.raw, CFS_POLLPRI, 0))
            return ready & Int(CFS_POLLERR) != 0 ? .removed : .pressure(trigger)
        }
        guard let text = try Self.text(file.raw, subject, path) else { return .removed }
        if subject == .memory {
            let now = text.withUnsafeBytes { MemoryEvents($0) }
            defer { memory = now }
            return now == memory ? nil : .memory(now, before: memory)
        }
        let now = text.withUnsafeBytes { CgroupEvents($0) }
        defer { state = now }
        return now == state ? nil : .state(now, before: state)
    }

    /// Waits for the next change; nil when the time has passed.
    ///
    /// - Parameter milliseconds: how long at most; -1 without end.
    public mutating func wait(milliseconds: Int32) throws(CFSError) -> CgroupChange? {
        let end = SystemClock.monotonic + UInt64(max(milliseconds, 0)) * 1_000_000
        while true {
            let now = SystemClock.monotonic
            let left = milliseconds < 0 ? -1 : Int32((end - min(end, now)) / 1_000_000)
            let ready = try checked(Int(cfs_poll_one(file.raw, CFS_POLLPRI, left)), "poll", .looking, path: path)
            if case .pressure(let trigger) = subject {
                if ready & Int(CFS_POLLERR) != 0 { return .removed }
                if ready != 0 { return .pressure(trigger) }
            } else if let change = try change() {
                return change
            }
            if milliseconds >= 0, SystemClock.monotonic >= end { return nil }
        }
    }
}

extension Cgroup {
    /// Whether the kernel tells about that here, without asking why not: a cgroup that was not given the memory controller
    /// has no `memory.events`.
    public func watches(_ subject: CgroupWatch.Subject) -> Bool {
        File.exists(subject.fileName, at: descriptor)
    }
}
