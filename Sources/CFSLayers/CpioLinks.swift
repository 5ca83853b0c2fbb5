import CFSModel

/// Puts the names of one file together: archivers write its body with the first name, with the last, or with each.
struct CpioLinks {
    /// The name of the member that ends an archive.
    static let trailer = Array("TRAILER!!!".utf8)

    private var written: [CpioIdentity: ArchiveName] = [:]
    private var waiting: [CpioIdentity: [ArchiveEntry]] = [:]
    private var waitingOrder: [CpioIdentity] = []
    private var ready: [ArchiveEntry] = []
    private var taken = 0

    /// Entries that can come out now, in order.
    mutating func takeReady() -> ArchiveEntry? {
        guard taken < ready.count else {
            ready.removeAll(keepingCapacity: true)
            taken = 0
            return nil
        }
        taken += 1
        return ready[taken - 1]
    }

    /// - Returns: what comes out at once, and whether the member's body belongs to it.
    mutating func add(_ entry: ArchiveEntry, _ identity: CpioIdentity) -> (now: ArchiveEntry?, hasBody: Bool) {
        if let first = written[identity] { return (Self.link(entry, to: first), false) }
        if entry.size == 0 {
            if waiting[identity] == nil { waitingOrder.append(identity) }
            waiting[identity, default: []].append(entry)
            return (nil, false)
        }
        written[identity] = entry.name
        ready += (waiting.removeValue(forKey: identity) ?? []).map { Self.link($0, to: entry.name) }
        return (entry, true)
    }

    /// What still waits is a file without content. Inode numbers begin anew.
    mutating func endArchive() {
        for identity in waitingOrder {
            guard let names = waiting[identity], let first = names.first else { continue }
            ready.append(first)
            ready += names.dropFirst().map { Self.link($0, to: first.name) }
        }
        written = [:]
        waiting = [:]
        waitingOrder = []
    }

    private static func link(_ entry: ArchiveEntry, to target: ArchiveName) -> ArchiveEntry {
        var link = entry
        link.kind = .hardlink(target)
        link.size = 0
        return link
    }
}
