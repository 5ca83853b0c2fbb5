/// The identity of a container: a random UUID (RFC 9562, version 4) in lower case, e.g. `0f8fad5b-d9cb-469f-a165-70867728950e`.
public struct ContainerID: Hashable, Sendable, CustomStringConvertible, Comparable {
    public let text: String

    /// A new random identity.
    public init() {
        var generator = SystemRandomNumberGenerator()
        let high = ((generator.next() as UInt64) & 0xffff_ffff_ffff_0fff) | 0x4000
        let low = ((generator.next() as UInt64) & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000
        var bytes: [UInt8] = []
        bytes.reserveCapacity(36)
        for (index, word) in [high, low].enumerated() {
            for shift in stride(from: 60, through: 0, by: -4) {
                let position = index * 16 + (60 - shift) / 4
                if position == 8 || position == 12 || position == 16 || position == 20 { bytes.append(0x2d) }
                let nibble = UInt8((word >> UInt64(shift)) & 0xf)
                bytes.append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
            }
        }
        text = String(decoding: bytes, as: UTF8.self)
    }

    /// Reads an identity that was written before; nil unless it has exactly the form of a lower-case UUID.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return nil }
        for (position, byte) in bytes.enumerated() {
            switch position {
            case 8, 13, 18, 23: guard byte == 0x2d else { return nil }
            default: guard (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) else { return nil }
            }
        }
        self.text = text
    }

    /// The first twelve characters, as tables show it.
    public var short: String { String(text.prefix(12)) }
    public var description: String { text }
    public static func < (left: ContainerID, right: ContainerID) -> Bool { left.text < right.text }
}
