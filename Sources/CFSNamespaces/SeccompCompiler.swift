import CFSLinux
import CFSModel
import CLinux
import CSeccomp
import Glibc

/// Makes a filter of a profile, with libseccomp.
public enum SeccompCompiler {
    /// Goes up when the same profile becomes another filter: filters are kept under its name (``SeccompCache``).
    static let revision = 4

    /// Compiles a profile for the running machine. Takes milliseconds: see ``SeccompCache``.
    ///
    /// System calls that libseccomp does not know are passed over, as runc does: a profile serves many kernels.
    ///
    /// - Throws: `.invalidConfiguration` for an architecture that this machine cannot have, or a filter of more than 4096
    ///   instructions.
    public static func compile(_ profile: SeccompProfile) throws(CFSError) -> SeccompFilter {
        var rules = Rules(profile)
        var architectures: [SeccompCallNumbers] = []
        for architecture in [.native] + profile.architectures
        where !architectures.contains(where: { $0.architecture == architecture }) {
            guard let numbers = SeccompCallNumbers(architecture) else { throw unsupported(architecture) }
            architectures.append(numbers)
        }
        rules.dropWhatNobodyHas(architectures)

        let context = try SeccompContext(profile.defaultAction)
        try context.configure()
        for numbers in architectures.dropFirst() {
            if context.add(architecture: numbers.token) < 0 { throw unsupported(numbers.architecture) }
        }
        for rule in rules.library where try !context.add(rule) { rules.decideBefore(rule.name) }
        let bytes = rules.prologue.program(for: architectures).bytes + (try context.export())
        guard bytes.count <= BPFProgram.limit * BPFProgram.instructionSize else {
            throw CFSError(
                .invalidConfiguration, .preparing,
                "the seccomp profile needs \(bytes.count / BPFProgram.instructionSize) instructions: the kernel takes 4096",
                hint: "use fewer conditions on arguments, or fewer architectures")
        }
        return SeccompFilter(bytes: bytes, flags: flags(of: profile))
    }

    /// What the kernel takes: a flag for listeners only with a listener, and with one the answer to a thread that has another
    /// filter in a form that leaves room for the descriptor.
    private static func flags(of profile: SeccompProfile) -> UInt32 {
        let flags = profile.flags.reduce(0) { $0 | $1.bit }
        guard profile.notifies else { return flags & ~SeccompProfile.Flag.waitKillable.bit }
        let synchronizes = flags & SeccompProfile.Flag.synchronizeThreads.bit != 0
        return flags | UInt32(CFS_SECCOMP_FILTER_FLAG_NEW_LISTENER)
            | (synchronizes ? UInt32(CFS_SECCOMP_FILTER_FLAG_TSYNC_ESRCH) : 0)
    }

    private static func unsupported(_ architecture: SeccompArchitecture) -> CFSError {
        CFSError(
            .invalidConfiguration, .preparing,
            "seccomp.architectures: \(architecture.rawValue) is not possible on this machine")
    }

    /// The rules of a profile, by what can express them.
    private struct Rules {
        struct Library {
            var name: String
            var number: Int32
            var action: SeccompProfile.Action
            var conditions: [SeccompProfile.Condition]
        }
        var library: [Library] = []
        var prologue = SeccompPrologue()

        private struct Call {
            var conditional: [(conditions: [SeccompProfile.Condition], action: SeccompProfile.Action)] = []
            var unconditional: SeccompProfile.Action?
        }

        init(_ profile: SeccompProfile) {
            var names: [String] = []
            var calls: [String: Call] = [:]
            for rule in profile.rules {
                for name in rule.names {
                    if calls[name] == nil { names.append(name) }
                    var call = calls[name] ?? Call()
                    if rule.conditions.isEmpty {
                        call.unconditional = rule.action
                    } else {
                        call.conditional += Self.alternatives(rule.conditions).map { ($0, rule.action) }
                    }
                    calls[name] = call
                }
            }
            for name in names {
                if let call = calls[name] { sort(name, call, profile.defaultAction) }
            }
            if !profile.defaultAction.isPermissive, profile.defaultAction != .errno(38) { prologue.known = names }
        }

        /// Docker's profiles name one argument several times and mean any of them; otherwise all must hold. runc reads them so.
        private static func alternatives(_ conditions: [SeccompProfile.Condition]) -> [[SeccompProfile.Condition]] {
            let isUnique = Set(conditions.map(\.index)).count == conditions.count
            return isUnique ? [conditions] : conditions.map { [$0] }
        }

        private mutating func sort(_ name: String, _ call: Call, _ defaultAction: SeccompProfile.Action) {
            guard let number = SeccompCallNumbers.libraryNumber(name) else {
                var exception = SeccompPrologue.Exception(name: name, rules: call.conditional)
                if let action = call.unconditional { exception.rules.append(([], action)) }
                if SeccompCallNumbers.newer[name] != nil { prologue.exceptions.append(exception) }
                return
            }
            if let action = call.unconditional {
                if call.conditional.contains(where: { $0.action != action }) {
                    prologue.exceptions.append(SeccompPrologue.Exception(name: name, rules: call.conditional))
                }
                // libseccomp refuses a rule that says what holds anyway (EACCES).
                if action != defaultAction {
                    library.append(Library(name: name, number: number, action: action, conditions: []))
                }
            } else if SeccompCallNumbers.multiplexers.contains(name),
                call.conditional.contains(where: { $0.action != defaultAction })
            {
                // Where they meet the rule of a call behind the multiplexer, libseccomp keeps only one of the two, and may
                // leave out that call on all architectures.
                prologue.exceptions.append(SeccompPrologue.Exception(name: name, rules: call.conditional))
            } else if call.conditional.contains(where: { $0.action != call.conditional[0].action }) {
                // Of several that hold, the library takes whichever its tree comes to first.
                prologue.exceptions.append(SeccompPrologue.Exception(name: name, rules: call.conditional))
            } else if let action = call.conditional.first?.action, action != defaultAction {
                guard Self.areAlike(call.conditional.map(\.conditions)) else {
                    prologue.exceptions.append(SeccompPrologue.Exception(name: name, rules: call.conditional))
                    return
                }
                for rule in call.conditional {
                    library.append(Library(name: name, number: number, action: action, conditions: rule.conditions))
                }
            }
        }

