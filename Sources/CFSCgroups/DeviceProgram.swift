/// One instruction as the kernel reads it (struct bpf_insn of linux/bpf.h; Documentation/bpf/standardization).
public struct BPFInstruction: Sendable, Hashable {
    public var code: UInt8
    /// The destination in the low four bits, the source in the high ones.
    public var registers: UInt8
    public var offset: Int16
    public var immediate: Int32

    init(_ code: UInt8, _ destination: UInt8, from source: UInt8, offset: Int16 = 0) {
        self.code = code
        registers = source << 4 | destination
        self.offset = offset
        immediate = 0
    }

    init(_ code: UInt8, _ destination: UInt8, _ immediate: Int32) {
        self.code = code
        registers = destination
        offset = 0
        self.immediate = immediate
    }

    enum Code {
        static let loadWord: UInt8 = 0x61
        static let move: UInt8 = 0xb4
        static let moveRegister: UInt8 = 0xbc
        static let and: UInt8 = 0x54
        static let shiftRight: UInt8 = 0x74
        static let jumpIfEqual: UInt8 = 0x15
        static let jumpIfNotEqual: UInt8 = 0x55
        static let exit: UInt8 = 0x95
    }
}

extension DeviceFilter {
    private enum Register {
        static let result: UInt8 = 0
        static let context: UInt8 = 1
        static let kind: UInt8 = 2
        /// What of the request nobody has allowed yet.
        static let access: UInt8 = 3
        static let major: UInt8 = 4
        static let minor: UInt8 = 5
        static let scratch: UInt8 = 6
    }

    /// The program of type BPF_PROG_TYPE_CGROUP_DEVICE that decides as the rules say: 1 allows, 0 denies (EPERM).
    ///
    /// It asks the last rule first. What a rule allows is taken off the request, and nothing left means allowed; a rule
    /// that denies any of what is left ends it. No instruction is out of reach, which the kernel's verifier would refuse.
    public func program() -> [BPFInstruction] {
        typealias Code = BPFInstruction.Code
        // struct bpf_cgroup_dev_ctx: access << 16 | type, major, minor; words of 32 bits.
        var program: [BPFInstruction] = [
            BPFInstruction(Code.loadWord, Register.kind, from: Register.context),
            BPFInstruction(Code.moveRegister, Register.access, from: Register.kind),
            BPFInstruction(Code.and, Register.kind, 0xffff),
            BPFInstruction(Code.shiftRight, Register.access, 16),
            BPFInstruction(Code.loadWord, Register.major, from: Register.context, offset: 4),
            BPFInstruction(Code.loadWord, Register.minor, from: Register.context, offset: 8),
        ]
        var blocks: [Block] = []
        var isDecided = false
        for rule in rules.reversed() where !isDecided {
            blocks.append(Block(rule))
            isDecided = rule.coversAll
        }
        var starts: [Int] = []
        var end = program.count
        for block in blocks {
            starts.append(end)
            end += block.instructions.count
        }
        for (index, block) in blocks.enumerated() {
            // A request that a rule speaks of, and does not decide, goes to the next rule for the same devices. Else the
            // verifier would follow it through every rule there is, and refuse a long list.
            let same = blocks.indices.first { $0 > index && blocks[$0].rule.overlaps(block.rule) }
            let targets = (
                next: index + 1 < blocks.count ? starts[index + 1] : end, same: same.map { starts[$0] } ?? end
            )
            program += block.linked(at: starts[index], next: targets.next, same: targets.same)
        }
        return isDecided ? program : program + Self.verdict(0)
    }

    private static func verdict(_ value: Int32) -> [BPFInstruction] {
        [
            BPFInstruction(BPFInstruction.Code.move, Register.result, value),
            BPFInstruction(BPFInstruction.Code.exit, 0, 0),
        ]
    }

    /// The instructions of one rule, whose jumps lead out of it.
    private struct Block {
        let rule: DeviceRule
        var instructions: [BPFInstruction] = []
        /// Where requests leave that are for other devices, and those that the rule does not decide.
        private var otherDevices: [Int] = []
        private var undecided: [Int] = []

        init(_ rule: DeviceRule) {
            typealias Code = BPFInstruction.Code
            self.rule = rule
            switch rule.kind {
            case .all: break
            // BPF_DEVCG_DEV_BLOCK and BPF_DEVCG_DEV_CHAR.
            case .blocks: leave(Code.jumpIfNotEqual, Register.kind, 1)
            case .characters: leave(Code.jumpIfNotEqual, Register.kind, 2)
            }
            if let major = rule.major { leave(Code.jumpIfNotEqual, Register.major, Int32(bitPattern: major)) }
            if let minor = rule.minor { leave(Code.jumpIfNotEqual, Register.minor, Int32(bitPattern: minor)) }
            if rule.access != .all { addAccess(Int32(bitPattern: rule.access.rawValue)) }
            instructions += DeviceFilter.verdict(rule.allow ? 1 : 0)
        }

        private mutating func leave(_ code: UInt8, _ register: UInt8, _ value: Int32) {
            otherDevices.append(instructions.count)
            instructions.append(BPFInstruction(code, register, value))
        }

        private mutating func addAccess(_ mask: Int32) {
            typealias Code = BPFInstruction.Code
            if rule.allow {
                instructions.append(BPFInstruction(Code.and, Register.access, 7 & ~mask))
                undecided.append(instructions.count)
                instructions.append(BPFInstruction(Code.jumpIfNotEqual, Register.access, 0))
            } else {
                instructions.append(BPFInstruction(Code.moveRegister, Register.scratch, from: Register.access))
                instructions.append(BPFInstruction(Code.and, Register.scratch, mask))
                undecided.append(instructions.count)
                instructions.append(BPFInstruction(Code.jumpIfEqual, Register.scratch, 0))
            }
        }

        func linked(at start: Int, next: Int, same: Int) -> [BPFInstruction] {
            var linked = instructions
            for place in otherDevices { linked[place].offset = Int16(next - start - place - 1) }
            for place in undecided { linked[place].offset = Int16(same - start - place - 1) }
            return linked
        }
    }

    /// As many rules as jumps of 16 bits surely span: a block has at most eight instructions.
    static let mostRules = 4_000
}

extension DeviceRule {
    /// Whether some device is one of both.
    fileprivate func overlaps(_ other: DeviceRule) -> Bool {
        (kind == .all || other.kind == .all || kind == other.kind)
            && (major == nil || other.major == nil || major == other.major)
            && (minor == nil || other.minor == nil || minor == other.minor)
    }
}
