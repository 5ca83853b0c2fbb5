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
        for rule in rules.reversed() {
            program += Self.block(rule)
            if rule.coversAll { return program }
        }
        return program + Self.verdict(0)
    }

    private static func verdict(_ value: Int32) -> [BPFInstruction] {
        [
            BPFInstruction(BPFInstruction.Code.move, Register.result, value),
            BPFInstruction(BPFInstruction.Code.exit, 0, 0),
        ]
    }

    private static func block(_ rule: DeviceRule) -> [BPFInstruction] {
        typealias Code = BPFInstruction.Code
        var block: [BPFInstruction] = []
        // Jumps to the end of the block; how far that is is known once it stands.
        var jumps: [Int] = []
        func jump(_ code: UInt8, _ register: UInt8, _ value: Int32) {
            jumps.append(block.count)
            block.append(BPFInstruction(code, register, value))
        }
        switch rule.kind {
        case .all: break
        // BPF_DEVCG_DEV_BLOCK and BPF_DEVCG_DEV_CHAR.
        case .blocks: jump(Code.jumpIfNotEqual, Register.kind, 1)
        case .characters: jump(Code.jumpIfNotEqual, Register.kind, 2)
        }
        if let major = rule.major { jump(Code.jumpIfNotEqual, Register.major, Int32(bitPattern: major)) }
        if let minor = rule.minor { jump(Code.jumpIfNotEqual, Register.minor, Int32(bitPattern: minor)) }
        if rule.access != .all {
            let mask = Int32(bitPattern: rule.access.rawValue)
            if rule.allow {
                block.append(BPFInstruction(Code.and, Register.access, 7 & ~mask))
                jump(Code.jumpIfNotEqual, Register.access, 0)
            } else {
                block.append(BPFInstruction(Code.moveRegister, Register.scratch, from: Register.access))
                block.append(BPFInstruction(Code.and, Register.scratch, mask))
                jump(Code.jumpIfEqual, Register.scratch, 0)
            }
        }
        block += verdict(rule.allow ? 1 : 0)
        for place in jumps { block[place].offset = Int16(block.count - place - 1) }
        return block
    }
}
