import CFSModel

/// Reads initramfs images: "newc" cpio archives, also several behind each other, with zeros between them, each
/// compressed or not, as the kernel does (buffer-format.rst).
///
/// Names of one file share an inode number; the one with the body comes out as the file, the others as hard links
/// behind it, wherever the archive has the body.
public final class CpioReader: EntryReader {
    /// What the image consists of, as it lies there.
    private let whole: PeekingSource
    /// What the current archive is read from: the same, or decompressed from it.
    private var input: PeekingSource
    private var isDecompressing = false
    private let limits: ArchiveLimits
    private var links = CpioLinks()
    private var bodyLeft: UInt64 = 0
    private var paddingLeft: UInt64 = 0
    private var sum: UInt32 = 0
    private var expectedSum: UInt32?
    private var inArchive = false
    private var found = false
    private var ended = false

    /// - Parameter source: the image, compressed or not.
    public init(_ source: any ByteSource, limits: ArchiveLimits = .standard) {
        whole = source as? PeekingSource ?? PeekingSource(source)
        input = whole
        self.limits = limits
    }

    public func next() throws(CFSError) -> ArchiveEntry? {
        try passOverBody()
        while true {
            if let entry = links.takeReady() { return entry }
            if ended { return nil }
            if !inArchive { inArchive = try startArchive() }
            guard inArchive else {
                ended = true
                return nil
            }
            if let entry = try member() { return entry }
        }
    }

    public func readBody(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
        let wanted = Int(min(UInt64(buffer.count), bodyLeft))
        if wanted == 0 { return 0 }
        let count = try input.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
        if count == 0 { throw Self.truncated }
        bodyLeft -= UInt64(count)
        if let expectedSum {
            for byte in buffer[..<count] { sum &+= UInt32(byte) }
            if bodyLeft == 0 && sum != expectedSum {
                throw CFSError(.invalidArchive, .unpacking, "a file in the cpio archive has a wrong checksum")
            }
        }
        return count
    }

    private func passOverBody() throws(CFSError) {
        let left = bodyLeft + paddingLeft
        guard try input.skip(left) == left else { throw Self.truncated }
        bodyLeft = 0
        paddingLeft = 0
        expectedSum = nil
    }

    /// Looks for the next archive behind zeros, inside the compressed part or behind it.
    private func startArchive() throws(CFSError) -> Bool {
        while true {
            try input.skipZeros()
            let head = try input.peek(CompressionFormat.magicLength)
            if CpioHeader.isMagic(head) {
                found = true
                return true
            }
            if head.isEmpty {
                guard isDecompressing else {
                    guard found else {
                        throw CFSError(.invalidArchive, .unpacking, "there is no cpio archive in the file")
                    }
                    return false
                }
                input = whole
                isDecompressing = false
                continue
            }
            guard !isDecompressing, let format = CompressionFormat(magic: head) else {
                throw CFSError(
                    .invalidArchive, .unpacking, "the bytes behind a cpio archive are neither zeros nor another one",
                    hint: "the image is corrupt, or of another cpio format than \"newc\"")
            }
            input = PeekingSource(try DecompressingSource(whole, format, limits: limits, stopsAtOtherBytes: true))
            isDecompressing = true
        }
    }

    /// The next member; nil for those that are no entry of their own.
    private func member() throws(CFSError) -> ArchiveEntry? {
        let window = try input.window(atLeast: CpioHeader.size)
        guard window.count >= CpioHeader.size else { throw Self.truncated }
        let header = try CpioHeader(window)
        input.consume(CpioHeader.size)
        guard header.nameSize > 0, Int(header.nameSize) <= limits.nameLength + 1 else {
            throw CFSError(
                .limitExceeded, .unpacking, "a name in the cpio archive is longer than \(limits.nameLength) bytes")
        }
        let name = try text(Int(header.nameSize), padding: header.namePadding)
        bodyLeft = UInt64(header.size)
        paddingLeft = header.bodyPadding
        if name == CpioLinks.trailer {
            try passOverBody()
            links.endArchive()
            inArchive = false
            return nil
        }
        return try entry(header, ArchiveName(bytes: name))
    }

    private func entry(_ header: CpioHeader, _ name: ArchiveName) throws(CFSError) -> ArchiveEntry? {
        var entry = ArchiveEntry(
            .file, name, mode: header.mode & 0o7777, uid: header.uid, gid: header.gid,
            modified: ArchiveTime(seconds: Int64(header.modified)))
        switch header.type {
        case 0o100000:
            entry.size = UInt64(header.size)
            if header.hasChecksum && header.size > 0 {
                sum = 0
                expectedSum = header.checksum
            }
            guard header.links > 1 else { return entry }
            let (now, hasBody) = links.add(entry, header.identity)
            if !hasBody { try passOverBody() }
            return now
        case 0o040000: entry.kind = .directory
        case 0o120000:
            guard header.size > 0, Int(header.size) <= limits.nameLength else {
                throw CFSError(.invalidArchive, .unpacking, "a symbolic link has no valid target", path: name.printable)
            }
            entry.kind = .symlink(ArchiveName(bytes: try text(Int(header.size), padding: header.bodyPadding)))
            bodyLeft = 0
            paddingLeft = 0
        case 0o020000: entry.kind = .characterDevice(header.deviceMajor, header.deviceMinor)
        case 0o060000: entry.kind = .blockDevice(header.deviceMajor, header.deviceMinor)
        case 0o010000: entry.kind = .fifo
        case 0o140000:
            // A socket's file is nothing without the process that made it.
            try passOverBody()
            return nil
        default:
            throw CFSError(
                .invalidArchive, .unpacking, "the cpio archive has an entry of an unknown type", path: name.printable)
        }
        try passOverBody()
        return entry
    }

    /// A name or target up to its first zero.
    private func text(_ count: Int, padding: UInt64) throws(CFSError) -> [UInt8] {
        let window = try input.window(atLeast: count)
        guard window.count >= count else { throw Self.truncated }
        let bytes = Array(window[..<count].prefix { $0 != 0 })
        input.consume(count)
        guard try input.skip(padding) == padding else { throw Self.truncated }
        return bytes
    }

    private static var truncated: CFSError {
        CFSError(
            .invalidArchive, .unpacking, "the cpio archive ends too early",
            hint: "the file is truncated: fetch or write it again")
    }
}
