import CFSModel

/// What stands in front of a member's body in a tar: a ustar header and, before it, a pax one for what has no place there.
/// The same entry always gives the same bytes.
struct TarMember {
    /// Whole blocks.
    private(set) var bytes: [UInt8] = []
    private var pax = PaxWriter()

    /// - Throws: `invalidArchive` for what a tar cannot hold.
    init(_ entry: ArchiveEntry) throws(CFSError) {
        let name = try Self.name(of: entry)
        var header = TarHeaderWriter()
        var map: [UInt8] = []
        if case .file = entry.kind, let segments = entry.sparse {
            // GNU tar's format 1.0 (its manual, "Storing Sparse Files"): the areas stand in front of the data.
            map = Self.map(segments, size: entry.size)
            for (key, value) in [("major", "1"), ("minor", "0")] { pax.add("GNU.sparse.\(key)", value) }
            pax.add("GNU.sparse.name", name: name)
            pax.add("GNU.sparse.realsize", "\(entry.size)")
            header.set(name: Array("GNUSparseFile.0/".utf8) + name)
        } else {
            if name.count > TarHeaderWriter.nameSize || !Self.isASCII(name) { pax.add("path", name: name) }
            header.set(name: name)
        }
        if let target = try Self.target(of: entry) {
            if target.count > TarHeaderWriter.nameSize || !Self.isASCII(target) { pax.add("linkpath", name: target) }
            header.set(linkName: target)
        }
        header.set(mode: entry.mode & 0o7777)
        if !header.set(uid: UInt64(entry.uid)) { pax.add("uid", "\(entry.uid)") }
        if !header.set(gid: UInt64(entry.gid)) { pax.add("gid", "\(entry.gid)") }
        let size = entry.bodySize + UInt64(map.count)
        if !header.set(size: size) { pax.add("size", "\(size)") }
        let isWhole = entry.modified.nanoseconds == 0 && entry.modified.seconds >= 0
        if !header.set(modified: UInt64(max(0, entry.modified.seconds))) || !isWhole {
            pax.add("mtime", PaxWriter.text(entry.modified))
        }
        header.set(type: entry.kind)
        for attribute in entry.attributes.sorted(by: { $0.name < $1.name }) {
            guard !attribute.name.contains("=") else {
                throw Self.impossible(entry, "the attribute \(ArchiveName(attribute.name).printable)")
            }
            pax.add("SCHILY.xattr.\(attribute.name)", attribute.value)
        }
        if !pax.isEmpty {
            var extended = TarHeaderWriter()
            let last = name.split(separator: 0x2f).last.map(Array.init) ?? []
            extended.set(name: Array("PaxHeaders/".utf8) + last)
            extended.set(mode: 0o644)
            _ = extended.set(size: UInt64(pax.bytes.count))
            extended.setExtended()
            bytes += extended.finished + Self.padded(pax.bytes)
        }
        bytes += header.finished + map
    }

    /// Zeros up to the next whole block.
    static func padded(_ bytes: [UInt8]) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: (TarHeader.size - bytes.count % TarHeader.size) % TarHeader.size)
    }

    private static func name(of entry: ArchiveEntry) throws(CFSError) -> [UInt8] {
        var name = entry.name.bytes
        if case .directory = entry.kind {
            if name.isEmpty { name = [0x2e] }
            if name.last != 0x2f { name.append(0x2f) }
        }
        // Only a folder's name ends with a slash: readers go by it.
        let isFolder = entry.kind == .directory
        guard !name.isEmpty, !name.contains(0), isFolder || name.last != 0x2f else {
            throw impossible(entry, "its name")
        }
        return name
    }

    private static func target(of entry: ArchiveEntry) throws(CFSError) -> [UInt8]? {
        switch entry.kind {
        case .symlink(let target), .hardlink(let target):
            guard !target.isEmpty, !target.bytes.contains(0) else { throw impossible(entry, "its target") }
            return target.bytes
        default: return nil
        }
    }

    private static func map(_ segments: [SparseSegment], size: UInt64) -> [UInt8] {
        var areas = segments
        // GNU tar learns of a hole at the end from an empty area behind it.
        if areas.last.map({ $0.offset + $0.length }) ?? 0 < size {
            areas.append(SparseSegment(offset: size, length: 0))
        }
        let numbers = [UInt64(areas.count)] + areas.flatMap { [$0.offset, $0.length] }
        return padded(Array(numbers.map { "\($0)\n" }.joined().utf8))
    }

    private static func isASCII(_ bytes: [UInt8]) -> Bool { bytes.allSatisfy { $0 < 0x80 } }

    private static func impossible(_ entry: ArchiveEntry, _ what: String) -> CFSError {
        CFSError(
            .invalidArchive, .recording, "a tar cannot hold \"\(entry.name.printable)\": \(what)",
            path: entry.name.printable)
    }
}
