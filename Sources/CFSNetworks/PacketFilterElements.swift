import CFSModel

/// An element and the set that it lies in.
struct PlacedElement: Sendable, Hashable {
    var set: String
    /// One, or the beginning and the end of a range.
    var elements: [NFTable.Element]

    func addition(_ flags: NetlinkMessage.Flags) -> NetlinkMessage {
        PacketFilterTable.table.addition(of: elements, to: set, flags)
    }

    var deletion: NetlinkMessage { PacketFilterTable.table.deletion(of: elements, from: set) }
}

/// Networks and ports as elements, there and back. Pure.
extension FilteredNetwork {
    var elements: [PlacedElement] {
        let name = Self.key(bridge)
        var out = [
            PlacedElement(set: PacketFilterTable.bridges.name, elements: [NFTable.Element(key: name)]),
            PlacedElement(set: PacketFilterTable.pairs.name, elements: [NFTable.Element(key: name + name)]),
        ]
        if isInternal {
            out.append(PlacedElement(set: PacketFilterTable.internals.name, elements: [NFTable.Element(key: name)]))
        }
        for subnet in subnets {
            let verdict: NFTExpression.Verdict = masquerades ? .jump(PacketFilterTable.masquerading) : .return
            var range = [NFTable.Element(key: subnet.base.bytes, value: .verdict(verdict), comment: bridge)]
            if let end = subnet.last.advanced(by: 1) {
                range.append(NFTable.Element(key: end.bytes, endsRange: true))
            }
            out.append(PlacedElement(set: PacketFilterTable.sources(subnet.family).name, elements: range))
        }
        return out
    }

    /// A name as rules have it: sixteen bytes, filled with zeros.
    private static func key(_ name: String) -> [UInt8] {
        let bytes = Array(name.utf8.prefix(15))
        return bytes + [UInt8](repeating: 0, count: 16 - bytes.count)
    }

    /// - Throws: `invalidArgument` when the name is empty or too long.
    func check() throws(CFSError) {
        guard (1...15).contains(bridge.utf8.count), !bridge.utf8.contains(0) else {
            throw CFSError(.invalidArgument, .preparing, "a bridge has a name of 1 to 15 bytes, not \"\(bridge)\"")
        }
    }

    /// The networks whose elements these are, by name.
    static func read(
        bridges: [NFTable.Element], internals: [NFTable.Element], sources: [NFTable.Element]
    ) -> [FilteredNetwork] {
        bridges.map { element in
            let name = String(decoding: element.key.prefix { $0 != 0 }, as: UTF8.self)
            var subnets: [IPSubnet] = []
            var masquerades = false
            for source in sources where source.comment == name {
                guard let subnet = subnet(from: source, in: sources) else { continue }
                subnets.append(subnet)
                masquerades = source.value == .verdict(.jump(PacketFilterTable.masquerading))
            }
            return FilteredNetwork(
                bridge: name, subnets: subnets, isInternal: internals.contains { $0.key == element.key },
                masquerades: masquerades)
        }.sorted { $0.bridge < $1.bridge }
    }

    /// The subnet that begins at an element: it ends at the next end, or with the last address of all.
    private static func subnet(from start: NFTable.Element, in all: [NFTable.Element]) -> IPSubnet? {
        guard let base = IPAddress(bytes: start.key) else { return nil }
        var end: IPAddress?
        for element in all where element.endsRange && element.key.count == start.key.count {
            guard let place = IPAddress(bytes: element.key), place > base else { continue }
            if end.map({ place < $0 }) ?? true { end = place }
        }
        // The bits in which the first and the last address differ are those behind the prefix, or it is no subnet.
        let last = end.map { Self.before($0.bytes) } ?? [UInt8](repeating: 0xff, count: base.bytes.count)
        var prefix = 0
        for (one, other) in zip(base.bytes, last) {
            prefix += (one ^ other).leadingZeroBitCount
            if one != other { break }
        }
        guard let subnet = IPSubnet(containing: base, prefix: prefix), subnet.base == base, subnet.last.bytes == last
        else { return nil }
        return subnet
    }

    /// The address before one that is not the first of all.
    private static func before(_ bytes: [UInt8]) -> [UInt8] {
        var out = bytes
        for index in out.indices.reversed() {
            out[index] &-= 1
            if out[index] != 0xff { break }
        }
        return out
    }
}

extension PublishedPort {
    var element: PlacedElement {
        let family = container.family
        let map = hostAddress == nil ? PacketFilterTable.ports(family) : PacketFilterTable.addresses(family)
        let key = [transport.rawValue, 0, 0, 0] + (hostAddress?.bytes ?? []) + Self.field(hostPort)
        return PlacedElement(
            set: map.name,
            elements: [NFTable.Element(key: key, value: .data(container.bytes + Self.field(containerPort)))])
    }

    /// A port in network order, filled to four bytes.
    private static func field(_ port: UInt16) -> [UInt8] { [UInt8(port >> 8), UInt8(port & 0xff), 0, 0] }

    /// The port that an element of one of the four maps stands for; nil when it is none of ours.
    init?(_ element: NFTable.Element) {
        guard case .data(let value) = element.value, element.key.count >= 8, value.count >= 8,
            let transport = element.key.first.flatMap({ Transport(rawValue: $0) }),
            let container = IPAddress(bytes: Array(value.dropLast(4)))
        else { return nil }
        func port(_ bytes: [UInt8]) -> UInt16 { UInt16(bytes[bytes.count - 4]) << 8 | UInt16(bytes[bytes.count - 3]) }
        self.init(
            transport, hostAddress: IPAddress(bytes: Array(element.key.dropFirst(4).dropLast(4))),
            hostPort: port(element.key), container: container, containerPort: port(value))
    }
}
