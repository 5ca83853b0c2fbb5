import CFSModel

/// The part of a filter that runs before libseccomp's: what that library cannot say.
///
/// - A call with one rule without conditions loses its rules with conditions there, so *allow `ioctl`, but not this one
///   request* cannot be written; here the conditions are asked first.
/// - Of several rules for a call whose values differ in their upper halves libseccomp 2.5 compares the wrong halves.
/// - Conditions on a multiplexer of i386 (`socketcall`, `ipc`) are at odds with the rules of the calls behind it, and libseccomp
///   then has no rule for those at all; here the conditions are asked first.
/// - A call that is newer than the library has no name there; here it goes by its number.
/// - A call that is newer than the profile would get the default action; a C library takes only ENOSYS for *not there* and
///   falls back to an older call.
struct SeccompPrologue {
    /// A call that is decided here, and how: the first rule that holds counts. When none does, the filter goes on.
    struct Exception {
        var name: String
        var rules: [(conditions: [SeccompProfile.Condition], action: SeccompProfile.Action)]
    }

    var exceptions: [Exception] = []
    /// All names of the profile; nil when calls beyond them need no answer of their own.
    var known: [String]?

    private static let noSuchCall = SeccompProfile.Action.errno(38)  // ENOSYS

    /// The instructions; none when there is nothing to say.
    func program(for architectures: [SeccompCallNumbers]) -> BPFProgram {
        var program = BPFProgram()
        // Calls of x32 come with the token of x86-64 and a bit in their number.
        let x32 = architectures.first { $0.architecture == .x32 }
        for numbers in architectures where numbers.architecture != .x32 {
            let block = block(numbers, x32: numbers.architecture == .x86x64 ? x32 : nil)
            if block.instructions.isEmpty { continue }
            program.load(BPFProgram.architectureOffset)
            program.when(BPFInstruction.jumpIfEqual, numbers.token, block)
        }
        return program
    }

    private static let x32Bit: UInt32 = 0x4000_0000

    /// The calls that are decided here. Where none is meant, the number is still loaded at the end.
    private func tests(_ numbers: SeccompCallNumbers, bit: UInt32 = 0) -> BPFProgram {
        var tests = BPFProgram()
        for exception in exceptions {
            guard let number = numbers.number(exception.name).map({ $0 | bit }) else { continue }
            var body = BPFProgram()
            for rule in exception.rules {
                body.instructions +=
                    Self.rule(rule.conditions[...], rule.action, isNarrow: numbers.isNarrow).instructions
            }
            body.load(BPFProgram.numberOffset)
            tests.when(BPFInstruction.jumpIfEqual, number, body)
        }
        return tests
    }

    private func block(_ numbers: SeccompCallNumbers, x32: SeccompCallNumbers?) -> BPFProgram {
        var tests = tests(numbers)
        let others = x32.map { self.tests($0, bit: Self.x32Bit) } ?? BPFProgram()
        if let known, let last = known.compactMap({ numbers.number($0) }).max() {
            var body = BPFProgram()
            body.finish(Self.noSuchCall.returnValue)
            tests.when(BPFInstruction.jumpIfGreater, last, body)
        }
        if tests.instructions.isEmpty && others.instructions.isEmpty { return tests }
        var block = BPFProgram()
        block.load(BPFProgram.numberOffset)
        if numbers.architecture == .x86x64 {
            block.when(BPFInstruction.jumpIfGreaterOrEqual, Self.x32Bit, negated: true, tests)
            block.instructions += others.instructions
        } else {
            block.instructions += tests.instructions
        }
        return block
    }

    /// Returns the action when all conditions hold. A comparison of 64 bits is made of two halves; where either half may
    /// decide, what follows is written twice.
    private static func rule(
        _ conditions: ArraySlice<SeccompProfile.Condition>, _ action: SeccompProfile.Action, isNarrow: Bool
    ) -> BPFProgram {
        var program = BPFProgram()
        guard let condition = conditions.first else {
            program.finish(action.returnValue)
            return program
        }
        let rest = rule(conditions.dropFirst(), action, isNarrow: isNarrow)
        let low = BPFProgram.argumentOffset(condition.index)
        let high = low + 4
        let (valueHigh, valueLow) = halves(condition.value)
        let all = isNarrow ? UInt64(UInt32.max) : UInt64.max

        /// `upper` decides by the upper halves alone; where those are equal, `lower` decides.
        func either(_ upper: (code: UInt16, negated: Bool), _ lower: (code: UInt16, negated: Bool)) {
            if isNarrow {
                program.load(low)
                program.when(lower.code, valueLow, negated: lower.negated, rest)
                return
            }
            program.load(high)
            program.when(upper.code, valueHigh, negated: upper.negated, rest)
            var equal = BPFProgram()
            equal.load(low)
            equal.when(lower.code, valueLow, negated: lower.negated, rest)
            program.load(high)
            program.when(BPFInstruction.jumpIfEqual, valueHigh, equal)
        }

        switch condition.comparison {
        case .equal: program = masked(low, all, condition.value, rest)
        case .maskedEqual: program = masked(low, condition.value & all, condition.valueTwo, rest)
        case .notEqual: either((BPFInstruction.jumpIfEqual, true), (BPFInstruction.jumpIfEqual, true))
        case .greater: either((BPFInstruction.jumpIfGreater, false), (BPFInstruction.jumpIfGreater, false))
        case .greaterOrEqual:
            either((BPFInstruction.jumpIfGreater, false), (BPFInstruction.jumpIfGreaterOrEqual, false))
        case .less: either((BPFInstruction.jumpIfGreaterOrEqual, true), (BPFInstruction.jumpIfGreaterOrEqual, true))
        case .lessOrEqual: either((BPFInstruction.jumpIfGreaterOrEqual, true), (BPFInstruction.jumpIfGreater, true))
        }
        return program
    }

    /// Bits of the value that lie beside the mask do not count (seccomp_rule_add(3)).
    private static func masked(_ offset: UInt32, _ mask: UInt64, _ value: UInt64, _ rest: BPFProgram) -> BPFProgram {
        let (maskHigh, maskLow) = halves(mask)
        let (valueHigh, valueLow) = halves(value & mask)
        func half(_ offset: UInt32, _ mask: UInt32, _ value: UInt32, _ rest: BPFProgram) -> BPFProgram {
            if mask == 0 && value == 0 { return rest }
            var program = BPFProgram()
            program.load(offset)
            if mask != UInt32.max {
                program.instructions.append(BPFInstruction(code: BPFInstruction.and, operand: mask))
            }
            program.when(BPFInstruction.jumpIfEqual, value, rest)
            return program
        }
        return half(offset + 4, maskHigh, valueHigh, half(offset, maskLow, valueLow, rest))
    }

    private static func halves(_ value: UInt64) -> (high: UInt32, low: UInt32) {
        (UInt32(value >> 32), UInt32(truncatingIfNeeded: value))
    }
}
