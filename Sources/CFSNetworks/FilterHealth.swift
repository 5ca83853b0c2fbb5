import CFSModel

/// A chain that the kernel hands packets to.
package struct BaseChain: Sendable, Hashable {
    /// The number of the table's family (NFPROTO_*).
    package var family: UInt8
    package var table: String
    package var name: String
    /// `filter`, `nat` or `route`.
    package var type: String
    /// NF_INET_*: 2 is forward.
    package var hook: UInt32
    package var priority: Int32
    /// Whether a packet that no rule decided is dropped.
    package var dropsByPolicy: Bool
    /// The rules of its table by their chain, in their order, of a chain that ``isForwardOfOthers``; else none.
    package var rules: [String: [ChainRule]] = [:]

    package init(
        family: UInt8, table: String, name: String, type: String, hook: UInt32, priority: Int32, dropsByPolicy: Bool
    ) {
        self.family = family
        self.table = table
        self.name = name
        self.type = type
        self.hook = hook
        self.priority = priority
        self.dropsByPolicy = dropsByPolicy
    }

    /// The chain in an answer of NFT_MSG_GETCHAIN; nil for one that is only jumped to.
    init?(_ body: ArraySlice<UInt8>) {
        let attributes = NetlinkAttributes(body.dropFirst(4))
        guard let family = body.first, let table = attributes.text(1), let name = attributes.text(3),
            let place = attributes.nested(4), let hook = place.number(1, UInt32.self),
            let priority = place.number(2, Int32.self)
        else { return nil }
        self.init(
            family: family, table: table, name: name, type: attributes.text(7) ?? "", hook: UInt32(bigEndian: hook),
            priority: Int32(bigEndian: priority),
            dropsByPolicy: attributes.number(5, UInt32.self) == 0)  // NFTA_CHAIN_POLICY: NF_DROP
    }
}

/// What of others' packet filters stands in the way of containers. Pure.
package enum FilterHealth {
    /// A chain of somebody else that drops what containers send or get, or may do so.
    package struct Finding: Sendable, Hashable, CustomStringConvertible {
        /// Which traffic it concerns.
        package var families: [IPAddress.Family]
        /// `ip`, `ip6` or `inet`.
        package var family: String
        package var table: String
        package var chain: String
        /// Whether it drops all.
        package var isCertain: Bool

        /// `chain FORWARD of table ip filter`.
        package var description: String { "chain \(chain) of table \(family) \(table)" }

        /// What to do about it: our chains still decide what of it passes.
        package var hint: String {
            ["iifname", "oifname"].map { "nft insert rule \(family) \(table) \(chain) \($0) '\"cfs*\"' accept" }
                .text(separator: "; ")
        }
    }

    /// The chains at the hook forward, of others than us, that drop what comes from our bridges or goes to them, or may do so: by their
    /// policy, or by a rule of theirs or of a chain that they lead to. A packet must be accepted by every chain of its hook, so ours
    /// cannot help.
    ///
    /// - Parameters:
    ///   - bridges: empty for any of ours.
    ///   - others: the devices by which packets come to the bridges and leave from there; empty for one that no rule knows.
    package static func findings(
        in chains: [BaseChain], bridges: [ChainRule.Device] = [], others: [ChainRule.Device] = []
    ) -> [Finding] {
        let bridges = bridges.isEmpty ? [ChainRule.Device("cfs")] : bridges
        let others = others.isEmpty ? [ChainRule.Device("")] : others
        return chains.compactMap { chain in
            guard chain.isForwardOfOthers, let family = NFTablesFamily(rawValue: chain.family) else { return nil }
            let ends = chain.ends(between: bridges, and: others)
            guard ends.contains(.dropped) else { return nil }
            let (name, families): (String, [IPAddress.Family]) =
                switch family {
                case .ipv4: ("ip", [.ipv4])
                case .ipv6: ("ip6", [.ipv6])
                case .inet: ("inet", [.ipv4, .ipv6])
                }
            return Finding(
                families: families, family: name, table: chain.table, chain: chain.name,
                isCertain: ends == .dropped)
        }
    }
}

extension BaseChain {
    /// Whether it is somebody else's, at the hook forward.
    var isForwardOfOthers: Bool {
        // NF_INET_FORWARD of NFPROTO_IPV4, NFPROTO_IPV6 and NFPROTO_INET: a hook 2 of other families is something else.
        guard hook == NFTable.Chain.Base.Hook.forward.rawValue, let family = NFTablesFamily(rawValue: family) else {
            return false
        }
        return family != PacketFilterTable.table.family || table != PacketFilterTable.table.name
    }

    /// All that can become of what goes from one of the bridges to one of the others, or back.
    fileprivate func ends(between bridges: [ChainRule.Device], and others: [ChainRule.Device]) -> ChainWalk.Ends {
        var all: ChainWalk.Ends = []
        for bridge in bridges {
            for other in others {
                for (from, to) in [(bridge, other), (other, bridge)] {
                    var walk = ChainWalk(rules, from: from, to: to)
                    let ends = walk.ends(in: name)
                    all.formUnion(ends.subtracting(.undecided))
                    if ends.contains(.undecided) { all.insert(dropsByPolicy ? .dropped : .accepted) }
                }
            }
        }
        return all
    }
}
