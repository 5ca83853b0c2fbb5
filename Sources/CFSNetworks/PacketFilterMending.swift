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
        case whole
    }

    /// Looks at the table's comment and counts its rules, with two messages: `nft flush table` leaves table, chains and sets,
    /// so that what is published still seems to be. Rules that somebody has added are no damage.
    package mutating func condition() throws(CFSError) -> Condition {
        guard let comment = try comment() else { return .missing }
        guard comment == PacketFilterTable.comment else { return .foreign(comment: comment) }
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
            if let chain = attributes.text(2) { missing[chain]? -= 1 }  // NFTA_RULE_CHAIN
        }
        let count = missing.values.reduce(0) { $0 + max(0, $1) }
        return count == 0 ? .whole : .damaged(missingRules: count)
    }

    /// Makes the table when it is not there, and anew when it is of another layout or rules are gone: with all networks and
    /// ports that can be read in it, in one batch, so no packet passes between the old and the new. Where those contradict
    /// each other, with the first of two.
    ///
    /// - Returns: whether it was not whole.
    @discardableResult
    package mutating func ensure() throws(CFSError) -> Bool {
        while true {
            let generation = try Self.generation(&netlink)
            if try condition() == .whole { return false }
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
