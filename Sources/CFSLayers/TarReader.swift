import CFSModel

/// Reads tar archives: ustar, pax (POSIX.1-2001) with GNU's sparse files and extended attributes, and GNU's older
/// long names and sparse files. Global pax headers are passed over, as image builders do.
public final class TarReader: EntryReader {
    private let input: PeekingSource
    private let limits: ArchiveLimits
    private let needsEndMarker: Bool
    /// Bytes of the body that were not read yet, and of the zeros that fill its last block.
    private var bodyLeft: UInt64 = 0
    private var paddingLeft: UInt64 = 0
    private var ended = false
    private var isAtBegin = true

    /// - Parameters:
    ///   - source: the archive, decompressed.
    ///   - needsEndMarker: whether an archive without the zero block at its end counts as truncated. Without it, and
    ///     without a digest, an archive cut between two members would look whole.
    public init(_ source: any ByteSource, limits: ArchiveLimits = .standard, needsEndMarker: Bool = true) {
        input = source as? PeekingSource ?? PeekingSource(source)
        self.limits = limits
        self.needsEndMarker = needsEndMarker
    }

    public func next() throws(CFSError) -> ArchiveEntry? {
        if ended { return nil }
        try passOver(bodyLeft + paddingLeft)
        bodyLeft = 0
        paddingLeft = 0
        var pending = TarPendingHeaders()
        while true {
            let window = try input.window(atLeast: TarHeader.size)
            if window.isEmpty && !needsEndMarker && pending.isEmpty {
                ended = true
                return nil
            }
            guard window.count >= TarHeader.size else {
                throw isAtBegin && !window.isEmpty ? Self.other : Self.truncated
            }
            isAtBegin = false
            let header = TarHeader(UnsafeRawBufferPointer(rebasing: window[..<TarHeader.size]))
            if header.isZero {
                guard pending.isEmpty else { throw Self.truncated }
                ended = true
                return nil
            }
            guard try header.isChecksumRight() else {
                throw CFSError(
                    .invalidArchive, .unpacking, "a tar header has a wrong checksum",
                    hint: "the archive is corrupt, or no tar archive")
            }
            if let type = TarPendingHeaders.Kind(rawValue: header.type) {
                let size = try header.bodySize()
                input.consume(TarHeader.size)
                try pending.take(type, try readHeaderBody(size))
            } else {
                return try entry(header, pending)
            }
        }
    }

    public func readBody(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
        let wanted = Int(min(UInt64(buffer.count), bodyLeft))
        if wanted == 0 { return 0 }
        let count = try input.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
        if count == 0 { throw Self.truncated }
        bodyLeft -= UInt64(count)
        return count
    }

    private func passOver(_ count: UInt64) throws(CFSError) {
        guard try input.skip(count) == count else { throw Self.truncated }
    }

    private func readHeaderBody(_ size: Int64) throws(CFSError) -> [UInt8] {
        guard size >= 0, size <= limits.extendedHeaderSize else {
            throw CFSError(
                .limitExceeded, .unpacking,
                "an extended tar header is larger than \(limits.extendedHeaderSize) bytes")
        }
        let bytes = try readExactly(Int(size))
        try passOver(Self.padding(UInt64(size)))
        return bytes
    }

