/// Runs a filter as the kernel does (seccomp(2), struct seccomp_data), to see what it says to one call.
public struct BPFInterpreter {
    private let program: [(code: UInt16, ifTrue: Int, ifFalse: Int, operand: UInt32)]

    public static let x86x64: UInt32 = 0xc000_003e
    public static let i386: UInt32 = 0x4000_0003
    public static let aarch64: UInt32 = 0xc000_00b7
    #if arch(x86_64)
    public static let native = x86x64
    #else
    public static let native = aarch64
    #endif

    /// - Parameter instructions: `struct sock_filter[]`, of this machine's byte order.
    public init(_ instructions: [UInt8]) {
        program = stride(from: 0, to: instructions.count, by: 8).map { at in
            let bytes = instructions[at..<at + 8].map { UInt32($0) }
            return (
                UInt16(bytes[0] | bytes[1] << 8), Int(bytes[2]), Int(bytes[3]),
                bytes[4] | bytes[5] << 8 | bytes[6] << 16 | bytes[7] << 24
            )
        }
    }

    /// The value that the filter returns, or nil for a program that the kernel would refuse.
    public func run(_ architecture: UInt32, _ number: UInt32, _ arguments: [UInt64] = []) -> UInt32? {
        var data: [UInt32] = [number, architecture, 0, 0]
        for index in 0..<6 {
            let argument = index < arguments.count ? arguments[index] : 0
            data += [UInt32(truncatingIfNeeded: argument), UInt32(argument >> 32)]
        }
        var accumulator: UInt32 = 0
        var at = 0
        while program.indices.contains(at) {
            let (code, ifTrue, ifFalse, operand) = program[at]
            at += 1
            switch code {
            case 0x20:
                guard operand % 4 == 0, operand < 64 else { return nil }
                accumulator = data[Int(operand / 4)]
            case 0x54: accumulator &= operand
            case 0x05: at += Int(operand)
            case 0x15: at += accumulator == operand ? ifTrue : ifFalse
            case 0x25: at += accumulator > operand ? ifTrue : ifFalse
            case 0x35: at += accumulator >= operand ? ifTrue : ifFalse
            case 0x45: at += accumulator & operand != 0 ? ifTrue : ifFalse
            case 0x06: return operand
            default: return nil
            }
        }
        return nil
    }
}
