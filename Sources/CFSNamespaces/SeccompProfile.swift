import CFSLinux
import CFSModel
import CLinux
import Glibc

/// Which system calls a container may make, as data (runtime-spec 1.3.0, config-linux.md, seccomp).
///
/// Of several rules for one call, those with conditions are asked first, in their order; then the one without; then
/// ``defaultAction`` holds. A call that is newer than every call a profile names gives ENOSYS unless the default is to
/// allow, so that a C library falls back to what it used before.
public struct SeccompProfile: Sendable, Hashable {
    /// What happens to a call (seccomp(2), SECCOMP_RET_*).
    public enum Action: Sendable, Hashable {
        case killThread, killProcess, trap, allow, log
        /// Whoever listens at ``SeccompProfile/listener`` decides, and the call waits for that.
        case notify
        /// The call fails with this error number, which libseccomp wants below 4095.
        case errno(UInt16)
        /// A tracer is told this number.
        case trace(UInt16)
    }

    /// How an argument is compared, as an unsigned number of 64 bits.
    public enum Comparison: String, Sendable, Hashable, CaseIterable {
        case notEqual = "SCMP_CMP_NE"
        case less = "SCMP_CMP_LT"
        case lessOrEqual = "SCMP_CMP_LE"
        case equal = "SCMP_CMP_EQ"
        case greaterOrEqual = "SCMP_CMP_GE"
        case greater = "SCMP_CMP_GT"
        /// `argument & value == valueTwo & value` (seccomp_rule_add(3)).
        case maskedEqual = "SCMP_CMP_MASKED_EQ"
    }

    public struct Condition: Sendable, Hashable {
        /// Of the argument, 0 to 5.
        public var index: UInt32
        public var comparison: Comparison
        public var value: UInt64
        public var valueTwo: UInt64

        public init(_ index: UInt32, _ comparison: Comparison, _ value: UInt64, _ valueTwo: UInt64 = 0) {
            self.index = index
            self.comparison = comparison
            self.value = value
            self.valueTwo = valueTwo
        }

        /// Whether the lower 32 bits of an argument are `value`. The kernel ignores the upper half of an `int`, so a
        /// comparison of all 64 bits could be passed by setting one of them.
        public static func int(_ index: UInt32, is value: UInt32) -> Condition {
            Condition(index, .maskedEqual, 0xffff_ffff, UInt64(value))
        }
    }

    public struct Rule: Sendable, Hashable {
        public var names: [String]
        public var action: Action
        /// All must hold.
        public var conditions: [Condition]

        public init(_ names: [String], _ action: Action, _ conditions: [Condition] = []) {
            self.names = names
            self.action = action
            self.conditions = conditions
        }
    }

    /// Flags of the load (seccomp(2), SECCOMP_FILTER_FLAG_*).
    public enum Flag: String, Sendable, Hashable, CaseIterable {
        case synchronizeThreads = "SECCOMP_FILTER_FLAG_TSYNC"
        case log = "SECCOMP_FILTER_FLAG_LOG"
        case allowSpeculation = "SECCOMP_FILTER_FLAG_SPEC_ALLOW"
        /// Only a deadly signal ends the waiting of a call that the listener has heard of (Linux 5.19).
        case waitKillable = "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"

        /// The bit that the system call takes.
        public var bit: UInt32 {
            switch self {
            case .synchronizeThreads: 1
            case .log: 2
            case .allowSpeculation: 4
            case .waitKillable: UInt32(CFS_SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
            }
        }

        /// Whether the running kernel knows it: asked by a load without a program, which fails one way or the other.
        public var isSupported: Bool {
            let companion = self == .waitKillable ? UInt32(CFS_SECCOMP_FILTER_FLAG_NEW_LISTENER) : 0
            return rawCall(cfs_nr_seccomp, Int(CFS_SECCOMP_SET_MODE_FILTER), Int(bit | companion), 0)
                == -Int(EFAULT)
        }
    }

