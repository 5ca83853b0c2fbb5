import CFSModel
import TestSupport
import Testing

@testable import CFSNamespaces

@Suite("Compiling seccomp profiles")
struct SeccompCompilerTests {
    private typealias Rule = SeccompProfile.Rule
    private typealias Condition = SeccompProfile.Condition

    private static func profile(
        _ rules: [SeccompProfile.Rule], default action: SeccompProfile.Action = .errno(1),
        architectures: [SeccompArchitecture] = []
    ) -> SeccompProfile {
        SeccompProfile(defaultAction: action, architectures: architectures, rules: rules)
    }

    @Test("a call that is named is allowed, another gets the default")
    func smallest() throws {
        let filter = try SeccompVerdicts(Self.profile([Rule(["getpid"], .allow)]))
        #expect(filter("getpid") == .allowed)
        #expect(filter("read") == .error(1))
    }

    @Test("each action becomes the value that the kernel knows")
    func actions() throws {
        let actions: [(SeccompProfile.Action, UInt32)] = [
            (.killThread, 0), (.killProcess, 0x8000_0000), (.trap, 0x0003_0000), (.log, 0x7ffc_0000),
            (.trace(7), 0x7ff0_0007), (.notify, 0x7fc0_0000),
        ]
        for (action, value) in actions {
            #expect(try SeccompVerdicts(Self.profile([Rule(["getpid"], action)]))("getpid") == .other(value))
        }
        #expect(try SeccompVerdicts(Self.profile([Rule(["getpid"], .errno(4094))]))("getpid") == .error(4094))
    }

    @Test("rules that repeat each other or the default are no fault")
    func repetition() throws {
        let filter = try SeccompVerdicts(
            Self.profile([
                Rule(["read", "write"], .allow), Rule(["read", "read"], .allow), Rule(["getpid"], .errno(1)),
                Rule(["dup"], .allow, [Condition(0, .equal, 1)]), Rule(["dup"], .allow, [Condition(0, .equal, 1)]),
            ]))
        #expect(filter("read") == .allowed)
        #expect(filter("getpid") == .error(1))
        #expect(filter("dup", [1]) == .allowed)
        #expect(filter("dup", [2]) == .error(1))
    }

    @Test("names that nobody knows are passed over")
    func unknown() throws {
        let filter = try SeccompVerdicts(Self.profile([Rule(["no_such_call", "getpid"], .allow)]))
        #expect(filter("getpid") == .allowed)
    }

    @Test("a call newer than libseccomp is known by its number")
    func newer() throws {
        let filter = try SeccompVerdicts(
            Self.profile([Rule(["mseal", "read"], .allow), Rule(["file_setattr"], .errno(13))]))
        #expect(filter.verdict(BPFInterpreter.native, 462) == .allowed)
        #expect(filter.verdict(BPFInterpreter.native, 469) == .error(13))
        #expect(filter.verdict(BPFInterpreter.native, 461) == .error(1))
    }

