import CFSLinux
import CFSModel

/// `cgroup.events` (cgroup-v2.rst, Core Interface Files).
public struct CgroupEvents: Sendable, Hashable {
    /// Whether a process lives in the cgroup or below.
    public var isPopulated = false
    /// Whether all that live there stand still.
    public var isFrozen = false

    public init(isPopulated: Bool = false, isFrozen: Bool = false) {
        self.isPopulated = isPopulated
        self.isFrozen = isFrozen
    }

    /// Reads the kernel's text.
    public init(_ text: UnsafeRawBufferPointer) {
        var lines = KeyedLines(text)
        while let line = lines.next() {
            if line.hasKey("populated") { isPopulated = line.value != 0 }
            if line.hasKey("frozen") { isFrozen = line.value != 0 }
        }
    }
}

/// `memory.events`: how often something has happened (cgroup-v2.rst, Memory Interface Files).
public struct MemoryEvents: Sendable, Hashable {
    /// Reclaimed below `memory.low`.
    public var low: UInt64 = 0
    /// Slowed down over `memory.high`.
    public var high: UInt64 = 0
    /// About to go over `memory.max`.
    public var max: UInt64 = 0
    /// Nothing could be reclaimed at the limit.
    public var oom: UInt64 = 0
    /// Processes that the kernel killed for it.
    public var oomKill: UInt64 = 0
    /// Times that it killed the whole group (Linux 5.17).
    public var oomGroupKill: UInt64 = 0

    public init() {}

    /// Reads the kernel's text.
    public init(_ text: UnsafeRawBufferPointer) {
        var lines = KeyedLines(text)
        while let line = lines.next() {
            if line.hasKey("low") {
                low = line.value
            } else if line.hasKey("high") {
                high = line.value
            } else if line.hasKey("max") {
                max = line.value
            } else if line.hasKey("oom") {
                oom = line.value
            } else if line.hasKey("oom_kill") {
                oomKill = line.value
            } else if line.hasKey("oom_group_kill") {
                oomGroupKill = line.value
            }
        }
    }
}
