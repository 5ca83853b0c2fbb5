/// Addresses that begin with the same bits: `10.89.0.0/24`.
public struct IPSubnet: Sendable, Hashable {
    /// The first address: every bit after the prefix is zero.
    public let base: IPAddress
    /// Bits that are the same in all.
    public let prefix: Int

    /// The subnet that an address lies in; nil when the prefix is longer than the address.
    public init?(containing address: IPAddress, prefix: Int) {
        guard (0...address.family.width).contains(prefix) else { return nil }
        base = IPAddress(checked: Self.masked(address.bytes, prefix, ones: false))
        self.prefix = prefix
    }

    /// Reads `10.89.0.0/24`; nil also when a bit after the prefix is set: that is an address, no subnet.
    public init?(_ text: String) {
        guard let (address, prefix) = Self.parts(text), let subnet = IPSubnet(containing: address, prefix: prefix),
            subnet.base == address
        else { return nil }
        self = subnet
    }

    /// An address and a prefix in the form `10.89.0.1/24`.
    public static func parts(_ text: String) -> (address: IPAddress, prefix: Int)? {
        let parts = Array(text.utf8).split(separator: 0x2f, omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(decoding: parts[0], as: UTF8.self)),
            (1...3).contains(parts[1].count), parts[1].allSatisfy({ (0x30...0x39).contains($0) }),
            parts[1].count == 1 || parts[1].first != 0x30, let prefix = Int(String(decoding: parts[1], as: UTF8.self)),
            prefix <= address.family.width
        else { return nil }
        return (address, prefix)
    }

    public var family: IPAddress.Family { base.family }

    /// The last address: that of a broadcast in IPv4.
    public var last: IPAddress { IPAddress(checked: Self.masked(base.bytes, prefix, ones: true)) }

    public func contains(_ address: IPAddress) -> Bool {
        address.family == family && Self.masked(address.bytes, prefix, ones: false) == base.bytes
    }

    /// Whether an address belongs to both.
    public func overlaps(_ other: IPSubnet) -> Bool { contains(other.base) || other.contains(base) }

    /// Whether a host can have the address: not the first, which names the subnet (in IPv6: any router), and in IPv4 not the
    /// last, to which all listen. A prefix that leaves at most one bit has no such (RFC 3021, RFC 6164).
    public func isForHosts(_ address: IPAddress) -> Bool {
        guard contains(address) else { return false }
        if family.width - prefix <= 1 { return true }
        return address != base && (family == .ipv6 || address != last)
    }

    /// How many addresses hosts can have; at most `Int.max`.
    public var hostCount: Int {
        let bits = family.width - prefix
        if bits >= 63 { return .max }
        if bits <= 1 { return 1 << bits }
        return (1 << bits) - (family == .ipv4 ? 2 : 1)
    }

    private static func masked(_ bytes: [UInt8], _ prefix: Int, ones: Bool) -> [UInt8] {
        var out = bytes
        for index in out.indices {
            let kept = min(8, max(0, prefix - index * 8))
            let mask = kept == 8 ? 0xff : ~(UInt8(0xff) >> UInt8(kept))
            out[index] = ones ? out[index] | ~mask : out[index] & mask
        }
        return out
    }
}

extension IPSubnet: CustomStringConvertible {
    public var description: String { "\(base)/\(prefix)" }
}
