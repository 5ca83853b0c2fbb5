import CFSModel

/// Writes tar archives: ustar, with pax records for what it has no place for, extended attributes (`SCHILY.xattr`) and
/// sparse files (GNU format 1.0). The same entries always give the same bytes.
public final class TarWriter {
    private let sink: any ByteSink
    private let buffer = RawBuffer(256 << 10)

    public init(_ sink: any ByteSink) { self.sink = sink }

    /// Writes one member.
    ///
    /// - Parameter body: what a file consists of, without its holes; not read for anything else.
    /// - Throws: `invalidArchive` when the body is shorter than the entry says, and for names that a tar cannot hold.
    public func write(_ entry: ArchiveEntry, body: any ByteSource) throws(CFSError) {
        try sink.write(try TarMember(entry).bytes)
        var left = entry.bodySize
        while left > 0 {
            let count = try body.read(into: buffer.slice(0..<Int(min(UInt64(buffer.count), left))))
            guard count > 0 else {
                throw CFSError(
                    .invalidArchive, .recording, "\"\(entry.name.printable)\" is shorter than it was said to be",
                    path: entry.name.printable, hint: "try again when nothing changes it")
            }
            try sink.write(UnsafeRawBufferPointer(buffer.slice(0..<count)))
            left -= UInt64(count)
        }
        let rest = Int(entry.bodySize % UInt64(TarHeader.size))
        if rest > 0 { try sink.write([UInt8](repeating: 0, count: TarHeader.size - rest)) }
    }

    /// Writes everything that a reader has, and the end.
    public func writeAll(_ entries: any EntryReader) throws(CFSError) {
        while let entry = try entries.next() { try write(entry, body: BodySource(entries)) }
        try finish()
    }

    /// Writes the end. Nothing may be written afterwards.
    public func finish() throws(CFSError) { try sink.write([UInt8](repeating: 0, count: 2 * TarHeader.size)) }
}
