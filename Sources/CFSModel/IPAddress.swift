/// An address of IPv4 (four bytes) or IPv6 (sixteen), in network order.
public struct IPAddress: Sendable, Hashable {
    public enum Family: UInt8, Sendable, Hashable, CaseIterable {
        /// The numbers of `AF_INET` and `AF_INET6` (address_families(7)).
        case ipv4 = 2
        case ipv6 = 10

        /// Bits of an address.
        public var width: Int { self == .ipv4 ? 32 : 128 }
    }

    /// In network order: four or sixteen.
    public let bytes: [UInt8]

    /// - Parameter bytes: nil unless there are four or sixteen.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    init(checked bytes: [UInt8]) { self.bytes = bytes }

    public var family: Family { bytes.count == 4 ? .ipv4 : .ipv6 }

    /// Reads `192.0.2.1` (four decimal numbers without leading zeros) or a form of RFC 4291, 2.2: `2001:db8::1`, `::ffff:192.0.2.1`.
    /// Nil for anything else: no zone, no prefix, no port, no space.
    public init?(_ text: some StringProtocol) {
        let characters = Array(text.utf8)
        guard let bytes = characters.contains(0x3a) ? Self.ipv6(characters[...]) : Self.ipv4(characters[...]) else {
            return nil
        }
        self.bytes = bytes
    }

    private static func ipv4(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let parts = text.split(separator: 0x2e, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard (1...3).contains(part.count), part.count == 1 || part.first != 0x30 else { return nil }
            var value = 0
            for digit in part {
                guard (0x30...0x39).contains(digit) else { return nil }
                value = value * 10 + Int(digit - 0x30)
            }
            guard let byte = UInt8(exactly: value) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func ipv6(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let bytes = Array(text)
        let gap = bytes.indices.dropLast().first { bytes[$0] == 0x3a && bytes[$0 + 1] == 0x3a }
        guard let gap else {
            guard let groups = groups(text), groups.count == 16 else { return nil }
            return groups
        }
        let (before, after) = (bytes[..<gap], bytes[(gap + 2)...])
        guard let head = before.isEmpty ? [] : groups(before, mayEndInIPv4: false),
            let tail = after.isEmpty ? [] : groups(after), head.count + tail.count <= 14
        else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    /// Groups of hexadecimal digits between colons, the last of which may be an address of IPv4.
    private static func groups(_ text: ArraySlice<UInt8>, mayEndInIPv4: Bool = true) -> [UInt8]? {
        var out: [UInt8] = []
        let parts = text.split(separator: 0x3a, omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if mayEndInIPv4, index == parts.count - 1, part.contains(0x2e) {
                guard let last = ipv4(part) else { return nil }
                out += last
                continue
            }
            guard (1...4).contains(part.count) else { return nil }
            var value: UInt16 = 0
            for character in part {
                guard let digit = hexadecimal(character) else { return nil }
                value = value << 4 | UInt16(digit)
            }
            out += [UInt8(value >> 8), UInt8(value & 0xff)]
        }
        return out
    }

    private static func hexadecimal(_ character: UInt8) -> UInt8? {
        switch character {
        case 0x30...0x39: character - 0x30
        case 0x41...0x46: character - 0x37
        case 0x61...0x66: character - 0x57
        default: nil
        }
    }

    /// The address `count` above this one; nil when that is past the last of its family.
    public func advanced(by count: UInt64) -> IPAddress? {
        var (out, rest) = (bytes, count)
        for index in out.indices.reversed() where rest > 0 {
            let sum = UInt64(out[index]) + (rest & 0xff)
            out[index] = UInt8(sum & 0xff)
            rest = rest >> 8 + sum >> 8
        }
        return rest == 0 ? IPAddress(checked: out) : nil
    }

    public var isLoopback: Bool {
        family == .ipv4 ? bytes[0] == 127 : bytes == Self.unspecified(.ipv6).bytes.dropLast() + [1]
    }

    /// `0.0.0.0` or `::`.
    public static func unspecified(_ family: Family) -> IPAddress {
        IPAddress(checked: [UInt8](repeating: 0, count: family.width / 8))
    }

    public var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }

    /// Of IPv6: fe80::/10.
    public var isLinkLocal: Bool { family == .ipv6 && bytes[0] == 0xfe && bytes[1] & 0xc0 == 0x80 }

    /// 224.0.0.0/4 or ff00::/8.
    public var isMulticast: Bool { family == .ipv4 ? bytes[0] & 0xf0 == 0xe0 : bytes[0] == 0xff }
}

extension IPAddress: Comparable {
    /// IPv4 before IPv6, then as numbers.
    public static func < (left: IPAddress, right: IPAddress) -> Bool {
        if left.bytes.count != right.bytes.count { return left.bytes.count < right.bytes.count }
        return left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

extension IPAddress: CustomStringConvertible {
    /// The canonical text (RFC 5952 for IPv6).
    public var description: String {
        if family == .ipv4 { return "\(bytes[0]).\(bytes[1]).\(bytes[2]).\(bytes[3])" }
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        if groups[..<5].allSatisfy({ $0 == 0 }), groups[5] == 0xffff {
            return "::ffff:\(bytes[12]).\(bytes[13]).\(bytes[14]).\(bytes[15])"
        }
        let gap = Self.longestZeros(groups)
        func text(_ part: some Sequence<UInt16>) -> String {
            part.map { String($0, radix: 16) }.text(separator: ":")
        }
        guard let gap else { return text(groups) }
        return "\(text(groups[..<gap.lowerBound]))::\(text(groups[gap.upperBound...]))"
    }

    /// The first of the longest runs of at least two.
    private static func longestZeros(_ groups: [UInt16]) -> Range<Int>? {
        var best: Range<Int>?
        var start = 0
        while start < groups.count {
            var end = start
            while end < groups.count, groups[end] == 0 { end += 1 }
            if end - start >= 2, end - start > best?.count ?? 0 { best = start..<end }
            start = max(end, start + 1)
        }
        return best
    }
}
