import CFSModel

/// What the sets of networks have, element by element, also of a network that is there in part only. Pure.
struct NetworkElements: Sendable {
    private let all: [PlacedElement]
    /// By the bridge of their network.
    private let owned: [String: [PlacedElement]]

    init(_ all: [PlacedElement]) {
        self.all = all
        var owned: [String: [PlacedElement]] = [:]
        for one in all {
            if let bridge = one.bridge { owned[bridge, default: []].append(one) }
        }
        self.owned = owned
    }

    /// Whatever is there for a bridge.
    func elements(of bridge: String) -> [PlacedElement] { owned[bridge] ?? [] }

    /// Whether all of a network is there, and nothing else for its bridge.
    func has(_ network: FilteredNetwork) -> Bool {
        Set(elements(of: network.bridge)) == Set(network.elements)
    }

    /// The networks that have a bridge, by name, as far as they can be read.
    var networks: [FilteredNetwork] {
        func elements(_ set: NFTable.ElementSet) -> [NFTable.Element] {
            all.filter { $0.set == set.name }.flatMap(\.elements)
        }
        return FilteredNetwork.read(
            bridges: elements(PacketFilterTable.bridges), internals: elements(PacketFilterTable.internals),
            sources: IPAddress.Family.allCases.flatMap { elements(PacketFilterTable.sources($0)) })
    }

    /// Those of them that are whole.
    var wholeNetworks: [FilteredNetwork] { networks.filter { has($0) } }

    /// How many pairs are of two bridges, between which nothing would be dropped.
    var foreignPairs: Int { all.count { $0.set == PacketFilterTable.pairs.name && $0.bridge == nil } }

    /// What is of no network: of bridges whose names are none of ours, and of nobody.
    func strangers(_ isBridge: (String) -> Bool) -> [PlacedElement] {
        all.filter { one in one.bridge.map { !isBridge($0) } ?? true }
    }

    /// The subnets of all networks; nil while one of them is there in part only, and its subnets cannot be told.
    func subnets(_ isBridge: (String) -> Bool) -> [IPSubnet]? {
        let whole = wholeNetworks
        let isWhole = owned.keys.filter(isBridge).allSatisfy { bridge in whole.contains { $0.bridge == bridge } }
        return isWhole ? whole.filter { isBridge($0.bridge) }.flatMap(\.subnets) : nil
    }

    /// Ranges that are no network's any more, and in the way of this one's.
    func strays(in network: FilteredNetwork) -> [PlacedElement] {
        all.filter { one in
            guard one.isSource, one.bridge != network.bridge, !(one.bridge.map { hasBridge($0) } ?? false) else {
                return false
            }
            return network.subnets.contains { one.overlaps($0) }
        }
    }

    /// Whether a network is there whose subnets are not to be touched.
    private func hasBridge(_ bridge: String) -> Bool { elements(of: bridge).contains { !$0.isSource } }
}

extension PlacedElement {
    /// The elements of a set as the kernel tells them: beginnings and ends of ranges are put together.
    static func read(_ elements: [NFTable.Element], of set: NFTable.ElementSet) -> [PlacedElement] {
        guard set.isInterval else { return elements.map { PlacedElement(set: set.name, elements: [$0]) } }
        // An end has the key of the beginning that follows it at once.
        let ordered = elements.sorted { one, other in
            if one.key == other.key { return one.endsRange && !other.endsRange }
            return one.key.lexicographicallyPrecedes(other.key)
        }
        return ordered.indices.filter { !ordered[$0].endsRange }.map { place in
            let end = ordered[(place + 1)...].first { $0.endsRange }
            let ends = end.map { [NFTable.Element(key: $0.key, endsRange: true)] } ?? []
            return PlacedElement(set: set.name, elements: [ordered[place]] + ends)
        }
    }

    fileprivate var isSource: Bool { PacketFilterTable.sourceNames.contains(set) }

    /// The bridge of the network that it belongs to; nil for what is of no network.
    fileprivate var bridge: String? {
        guard let first = elements.first else { return nil }
        if isSource { return first.comment }
        let name = first.key.prefix(16)
        // A pair of two bridges is somebody else's.
        if set == PacketFilterTable.pairs.name, !first.key.dropFirst(16).elementsEqual(name) { return nil }
        return String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Whether a range and a subnet have an address in common.
    fileprivate func overlaps(_ subnet: IPSubnet) -> Bool {
        guard let begin = elements.first?.key, begin.count == subnet.base.bytes.count,
            !subnet.last.bytes.lexicographicallyPrecedes(begin)
        else { return false }
        guard elements.count > 1 else { return true }
        return subnet.base.bytes.lexicographicallyPrecedes(elements[1].key)
    }
}
