/// A name of the DNS as it travels: labels of 1 to 63 bytes, each behind its length, then a zero; 255 bytes at most
/// (RFC 1035, 2.3.4 and 3.1). It keeps the case it came in.
package struct DomainName: Sendable, Hashable {
    package let wire: [UInt8]

    /// The name of the root.
    package static let root = DomainName(wire: [0])

    private init(wire: [UInt8]) { self.wire = wire }

    /// Reads `web` or `web.example.com`, with or without a dot at the end. Nil for an empty label, one or a whole that is too
    /// long, or no label at all. A label may hold any byte but a dot: names of containers have underscores.
    package init?(_ text: some StringProtocol) {
        var labels = text.utf8.split(separator: 0x2e, omittingEmptySubsequences: false)
        if labels.count > 1, labels.last?.isEmpty ?? false { labels.removeLast() }
        var wire: [UInt8] = []
        for label in labels {
            guard (1...63).contains(label.count) else { return nil }
            wire.append(UInt8(label.count))
            wire += label
        }
        wire.append(0)
        guard wire.count <= 255 else { return nil }
        self.wire = wire
    }

    /// Reads the name of a question. Nil when it ends behind the message, is too long, or is compressed: nothing stands
    /// before it that it could point at.
    package init?(reading message: ArraySlice<UInt8>, at offset: Int) {
        let start = message.startIndex + offset
        var place = start
        while place < message.endIndex, place - start < 255 {
            let length = message[place]
            if length == 0 {
                wire = Array(message[start...place])
                return
            }
            guard length <= 63 else { return nil }
            place += 1 + Int(length)
        }
        return nil
    }

    /// The place behind the name of a record, which may be compressed (RFC 1035, 4.1.4); nothing is followed. Nil when it
    /// ends behind the message or is none.
    static func end(in message: ArraySlice<UInt8>, at offset: Int) -> Int? {
        var place = offset
        while place < message.count, place - offset < 255 {
            let length = message[message.startIndex + place]
            if length == 0 { return place + 1 }
            if length & 0xc0 == 0xc0 { return place + 2 <= message.count ? place + 2 : nil }
            guard length <= 63 else { return nil }
            place += 1 + Int(length)
        }
        return nil
    }

    /// In lower case, by which names are compared (RFC 4343). Lengths are below the letters.
    package var folded: DomainName {
        DomainName(wire: wire.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 })
    }

    package var labels: [ArraySlice<UInt8>] {
        var out: [ArraySlice<UInt8>] = []
        var place = 0
        while wire[place] != 0 {
            out.append(wire[(place + 1)...(place + Int(wire[place]))])
            place += 1 + Int(wire[place])
        }
        return out
    }

    /// What stands before a domain that this name lies in; nil when it does not. Both in the same case.
    package func relative(to domain: DomainName) -> DomainName? {
        var place = 0
        while wire[place] != 0, wire.count - place > domain.wire.count { place += 1 + Int(wire[place]) }
        guard place > 0, wire[place...].elementsEqual(domain.wire) else { return nil }
        return DomainName(wire: wire[..<place] + [0])
    }

    /// The address that a name below `in-addr.arpa` or `ip6.arpa` stands for (RFC 1035, 3.5; RFC 3596, 2.5).
    package var reversed: [UInt8]? {
        let labels = folded.labels
        guard labels.count >= 2, labels[labels.count - 1].elementsEqual("arpa".utf8) else { return nil }
        let digits = labels.dropLast(2).reversed()
        if labels[labels.count - 2].elementsEqual("in-addr".utf8), digits.count == 4 {
            var bytes: [UInt8] = []
            for label in digits {
                guard label.count <= 3, label.first != 0x30 || label.count == 1,
                    label.allSatisfy({ (0x30...0x39).contains($0) }),
                    let byte = UInt8(String(decoding: label, as: UTF8.self))
                else { return nil }
                bytes.append(byte)
            }
            return bytes
        }
        guard labels[labels.count - 2].elementsEqual("ip6".utf8), digits.count == 32 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        for (index, label) in digits.enumerated() {
            guard label.count == 1, let digit = label.first else { return nil }
            switch digit {
            case 0x30...0x39: bytes[index / 2] = bytes[index / 2] << 4 | (digit - 0x30)
            case 0x61...0x66: bytes[index / 2] = bytes[index / 2] << 4 | (digit - 0x57)
            default: return nil
            }
        }
        return bytes
    }
}

extension DomainName {
    /// Whether it ends in `cfs.internal`, in letters of any case.
    var isOurs: Bool {
        guard let zone = DomainName("cfs.internal") else { return false }
        return folded == zone || folded.relative(to: zone) != nil
    }
}

extension DomainName: Comparable {
    package static func < (left: DomainName, right: DomainName) -> Bool {
        left.wire.lexicographicallyPrecedes(right.wire)
    }
}

extension DomainName: CustomStringConvertible {
    package var description: String {
        var text = ""
        for label in labels { text += (text.isEmpty ? "" : ".") + String(decoding: label, as: UTF8.self) }
        return text.isEmpty ? "." : text
    }
}
