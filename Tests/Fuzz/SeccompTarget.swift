import CFSModel
import TestSupport

@testable import CFSNamespaces

/// A seccomp object to a filter: the filter, run as the kernel runs it, says the same to every call as the profile does when it is
/// read off directly (``SeccompReading``). An input that begins with a brace is the JSON text; another is a row of choices that a
/// profile is made of, which is what reaches the compiler's corners.
enum SeccompTarget {
    static func run(_ bytes: [UInt8]) {
        guard bytes.first != UInt8(ascii: "{") else {
            let profile = accepted { () throws(CFSError) in
                try SeccompProfile(json: try JSON(parsing: bytes, what: "input"))
            }
            if let profile, isSmall(profile) { compare(profile, bytes) }
            return
        }
        var choices = Choices(bytes)
        let profile = profile(&choices)
        let text = profile.json.bytes()
        let read = accepted { () throws(CFSError) in
            try SeccompProfile(json: try JSON(parsing: text, what: "output"))
        }
        demand(read == profile, "a profile is not read as it was written: \(String(decoding: text, as: UTF8.self))")
        compare(profile, bytes)
    }

    /// libseccomp takes a time that grows with the square of the number of rules.
    private static func isSmall(_ profile: SeccompProfile) -> Bool {
        profile.rules.reduce(0) { $0 + $1.names.count * max($1.conditions.count, 1) } < 200
            && profile.architectures.count < 8
    }

    private static func compare(_ profile: SeccompProfile, _ bytes: [UInt8]) {
        let filter: SeccompFilter
        do throws(CFSError) {
            filter = try SeccompCompiler.compile(profile)
        } catch {
            let isFair =
                error.code == .invalidConfiguration
                && (error.message.contains("4096")
                    || profile.architectures.contains { !SeccompReading.possible.contains($0) })
            demand(isFair, "\(error.description)\n\(profile.json.text(pretty: true))")
            return
        }
        let machine = BPFInterpreter(filter.bytes)
        let reading = SeccompReading(profile)
        for call in reading.calls(drawnFrom: bytes) {
            guard let expected = reading.answer(to: call) else { continue }
            let given = machine.run(call.token, call.number, call.arguments)
            demand(
                given == expected,
                """
                the call \(call.number) of \(String(call.token, radix: 16)) with \(call.arguments) gets \
                \(given.map { String($0, radix: 16) } ?? "a broken program") and not \(String(expected, radix: 16))
                \(profile.json.text(pretty: true))
                """)
        }
    }

    // MARK: Profiles out of choices

    private static let names = [
        "read", "write", "getpid", "dup", "dup2", "ioctl", "socket", "openat2", "mseal", "clone3", "personality",
        "umount2",
        "fchmodat2", "bind", "semget", "shmctl", "no_such_call", "file_setattr", "umount", "arch_prctl", "mmap2",
        "pread64",
        "socketcall", "ipc", "time", "cachestat", "riscv_flush_icache", "faccessat2",
    ]
    private static let values: [UInt64] = [
        0, 1, 2, 5, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff, 0x1_0000_0000, 0x1_0000_0005, 0x5_0000_0005,
        0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, .max,
    ]

    private static func action(_ choices: inout Choices) -> SeccompProfile.Action {
        switch choices.number(below: 9) {
        case 0, 1: .allow
        case 2: .errno(1)
        case 3: .errno(UInt16(choices.number(below: 256)) * 15)
        case 4: .log
        case 5: .trap
        case 6: .killThread
        case 7: .killProcess
        default: .trace(UInt16(choices.number(below: 256)) << 8)
        }
    }

    private static func value(_ choices: inout Choices) -> UInt64 {
        switch choices.number(below: 4) {
        case 0: choices.word()
        case 1: UInt64(choices.byte())
        default: choices.pick(values)
        }
    }

    private static func profile(_ choices: inout Choices) -> SeccompProfile {
        var profile = SeccompProfile(defaultAction: action(&choices), architectures: [], rules: [])
        for _ in 0..<choices.number(below: 4) { profile.architectures.append(choices.pick(SeccompReading.possible)) }
        for _ in 0..<choices.number(below: 7) {
            var names: [String] = []
            for _ in 0...choices.number(below: 3) { names.append(choices.pick(self.names)) }
            let action = action(&choices)
            var conditions: [SeccompProfile.Condition] = []
            for _ in 0..<choices.number(below: 4) {
                conditions.append(
                    SeccompProfile.Condition(
                        UInt32(choices.number(below: 6)), choices.pick(SeccompProfile.Comparison.allCases),
                        value(&choices),
                        value(&choices)))
            }
            profile.rules.append(SeccompProfile.Rule(names, action, conditions))
        }
        return profile
    }

    static let seeds: [[UInt8]] =
        [
            #"{"defaultAction": "SCMP_ACT_ALLOW"}"#,
            """
            {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
             "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
             "flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC"],
             "syscalls": [
               {"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"},
               {"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 97,
                "args": [{"index": 5, "value": 18446744073709551615, "valueTwo": 16, "op": "SCMP_CMP_MASKED_EQ"}]},
               {"names": ["ptrace"], "action": "SCMP_ACT_TRACE", "errnoRet": 65535}]}
            """,
            """
            {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"],
             "syscalls": [
               {"names": ["socketcall"], "action": "SCMP_ACT_LOG",
                "args": [{"index": 1, "value": 1, "op": "SCMP_CMP_LE"}, {"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}]},
               {"names": ["bind"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]}
            """,
        ].map { Array($0.utf8) }
        + (1...12).map { seed in
            var generator = Generator(seed: UInt64(seed))
            return (0..<96).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers for the same seed.
struct Generator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }

    mutating func pick<Item>(_ items: [Item]) -> Item { items[Int(next() % UInt64(items.count))] }
}