    @Test("a call newer than the profile gives ENOSYS, unless the default lets it pass")
    func newest() throws {
        let last = Rule(["openat2"], .errno(1))
        #expect(try SeccompVerdicts(Self.profile([last])).verdict(BPFInterpreter.native, 437) == .error(1))
        #expect(try SeccompVerdicts(Self.profile([last])).verdict(BPFInterpreter.native, 438) == .error(38))
        #expect(
            try SeccompVerdicts(Self.profile([last], default: .killProcess)).verdict(BPFInterpreter.native, 438)
                == .error(38))
        #expect(
            try SeccompVerdicts(Self.profile([last], default: .allow)).verdict(BPFInterpreter.native, 438) == .allowed)
        #expect(
            try SeccompVerdicts(Self.profile([last], default: .log)).verdict(BPFInterpreter.native, 438)
                == .other(0x7ffc_0000))
        #expect(
            try SeccompVerdicts(Self.profile([], default: .errno(1))).verdict(BPFInterpreter.native, 438) == .error(1))
    }

    private static let interesting: [UInt64] = [
        0, 1, 5, 6, 7, 0xffff_fffe, 0xffff_ffff, 0x1_0000_0000, 0x1_0000_0005, 0x5_0000_0005, 0x5_0000_0006,
        0x5_ffff_ffff,
        0x6_0000_0000, 0x6_0000_0005, 0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, UInt64.max - 1, UInt64.max,
    ]

    private static func holds(_ condition: SeccompProfile.Condition, _ argument: UInt64) -> Bool {
        switch condition.comparison {
        case .notEqual: argument != condition.value
        case .less: argument < condition.value
        case .lessOrEqual: argument <= condition.value
        case .equal: argument == condition.value
        case .greaterOrEqual: argument >= condition.value
        case .greater: argument > condition.value
        case .maskedEqual: argument & condition.value == condition.valueTwo
        }
    }

    @Test(
        "a comparison means all 64 bits, whether libseccomp or the engine's own part compares",
        arguments: SeccompProfile.Comparison.allCases, [true, false])
    func comparisons(comparison: SeccompProfile.Comparison, besideUnconditional: Bool) throws {
        let plain = besideUnconditional ? [Rule(["dup"], .errno(9))] : []
        let otherwise = SeccompVerdicts.Verdict.error(besideUnconditional ? 9 : 1)
        for value in Self.interesting {
            let condition = Condition(2, comparison, value, value & 0x5_0000_0005)
            let filter = try SeccompVerdicts(Self.profile([Rule(["dup"], .allow, [condition])] + plain))
            for argument in Self.interesting {
                let expected = Self.holds(condition, argument) ? SeccompVerdicts.Verdict.allowed : otherwise
                #expect(filter("dup", [0, 0, argument]) == expected, "\(argument) \(comparison) \(value)")
            }
        }
    }

    @Test("what a mask leaves out of a value is not compared, whoever compares", arguments: [true, false])
    func masks(besideUnconditional: Bool) throws {
        let plain = besideUnconditional ? [Rule(["dup"], .errno(9))] : []
        let condition = Condition(2, .maskedEqual, 0x1_0000_00f0, 0x5_0000_0021)
        let filter = try SeccompVerdicts(Self.profile([Rule(["dup"], .allow, [condition])] + plain))
        #expect(filter("dup", [0, 0, 0x3_0000_002f]) == .allowed)
        #expect(filter("dup", [0, 0, 0x2f]) != .allowed)
        #expect(filter("dup", [0, 0, 0x5_0000_0031]) != .allowed)
    }

    @Test("conditions on different arguments must all hold, on the same one any of them")
    func combinations() throws {
        let both = Rule(["dup"], .allow, [Condition(0, .equal, 1), Condition(1, .notEqual, 2)])
        let any = Rule(["dup2"], .allow, [Condition(0, .equal, 1), Condition(0, .equal, 2)])
        for plain in [[], [Rule(["dup", "dup2"], .errno(9))]] {
            let filter = try SeccompVerdicts(Self.profile([both, any] + plain))
            #expect(filter("dup", [1, 3]) == .allowed)
            #expect(filter("dup", [1, 2]) != .allowed)
            #expect(filter("dup", [2, 3]) != .allowed)
            #expect(filter("dup2", [1]) == .allowed)
            #expect(filter("dup2", [2]) == .allowed)
            #expect(filter("dup2", [3]) != .allowed)
        }
    }

    @Test("of rules that differ in upper halves each is asked what it says")
    func upperHalves() throws {
        let filter = try SeccompVerdicts(
            Self.profile([
                Rule(["dup"], .allow, [Condition(1, .less, 0x8000_0000)]),
                Rule(["dup"], .allow, [Condition(1, .greaterOrEqual, 0x3a52_7f2b_2f12_2150)]),
                Rule(["dup2"], .allow, [Condition(0, .equal, 5)]),
                Rule(["dup2"], .allow, [Condition(0, .equal, 0x7_0000_0000)]),
            ]))
        #expect(filter("dup", [0, 0x7fff_ffff]) == .allowed)
        #expect(filter("dup", [0, 0x8000_0000]) != .allowed)
        #expect(filter("dup", [0, 0x3a52_7f2b_2f12_214f]) != .allowed)
        #expect(filter("dup", [0, 0x3a52_7f2b_2f12_2150]) == .allowed)
        #expect(filter("dup2", [5]) == .allowed)
        #expect(filter("dup2", [7]) != .allowed)
        #expect(filter("dup2", [0x7_0000_0000]) == .allowed)
        #expect(filter("dup2", [0x7_0000_0005]) != .allowed)
    }

    @Test("of several rules with conditions the first that holds counts, before the one without")
    func precedence() throws {
        let filter = try SeccompVerdicts(
            Self.profile([
                Rule(["dup"], .allow), Rule(["dup"], .errno(5), [Condition(0, .equal, 1)]),
                Rule(["dup"], .errno(6), [Condition(0, .lessOrEqual, 3)]), Rule(["getpid"], .allow),
            ]))
        #expect(filter("dup", [1]) == .error(5))
        #expect(filter("dup", [0]) == .error(6))
        #expect(filter("dup", [3]) == .error(6))
        #expect(filter("dup", [4]) == .allowed)
        #expect(filter("getpid", [1]) == .allowed)
    }

    @Test("so it is with nothing but conditions, and a rule that says what holds anyway stands before another")
    func order() throws {
        let filter = try SeccompVerdicts(
            Self.profile([
                Rule(["dup"], .errno(5), [Condition(0, .equal, 1)]),
                Rule(["dup"], .errno(1), [Condition(0, .equal, 2)]),
                Rule(["dup"], .allow, [Condition(0, .lessOrEqual, 3)]),
                Rule(["dup"], .errno(6), [Condition(0, .greaterOrEqual, 3)]),
            ]))
        #expect(filter("dup", [1]) == .error(5))
        #expect(filter("dup", [2]) == .error(1))
        #expect(filter("dup", [3]) == .allowed)
        #expect(filter("dup", [4]) == .error(6))
    }

    @Test("flags travel with the filter")
    func flags() throws {
        var profile = Self.profile([Rule(["read"], .allow)])
        profile.flags = [.log, .allowSpeculation]
        #expect(try SeccompCompiler.compile(profile).flags == 6)
        #expect(try !SeccompCompiler.compile(profile).notifies)
    }

    @Test("a filter that asks is loaded with a listener, and what only that knows is left out without one")
    func listenerFlags() throws {
        var asking = Self.profile([Rule(["mkdir"], .notify)])
        #expect(try SeccompCompiler.compile(asking).flags == 8)
        #expect(try SeccompCompiler.compile(asking).notifies)
        // A thread that has another filter is told in another way: both answers are numbers.
        asking.flags = [.synchronizeThreads, .waitKillable]
        #expect(try SeccompCompiler.compile(asking).flags == 1 | 8 | 16 | 32)
        var plain = Self.profile([Rule(["mkdir"], .allow)])
        plain.flags = asking.flags
        #expect(try SeccompCompiler.compile(plain).flags == 1)
    }

    @Test("a rule that asks has conditions as others do, also beside one without")
    func conditionalNotices() throws {
        let filter = try SeccompVerdicts(
            Self.profile([
                Rule(["dup"], .notify, [Condition(0, .equal, 1)]), Rule(["dup"], .allow), Rule(["mseal"], .notify),
            ]))
        #expect(filter("dup", [1]) == .other(0x7fc0_0000))
        #expect(filter("dup", [2]) == .allowed)
        #expect(filter.verdict(BPFInterpreter.native, 462) == .other(0x7fc0_0000))
    }

    @Test("the kernel says which flags it knows")
    func supportedFlags() {
        for flag in [SeccompProfile.Flag.synchronizeThreads, .log, .allowSpeculation] { #expect(flag.isSupported) }
    }

    @Test("a filter that is too long for the kernel is refused before the start")
    func tooLong() {
        let rules = (0..<2000).map {
            Rule(["dup"], .allow, [Condition(0, .equal, $0 << 33 | $0), Condition(1, .equal, $0)])
        }
        let error = #expect(throws: CFSError.self) { try SeccompCompiler.compile(Self.profile(rules)) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("4096") == true)
    }

    @Test("an architecture that this machine cannot have is refused by its name")
    func architectures() {
        for architecture in [SeccompArchitecture.s390x, .m68k] {
            let error = #expect(throws: CFSError.self) {
                try SeccompCompiler.compile(Self.profile([], architectures: [architecture]))
            }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.contains(architecture.rawValue) == true)
        }
    }

    #if arch(x86_64)
    @Test("a condition beside a rule without holds for x32's calls too")
    func x32Conditions() throws {
        let rules = [Rule(["dup"], .errno(5), [Condition(0, .equal, 1)]), Rule(["dup"], .allow)]
        let filter = try SeccompVerdicts(Self.profile(rules, architectures: [.x32]))
        for number: UInt32 in [32, 0x4000_0000 | 32] {
            #expect(filter.verdict(BPFInterpreter.x86x64, number, [1]) == .error(5))
            #expect(filter.verdict(BPFInterpreter.x86x64, number, [2]) == .allowed)
        }
        #expect(filter.verdict(BPFInterpreter.x86x64, 0x4000_0000 | 33, [1]) == .error(1))
    }

    @Test("a value of -1 is one of 32 bits to i386 and x32, whoever compares", arguments: [true, false])
    func narrow(besideUnconditional: Bool) throws {
        let rules = [
            Rule(["dup"], .errno(5), [Condition(0, .equal, .max)]),
            Rule(["dup2"], .errno(5), [Condition(0, .less, .max)]),
        ]
        let plain = besideUnconditional ? [Rule(["dup", "dup2"], .log)] : []
        let filter = try SeccompVerdicts(Self.profile(rules + plain, default: .allow, architectures: [.x86, .x32]))
        for (token, dup, dup2) in [
            (BPFInterpreter.i386, 41, 63), (BPFInterpreter.x86x64, 0x4000_0000 | 32, 0x4000_0000 | 33),
        ] as [(UInt32, UInt32, UInt32)] {
            #expect(filter.verdict(token, dup, [0xffff_ffff]) == .error(5))
            #expect(filter.verdict(token, dup, [0xffff_fffe]) != .error(5))
            #expect(filter.verdict(token, dup2, [0xffff_ffff]) != .error(5))
            #expect(filter.verdict(token, dup2, [0xffff_fffe]) == .error(5))
        }
    }

    @Test("an architecture that is named twice is one")
    func twice() throws {
        let filter = try SeccompVerdicts(
            Self.profile([Rule(["getpid"], .allow)], architectures: [.x86, .x86x64, .x86]))
        #expect(filter.verdict(BPFInterpreter.i386, 20) == .allowed)
    }

    @Test("a profile that names x32 reaches its calls, and those of i386 where it names that")
    func companions() throws {
        let filter = try SeccompVerdicts(
            Self.profile([Rule(["getpid", "socket", "mseal"], .allow)], architectures: [.x86x64, .x86, .x32]))
        #expect(filter.verdict(BPFInterpreter.x86x64, 39) == .allowed)
        #expect(filter.verdict(BPFInterpreter.x86x64, 0x4000_0000 | 39) == .allowed)
        #expect(filter.verdict(BPFInterpreter.x86x64, 0x4000_0000 | 38) == .error(1))
        #expect(filter.verdict(BPFInterpreter.i386, 20) == .allowed)
        #expect(filter.verdict(BPFInterpreter.i386, 462) == .allowed)
        #expect(filter.verdict(BPFInterpreter.i386, 359) == .allowed)
        // socketcall(SYS_SOCKET) is the same call; socketcall(SYS_BIND) is not.
        #expect(filter.verdict(BPFInterpreter.i386, 102, [1]) == .allowed)
        #expect(filter.verdict(BPFInterpreter.i386, 102, [2]) == .error(1))
    }

    @Test(
        "conditions on i386's multiplexers do not take away the rules of the calls behind them",
        arguments: [true, false])
    func multiplexers(isFirst: Bool) throws {
        let clash = Rule(["socketcall"], .log, [Condition(1, .lessOrEqual, 1), Condition(0, .equal, 2)])
        let bind = Rule(["bind"], .errno(13))
        let filter = try SeccompVerdicts(
            Self.profile(isFirst ? [clash, bind] : [bind, clash], default: .allow, architectures: [.x86, .x32]))
        let calls: [(token: UInt32, bind: UInt32, connect: UInt32)] = [
            (BPFInterpreter.x86x64, 49, 42), (BPFInterpreter.x86x64, 0x4000_0000 | 49, 0x4000_0000 | 42),
            (BPFInterpreter.i386, 361, 362),
        ]
        for (token, bind, connect) in calls {
            #expect(filter.verdict(token, bind) == .error(13), "\(token) \(bind)")
            #expect(filter.verdict(token, connect) == .allowed)
        }
        // socketcall, of which 2 is bind and 3 connect (linux/net.h)
        #expect(filter.verdict(BPFInterpreter.i386, 102, [2, 1]) == .other(0x7ffc_0000))
        #expect(filter.verdict(BPFInterpreter.i386, 102, [2, 2]) == .error(13))
        #expect(filter.verdict(BPFInterpreter.i386, 102, [3, 1]) == .allowed)
    }
    #endif
}
