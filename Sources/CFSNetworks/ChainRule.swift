/// A rule of somebody else's chain, as far as it tells whether containers' packets pass. Pure.
package struct ChainRule: Sendable, Hashable {
    package enum Verdict: Sendable, Hashable {
        case accept, drop
        /// Nothing behind it in its chain is asked: whoever jumped there goes on, or the policy decides.
        case `return`
        case jump(String)
        case goto(String)
        /// The next rule is asked.
        case proceed
        /// What becomes of the packet is not told here: a map decides, or a program.
        case unknown
    }

    package enum Condition: Sendable, Hashable {
        case input(DeviceMatch)
        case output(DeviceMatch)
        case other
    }

    /// A device that packets come in or go out by.
    package struct Device: Sendable, Hashable {
        package var name: String
        /// Nil for one that is not there.
        package var number: Int32?

        package init(_ name: String, _ number: Int32? = nil) {
            self.name = name
            self.number = number
        }
    }

    /// Some devices, or all but those.
    package struct DeviceMatch: Sendable, Hashable {
        package enum Subject: Sendable, Hashable {
            case name(String)
            /// What names begin with.
            case beginning(String)
            case number(Int32)
        }

        package var subject: Subject
        package var isExcluded = false

        func covers(_ device: Device) -> Bool {
            let isNamed: Bool =
                switch subject {
                case .name(let name): device.name == name
                case .beginning(let text): device.name.hasPrefix(text)
                case .number(let number): device.number == number
                }
            return isNamed != isExcluded
        }
    }

    package var conditions: [Condition]
    package var verdict: Verdict

    package init(_ conditions: [Condition], _ verdict: Verdict) {
        self.conditions = conditions
        self.verdict = verdict
    }

    /// Whether it is for packets that come in by one device and go out by another; nil when more than that decides.
    func isFor(from: Device, to: Device) -> Bool? {
        for condition in conditions {
            switch condition {
            case .input(let match) where !match.covers(from): return false
            case .output(let match) where !match.covers(to): return false
            case .input, .output, .other: continue
            }
        }
        return conditions.contains(.other) ? nil : true
    }
}

extension ChainRule {
    /// The rule of these expressions (NFTA_RULE_EXPRESSIONS).
    init(_ expressions: NetlinkAttributes) {
        self.init([], .proceed)
        // What was loaded last: a comparison follows.
        var loaded: NFTExpression.Meta?
        var state = StateQuestion.none
        for (_, value) in expressions.all {
            let expression = NetlinkAttributes(value)
            // NFTA_EXPR_DATA
            let data = expression.nested(2)
            let before = loaded
            loaded = nil
            switch expression.text(1) {  // NFTA_EXPR_NAME
            case "counter", "log": continue
            case "immediate":
                // NFTA_IMMEDIATE_DREG: NFT_REG_VERDICT; into another one a value is loaded.
                guard data?.number(1, UInt32.self) == 0 else { continue }
                verdict = data?.nested(2).map { Self.verdict($0) } ?? .unknown  // NFTA_IMMEDIATE_DATA
            case "reject": verdict = .drop
            case "target": verdict = Self.verdict(ofTarget: data?.text(1))  // NFTA_TARGET_NAME
            case "queue": verdict = .unknown
            // NFTA_LOOKUP_DREG: NFT_REG_VERDICT
            case "lookup" where data?.number(3, UInt32.self) == 0: verdict = .unknown
            case "meta":
                // NFTA_META_KEY
                loaded = data?.number(2, UInt32.self).flatMap { NFTExpression.Meta(rawValue: UInt32(bigEndian: $0)) }
                if loaded?.isOfDevice != true { conditions.append(.other) }
                if state != .isInvalid { state = .none }
            case "ct":
                if data?.number(2, UInt32.self) == 0 { state = .loaded }  // NFTA_CT_KEY: NFT_CT_STATE
                conditions.append(.other)
            case "bitwise" where state == .loaded:
                // NFTA_BITWISE_MASK, NFTA_DATA_VALUE: the bit of NF_CT_STATE_INVALID
                state = data?.nested(4)?[1]?.number(at: 0, UInt32.self) == 1 ? .masked : .none
                conditions.append(.other)
            case "cmp" where state == .masked:
                // NFTA_CMP_OP: NFT_CMP_NEQ
                state = data?.number(2, UInt32.self) == UInt32(1).bigEndian ? .isInvalid : .none
                conditions.append(.other)
            case "match":
                if Self.matchesInvalid(data) { state = .isInvalid }
                conditions.append(.other)
            case "cmp": conditions.append(data.flatMap { Self.comparison($0, before) } ?? .other)
            default:
                // A name that something else looks at.
                conditions.append(.other)
                if state != .isInvalid { state = .none }
            }
        }
        // What belongs to no connection is nothing that a container waits for.
        if state == .isInvalid, verdict == .drop { verdict = .proceed }
    }

