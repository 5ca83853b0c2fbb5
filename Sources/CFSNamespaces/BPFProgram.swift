/// One instruction of classic BPF (struct sock_filter, linux/filter.h), as seccomp(2) runs it.
struct BPFInstruction: Hashable {
    var code: UInt16
    /// How many instructions a jump passes over, when its condition holds and when it does not.
    var ifTrue: UInt8 = 0
    var ifFalse: UInt8 = 0
    var operand: UInt32

    static let load: UInt16 = 0x20
    static let and: UInt16 = 0x54
    static let jump: UInt16 = 0x05
    static let jumpIfEqual: UInt16 = 0x15
    static let jumpIfGreater: UInt16 = 0x25
    static let jumpIfGreaterOrEqual: UInt16 = 0x35
    static let jumpIfAnySet: UInt16 = 0x45
    static let finish: UInt16 = 0x06
}

/// A program, and where in `struct seccomp_data` its loads read.
struct BPFProgram: Hashable {
    /// Eight bytes each.
    static let instructionSize = 8
    /// The most that the kernel takes (BPF_MAXINSNS).
    static let limit = 4096
    static let numberOffset: UInt32 = 0
    static let architectureOffset: UInt32 = 4

    /// The lower half of an argument; the upper one lies 4 bytes behind it. All of ``SeccompArchitecture/native`` are
    /// little-endian.
    static func argumentOffset(_ index: UInt32) -> UInt32 { 16 + 8 * index }

    var instructions: [BPFInstruction] = []

    mutating func load(_ offset: UInt32) {
        instructions.append(BPFInstruction(code: BPFInstruction.load, operand: offset))
    }

    mutating func finish(_ value: UInt32) {
        instructions.append(BPFInstruction(code: BPFInstruction.finish, operand: value))
    }

    /// Runs `body` when the loaded value compares so with `operand`, else passes over it.
    mutating func when(_ code: UInt16, _ operand: UInt32, negated: Bool = false, _ body: BPFProgram) {
        // A condition reaches 255 instructions only, so it chooses between the body and a jump without that limit.
        instructions.append(
            BPFInstruction(code: code, ifTrue: negated ? 0 : 1, ifFalse: negated ? 1 : 0, operand: operand))
        instructions.append(BPFInstruction(code: BPFInstruction.jump, operand: UInt32(body.instructions.count)))
        instructions += body.instructions
    }

    /// As the kernel reads it.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(instructions.count * Self.instructionSize)
        for instruction in instructions {
            bytes.append(UInt8(truncatingIfNeeded: instruction.code))
            bytes.append(UInt8(instruction.code >> 8))
            bytes.append(instruction.ifTrue)
            bytes.append(instruction.ifFalse)
            for shift in stride(from: 0, to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: instruction.operand >> shift))
            }
        }
        return bytes
    }
}
