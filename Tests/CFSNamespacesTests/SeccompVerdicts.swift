import CFSModel
import TestSupport

@testable import CFSNamespaces

/// What a filter says to calls by their names.
struct SeccompVerdicts {
    enum Verdict: Hashable {
        case allowed
        case error(Int)
        case other(UInt32)
    }

    private let interpreter: BPFInterpreter

    init(_ profile: SeccompProfile) throws { interpreter = BPFInterpreter(try SeccompCompiler.compile(profile).bytes) }

    init(standard capabilities: UInt64 = Capability.defaults, image: String = "amd64") throws {
        try self.init(SeccompProfile.standard(capabilities: capabilities, imageArchitecture: image))
    }

    /// Of a call by name; nil when the architecture does not have it, or the program is broken.
    func callAsFunction(
        _ name: String, _ arguments: [UInt64] = [], on architecture: SeccompArchitecture = .native
    ) -> Verdict? {
        guard let numbers = SeccompCallNumbers(architecture), let number = numbers.number(name) else { return nil }
        return verdict(numbers.token, number, arguments)
    }

    /// Of a call by number.
    func verdict(_ token: UInt32, _ number: UInt32, _ arguments: [UInt64] = []) -> Verdict? {
        guard let value = interpreter.run(token, number, arguments) else { return nil }
        switch value & 0xffff_0000 {
        case 0x7fff_0000: return .allowed
        case 0x0005_0000: return .error(Int(value & 0xffff))
        default: return .other(value)
        }
    }
}
