import CFSModel

/// The records of a pax extended header: `length key=value`, each ended by a newline (POSIX.1-2001, pax, "pax Extended Header").
struct PaxRecords {
    var path: [UInt8]?
    var linkPath: [UInt8]?
    var size: Int64?
    var uid: Int64?
    var gid: Int64?
    var modified: ArchiveTime?
    var attributes: [ExtendedAttribute] = []
    var sparse = PaxSparse()

    init() {}

    init(_ bytes: [UInt8]) throws(CFSError) {
        var position = 0
        while position < bytes.count {
            // A block that is filled up with zeros is not to the letter, but was written by old archivers.
            if bytes[position] == 0 { return }
            var length = 0
            var index = position
            while index < bytes.count, (0x30...0x39).contains(bytes[index]), index - position < 10 {
                length = length * 10 + Int(bytes[index] - 0x30)
                index += 1
            }
            guard index < bytes.count, bytes[index] == 0x20, index > position, length <= bytes.count - position,
                length > index - position + 1, bytes[position + length - 1] == 0x0a,
                let equals = bytes[(index + 1)..<(position + length)].firstIndex(of: 0x3d)
            else {
                throw CFSError(.invalidArchive, .unpacking, "a pax header of the tar archive is malformed")
            }
            let key = String(decoding: bytes[(index + 1)..<equals], as: UTF8.self)
            try take(key, bytes[(equals + 1)..<(position + length - 1)])
            position += length
        }
    }

    private static let attributePrefix = "SCHILY.xattr."

    private mutating func take(_ key: String, _ value: ArraySlice<UInt8>) throws(CFSError) {
        switch key {
        case "path": path = value.isEmpty ? nil : Array(value)
        case "linkpath": linkPath = value.isEmpty ? nil : Array(value)
        case "size": size = try Self.integer(value, key)
        case "uid": uid = try Self.integer(value, key)
        case "gid": gid = try Self.integer(value, key)
        case "mtime": modified = try Self.time(value)
        default:
            if key.hasPrefix(Self.attributePrefix) {
                let name = String(key.dropFirst(Self.attributePrefix.count))
                attributes.removeAll { $0.name == name }
                attributes.append(ExtendedAttribute(name: name, value: Array(value)))
            } else if key.hasPrefix(PaxSparse.prefix) {
                try sparse.take(key.dropFirst(PaxSparse.prefix.count), value)
            }
        // All other keys (atime, comment, vendors' own) say nothing that a layer keeps.
        }
    }

    /// A decimal number that fits; empty removes nothing here, as no global header is followed.
    static func integer(_ value: ArraySlice<UInt8>, _ key: String) throws(CFSError) -> Int64 {
        guard let number = Int64(String(decoding: value, as: UTF8.self)) else {
            throw CFSError(.invalidArchive, .unpacking, "the pax key \"\(key)\" has no valid number")
        }
        return number
    }

    /// Seconds with an optional fraction, also negative: `-1.25` is 0.75 s after second -2.
    static func time(_ value: ArraySlice<UInt8>) throws(CFSError) -> ArchiveTime {
        let parts = value.split(separator: 0x2e, maxSplits: 1, omittingEmptySubsequences: false)
        let isNegative = value.first == 0x2d
        guard let whole = parts.first, let seconds = Int64(String(decoding: whole, as: UTF8.self)), seconds > .min
        else {
            throw CFSError(.invalidArchive, .unpacking, "the pax key \"mtime\" has no valid time")
        }
        var nanoseconds: Int64 = 0
        var unit: Int64 = 100_000_000
        for digit in parts.count > 1 ? parts[1] : [] {
            guard (0x30...0x39).contains(digit) else {
                throw CFSError(.invalidArchive, .unpacking, "the pax key \"mtime\" has no valid time")
            }
            nanoseconds += Int64(digit - 0x30) * unit
            unit /= 10
        }
        if isNegative && nanoseconds > 0 {
            return ArchiveTime(seconds: seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds)
        }
        return ArchiveTime(seconds: seconds, nanoseconds: nanoseconds)
    }
}
