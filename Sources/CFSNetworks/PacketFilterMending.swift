import CFSModel

/// Whether our table is as it was made, and making it so again.
extension PacketFilter {
    /// How our table is. Networks and ports may be missing in a whole one, also in part: see ``has(_:)`` and ``contents()``.
    package enum Condition: Sendable, Hashable {
        case missing
        /// Made by another version of cfs, or by somebody else: its comment is this.
        case foreign(comment: String)
        /// Somebody has deleted rules, all of them or some: so many are gone.
        case damaged(missingRules: Int)
        /// Somebody has changed it otherwise: what he did follows on "the table".
        case altered(String)
        case whole
    }

    /// Looks at the table's comment and counts its rules, with two messages: `nft flush table` leaves table, chains and sets,
    /// so that what is published still seems to be. A rule that somebody has added may let pass what ours would not.
    package mutating func condition() throws(CFSError) -> Condition {
        guard let heading = try heading() else { return .missing }
        guard heading.comment == PacketFilterTable.comment else { return .foreign(comment: heading.comment) }
        if heading.isDormant {
            return .altered("is switched off (flag dormant): networks are not apart, ports lead nowhere")
        }
        let answers: [NetlinkSocket.Answer]
        do throws(CFSError) {
            answers = try netlink.list(Self.table.questionForRules(), "count the rules of the packet filter")
        } catch {
            // It went while it was read.
            if error.errno == 2 { return .missing }
            throw error
        }
        var missing = PacketFilterTable.ruleCounts
        for answer in answers {
            let attributes = NetlinkAttributes(answer.body.dropFirst(4))
            if let chain = attributes.text(2) { missing[chain, default: 0] -= 1 }  // NFTA_RULE_CHAIN
        }
        let count = missing.values.reduce(0) { $0 + max(0, $1) }
        if count > 0 { return .damaged(missingRules: count) }
        let added = missing.values.reduce(0) { $0 + max(0, -$1) }
        return added == 0 ? .whole : .altered("has \(added) rule\(added == 1 ? "" : "s") of somebody else")
    }

    /// As ``condition()``, with what a start does not look at each time: policies, and chains of others.
    package mutating func wholeCondition() throws(CFSError) -> Condition {
        let condition = try condition()
        guard condition == .whole else { return condition }
        do throws(CFSError) {
            let table = Self.table
            let question = NFTable.message(.getChain, family: table.family.rawValue)
            let ours = PacketFilterTable.chains.map(\.name)
            for answer in try netlink.list(question, "list the chains of the packet filter") {
                let attributes = NetlinkAttributes(answer.body.dropFirst(4))
                // NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME
                guard attributes.text(1) == table.name, let name = attributes.text(3) else { continue }
                if !ours.contains(name) { return .altered("has a chain of somebody else (\(name))") }
                if let base = BaseChain(answer.body), base.dropsByPolicy {
                    return .altered("has another policy in its chain \(name): drop")
                }
            }
            let pairs = PlacedElement.read(try elements(PacketFilterTable.pairs), of: PacketFilterTable.pairs)
            let joined = NetworkElements(pairs).foreignPairs
            if joined > 0 {
                return .altered("has \(joined) pair\(joined == 1 ? "" : "s") of two bridges: networks are not apart")
            }
        } catch {
            // It went while it was read.
            if error.errno == 2 { return .missing }
            throw error
        }
        return .whole
    }

    /// What lies in the sets and maps and is of no network of cfs, by the names of those. None when the table is not there.
    ///
    /// - Parameters:
    ///   - isBridge: whether cfs calls bridges like that.
    ///   - subnets: those of networks and their bridges, which the table may lack.
    package mutating func strangers(
        _ isBridge: (String) -> Bool, subnets: [IPSubnet]
    ) throws(CFSError) -> [String] {
        guard let seen = try read() else { return [] }
        let elements = seen.networks.strangers(isBridge).map(\.set)
        return elements + Self.strangers(seen, isBridge, subnets).map(\.element.set)
    }

    /// Ports that lead to nobody on any network, of this engine or another one.
    private static func strangers(
        _ seen: (networks: NetworkElements, ports: [PublishedPort]), _ isBridge: (String) -> Bool,
        _ subnets: [IPSubnet]
    ) -> [PublishedPort] {
        guard let known = seen.networks.subnets(isBridge) else { return [] }
        return seen.ports.filter { port in !(known + subnets).contains { $0.contains(port.container) } }
    }

    /// Takes away what ``strangers(_:subnets:)`` tells.
    ///
    /// - Returns: how much that was.
    package mutating func removeStrangers(
        _ isBridge: (String) -> Bool, subnets: [IPSubnet]
    ) throws(CFSError) -> Int {
        guard let seen = try read() else { return 0 }
        let ports = Self.strangers(seen, isBridge, subnets)
        try unpublish(ports)
        var count = ports.count
        try change("take away what is of no network") { seen in
            let found = seen.strangers(isBridge)
            count = ports.count + found.count
            return found.map(\.deletion)
        }
        return count
    }

    /// Makes the table when it is not there, and anew when it is of another layout, rules are gone or somebody has changed it: with
    /// all networks and ports that can be read in it, in one batch, so no packet passes between the old and the new. Where those contradict
    /// each other, with the first of two.
    ///
    /// - Returns: whether it was not whole.
    @discardableResult
    package mutating func ensure() throws(CFSError) -> Bool {
        while true {
            let generation = try Self.generation(&netlink)
            if try wholeCondition() == .whole { return false }
            let kept = try readable()
            do throws(CFSError) {
                try restore(networks: kept.networks, ports: kept.ports, generation: generation)
                return true
            } catch {
                if error.errno == 85 { continue }  // ERESTART
                let isAboutKept = error.code == .conflict || error.code == .invalidArgument
                guard isAboutKept, !kept.networks.isEmpty || !kept.ports.isEmpty else { throw error }
            }
            // What another layout had contradicts itself here: then what does not, one after the other.
            try restore(networks: [], ports: [])
            for network in kept.networks {
                do throws(CFSError) { try add(network) } catch { continue }
            }
            for port in kept.ports {
                do throws(CFSError) { try publish([port]) } catch { continue }
            }
            return true
        }
    }

    /// The networks and ports in sets of our names, whoever made those; nothing of sets that are not there.
    private mutating func readable() throws(CFSError) -> (networks: [FilteredNetwork], ports: [PublishedPort]) {
        let bridges = try elementsIfThere(PacketFilterTable.bridges)
        let internals = try elementsIfThere(PacketFilterTable.internals)
        var sources: [NFTable.Element] = []
        var ports: [PublishedPort] = []
        for family in IPAddress.Family.allCases {
            sources += try elementsIfThere(PacketFilterTable.sources(family))
            for set in [PacketFilterTable.addresses(family), PacketFilterTable.ports(family)] {
                ports += try elementsIfThere(set).compactMap { PublishedPort($0) }
            }
        }
        let networks = FilteredNetwork.read(bridges: bridges, internals: internals, sources: sources)
        return (
            networks.filter { (1...15).contains($0.bridge.utf8.count) },
            ports.filter { $0.hostPort > 0 && $0.containerPort > 0 }
        )
    }

    private mutating func elementsIfThere(_ set: NFTable.ElementSet) throws(CFSError) -> [NFTable.Element] {
        do throws(CFSError) {
            return try elements(set)
        } catch {
            if error.errno == 2 { return [] }
            throw error
        }
    }
}

extension PacketFilterTable {
    /// How many rules each chain has.
    static let ruleCounts: [String: Int] = rules.reduce(into: [:]) { $0[$1.chain, default: 0] += 1 }
}
