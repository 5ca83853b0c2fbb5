import CFSCgroups
import CFSModel
import Testing

/// What a program of instructions answers, played by hand: the kernel's meaning of the few that the filter uses
/// (Documentation/bpf/standardization/instruction-set.rst).
private func verdict(_ program: [BPFInstruction], type: UInt64, major: UInt64, minor: UInt64, access: UInt64) -> UInt64?
{
    var registers = [UInt64](repeating: 0xdead_beef, count: 11)
    let context: [Int16: UInt64] = [0: access << 16 | type, 4: major, 8: minor]
    var place = 0
    var steps = 0
    while program.indices.contains(place), steps < 10_000 {
        let instruction = program[place]
        let (to, from) = (Int(instruction.registers & 15), Int(instruction.registers >> 4))
        let value = UInt64(UInt32(bitPattern: instruction.immediate))
        place += 1
        steps += 1
        switch instruction.code {
        case 0x61:
            guard from == 1, let word = context[instruction.offset] else { return nil }
            registers[to] = word
        case 0xb4: registers[to] = value
        case 0xbc: registers[to] = registers[from] & 0xffff_ffff
        case 0x54: registers[to] = registers[to] & value
        case 0x74: registers[to] = (registers[to] & 0xffff_ffff) >> value
        case 0x15: if registers[to] == value { place += Int(instruction.offset) }
        case 0x55: if registers[to] != value { place += Int(instruction.offset) }
        case 0x95: return registers[0]
        default: return nil
        }
    }
    return nil
}

/// What cgroup v1's list would answer, by the words of the specification: for each access that is asked for, the last
/// rule that speaks of it and of the device counts; what none speaks of is denied.
private func specified(_ rules: [DeviceRule], type: UInt64, major: UInt64, minor: UInt64, access: UInt64) -> UInt64 {
    for bit in [1, 2, 4] as [UInt64] where access & bit != 0 {
        let last = rules.last { rule in
            let kinds: [UInt64] = rule.kind == .all ? [1, 2] : rule.kind == .blocks ? [1] : [2]
            return kinds.contains(type) && UInt64(rule.major ?? UInt32(major)) == major
                && UInt64(rule.minor ?? UInt32(minor)) == minor && UInt64(rule.access.rawValue) & bit != 0
        }
        if last?.allow != true { return 0 }
    }
    return 1
}

@Suite("Filters of devices")
struct DevicesTests {
    private static func oci(_ text: String) throws -> DeviceFilter {
        var resources = RuntimeSpec.Resources()
        resources.devices = try RuntimeSpec.Resources(
            json: JSON(parsing: Array("{\"devices\": \(text)}".utf8), what: "x")
        ).devices
        return try #require(try CgroupSettings(resources).devices)
    }

    private static let block: UInt64 = 1
    private static let character: UInt64 = 2
    private static let mknod: UInt64 = 1
    private static let read: UInt64 = 2
    private static let write: UInt64 = 4

    @Test(
        "the default devices may be used, every node may be made, and nothing else",
        arguments: [
            (character, 1, 3, 6, 1), (character, 1, 5, 2, 1), (character, 1, 7, 2, 1), (character, 1, 8, 2, 1),
            (character, 1, 9, 2, 1), (character, 5, 0, 6, 1), (character, 5, 2, 6, 1), (character, 136, 17, 6, 1),
            (character, 10, 229, 1, 1), (block, 8, 0, 1, 1), (character, 10, 229, 2, 0), (block, 8, 0, 2, 0),
            (block, 8, 0, 3, 0), (character, 1, 1, 2, 0), (block, 1, 3, 2, 0), (character, 5, 1, 2, 0),
        ] as [(UInt64, UInt64, UInt64, UInt64, UInt64)])
    func standard(type: UInt64, major: UInt64, minor: UInt64, access: UInt64, answer: UInt64) {
        let program = DeviceFilter.standard().program()
        #expect(verdict(program, type: type, major: major, minor: minor, access: access) == answer)
    }

