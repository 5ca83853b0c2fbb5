import CFSModel

/// The capabilities of a program file (capabilities(7), "File capability extended attribute versioning"). Version 2 counts
/// everywhere; version 3 names the root of the user namespace in which it counts, by its number on the host.
enum CapabilityAttribute {
    static let name = "security.capability"
    private static let revisions: (second: UInt32, third: UInt32) = (0x0200_0000, 0x0300_0000)
    private static let revisionMask: UInt32 = 0xff00_0000
    /// Magic number, and two times permitted and inheritable; then, in version 3, the root.
    private static let (secondSize, thirdSize) = (20, 24)

    /// The attribute as the container sees it; nil when it counts nowhere inside.
    static func inside(_ value: [UInt8], _ owners: OwnerMap) -> [UInt8]? {
        guard value.count == thirdSize, number(value, 0) & revisionMask == revisions.third else { return value }
        guard let root = owners.mapped(uid: number(value, secondSize)) else { return nil }
        if root != 0 { return Array(value[..<secondSize]) + bytes(root) }
        return bytes(number(value, 0) & ~revisionMask | revisions.second) + value[4..<secondSize]
    }

    /// The attribute as it has to lie on the host to count for the container's root.
    static func outside(_ value: [UInt8], _ owners: OwnerMap) -> [UInt8] {
        guard !owners.isIdentity, value.count == secondSize, number(value, 0) & revisionMask == revisions.second else {
            return value
        }
        return bytes(number(value, 0) & ~revisionMask | revisions.third) + value[4...] + bytes(owners.root.uid)
    }

    private static func number(_ value: [UInt8], _ offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(value[offset + $1]) << UInt32(8 * $1) }
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(8 * $0)) }
    }
}
