import CFSLinux
import CFSModel

/// The packet filter of a network namespace: one table of nf_tables, `inet cfs`, which ``PacketFilterTable`` describes. It
/// speaks with the kernel itself; tables of others are never touched.
///
/// Every change is one batch: the kernel carries out all of it or nothing, and no packet ever sees a part.
package struct PacketFilter: ~Copyable {
    var netlink: NetlinkSocket
    /// What was read last, with the generation of the rules: a start asks twice, and seldom has anything changed in between.
    private var known: (generation: UInt32, networks: NetworkElements, ports: [PublishedPort])?
    static let table = PacketFilterTable.table
    /// What its rules were when it was opened; nil where the kernel has no number of a namespace.
    package let openedAt: RulesMark?

    /// The packet filter of the namespace that this thread is in.
    ///
    /// - Throws: `kernelUnsupported` when the kernel has no nf_tables, `notPermitted` without CAP_NET_ADMIN.
    package init() throws(CFSError) {
        var socket = try Self.supported { () throws(CFSError) in try NetlinkSocket(.netfilter) }
        let generation = try Self.supported { () throws(CFSError) in try Self.generation(&socket) }
        openedAt = socket.namespaceCookie.map { RulesMark(namespace: $0, generation: generation) }
        netlink = socket
    }

    private static func supported<Result: ~Copyable>(
        _ body: () throws(CFSError) -> Result
    ) throws(CFSError) -> Result {
        do throws(CFSError) {
            return try body()
        } catch {
            // nfnetlink says EINVAL of a part that it does not have, also when the module cannot be loaded.
            let isMissing = error.code == .kernelUnsupported || error.errno == 22 || error.errno == 95
            throw isMissing ? unsupported(error.errno) : error
        }
    }

    package static var unsupported: CFSError { unsupported(nil) }

    static func unsupported(_ errno: Int32?) -> CFSError {
        CFSError(
            .kernelUnsupported, .preparing, "the kernel has no nf_tables, which networks of containers need",
            systemCall: "netlink", errno: errno,
            hint: "modprobe nf_tables nf_conntrack nft_ct nft_nat nft_masq nft_fib_inet, or a kernel with "
                + "CONFIG_NF_TABLES_INET, CONFIG_NFT_CT, CONFIG_NFT_NAT, CONFIG_NFT_MASQ and CONFIG_NFT_FIB_INET; "
                + "network=none and network=host work without")
    }

    /// Whether the table is whole, and has the network as it is given.
    package mutating func has(_ network: FilteredNetwork) throws(CFSError) -> Bool {
        do throws(CFSError) {
            guard try condition() == .whole else { return false }
            guard let networks = try read()?.networks else { return false }
            return networks.has(network) && networks.foreignPairs == 0
        } catch {
            // It went while it was read.
            guard error.errno == 2 else { throw error }
            return false
        }
    }

    /// Adds a network, or changes what is there for its bridge: what is there in part is made whole.
    ///
    /// - Throws: `conflict` when a subnet overlaps one of another network, `invalidState` when the table is not there.
    package mutating func add(_ network: FilteredNetwork) throws(CFSError) {
        try network.check()
        try change("add the network of \(network.bridge) to the packet filter") { (seen) throws(CFSError) in
            let (present, wanted) = (seen.elements(of: network.bridge), network.elements)
            let missing = wanted.filter { !present.contains($0) }
            let stale = present.filter { !wanted.contains($0) }
            if missing.isEmpty, stale.isEmpty { return [] }
            if let other = seen.networks.first(where: { $0.bridge != network.bridge && $0.overlaps(network) }) {
                throw CFSError(
                    .conflict, .preparing,
                    "a subnet of the network of the bridge \(network.bridge) overlaps one of the bridge \(other.bridge)",
                    hint:
                        "another engine (--root) has that one: make the network anew with another --subnet, or with none, "
                        + "for which a free one is found")
            }
            return (stale + seen.strays(in: network)).map(\.deletion)
                + missing.map { $0.addition([.create, .exclusive]) }
        }
    }

    /// Removes whatever is there for the network's bridge.
    package mutating func remove(_ network: FilteredNetwork) throws(CFSError) {
        do throws(CFSError) {
            try change("remove the network of \(network.bridge) from the packet filter") { seen in
                seen.elements(of: network.bridge).map(\.deletion)
            }
        } catch {
            if error.code != .invalidState { throw error }
        }
    }

    /// Publishes all of the ports or none. One of a single address goes before one of all addresses; a loopback address is
    /// noted, never translated.
    ///
    /// - Throws: `conflict` naming the first that is published already, `invalidArgument` for one that cannot be,
    ///   `invalidState` when the table is not there.
    package mutating func publish(_ ports: [PublishedPort]) throws(CFSError) {
        for port in ports { try port.check() }
        let what = "publish ports"
        let refusals = try commit(ports.map { $0.element.addition([.create, .exclusive]) }, nil, what)
        guard let first = refusals.first else { return }
        if first.isClash, ports.indices.contains(first.index) {
            throw CFSError(
                .conflict, .preparing, "\(ports[first.index].hostText) is published already",
                hint: "publish another port, or stop the container that has this one")
        }
        throw Self.failure(first, what)
    }

    /// Takes the ports back; those that are gone, or lead somewhere else by now, stay as they are.
    package mutating func unpublish(_ ports: [PublishedPort]) throws(CFSError) {
        let what = "take published ports back"
        var ports = ports
        while !ports.isEmpty {
            // To delete what is not there is an error, so each is added before: that changes nothing where it is, and
            // is refused where another holds the port.
            let messages =
                ports.map { $0.element.addition(.create) } + uniqued(ports).map { $0.element.deletion }
            let refusals = try commit(messages, nil, what)
            if refusals.isEmpty || refusals.contains(where: { $0.errno == 2 }) { return }  // ENOENT: no table
            let foreign = refusals.filter { $0.isClash && ports.indices.contains($0.index) }.map(\.index)
            if foreign.isEmpty { throw Self.failure(refusals[0], what) }
            ports = ports.indices.filter { !foreign.contains($0) }.map { ports[$0] }
        }
    }

    /// What its rules are now: as long as this is the same, nothing of any table has changed.
    package mutating func mark() throws(CFSError) -> RulesMark? {
        guard let openedAt else { return nil }
        return RulesMark(namespace: openedAt.namespace, generation: try Self.generation(&netlink))
    }

    /// What the rules were when ``contents()`` was read last.
    package var readAt: RulesMark? {
        guard let openedAt, let known else { return nil }
        return RulesMark(namespace: openedAt.namespace, generation: known.generation)
    }

    /// What is in the table, of networks those that are whole; nil when it is not there, or of another version of cfs.
    package mutating func contents() throws(CFSError) -> (networks: [FilteredNetwork], ports: [PublishedPort])? {
        guard let seen = try read() else { return nil }
        return (seen.networks.wholeNetworks, seen.ports)
    }

    mutating func read() throws(CFSError) -> (networks: NetworkElements, ports: [PublishedPort])? {
        while true {
            let before = try Self.generation(&netlink)
            if let known, known.generation == before { return (known.networks, known.ports) }
            do throws(CFSError) {
                guard try isOurs() else { return nil }
                let networks = try readNetworks()
                var ports: [PublishedPort] = []
                for family in IPAddress.Family.allCases {
                    ports += try elements(PacketFilterTable.addresses(family)).compactMap { PublishedPort($0) }
                    ports += try elements(PacketFilterTable.ports(family)).compactMap { PublishedPort($0) }
                }
                if try Self.generation(&netlink) == before {
                    known = (before, networks, ports)
                    return (networks, ports)
                }
            } catch {
                // It went while it was read.
                if error.errno != 2 { throw error }
            }
        }
    }

    /// Makes the table anew with all of this, in place of what is there.
    ///
    /// - Parameter generation: that of the rules which it is made of; nil to make it whatever has changed since.
    /// - Throws: `conflict` when two of the ports or networks contradict each other, an error with ERESTART when rules have
    ///   changed since their generation: then nothing has changed.
    package mutating func restore(
        networks: [FilteredNetwork], ports: [PublishedPort], generation: UInt32? = nil
    ) throws(CFSError) {
        for network in networks { try network.check() }
        for port in ports { try port.check() }
        try make(networks.flatMap(\.elements) + ports.map(\.element), generation)
    }

    /// Deletes the table, with all that is in it; no error when it is not there.
    package mutating func remove() throws(CFSError) {
        let what = "remove the packet filter"
        let comment = PacketFilterTable.comment
        let refusals = try commit([Self.table.creation(comment: comment), Self.table.deletion()], nil, what)
        if let first = refusals.first { throw Self.failure(first, what) }
    }

    /// The chains that the kernel hands packets to, of all tables of IPv4, IPv6 and both; with the rules of those of others that
    /// see what is forwarded.
    package mutating func baseChains() throws(CFSError) -> [BaseChain] {
        let question = NFTable.message(.getChain, family: 0)
        var chains = try netlink.list(question, "list the chains of nf_tables").compactMap { BaseChain($0.body) }
        for place in chains.indices where chains[place].isForwardOfOthers {
            chains[place].rules = try rules(besides: chains[place])
        }
        return chains
    }

    /// The rules of a chain's table, by their chain.
    private mutating func rules(besides chain: BaseChain) throws(CFSError) -> [String: [ChainRule]] {
        guard let family = NFTablesFamily(rawValue: chain.family) else { return [:] }
        let question = NFTable(family: family, name: chain.table).questionForRules()
        var rules: [String: [ChainRule]] = [:]
        do throws(CFSError) {
            for answer in try netlink.list(question, "list the rules of \(chain.table)") {
                let attributes = NetlinkAttributes(answer.body.dropFirst(4))
                // NFTA_RULE_CHAIN, NFTA_RULE_EXPRESSIONS
                guard let name = attributes.text(2) else { continue }
                rules[name, default: []].append(attributes.nested(4).map { ChainRule($0) } ?? ChainRule([], .proceed))
            }
        } catch {
            // It went while it was read.
            guard error.errno == 2 else { throw error }
        }
        return rules
    }

    // MARK: - Exchanges

    private mutating func make(_ elements: [PlacedElement], _ generation: UInt32?) throws(CFSError) {
        let what = "make the packet filter"
        // A table that is not there cannot be deleted, so it is made before.
        let comment = PacketFilterTable.comment
        let before = [Self.table.creation(comment: comment), Self.table.deletion()]
        let creation = before + PacketFilterTable.creation
        let messages = creation + elements.map { $0.addition([.create, .exclusive]) }
        guard let first = try commit(messages, generation, what).first else { return }
        let isAboutElement = first.index >= creation.count
        if isAboutElement, first.isClash || first.errno == 39 {  // ENOTEMPTY: they overlap
            throw CFSError(.conflict, .preparing, "two networks or published ports contradict each other")
        }
        // What the kernel lacks, it says of the table (EAFNOSUPPORT, EOPNOTSUPP) or of a chain or rule (ENOENT).
        if !isAboutElement, [2, 95, 97].contains(first.errno) { throw Self.unsupported(first.errno) }
        throw Self.failure(first, what)
    }

    /// Reads the networks and sends the messages that `plan` makes of them, again when somebody changed rules in between.
    mutating func change(
        _ what: String, _ plan: (NetworkElements) throws(CFSError) -> [NetlinkMessage]
    ) throws(CFSError) {
        while true {
            let before = try Self.generation(&netlink)
            let seen: NetworkElements
            do throws(CFSError) {
                seen = try readNetworks()
            } catch {
                throw error.errno == 2 ? Self.gone(what) : error
            }
            let messages = try plan(seen)
            if messages.isEmpty { return }
            guard let first = try commit(messages, before, what).first else { return }
            if first.errno != 85 { throw Self.failure(first, what) }  // ERESTART
        }
    }

    /// Sends a batch. The places of the refused messages are those in `messages`; -1 is the batch as a whole.
    private mutating func commit(
        _ messages: [NetlinkMessage], _ generation: UInt32?, _ what: String
    ) throws(CFSError) -> [NetlinkSocket.Refusal] {
        guard var last = messages.last else { return [] }
        last.flags.insert(.acknowledge)
        let batch = [NFTable.begin(generation: generation)] + messages.dropLast() + [last, NFTable.end()]
        var refusals = try netlink.refusals(ofBatch: batch, what)
        for index in refusals.indices { refusals[index].index -= 1 }
        return refusals
    }

    /// NFTA_GEN_ID: another number after every change of rules in the namespace.
    static func generation(_ netlink: inout NetlinkSocket) throws(CFSError) -> UInt32 {
        let what = "ask nf_tables what generation its rules are of"
        let answers = try netlink.request(NFTable.message(.getGeneration, family: 0), what)
        return answers.first.flatMap { NetlinkAttributes($0.body.dropFirst(4)).number(1, UInt32.self) }
            .map { UInt32(bigEndian: $0) } ?? 0
    }

    private mutating func isOurs() throws(CFSError) -> Bool { try heading()?.comment == PacketFilterTable.comment }

    /// The comment of our table, empty when it has none, and whether it is switched off; nil when there is no such table.
    mutating func heading() throws(CFSError) -> (comment: String, isDormant: Bool)? {
        do throws(CFSError) {
            let answers = try netlink.request(Self.table.question(), "look for the table of the packet filter")
            guard let attributes = answers.first.map({ NetlinkAttributes($0.body.dropFirst(4)) }) else {
                return ("", false)
            }
            // NFTA_TABLE_FLAGS: NFT_TABLE_F_DORMANT; NFTA_TABLE_USERDATA
            let flags = attributes.number(2, UInt32.self).map { UInt32(bigEndian: $0) } ?? 0
            return (attributes[6].flatMap { NFTable.comment(in: $0) } ?? "", flags & 1 == 1)
        } catch {
            if error.errno == 2 { return nil }
            throw error
        }
    }

    private mutating func readNetworks() throws(CFSError) -> NetworkElements {
        var seen: [PlacedElement] = []
        for set in PacketFilterTable.networkSets { seen += PlacedElement.read(try elements(set), of: set) }
        return NetworkElements(seen)
    }

    mutating func elements(_ set: NFTable.ElementSet) throws(CFSError) -> [NFTable.Element] {
        let question = Self.table.question(forElementsOf: set.name)
        return try netlink.list(question, "read the packet filter").flatMap { NFTable.Element.read($0.body) }
    }

    private static func gone(_ what: String) -> CFSError {
        CFSError(
            .invalidState, .preparing, "\(what): its table is not there", systemCall: "netlink", errno: 2,
            hint: "somebody flushed the rules of nf_tables; cfs system recover makes those of cfs anew")
    }

    private static func failure(_ refusal: NetlinkSocket.Refusal, _ what: String) -> CFSError {
        if refusal.errno == 2 { return gone(what) }
        var error = CFSError(kernel: refusal.errno, "netlink", .preparing)
        error.message = refusal.text.map { "\(what): \($0)" } ?? what
        return error
    }
}

extension NetlinkSocket.Refusal {
    /// Whether the key has another value already: EEXIST, and of older kernels EBUSY.
    fileprivate var isClash: Bool { errno == 17 || errno == 16 }
}

extension FilteredNetwork {
    fileprivate func overlaps(_ other: FilteredNetwork) -> Bool {
        subnets.contains { subnet in other.subnets.contains { $0.overlaps(subnet) } }
    }
}

/// The ports in their order, each once.
private func uniqued(_ ports: [PublishedPort]) -> [PublishedPort] {
    var seen: Set<PublishedPort> = []
    return ports.filter { seen.insert($0).inserted }
}

/// The rules of nf_tables in a network namespace at one moment: each change of any table counts up.
package struct RulesMark: Sendable, Hashable {
    /// SO_NETNS_COOKIE: no other namespace has it as long as the machine runs.
    package let namespace: UInt64
    package let generation: UInt32
}