    @Test(
        "the last rule that matches counts, for each access by itself",
        arguments: [
            // Read and write were allowed by two rules, and both are needed to open for both.
            (
                #"[{"allow":false},{"allow":true,"type":"b","major":8,"minor":0,"access":"r"},{"allow":true,"type":"b","major":8,"minor":0,"access":"w"}]"#,
                block, 8, 0, 6, 1
            ),
            (#"[{"allow":false},{"allow":true,"type":"b","major":8,"minor":0,"access":"r"}]"#, block, 8, 0, 6, 0),
            (#"[{"allow":false},{"allow":true,"type":"b","major":8,"minor":0,"access":"r"}]"#, block, 8, 0, 2, 1),
            (#"[{"allow":true},{"allow":false,"type":"b","major":8,"access":"w"}]"#, block, 8, 1, 2, 1),
            (#"[{"allow":true},{"allow":false,"type":"b","major":8,"access":"w"}]"#, block, 8, 1, 6, 0),
            (#"[{"allow":true},{"allow":false,"type":"b","major":8,"access":"w"}]"#, block, 9, 1, 6, 1),
            (
                #"[{"allow":false},{"allow":true,"type":"c","major":10,"minor":-1,"access":"rw"}]"#, character, 10, 229,
                6, 1
            ),
            (#"[{"allow":false},{"allow":true,"type":"c","major":10,"minor":-1,"access":"rw"}]"#, block, 10, 229, 6, 0),
            (
                #"[{"allow":true,"type":"c","major":10,"minor":200},{"allow":false,"type":"c","major":10}]"#, character,
                10, 200, 2, 0
            ),
            (#"[{"allow":true},{"allow":false}]"#, character, 10, 200, 2, 0),
            (#"[{"allow":false},{"allow":true}]"#, block, 8, 0, 7, 1),
        ] as [(String, UInt64, UInt64, UInt64, UInt64, UInt64)])
    func lastMatch(rules: String, type: UInt64, major: UInt64, minor: UInt64, access: UInt64, answer: UInt64) throws {
        let program = try Self.oci(rules).program()
        #expect(verdict(program, type: type, major: major, minor: minor, access: access) == answer)
    }

    @Test("the default devices stay usable after a rule that denies everything, unless a rule says otherwise")
    func defaults() throws {
        let containerd = try Self.oci(#"[{"allow":false,"access":"rwm"}]"#).program()
        #expect(verdict(containerd, type: 2, major: 1, minor: 3, access: 6) == 1)
        let strict = try Self.oci(#"[{"allow":false},{"allow":false,"type":"c","major":1,"minor":3}]"#).program()
        #expect(verdict(strict, type: 2, major: 1, minor: 3, access: 6) == 0)
        #expect(verdict(strict, type: 2, major: 1, minor: 5, access: 6) == 1)
        let alone = try Self.oci(#"[{"allow":true,"type":"b","major":8}]"#).program()
        #expect(verdict(alone, type: 2, major: 1, minor: 3, access: 6) == 1)
        #expect(verdict(alone, type: 1, major: 9, minor: 3, access: 2) == 0)
    }

    @Test("2,000 sets of rules answer every request as the specification says")
    func table() {
        var numbers = SystemRandomNumberGenerator()
        func pick<Item>(_ items: [Item]) -> Item { items[Int(numbers.next(upperBound: UInt(items.count)))] }
        var wrong: [String] = []
        for _ in 0..<2000 {
            let rules = (0..<Int.random(in: 0...6)).map { _ in
                DeviceRule(
                    pick([true, false]), pick([.all, .blocks, .characters]), pick([nil, 1, 8]), pick([nil, 0, 3]),
                    DeviceRule.Access(rawValue: UInt32.random(in: 1...7)))
            }
            let program = DeviceFilter(rules: rules).program()
            for type in [1, 2] as [UInt64] {
                for major in [1, 8, 9] as [UInt64] {
                    for minor in [0, 3, 4] as [UInt64] {
                        for access in UInt64(1)...7 {
                            let answer = verdict(program, type: type, major: major, minor: minor, access: access)
                            let right = specified(rules, type: type, major: major, minor: minor, access: access)
                            if answer != right { wrong.append("\(rules): \(type) \(major):\(minor) \(access)") }
                        }
                    }
                }
            }
        }
        #expect(wrong.isEmpty, "\(wrong.first ?? "")")
    }

    @Test("every instruction can be reached, which the kernel's verifier asks for")
    func reachable() {
        let all = DeviceRule(true, .all)
        let filters = [
            DeviceFilter(rules: []), .standard(), .standard([all]),
            DeviceFilter(rules: [all] + DeviceFilter.defaultRules),
            .standard([DeviceRule(false, .all, nil, nil, .write)]),
            .standard([DeviceRule(false, .blocks, 8, 0, .read)]),
        ]
        for filter in filters {
            let program = filter.program()
            var reached: Set<Int> = []
            var next = [0]
            while let place = next.popLast() {
                guard reached.insert(place).inserted else { continue }
                let instruction = program[place]
                if instruction.code == 0x95 { continue }
                next.append(place + 1)
                if instruction.code == 0x15 || instruction.code == 0x55 {
                    next.append(place + 1 + Int(instruction.offset))
                }
            }
            #expect(reached == Set(program.indices))
        }
    }

    @Test("a filter that allows everything is known, since it needs no program")
    func everything() {
        let all = DeviceRule(true, .all)
        let oneDenied = DeviceRule(false, .characters, 1, 3, .write)
        #expect(DeviceFilter(rules: [all]).allowsEverything)
        #expect(DeviceFilter(rules: [oneDenied, all, DeviceRule(true, .blocks)]).allowsEverything)
        #expect(!DeviceFilter(rules: [all, oneDenied]).allowsEverything)
        #expect(!DeviceFilter(rules: [DeviceRule(true, .characters), DeviceRule(true, .blocks)]).allowsEverything)
        #expect(!DeviceFilter(rules: []).allowsEverything)
    }
}