    /// Who decides about calls with the action ``Action/notify``.
    public struct Listener: Sendable, Hashable {
        /// Of a Unix socket for streams, absolute.
        public var path: String
        /// What it is told beside the descriptor.
        public var metadata: String?

        public init(path: String, metadata: String? = nil) {
            self.path = path
            self.metadata = metadata
        }
    }

    public var defaultAction: Action
    /// Besides the machine's own; calls of all others give ENOSYS.
    public var architectures: [SeccompArchitecture]
    public var flags: [Flag]
    public var rules: [Rule]
    /// Nil when no rule needs one.
    public var listener: Listener?

    public init(
        defaultAction: Action, architectures: [SeccompArchitecture], flags: [Flag] = [], rules: [Rule],
        listener: Listener? = nil
    ) {
        self.defaultAction = defaultAction
        self.architectures = architectures
        self.flags = flags
        self.rules = rules
        self.listener = listener
    }

    /// Whether somebody has to answer for a call.
    public var notifies: Bool { rules.contains { $0.action == .notify } }

    /// Whether a call is never held up or refused, whatever its arguments.
    func alwaysPasses(_ call: String) -> Bool {
        let actions = rules.filter { $0.names.contains(call) }
        return actions.allSatisfy { $0.action.isPermissive }
            && (defaultAction.isPermissive || actions.contains { $0.conditions.isEmpty })
    }
}

// MARK: JSON

extension SeccompProfile {
    /// The profile in the OCI form, always the same text for the same profile.
    public var json: JSON {
        var out = JSONBuilder()
        out.set("defaultAction", defaultAction.name)
        out.set("defaultErrnoRet", defaultAction.number.map { UInt32($0) })
        out.set("architectures", architectures.map(\.rawValue))
        out.set("flags", flags.map(\.rawValue))
        out.set("listenerPath", listener?.path)
        out.set("listenerMetadata", listener?.metadata)
        out.set("syscalls", rules.map(\.json))
        return out.json
    }
}

extension SeccompProfile.Rule {
    fileprivate var json: JSON {
        var out = JSONBuilder()
        out.set("names", names)
        out.set("action", action.name)
        out.set("errnoRet", action.number.map { UInt32($0) })
        out.set("args", conditions.map(\.json))
        return out.json
    }
}

extension SeccompProfile.Condition {
    fileprivate var json: JSON {
        [
            "index": .integer(Int64(index)), "value": JSON(unsigned: value), "valueTwo": JSON(unsigned: valueTwo),
            "op": .string(comparison.rawValue),
        ]
    }
}

extension SeccompProfile.Action {
    fileprivate var name: String {
        switch self {
        case .killThread: "SCMP_ACT_KILL_THREAD"
        case .killProcess: "SCMP_ACT_KILL_PROCESS"
        case .trap: "SCMP_ACT_TRAP"
        case .allow: "SCMP_ACT_ALLOW"
        case .log: "SCMP_ACT_LOG"
        case .notify: "SCMP_ACT_NOTIFY"
        case .errno: "SCMP_ACT_ERRNO"
        case .trace: "SCMP_ACT_TRACE"
        }
    }

    /// The number that goes with the action, when it takes one.
    fileprivate var number: UInt16? {
        switch self {
        case .errno(let number), .trace(let number): number
        default: nil
        }
    }

    /// The value that a filter returns (SECCOMP_RET_*).
    var returnValue: UInt32 {
        switch self {
        case .killThread: 0
        case .killProcess: 0x8000_0000
        case .trap: 0x0003_0000
        case .allow: 0x7fff_0000
        case .log: 0x7ffc_0000
        case .notify: 0x7fc0_0000
        case .errno(let number): 0x0005_0000 | UInt32(number)
        case .trace(let number): 0x7ff0_0000 | UInt32(number)
        }
    }

    /// Whether the call goes on.
    var isPermissive: Bool { self == .allow || self == .log }
}
