/// Follows the packets that come in by one device and go out by another through the chains of a table. What else a rule asks may be
/// so or not. Pure.
struct ChainWalk {
    /// All that can become of a packet.
    struct Ends: OptionSet, Hashable {
        let rawValue: UInt8

        static let accepted = Ends(rawValue: 1)
        static let dropped = Ends(rawValue: 2)
        /// The chain is left, and has decided nothing.
        static let undecided = Ends(rawValue: 4)
        static let any: Ends = [.accepted, .dropped, .undecided]
    }

    /// The table's rules by their chain, in their order.
    private let chains: [String: [ChainRule]]
    private let from: ChainRule.Device
    private let to: ChainRule.Device
    private var known: [String: Ends] = [:]

    init(_ chains: [String: [ChainRule]], from: ChainRule.Device, to: ChainRule.Device) {
        self.chains = chains
        self.from = from
        self.to = to
    }

    /// What can become of them in a chain.
    mutating func ends(in chain: String) -> Ends {
        if let ends = known[chain] { return ends }
        // The kernel takes no chain that leads back to itself. Of one that did, nothing would be known.
        known[chain] = .any
        var ends: Ends = []
        for rule in chains[chain] ?? [] {
            let isFor = rule.isFor(from: from, to: to)
            if isFor == false { continue }
            let outcome = outcome(of: rule.verdict)
            ends.formUnion(outcome.ends)
            if isFor == true, !outcome.goesOn {
                known[chain] = ends
                return ends
            }
        }
        ends.insert(.undecided)
        known[chain] = ends
        return ends
    }

    /// - Returns: what can become of a packet there, and whether the next rule may be asked.
    private mutating func outcome(of verdict: ChainRule.Verdict) -> (ends: Ends, goesOn: Bool) {
        switch verdict {
        case .accept: return (.accepted, false)
        case .drop: return (.dropped, false)
        case .return: return (.undecided, false)
        case .goto(let chain): return (ends(in: chain), false)
        case .jump(let chain):
            let inside = ends(in: chain)
            return (inside.subtracting(.undecided), inside.contains(.undecided))
        case .proceed: return ([], true)
        case .unknown: return (.any, true)
        }
    }
}