    private func readExactly(_ count: Int) throws(CFSError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let window = try input.window(atLeast: 1)
            if window.isEmpty { throw Self.truncated }
            let step = min(window.count, count - bytes.count)
            bytes.append(contentsOf: window[..<step])
            input.consume(step)
        }
        return bytes
    }

    private static func padding(_ size: UInt64) -> UInt64 { (512 - size % 512) % 512 }

    private static var other: CFSError {
        CFSError(
            .invalidArchive, .unpacking, "this is no tar archive: it is shorter than a header of one",
            hint: "`tar -c` makes one")
    }

    private static var truncated: CFSError {
        CFSError(
            .invalidArchive, .unpacking, "the tar archive ends too early",
            hint: "the file is truncated: fetch or write it again")
    }

    /// Builds the entry; the header is consumed, and the body begins.
    private func entry(_ header: TarHeader, _ pending: TarPendingHeaders) throws(CFSError) -> ArchiveEntry? {
        let pax = pending.pax
        var entry = try TarEntryBuilder.entry(header, pending)
        let size = if let size = pax.size { size } else { try header.bodySize() }
        var stored = UInt64(try TarEntryBuilder.range(size, 0...Int64.max, "size"))
        guard stored <= limits.totalBytes else { throw tooLarge }
        let oldSparse = header.type == TarEntryBuilder.oldSparseType
        var segments: [SparseSegment]?
        var realSize = stored
        if oldSparse {
            segments = try header.sparseSegments()
            realSize = UInt64(try TarEntryBuilder.range(try header.sparseRealSize(), 0...Int64.max, "realsize"))
        }
        let hasBody = TarEntryBuilder.hasBody(header.type)
        let continues = oldSparse && header.hasMoreSparseBlocks
        input.consume(TarHeader.size)
        if continues { segments = try readSparseContinuations(segments ?? []) }
        guard case .file = entry.kind else {
            if hasBody { bodyLeft = stored }
            paddingLeft = Self.padding(bodyLeft)
            return entry
        }
        paddingLeft = Self.padding(stored)
        if pax.sparse.isPresent {
            realSize = UInt64(
                try TarEntryBuilder.range(pax.sparse.realSize ?? Int64(stored), 0...Int64.max, "GNU.sparse.realsize"))
            if pax.sparse.isInBody {
                let map = try readSparseMap(stored)
                segments = map.segments
                stored -= map.length
            } else {
                segments = pax.sparse.segments
            }
        }
        guard realSize <= limits.totalBytes else { throw tooLarge }
        entry.size = realSize
        if let segments {
            let data = try PaxSparse.check(segments, size: realSize, limits: limits)
            guard data == stored else { throw PaxSparse.malformed }
            // GNU tar marks a hole at the end by an empty area.
            entry.sparse = segments.filter { $0.length > 0 }
        } else {
            guard realSize == stored else { throw PaxSparse.malformed }
        }
        bodyLeft = stored
        return entry
    }

    private var tooLarge: CFSError {
        CFSError(.limitExceeded, .unpacking, "a file in the archive is larger than \(limits.totalBytes) bytes")
    }

    private func readSparseContinuations(_ first: [SparseSegment]) throws(CFSError) -> [SparseSegment] {
        var segments = first
        var more = true
        while more {
            let window = try input.window(atLeast: TarHeader.size)
            guard window.count >= TarHeader.size else { throw Self.truncated }
            let block = UnsafeRawBufferPointer(rebasing: window[..<TarHeader.size])
            let continuation = try TarHeader.sparseContinuation(block)
            input.consume(TarHeader.size)
            segments += continuation.segments
            more = continuation.more
            guard segments.count <= limits.sparseSegments else {
                throw CFSError(
                    .limitExceeded, .unpacking, "a sparse file has more than \(limits.sparseSegments) areas")
            }
        }
        return segments
    }

    /// Format 1.0: decimal numbers, a line each, filled up to whole blocks.
    private func readSparseMap(_ stored: UInt64) throws(CFSError) -> (segments: [SparseSegment], length: UInt64) {
        var length: UInt64 = 0
        var numbers: [UInt64] = []
        var digits: [UInt8] = []
        var wanted = 1
        while numbers.count < wanted {
            guard length + 512 <= stored else { throw PaxSparse.malformed }
            let block = try readExactly(512)
            length += 512
            for byte in block where numbers.count < wanted {
                guard byte == 0x0a else {
                    digits.append(byte)
                    guard digits.count <= 20 else { throw PaxSparse.malformed }
                    continue
                }
                numbers.append(try PaxSparse.unsigned(digits[...]))
                digits = []
                if numbers.count == 1 {
                    guard numbers[0] <= UInt64(limits.sparseSegments) else {
                        throw CFSError(
                            .limitExceeded, .unpacking, "a sparse file has more than \(limits.sparseSegments) areas")
                    }
                    wanted = 1 + 2 * Int(numbers[0])
                }
            }
        }
        let segments = stride(from: 1, to: wanted, by: 2).map {
            SparseSegment(offset: numbers[$0], length: numbers[$0 + 1])
        }
        return (segments, length)
    }
}
