import CFSModel
import TestSupport
import Testing

@testable import CFSLayers

@Suite("Decompression")
struct DecompressionTests {
    static let packers: [(format: CompressionFormat, command: String)] = [
        (.gzip, "gzip"), (.xz, "xz"), (.lzma, "lzma"), (.zstd, "zstd -q"), (.bzip2, "bzip2"),
    ]

    private func unpack(_ bytes: [UInt8], limits: ArchiveLimits = .standard) throws(CFSError) -> [UInt8] {
        try decompress(BytesSource(bytes), limits: limits).readAll(limit: 64 << 20)
    }

    /// Half of it does not compress, so that there are many blocks.
    private func sample(_ fixture: LayerFixture, size: Int = 400_000) throws -> [UInt8] {
        fixture.shell("(head -c \(size / 2) /dev/urandom; seq 1 200000 | head -c \(size / 2)) > plain")
        return try fixture.bytes("plain")
    }

    @Test("each format is recognised by its first bytes, and unpacked", arguments: packers.indices)
    func formats(index: Int) throws {
        let (format, command) = Self.packers[index]
        let fixture = LayerFixture()
        let plain = try sample(fixture)
        fixture.shell("\(command) < plain > packed; \(command) < /dev/null > empty")
        let packed = try fixture.bytes("packed")
        #expect(CompressionFormat(magic: packed) == format)
        #expect(try unpack(packed) == plain)
        #expect(try decompress(TricklingSource(packed, step: 1000)).readAll(limit: 1 << 20) == plain)
        #expect(try unpack(fixture.bytes("empty")) == [])
    }

    @Test("members behind each other are one content, zeros between and behind them too", arguments: packers.indices)
    func members(index: Int) throws {
        let fixture = LayerFixture()
        let command = Self.packers[index].command
        fixture.shell(
            "(echo a | \(command); echo b | \(command); head -c 700 /dev/zero; echo c | \(command); head -c 9 /dev/zero) > in"
        )
        #expect(try unpack(fixture.bytes("in")) == Array("a\nb\nc\n".utf8))
    }

    @Test("other bytes behind a member are an error, unless somebody only wants a look", arguments: packers.indices)
    func trailingBytes(index: Int) throws {
        let fixture = LayerFixture()
        fixture.shell("(echo a | \(Self.packers[index].command); echo garbage) > in")
        let bytes = try fixture.bytes("in")
        let error = failure { () throws(CFSError) in try unpack(bytes) }
        #expect(error?.code == .invalidArchive && error?.message.contains("other bytes follow") == true)
        let look = try decompress(BytesSource(bytes), endsAtOtherBytes: true)
        #expect(try look.readAll(limit: 100) == Array("a\n".utf8))
    }

    @Test("data that is cut anywhere is an error", arguments: packers.indices)
    func truncated(index: Int) throws {
        let fixture = LayerFixture()
        fixture.shell("seq 1 300 | \(Self.packers[index].command) > in")
        let whole = try fixture.bytes("in")
        for length in CompressionFormat.magicLength..<whole.count {
            let error = failure { () throws(CFSError) in try unpack(Array(whole[..<length])) }
            #expect(error?.code == .invalidArchive, "cut at \(length) of \(whole.count)")
        }
    }

    @Test("a changed byte never passes for the content", arguments: ["gzip", "xz", "zstd -q", "bzip2"])
    func corrupt(command: String) throws {
        let fixture = LayerFixture()
        let plain = try sample(fixture, size: 4000)
        fixture.shell("\(command) < plain > in")
        let whole = try fixture.bytes("in")
        for position in stride(from: CompressionFormat.magicLength, to: whole.count, by: 7) {
            var bytes = whole
            bytes[position] ^= 0x55
            do throws(CFSError) {
                let found = try unpack(bytes)
                // Fields of a header that say nothing about the content may change.
                #expect(found == plain, "byte \(position)")
            } catch {
                #expect(error.code == .invalidArchive || error.code == .limitExceeded, "byte \(position): \(error)")
            }
        }
    }

    @Test(
        "a bomb is stopped by the growth that it makes, before it is unpacked",
        arguments: ["gzip -9", "zstd -q -19", "xz", "bzip2"])
    func bomb(command: String) throws {
        let fixture = LayerFixture()
        fixture.shell("head -c 30000000 /dev/zero | \(command) > in")
        var limits = ArchiveLimits()
        limits.ratioGrace = 1 << 20
        let source = ProgressSource(BytesSource(try fixture.bytes("in"))) { _ in }
        let unpacked = DigestSink()
        let error = failure { () throws(CFSError) in try unpacked.copy(from: try decompress(source, limits: limits)) }
        #expect(error?.code == .limitExceeded && error?.message.contains("looks like a bomb") == true)
        #expect(unpacked.count <= 4 << 20)
        limits.ratioGrace = 1 << 30
        limits.totalBytes = 0
        limits.entries = 100
        let tooLarge = failure { () throws(CFSError) in try unpack(fixture.bytes("in", or: []), limits: limits) }
        #expect(tooLarge?.code == .limitExceeded)
    }

    @Test(
        "a stream that wants more memory than a decoder may have is refused",
        arguments: ["xz -9", "lzma -9", "zstd -q --ultra -22 --long=27"])
    func memory(command: String) throws {
        let fixture = LayerFixture()
        fixture.shell("head -c 2000000 /dev/urandom > plain; cat plain plain plain plain | \(command) > in")
        var limits = ArchiveLimits()
        limits.decoderMemory = 1 << 20
        let bytes = try fixture.bytes("in")
        #expect(failure { () throws(CFSError) in try unpack(bytes, limits: limits) }?.code == .limitExceeded)
        #expect(try unpack(bytes).count == 8_000_000)
    }

    @Test(
        "what is not compressed stays as it is",
        arguments: ["", "x", "hello world, this is only text", "BZh", "]\u{0}\u{0}\u{1}"])
    func plain(text: String) throws {
        #expect(CompressionFormat(magic: Array(text.utf8)) == nil)
        #expect(try unpack(Array(text.utf8)) == Array(text.utf8))
    }

    @Test("what GzipSink writes is gzip's format, the same each time, and comes back")
    func gzipSink() throws {
        let fixture = LayerFixture()
        let plain = try sample(fixture)
        var written: [[UInt8]] = []
        for _ in 0..<2 {
            let target = BytesSink()
            let sink = try GzipSink(target)
            try sink.copy(from: BytesSource(plain))
            try sink.finish()
            written.append(target.bytes)
        }
        #expect(written[0] == written[1])
        #expect(try unpack(written[0]) == plain)
        try fixture.write(written[0], to: "ours.gz")
        #expect(fixture.shell("gzip -dc ours.gz | cmp - plain && echo same") == "same")
    }

    @Test(
        "SliTaz's LZMA image unpacks",
        .enabled(if: RealImage.slitaz.isThere, Comment(rawValue: RealImage.slitaz.missing)))
    func slitaz() throws {
        let head = try PeekingSource(try decompress(try FileSource(path: RealImage.slitaz.path))).peek(6)
        #expect(head == Array("070701".utf8))
    }
}

extension LayerFixture {
    fileprivate func bytes(_ name: String, or other: [UInt8]) -> [UInt8] {
        do { return try bytes(name) } catch { return other }
    }
}