    /// How far `ct state invalid` has been read: what is loaded, its bit, and that it is set.
    private enum StateQuestion {
        case none, loaded, masked, isInvalid
    }

    private static func verdict(_ data: NetlinkAttributes) -> Verdict {
        switch NFTExpression.Verdict(data) {
        case .accept: .accept
        case .drop: .drop
        case .return: .return
        case .jump(let chain): .jump(chain)
        case .goto(let chain): .goto(chain)
        case nil: .unknown
        }
    }

    /// Whether an extension of iptables (`-m`) is for what belongs to no connection: `-m conntrack --ctstate INVALID`.
    private static func matchesInvalid(_ data: NetlinkAttributes?) -> Bool {
        // NFTA_MATCH_NAME, NFTA_MATCH_REV, NFTA_MATCH_INFO: struct xt_conntrack_mtinfo2 or xt_conntrack_mtinfo3, in the host's
        // byte order, of which the flags and the states are at the same place.
        guard let data, data.text(1) == "conntrack",
            let revision = data.number(2, UInt32.self).map({ UInt32(bigEndian: $0) }), 2...3 ~= revision,
            let info = data[3], let matched = info.number(at: 146, UInt16.self),
            let inverted = info.number(at: 148, UInt16.self), let states = info.number(at: 150, UInt16.self)
        else { return false }
        // XT_CONNTRACK_STATE, XT_CONNTRACK_STATE_INVALID
        return matched & 1 == 1 && inverted & 1 == 0 && states == 1
    }

    /// Of an extension of iptables (`-j`), of which nf_tables knows little more than the name.
    private static func verdict(ofTarget name: String?) -> Verdict {
        switch name {
        case "REJECT": .drop
        // They note or change something.
        case "LOG", "NFLOG", "MARK", "CONNMARK", "TCPMSS", "TRACE": .proceed
        default: .unknown
        }
    }

    /// The comparison of a device; nil for another one. A name of 16 bytes is compared whole, else its beginning.
    private static func comparison(_ data: NetlinkAttributes, _ loaded: NFTExpression.Meta?) -> Condition? {
        guard let loaded, let bytes = data.nested(3)?[1],  // NFTA_CMP_DATA, NFTA_DATA_VALUE
            let operation = data.number(2, UInt32.self).map({ UInt32(bigEndian: $0) }),  // NFTA_CMP_OP
            operation <= 1  // NFT_CMP_EQ, NFT_CMP_NEQ
        else { return nil }
        var match: DeviceMatch
        switch loaded {
        case .input, .output:
            guard let number = bytes.number(at: 0, Int32.self) else { return nil }
            match = DeviceMatch(subject: .number(number))
        case .inputName, .outputName:
            let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            match = DeviceMatch(subject: bytes.contains(0) ? .name(text) : .beginning(text))
        case .family, .transport: return nil
        }
        match.isExcluded = operation == 1
        let isInput = loaded == .input || loaded == .inputName
        return isInput ? Condition.input(match) : Condition.output(match)
    }
}

extension NFTExpression.Meta {
    fileprivate var isOfDevice: Bool {
        switch self {
        case .input, .output, .inputName, .outputName: true
        case .family, .transport: false
        }
    }
}
