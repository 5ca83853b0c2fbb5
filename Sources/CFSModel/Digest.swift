/// A content digest, `sha256:` and 64 lower-case hexadecimal digits (OCI image-spec, descriptor.md).
///
/// Nothing else is a digest: other algorithms, upper case or a path can never be built, so a digest is safe in a file name.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
    /// The 64 hexadecimal digits, without the algorithm.
    public let hex: String

    /// Reads `sha256:<64 hex digits>`.
    public init(_ text: String) throws(CFSError) {
        let prefix = "sha256:"
        guard text.hasPrefix(prefix), let digest = Digest(hex: String(text.dropFirst(prefix.count))) else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(text.prefix(100))\" is not a digest of the form sha256:<64 hex digits>"
            )
        }
        self = digest
    }

    /// The digest with these 64 lower-case hexadecimal digits; nil for anything else.
    public init?(hex: String) {
        guard hex.utf8.count == 64, hex.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else {
            return nil
        }
        self.hex = hex
    }

    /// The digest whose 32 raw bytes these are; nil for another count.
    public init?<Bytes: Sequence>(bytes: Bytes) where Bytes.Element == UInt8 {
        var digits: [UInt8] = []
        digits.reserveCapacity(64)
        for byte in bytes {
            for nibble in [byte >> 4, byte & 0xf] { digits.append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble) }
        }
        self.init(hex: String(decoding: digits, as: UTF8.self))
    }

    public var description: String { "sha256:\(hex)" }
    /// The first twelve digits, as tables show it.
    public var short: String { String(hex.prefix(12)) }
}
