import TestSupport

@testable import CFSNamespaces

/// What a profile says to a call, read off its rules one by one, without a compiler.
struct SeccompReading {
    struct Call {
        var token: UInt32
        var number: UInt32
        var arguments: [UInt64]
    }

    #if arch(x86_64)
    static let possible: [SeccompArchitecture] = [.x86x64, .x86, .x32, .aarch64]
    #else
    static let possible: [SeccompArchitecture] = [.aarch64, .x86x64]
    #endif
    /// Architectures whose `long` has 32 bits: of arguments and values there libseccomp compares the lower halves only.
    private static let narrow: Set<SeccompArchitecture> = [.x86, .x32]
    private static let x32Bit: UInt32 = 0x4000_0000
    private static let noSuchCall: UInt32 = 0x0005_0026  // ENOSYS

    private let profile: SeccompProfile
    private let architectures: [SeccompCallNumbers]

    init(_ profile: SeccompProfile) {
        self.profile = profile
        architectures = ([.native] + profile.architectures).compactMap { SeccompCallNumbers($0) }
    }

    // MARK: Drawing

    /// Calls that the profile says something of, and their neighbours, with arguments near those that it compares.
    func calls(drawnFrom bytes: [UInt8]) -> [Call] {
        var generator = Generator(seed: FowlerNollVo.sum64(bytes))
        let names = profile.rules.flatMap(\.names)
        let compared = profile.rules.flatMap(\.conditions).flatMap { [$0.value, $0.valueTwo, $0.value & $0.valueTwo] }
        let values = [0, 1, .max] + compared.flatMap { [$0, $0 &+ 1, $0 &- 1, ~$0, $0 ^ 1 << 32] }
        var calls: [Call] = []
        for _ in 0..<64 {
            let numbers = generator.pick(architectures)
            var number = UInt32(truncatingIfNeeded: generator.next() % 500)
            if !names.isEmpty, generator.next() % 8 != 0, let found = numbers.number(generator.pick(names)) {
                number = found
                if generator.next() % 8 == 0 { number = generator.next() % 2 == 0 ? number &+ 1 : number &- 1 }
            }
            if generator.next() % 32 == 0 { number ^= Self.x32Bit }
            let token = numbers.architecture == .x32 ? BPFInterpreter.x86x64 : numbers.token
            if numbers.architecture == .x32 { number |= Self.x32Bit }
            let arguments = (0..<6).map { _ in generator.next() % 16 == 0 ? generator.next() : generator.pick(values) }
            calls.append(Call(token: token, number: number, arguments: arguments))
        }
        calls.append(Call(token: 0x8000_0016, number: 1, arguments: []))  // s390x, which no profile names
        return calls
    }

    // MARK: Reading

    /// The value that a filter must return; nil where none is promised.
    func answer(to call: Call) -> UInt32? {
        // There are no calls beyond those of x32, so that whatever has a larger number is one.
        let isX32 = call.token == BPFInterpreter.x86x64 && call.number >= Self.x32Bit
        // -1 is what a tracer leaves of a call that it has skipped (seccomp(2)).
        if call.number == .max { return nil }
        guard
            let numbers = architectures.first(where: {
                isX32 ? $0.architecture == .x32 : $0.architecture != .x32 && $0.token == call.token
            })
        else { return Self.noSuchCall }
        let names = Set(profile.rules.flatMap(\.names)).filter { name in
            numbers.number(name).map { isX32 ? $0 | Self.x32Bit : $0 } == call.number
        }
        if names.count > 1 { return nil }
        // The arguments of what lies behind the multiplexers of i386 are in the program's memory, where no filter sees them: of
        // rules, only those count that name the multiplexer and its own arguments.
        if numbers.architecture == .x86, [102, 117].contains(call.number) {
            let rules = profile.rules.filter { rule in
                !rule.conditions.isEmpty && rule.names.contains(call.number == 102 ? "socketcall" : "ipc")
            }
            // Rules that say what holds anyway say nothing.
            guard rules.contains(where: { $0.action != profile.defaultAction }) else { return nil }
            return rules.first { holds($0.conditions, call.arguments, .x86) }?.action.returnValue
        }
        guard let name = names.first else { return beyond(call, numbers, isX32) }
        var unconditional: SeccompProfile.Action?
        for rule in profile.rules where rule.names.contains(name) {
            if rule.conditions.isEmpty {
                unconditional = rule.action
            } else if holds(rule.conditions, call.arguments, numbers.architecture) {
                return rule.action.returnValue
            }
        }
        return (unconditional ?? profile.defaultAction).returnValue
    }

    /// Of a call that no rule names.
    private func beyond(_ call: Call, _ numbers: SeccompCallNumbers, _ isX32: Bool) -> UInt32 {
        let letsPass = [.allow, .log].contains(profile.defaultAction)
        if !letsPass, !isX32, let last = profile.rules.flatMap(\.names).compactMap({ numbers.number($0) }).max(),
            call.number > last
        {
            return Self.noSuchCall
        }
        return profile.defaultAction.returnValue
    }

    /// All must hold, or, where one argument is named several times, any.
    private func holds(
        _ conditions: [SeccompProfile.Condition], _ arguments: [UInt64], _ architecture: SeccompArchitecture
    ) -> Bool {
        let isAny = Set(conditions.map(\.index)).count < conditions.count
        let width = Self.narrow.contains(architecture) ? UInt64(UInt32.max) : .max
        func holds(_ condition: SeccompProfile.Condition) -> Bool {
            let argument = width & (Int(condition.index) < arguments.count ? arguments[Int(condition.index)] : 0)
            let (value, valueTwo) = (condition.value & width, condition.valueTwo & width)
            return switch condition.comparison {
            case .notEqual: argument != value
            case .less: argument < value
            case .lessOrEqual: argument <= value
            case .equal: argument == value
            case .greaterOrEqual: argument >= value
            case .greater: argument > value
            case .maskedEqual: argument & value == valueTwo & value
            }
        }
        return isAny ? conditions.contains(where: holds) : conditions.allSatisfy(holds)
    }
}
