import CFSLinux
import CFSModel
import CLinux
import Glibc

/// What a process is given beyond identity, privilege and limits (runtime-spec, config.md and config-linux.md). All of it
/// survives execve, and needs the privilege that is given away later.
public struct ProcessAttributes: Sendable, Hashable {
    /// sched_setattr(2).
    public struct Scheduler: Sendable, Hashable {
        public var policy: UInt32
        public var flags: UInt64
        public var nice: Int32
        public var priority: UInt32
        /// Nanoseconds, of SCHED_DEADLINE.
        public var runtime: UInt64
        public var deadline: UInt64
        public var period: UInt64
    }

    /// set_mempolicy(2): a mode with its flags, and the numbers of nodes.
    public struct MemoryPolicy: Sendable, Hashable {
        public var mode: Int
        public var nodes: [UInt32]
    }

    public var scheduler: Scheduler?
    /// ioprio_set(2): class and level as the kernel joins them.
    public var ioPriority: UInt32?
    /// The numbers of the processors that it may use (sched_setaffinity(2)).
    public var processors: [UInt32]?
    /// personality(2).
    public var personality: UInt32?
    public var memoryPolicy: MemoryPolicy?
    /// A profile that the kernel has loaded.
    public var appArmorProfile: String?
    /// An SELinux context.
    public var selinuxLabel: String?

    public init() {}

    /// Gives all of it to this process.
    func apply() throws(CFSError) {
        if let processors { try Self.setAffinity(processors) }
        if let scheduler { try scheduler.apply() }
        if let ioPriority {
            // IOPRIO_WHO_PROCESS, this one.
            try checked(rawCall(cfs_nr_ioprio_set, 1, 0, Int(ioPriority)), "ioprio_set", .starting)
        }
        if let personality { try checked(rawCall(cfs_nr_personality, Int(personality)), "personality", .starting) }
        if let memoryPolicy { try memoryPolicy.apply() }
        if let appArmorProfile {
            try Self.label("exec \(appArmorProfile)", ["attr/apparmor/exec", "attr/exec"], "AppArmor profile")
        }
        if let selinuxLabel { try Self.label(selinuxLabel, ["attr/exec"], "SELinux label") }
    }

    /// Limits this process to some processors.
    public static func setAffinity(_ processors: [UInt32]) throws(CFSError) {
        let mask = Self.bits(processors)
        let result = mask.withUnsafeBytes { rawCall(cfs_nr_sched_setaffinity, 0, $0.count, address($0.baseAddress)) }
        try checked(result, "sched_setaffinity", .starting)
    }

    /// A bit mask of whole 64-bit words.
    fileprivate static func bits(_ numbers: [UInt32]) -> [UInt64] {
        var mask = [UInt64](repeating: 0, count: Int((numbers.max() ?? 0) / 64) + 1)
        for number in numbers { mask[Int(number / 64)] |= 1 << UInt64(number % 64) }
        return mask
    }

    /// Writes what the kernel shall label the program with that is executed next. The procfs is the container's, who may
    /// have put something else over it: its kind is checked, and no mount on the way is crossed.
    private static func label(_ text: String, _ files: [String], _ what: String) throws(CFSError) {
        let proc = try File.open("/proc", [.path, .directory, .noFollow], phase: .starting)
        guard cfs_filesystem_magic(proc.raw) == Int(CFS_PROC_SUPER_MAGIC) else {
            throw CFSError(.invalidConfiguration, .starting, "the \(what) needs a procfs at /proc", path: "/proc")
        }
        var result = -ErrorCode.notFound
        for file in files where result == -ErrorCode.notFound {
            result = File.tryOpen(
                "thread-self/\(file)", below: proc.raw, [.write], resolve: [.beneath, .noMountCrossing])
        }
        let file = OwnedFD(try checked(result, "openat2", .starting, path: "/proc/thread-self/\(files[0])"))
        let written = Array(text.utf8).withUnsafeBytes { File.write(file.raw, $0) }
        guard written < 0 else { return }
        throw CFSError(
            .invalidConfiguration, .starting, "the kernel does not take the \(what) \"\(text)\"", systemCall: "write",
            path: "/proc/thread-self/\(files[0])", errno: Int32(-written))
    }
}

extension ProcessAttributes.Scheduler {
    fileprivate func apply() throws(CFSError) {
        // struct sched_attr of linux/sched/types.h, in words of 32 bits.
        func halves(_ value: UInt64) -> [UInt32] { [UInt32(truncatingIfNeeded: value), UInt32(value >> 32)] }
        let words =
            [48, policy] + halves(flags) + [UInt32(bitPattern: nice), priority] + halves(runtime) + halves(deadline)
            + halves(period)
        let result = words.withUnsafeBytes { rawCall(cfs_nr_sched_setattr, 0, address($0.baseAddress), 0) }
        try checked(result, "sched_setattr", .starting)
    }
}

extension ProcessAttributes.MemoryPolicy {
    fileprivate func apply() throws(CFSError) {
        let mask = nodes.isEmpty ? [] : ProcessAttributes.bits(nodes)
        // The kernel takes one bit less than it is told (set_mempolicy(2), bugs).
        let bits = mask.isEmpty ? 0 : mask.count * 64 + 1
        let result = mask.withUnsafeBytes { rawCall(cfs_nr_set_mempolicy, mode, address($0.baseAddress), bits) }
        try checked(result, "set_mempolicy", .starting)
    }
}
