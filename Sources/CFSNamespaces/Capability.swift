import CFSLinux
import CFSModel
import CLinux

/// The capabilities of Linux (capabilities(7)), numbered as in the kernel.
public enum Capability {
    /// Without `CAP_`, at the index that is their number.
    static let names = [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
        "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
        "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
        "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
        "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
        "CHECKPOINT_RESTORE",
    ]

    /// All of them as a set of bits.
    public static let all: UInt64 = (1 << UInt64(names.count)) - 1

    /// What a container's root has when nobody asks for more or less.
    public static let defaults: UInt64 = [
        "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "NET_BIND_SERVICE",
        "SYS_CHROOT",
        "SETFCAP",
    ].reduce(0) { $0 | bit($1) }

    /// The bit of a name without `CAP_`; none for an unknown one.
    static func bit(_ name: String) -> UInt64 { names.firstIndex(of: name).map { 1 << UInt64($0) } ?? 0 }

    /// The bit of a name as the OCI configuration has it, `CAP_CHOWN`; none for an unknown one.
    public static func bit(ofFullName name: String) -> UInt64 {
        let bytes = Array(name.utf8)
        guard bytes.count > 4, bytes[0] == 0x43, bytes[1] == 0x41, bytes[2] == 0x50, bytes[3] == 0x5f else { return 0 }
        let rest = bytes[4...]
        let number = names.firstIndex { $0.utf8.count == rest.count && $0.utf8.elementsEqual(rest) }
        return number.map { 1 << UInt64($0) } ?? 0
    }

    /// Whether this process may do what the name without `CAP_` stands for.
    public static func isEffective(_ name: String) throws(CFSError) -> Bool { try effective() & bit(name) != 0 }

    /// What this process may do (its effective set).
    public static func effective() throws(CFSError) -> UInt64 {
        let (low, high) = try current()
        return UInt64(low.effective) | UInt64(high.effective) << 32
    }

    /// What this process may take into use (its permitted set).
    public static func permitted() throws(CFSError) -> UInt64 {
        let (low, high) = try current()
        return UInt64(low.permitted) | UInt64(high.permitted) << 32
    }

    private static func current() throws(CFSError) -> (low: cfs_cap_data, high: cfs_cap_data) {
        var header = cfs_cap_header(version: UInt32(CFS_CAPABILITY_VERSION_3), pid: 0)
        var data = [cfs_cap_data(), cfs_cap_data()]
        let result = data.withUnsafeMutableBytes { data in
            withUnsafeMutablePointer(to: &header) { rawCall(cfs_nr_capget, address($0), address(data.baseAddress)) }
        }
        try checked(result, "capget", .looking)
        return (data[0], data[1])
    }

    /// What this process and its children can ever get by executing a program (its bounding set).
    public static func bounding() throws(CFSError) -> UInt64 {
        var set: UInt64 = 0
        for number in 0..<names.count where ProcessControl.control(CFS_PR_CAPBSET_READ, number) == 1 {
            set |= 1 << UInt64(number)
        }
        return set
    }

    /// Reads `NET_ADMIN`, `cap_net_admin` or `ALL` as a set of bits.
    public static func parse(_ text: String) throws(CFSError) -> UInt64 {
        var name = text.uppercased()
        if name.hasPrefix("CAP_") { name.removeFirst(4) }
        if name == "ALL" { return all }
        let found = bit(name)
        guard found != 0 else {
            let near = NearestName.suggestions(for: name, among: names)
            throw CFSError(
                .invalidArgument, .parsing, "unknown capability \"\(text)\"",
                hint: near.isEmpty
                    ? "see capabilities(7) for the names" : "did you mean \(near.joined(separator: " or "))?")
        }
        return found
    }

    /// What it starts from, less what is dropped, plus what is added. `ALL` in either stands for all that are not named in
    /// the other; of the same name in both, the addition wins. As Docker reads it.
    ///
    /// - Parameter start: a set of bits; ``all`` for a privileged container, so that a drop holds there too.
    public static func set(
        adding: [String], dropping: [String], from start: UInt64 = defaults
    ) throws(CFSError) -> UInt64 {
        var (added, dropped): (UInt64, UInt64) = (0, 0)
        var (addsAll, dropsAll) = (false, false)
        for name in adding {
            let bits = try parse(name)
            if bits == all { addsAll = true } else { added |= bits }
        }
        for name in dropping {
            let bits = try parse(name)
            if bits == all { dropsAll = true } else { dropped |= bits }
        }
        let base = addsAll ? all : dropsAll ? 0 : start
        return base & ~dropped | added
    }

    /// The names with `CAP_` of a set of bits, in the order of their numbers.
    public static func names(of set: UInt64) -> [String] {
        names.enumerated().filter { set & (1 << UInt64($0.offset)) != 0 }.map { "CAP_\($0.element)" }
    }

    /// The set of bits of names as the OCI configuration has them.
    static func set(of names: [String]) throws(CFSError) -> UInt64 {
        var set: UInt64 = 0
        for name in names { set |= try parse(name) }
        return set
    }
}

/// The five sets of a process (capabilities(7), thread capability sets), each a set of bits.
public struct CapabilitySets: Sendable, Hashable {
    public var bounding: UInt64 = 0
    public var effective: UInt64 = 0
    public var permitted: UInt64 = 0
    public var inheritable: UInt64 = 0
    public var ambient: UInt64 = 0
    public init() {}

    public init(_ capabilities: RuntimeSpec.Capabilities) throws(CFSError) {
        bounding = try Capability.set(of: capabilities.bounding)
        effective = try Capability.set(of: capabilities.effective)
        permitted = try Capability.set(of: capabilities.permitted)
        inheritable = try Capability.set(of: capabilities.inheritable)
        ambient = try Capability.set(of: capabilities.ambient)
    }
}
