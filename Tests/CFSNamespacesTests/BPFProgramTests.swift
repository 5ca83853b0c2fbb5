import TestSupport
import Testing

@testable import CFSNamespaces

@Suite("Small programs for the kernel's filter machine")
struct BPFProgramTests {
    private static func run(_ program: BPFProgram, number: UInt32) -> UInt32? {
        BPFInterpreter(program.bytes).run(BPFInterpreter.native, number)
    }

    @Test("an instruction is eight bytes, as the kernel reads them")
    func layout() {
        var program = BPFProgram()
        program.load(4)
        program.finish(0x7fff_0000)
        #expect(program.bytes == [0x20, 0, 0, 0, 4, 0, 0, 0, 0x06, 0, 0, 0, 0, 0, 0xff, 0x7f])
    }

    @Test("a body runs when its condition holds, or when it does not", arguments: [true, false], [1, 300])
    func conditions(negated: Bool, length: Int) {
        // A long body lies beyond what a condition can jump over by itself.
        var body = BPFProgram()
        for _ in 0..<length { body.load(0) }
        body.finish(1)
        for (code, holds) in [
            (BPFInstruction.jumpIfEqual, { $0 == 7 }), (BPFInstruction.jumpIfGreater, { $0 > 7 }),
            (BPFInstruction.jumpIfGreaterOrEqual, { $0 >= 7 }), (BPFInstruction.jumpIfAnySet, { $0 & 7 != 0 }),
        ] as [(UInt16, (UInt32) -> Bool)] {
            var program = BPFProgram()
            program.load(BPFProgram.numberOffset)
            program.when(code, 7, negated: negated, body)
            program.finish(2)
            for number: UInt32 in [0, 6, 7, 8, 16, UInt32.max] {
                #expect(Self.run(program, number: number) == (holds(number) != negated ? 1 : 2), "\(number)")
            }
        }
    }
}