        /// Whether the library can have several rules of one call: when they differ in the lower half of one value and in
        /// nothing else. Where they branch at an upper half, libseccomp 2.5 goes from one rule to the next without loading
        /// that half again, and compares the lower one in its place: calls got through that no rule allows.
        private static func areAlike(_ rules: [[SeccompProfile.Condition]]) -> Bool {
            guard rules.count > 1 else { return true }
            let shapes = rules.map { conditions -> SeccompProfile.Condition? in
                guard conditions.count == 1, var shape = conditions.first else { return nil }
                switch shape.comparison {
                case .equal: (shape.value, shape.valueTwo) = (shape.value >> 32, 0)
                case .maskedEqual: shape.valueTwo >>= 32
                default: return nil
                }
                return shape
            }
            return shapes.allSatisfy { $0 != nil && $0 == shapes.first }
        }

        /// Takes a call from the library, which found that its rules are at odds with what it has and keeps none of them.
        mutating func decideBefore(_ name: String) {
            guard !prologue.exceptions.contains(where: { $0.name == name }) else { return }
            let rules = library.filter { $0.name == name }.map { ($0.conditions, $0.action) }
            prologue.exceptions.append(SeccompPrologue.Exception(name: name, rules: rules))
        }

        /// A call that only other architectures have would become a dead branch of this one's tree.
        mutating func dropWhatNobodyHas(_ architectures: [SeccompCallNumbers]) {
            library.removeAll { rule in !architectures.contains { $0.has(rule.name) } }
        }
    }

    /// A filter under construction (seccomp_init(3)).
    private struct SeccompContext: ~Copyable {
        private let raw: scmp_filter_ctx

        init(_ defaultAction: SeccompProfile.Action) throws(CFSError) {
            guard let raw = seccomp_init(defaultAction.returnValue) else {
                throw CFSError(
                    .systemCallFailed, .preparing, "libseccomp cannot make a filter", systemCall: "seccomp_init")
            }
            self.raw = raw
        }

        deinit { seccomp_release(raw) }

        func configure() throws(CFSError) {
            // A program of another architecture must see a call that is not there; a signal would kill it.
            try Self.check(
                seccomp_attr_set(raw, SCMP_FLTATR_ACT_BADARCH, SeccompProfile.Action.errno(38).returnValue),
                "seccomp_attr_set")
            // A binary tree of numbers: nine comparisons instead of hundreds for a call that the kernel cannot decide once
            // for all, because of its arguments. Before libseccomp 2.5 the filter is a list, and works too.
            _ = seccomp_attr_set(raw, SCMP_FLTATR_CTL_OPTIMIZE, 2)
        }

        func add(architecture token: UInt32) -> Int32 { seccomp_arch_add(raw, token) }

        /// - Returns: false when the library cannot have it beside the others (EEXIST); then it is not there on any architecture.
        func add(_ rule: Rules.Library) throws(CFSError) -> Bool {
            let conditions = rule.conditions.map {
                scmp_arg_cmp(arg: $0.index, op: $0.comparison.library, datum_a: $0.value, datum_b: $0.valueTwo)
            }
            let added = seccomp_rule_add_array(
                raw, rule.action.returnValue, rule.number, UInt32(conditions.count), conditions)
            if added == -EEXIST { return false }
            try Self.check(added, "seccomp_rule_add_array", " of \(rule.name)")
            return true
        }

        func export() throws(CFSError) -> [UInt8] {
            let file = try MemoryFile.make("seccomp")
            try Self.check(seccomp_export_bpf(raw, file.raw), "seccomp_export_bpf")
            try checked(lseek(file.raw, 0, SEEK_SET) == 0 ? 0 : -Int(errno), "lseek", .preparing)
            return try File.readAll(file.raw, limit: 1 << 20)
        }

        private static func check(_ result: Int32, _ call: String, _ what: String = "") throws(CFSError) {
            if result >= 0 { return }
            throw CFSError(
                .systemCallFailed, .preparing, "libseccomp failed at \(call)\(what)", systemCall: call, errno: -result)
        }
    }
}

extension SeccompProfile.Comparison {
    fileprivate var library: scmp_compare {
        switch self {
        case .notEqual: SCMP_CMP_NE
        case .less: SCMP_CMP_LT
        case .lessOrEqual: SCMP_CMP_LE
        case .equal: SCMP_CMP_EQ
        case .greaterOrEqual: SCMP_CMP_GE
        case .greater: SCMP_CMP_GT
        case .maskedEqual: SCMP_CMP_MASKED_EQ
        }
    }
}
