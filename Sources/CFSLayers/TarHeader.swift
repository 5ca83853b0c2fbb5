import CFSModel

/// The 512 bytes in front of each member of a tar archive: POSIX.1-1988 ustar, and GNU's variant of it.
struct TarHeader {
    static let size = 512
    private let bytes: UnsafeRawBufferPointer

    /// - Parameter bytes: 512 of them, valid as long as this value is used.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Whether the block marks the end.
    var isZero: Bool {
        for offset in stride(from: 0, to: Self.size, by: 8) {
            if bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) != 0 { return false }
        }
        return true
    }

    /// Whether the sum of all bytes is the one written in the header; old writers summed signed bytes.
    func isChecksumRight() throws(CFSError) -> Bool {
        let written = try number(148, 8, "checksum")
        var sum: Int64 = 0
        var signedSum: Int64 = 0
        for offset in 0..<Self.size {
            let byte: UInt8 = (148..<156).contains(offset) ? 0x20 : bytes[offset]
            sum += Int64(byte)
            signedSum += Int64(Int8(bitPattern: byte))
        }
        return written == sum || written == signedSum
    }

    var type: UInt8 { bytes[156] }
    /// POSIX: `ustar`, zero, `00`. Only there has the header a prefix.
    private var isPOSIX: Bool { bytes[257..<263].elementsEqual([0x75, 0x73, 0x74, 0x61, 0x72, 0]) }

    var name: [UInt8] {
        let name = text(0, 100)
        guard isPOSIX else { return name }
        let prefix = text(345, 155)
        return prefix.isEmpty ? name : prefix + [0x2f] + name
    }

    var linkName: [UInt8] { text(157, 100) }
    func mode() throws(CFSError) -> Int64 { try number(100, 8, "mode") }
    func uid() throws(CFSError) -> Int64 { try number(108, 8, "uid") }
    func gid() throws(CFSError) -> Int64 { try number(116, 8, "gid") }
    func bodySize() throws(CFSError) -> Int64 { try number(124, 12, "size") }
    func modified() throws(CFSError) -> Int64 { try number(136, 12, "mtime") }
    func deviceMajor() throws(CFSError) -> Int64 { try number(329, 8, "devmajor") }
    func deviceMinor() throws(CFSError) -> Int64 { try number(337, 8, "devminor") }

    // GNU's old sparse format keeps four areas in the header, and more in the blocks that follow.

    func sparseSegments() throws(CFSError) -> [SparseSegment] { try Self.segments(bytes, at: 386, count: 4) }
    var hasMoreSparseBlocks: Bool { bytes[482] != 0 }
    func sparseRealSize() throws(CFSError) -> Int64 { try number(483, 12, "realsize") }

    /// The areas of a continuation block, and whether another follows.
    static func sparseContinuation(
        _ block: UnsafeRawBufferPointer
    ) throws(CFSError) -> (segments: [SparseSegment], more: Bool) {
        (try segments(block, at: 0, count: 21), block[504] != 0)
    }

    private static func segments(
        _ block: UnsafeRawBufferPointer, at start: Int, count: Int
    ) throws(CFSError) -> [SparseSegment] {
        var found: [SparseSegment] = []
        for index in 0..<count {
            let offset = start + index * 24
            if block[offset] == 0 { break }
            let begin = try number(block, offset, 12, "sparse offset")
            let length = try number(block, offset + 12, 12, "sparse length")
            guard begin >= 0, length >= 0 else {
                throw CFSError(.invalidArchive, .unpacking, "a tar header has a negative sparse area")
            }
            found.append(SparseSegment(offset: UInt64(begin), length: UInt64(length)))
        }
        return found
    }

    private func text(_ offset: Int, _ length: Int) -> [UInt8] {
        let field = bytes[offset..<(offset + length)]
        return Array(field.prefix { $0 != 0 })
    }

    private func number(_ offset: Int, _ length: Int, _ what: StaticString) throws(CFSError) -> Int64 {
        try Self.number(bytes, offset, length, what)
    }

    /// Octal digits between spaces, ended by a space or zero; or GNU's base 256, marked by the top bit.
    private static func number(
        _ block: UnsafeRawBufferPointer, _ offset: Int, _ length: Int, _ what: StaticString
    ) throws(CFSError) -> Int64 {
        let first = block[offset]
        if first & 0x80 != 0 {
            // Two's complement over all bits after the mark.
            var value: Int64 = first & 0x40 != 0 ? -1 : 0
            for index in 0..<length {
                let byte = index == 0 ? (first & 0x40 != 0 ? first : first & 0x3f) : block[offset + index]
                guard value >= Int64.min >> 8, value <= Int64.max >> 8 else { throw malformed(what) }
                value = value << 8 | Int64(byte)
            }
            return value
        }
        var index = offset
        let end = offset + length
        while index < end, block[index] == 0x20 { index += 1 }
        var value: Int64 = 0
        while index < end, (0x30...0x37).contains(block[index]) {
            // Twelve octal digits are 36 bits.
            value = value << 3 | Int64(block[index] - 0x30)
            index += 1
        }
        guard index == end || block[index] == 0 || block[index] == 0x20 else { throw malformed(what) }
        return value
    }

    private static func malformed(_ what: StaticString) -> CFSError {
        CFSError(
            .invalidArchive, .unpacking, "a tar header has no valid number in its field \"\(what)\"",
            hint: "the archive is corrupt, or no tar archive")
    }
}
