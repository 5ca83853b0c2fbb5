import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSLayers

@Suite("Sources and sinks of bytes")
struct ByteStreamTests {
    private let sample = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }

    @Test("SHA-256 gives the digests of FIPS 180-4's examples, in one piece or many")
    func sha256() throws {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(try SHA256Stream.digest(of: []).hex == empty)
        #expect(try SHA256Stream.digest(of: Array("abc".utf8)).hex == abc)
        var stream = SHA256Stream()
        for byte in "abc".utf8 { stream.update([byte]) }
        #expect(try stream.digest().hex == abc && stream.count == 3)
        // Asking does not end the stream.
        stream.update(Array("dbca".utf8))
        #expect(stream.count == 7)
    }

    @Test("a file is read and written as it is, and its size is known")
    func files() throws {
        let folder = TemporaryDirectory()
        let writer = try BlobStore(root: folder.path).makeWriter()
        try writer.write(sample)
        let digest = try writer.finish(expecting: nil).digest
        let source = try FileSource(path: folder("blobs/sha256/\(digest.hex)"))
        #expect(try source.size() == 100_000)
        #expect(try source.readAll(limit: 100_000) == sample)
        #expect(failure { () throws(CFSError) in try FileSource(path: folder("missing")) }?.errno == ENOENT)
    }

    @Test("more than the limit is an error, and exactly the limit is none")
    func limit() throws {
        #expect(try BytesSource(sample).readAll(limit: sample.count) == sample)
        #expect(
            failure { () throws(CFSError) in try BytesSource(sample).readAll(limit: sample.count - 1) }?.code
                == .limitExceeded)
    }

    @Test("a tee hands on everything that is read, and nothing else")
    func tee() throws {
        let copy = BytesSink()
        let tee = TeeSource(TricklingSource(sample, step: 777), to: copy)
        let window = PeekingSource(tee, capacity: 1024)
        #expect(try window.peek(10) == Array(sample[..<10]))
        #expect(try tee.drain() > 0)
        #expect(copy.bytes == sample)
        let first = BytesSink()
        let second = DigestSink()
        try TeeSink(first, second).copy(from: BytesSource(sample))
        #expect(try first.bytes == sample && second.digest() == SHA256Stream.digest(of: sample))
    }

    @Test("what was peeked at is still read, in any steps", arguments: [1, 2, 100, 5000])
    func peeking(step: Int) throws {
        let source = PeekingSource(TricklingSource(sample, step: step), capacity: 300)
        #expect(try source.peek(250) == Array(sample[..<250]))
        #expect(try source.peek(5) == Array(sample[..<5]))
        #expect(try source.skip(100) == 100)
        #expect(try source.peek(300) == Array(sample[100..<400]))
        #expect(try source.readAll(limit: 1 << 20) == Array(sample[100...]))
        #expect(try source.peek(5) == [] && source.skip(5) == 0)
    }

    @Test("zeros are passed over to the next other byte, and to the end")
    func zeros() throws {
        let source = PeekingSource(
            TricklingSource([UInt8](repeating: 0, count: 999) + [7] + [0, 0], step: 10), capacity: 64)
        try source.skipZeros()
        #expect(try source.peek(3) == [7, 0, 0])
        #expect(try source.skip(1) == 1)
        try source.skipZeros()
        #expect(try source.readAll(limit: 10) == [])
    }

    @Test("progress tells how far a source was read")
    func progress() throws {
        var seen: [UInt64] = []
        let source = ProgressSource(TricklingSource(sample, step: 40_000)) { seen.append($0) }
        #expect(try source.drain() == 100_000)
        #expect(seen == [40_000, 80_000, 100_000, 100_000] && source.position == 100_000)
    }

    @Test("entries in memory are read like those of an archive")
    func entryList() throws {
        let list = EntryList([(ArchiveEntry(.file, "a", size: 99), [1, 2]), (ArchiveEntry(.directory, "d"), [])])
        let found = try contents(list)
        #expect(found.map(\.entry.size) == [2, 0] && found.map(\.body) == [[1, 2], []])
        #expect(ArchiveEntry(.file, "/./a//b/").plainPath == "a/b")
        #expect(ArchiveName(bytes: [0xff]) > "a" && ArchiveName("").isEmpty)
    }
}
