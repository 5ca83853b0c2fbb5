import CFSModel

/// What pax records say of a sparse file, in GNU tar's formats 0.0, 0.1 and 1.0 (GNU tar manual, "Storing Sparse Files").
struct PaxSparse {
    static let prefix = "GNU.sparse."

    var name: [UInt8]?
    var realSize: Int64?
    /// Format 0.0 (one record for each number) and 0.1 (one record for all).
    var segments: [SparseSegment]?
    /// Format 1.0: the areas stand in front of the body.
    var isInBody: Bool { major == 1 }
    private var major: Int64 = 0
    private var pendingOffset: UInt64?

    init() {}

    var isPresent: Bool { segments != nil || isInBody || realSize != nil }

    mutating func take(_ key: Substring, _ value: ArraySlice<UInt8>) throws(CFSError) {
        switch key {
        case "major": major = try PaxRecords.integer(value, "GNU.sparse.major")
        case "name": name = Array(value)
        case "size", "realsize": realSize = try PaxRecords.integer(value, "GNU.sparse.size")
        case "numblocks": segments = segments ?? []
        case "offset": pendingOffset = try Self.unsigned(value)
        case "numbytes":
            guard let offset = pendingOffset else { throw Self.malformed }
            let segment = SparseSegment(offset: offset, length: try Self.unsigned(value))
            if segments == nil { segments = [] }
            segments?.append(segment)
            pendingOffset = nil
        case "map":
            let numbers = value.split(separator: 0x2c)
            guard numbers.count % 2 == 0 else { throw Self.malformed }
            var found: [SparseSegment] = []
            found.reserveCapacity(numbers.count / 2)
            for index in stride(from: 0, to: numbers.count, by: 2) {
                let offset = try Self.unsigned(numbers[index])
                found.append(SparseSegment(offset: offset, length: try Self.unsigned(numbers[index + 1])))
            }
            segments = found
        default: break
        }
    }

    /// A decimal number as the formats write it.
    static func unsigned(_ digits: ArraySlice<UInt8>) throws(CFSError) -> UInt64 {
        guard let number = UInt64(String(decoding: digits, as: UTF8.self)), number <= UInt64(Int64.max) else {
            throw malformed
        }
        return number
    }

    /// Checks that areas ascend, do not overlap, and lie in the file.
    ///
    /// - Returns: the bytes of data in all areas.
    static func check(
        _ segments: [SparseSegment], size: UInt64, limits: ArchiveLimits
    ) throws(CFSError) -> UInt64 {
        guard segments.count <= limits.sparseSegments else {
            throw CFSError(
                .limitExceeded, .unpacking, "a sparse file has more than \(limits.sparseSegments) areas")
        }
        var end: UInt64 = 0
        var total: UInt64 = 0
        for segment in segments {
            let (next, overflow) = segment.offset.addingReportingOverflow(segment.length)
            guard segment.offset >= end, !overflow, next <= size else { throw malformed }
            end = next
            total += segment.length
        }
        return total
    }

    static var malformed: CFSError {
        CFSError(.invalidArchive, .unpacking, "the map of a sparse file is malformed")
    }
}
