/// A rule of somebody else's chain, as far as it tells whether containers' packets pass. Pure.
package struct ChainRule: Sendable, Hashable {
    package enum Verdict: Sendable, Hashable {
        case accept
        /// Nothing behind it is asked: the packet is dropped, or the policy decides.
        case end
        /// It goes on, or what becomes of the packet is not told here.
        case other
    }

    package enum Condition: Sendable, Hashable {
        case input(DeviceName)
        case output(DeviceName)
        case other
    }

    /// A device, or all whose names begin so.
    package struct DeviceName: Sendable, Hashable {
        package var text: String
        package var isWhole: Bool

        func covers(_ device: String) -> Bool { isWhole ? device == text : device.hasPrefix(text) }
    }

    package var conditions: [Condition]
    package var verdict: Verdict

    package init(_ conditions: [Condition], _ verdict: Verdict) {
        self.conditions = conditions
        self.verdict = verdict
    }

    /// The rule of these expressions (NFTA_RULE_EXPRESSIONS).
    init(_ expressions: NetlinkAttributes) {
        self.init([], .other)
        // The name that was loaded last: a comparison follows.
        var loaded: NFTExpression.Meta?
        for (_, value) in expressions.all {
            let expression = NetlinkAttributes(value)
            // NFTA_EXPR_DATA
            let data = expression.nested(2)
            let before = loaded
            loaded = nil
            switch expression.text(1) {  // NFTA_EXPR_NAME
            case "counter", "log": continue
            case "immediate":
                verdict = data?.nested(2).map { Self.verdict($0) } ?? .other  // NFTA_IMMEDIATE_DATA
            case "meta":
                // NFTA_META_KEY
                loaded = data?.number(2, UInt32.self).flatMap { NFTExpression.Meta(rawValue: UInt32(bigEndian: $0)) }
                if loaded != .inputName, loaded != .outputName { conditions.append(.other) }
            case "cmp": conditions.append(data.flatMap { Self.comparison($0, before) } ?? .other)
            default:
                // A name that something else looks at.
                conditions.append(.other)
            }
        }
    }

    private static func verdict(_ data: NetlinkAttributes) -> Verdict {
        switch NFTExpression.Verdict(data) {
        case .accept: .accept
        case .drop, .return: .end
        case .jump, .goto, nil: .other
        }
    }

    /// The comparison of the name of a device; nil for another one. A name of 16 bytes is compared whole, else its beginning.
    private static func comparison(_ data: NetlinkAttributes, _ loaded: NFTExpression.Meta?) -> Condition? {
        guard let bytes = data.nested(3)?[1],  // NFTA_CMP_DATA, NFTA_DATA_VALUE
            data.number(2, UInt32.self) == 0  // NFTA_CMP_OP: NFT_CMP_EQ
        else { return nil }
        let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        let name = DeviceName(text: text, isWhole: bytes.contains(0))
        switch loaded {
        case .inputName: return .input(name)
        case .outputName: return .output(name)
        default: return nil
        }
    }
}

extension ChainRule {
    /// Whether rules, in their order, plainly accept what comes from these devices and what goes to them.
    static func accept(_ devices: [String], _ rules: [ChainRule]) -> Bool {
        var (from, to): (Set<String>, Set<String>) = ([], [])
        for rule in rules {
            if rule.conditions.isEmpty {
                if rule.verdict == .accept { return true }
                if rule.verdict == .end { return false }
            }
            guard rule.verdict == .accept, rule.conditions.count == 1 else { continue }
            switch rule.conditions[0] {
            case .input(let name): from.formUnion(devices.filter { name.covers($0) })
            case .output(let name): to.formUnion(devices.filter { name.covers($0) })
            case .other: continue
            }
            if devices.allSatisfy({ from.contains($0) && to.contains($0) }) { return true }
        }
        return false
    }
}
