import CFSModel

/// Ranges of host ids, one for each container: container root is a host nobody, and no two containers share an id.
enum IDRanges {
    /// Ids in a range: what a Linux system's own users, and 65534 for nobody, fit into.
    static let size: UInt32 = 65_536
    /// The first id. Above it lie 16,384 ranges; below it what login.defs(5) and systemd hand out.
    static let first: UInt32 = 0x4000_0000

    static func base(slot: UInt32) -> UInt32 { first + slot * size }

    /// Nil for an id that is not the first of a range.
    static func slot(base: UInt32) -> UInt32? {
        base >= first && (base - first) % size == 0 ? (base - first) / size : nil
    }
}
