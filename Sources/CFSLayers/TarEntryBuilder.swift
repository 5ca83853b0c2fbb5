import CFSModel

/// The headers in front of a member's own: long names, and pax records.
struct TarPendingHeaders {
    enum Kind: UInt8 {
        /// `x`, and Solaris' older `X`.
        case pax = 0x78
        case solarisPax = 0x58
        /// `g`: for all members that follow.
        case globalPax = 0x67
        /// `L` and `K`.
        case longName = 0x4c
        case longLink = 0x4b
        /// `V`: the archive's own name.
        case volume = 0x56
    }

    var pax = PaxRecords()
    var longName: [UInt8]?
    var longLink: [UInt8]?
    var isEmpty = true

    mutating func take(_ kind: Kind, _ body: [UInt8]) throws(CFSError) {
        switch kind {
        case .pax, .solarisPax:
            pax = try PaxRecords(body)
            isEmpty = false
        case .longName:
            longName = Array(body.prefix { $0 != 0 })
            isEmpty = false
        case .longLink:
            longLink = Array(body.prefix { $0 != 0 })
            isEmpty = false
        case .globalPax, .volume: break
        }
    }
}

/// From headers to an entry: whose word counts, and which numbers are sane.
enum TarEntryBuilder {
    /// `S`: GNU's sparse file before pax.
    static let oldSparseType: UInt8 = 0x53

    static func entry(_ header: TarHeader, _ pending: TarPendingHeaders) throws(CFSError) -> ArchiveEntry {
        let pax = pending.pax
        let name = pax.sparse.name ?? pax.path ?? pending.longName ?? header.name
        let link = ArchiveName(bytes: pax.linkPath ?? pending.longLink ?? header.linkName)
        let kind: ArchiveEntry.Kind
        switch header.type {
        case 0x30, 0, 0x37, oldSparseType: kind = name.last == 0x2f ? .directory : .file
        case 0x31: kind = .hardlink(link)
        case 0x32: kind = .symlink(link)
        case 0x33: kind = .characterDevice(try major(header), try minor(header))
        case 0x34: kind = .blockDevice(try major(header), try minor(header))
        // `D`: a folder with the list of its names as its body, by GNU tar's incremental mode.
        case 0x35, 0x44: kind = .directory
        case 0x36: kind = .fifo
        default:
            throw CFSError(
                .invalidArchive, .unpacking,
                "the tar archive has an entry of the unknown type \(header.type)",
                path: ArchiveName(bytes: name).printable)
        }
        let uid = if let id = pax.uid { id } else { try header.uid() }
        let gid = if let id = pax.gid { id } else { try header.gid() }
        let modified = if let time = pax.modified { time } else { ArchiveTime(seconds: try header.modified()) }
        return ArchiveEntry(
            kind, ArchiveName(bytes: name),
            mode: UInt32(try range(header.mode(), 0...Int64(UInt32.max), "mode")) & 0o7777,
            uid: UInt32(try range(uid, 0...identityLimit, "uid")),
            gid: UInt32(try range(gid, 0...identityLimit, "gid")),
            modified: modified, attributes: pax.attributes)
    }

    /// Links, folders, devices and pipes have no body, whatever their size says (as in POSIX, where a folder's is a quota).
    static func hasBody(_ type: UInt8) -> Bool { !(0x31...0x36).contains(type) }

    /// 4294967295 is the kernel's "no id".
    private static let identityLimit = Int64(UInt32.max) - 1

    // The kernel's device numbers: 12 bits and 20 bits.
    private static func major(_ header: TarHeader) throws(CFSError) -> UInt32 {
        UInt32(try range(header.deviceMajor(), 0...0xfff, "devmajor"))
    }

    private static func minor(_ header: TarHeader) throws(CFSError) -> UInt32 {
        UInt32(try range(header.deviceMinor(), 0...0xfffff, "devminor"))
    }

    static func range(_ value: Int64, _ allowed: ClosedRange<Int64>, _ what: StaticString) throws(CFSError) -> Int64 {
        guard allowed.contains(value) else {
            throw CFSError(.invalidArchive, .unpacking, "a tar header has the \(what) \(value), which is out of range")
        }
        return value
    }
}
