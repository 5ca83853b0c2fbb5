import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSLayers

@Suite("The store of blobs")
struct BlobStoreTests {
    private let folder = TemporaryDirectory()
    private var store: BlobStore { BlobStore(root: folder("root")) }
    private var stored: [String] { namesInFolder(folder("root/blobs/sha256")) }
    private let hello = Array("hello".utf8)

    @discardableResult
    private func write(_ bytes: [UInt8], expecting: Digest? = nil) throws(CFSError) -> Digest {
        let writer = try store.makeWriter()
        try writer.write(bytes)
        return try writer.finish(expecting: expecting).digest
    }

    @Test("a blob appears under its digest, for root alone, and is read back")
    func writing() throws {
        let writer = try store.makeWriter()
        try writer.write(Array("hel".utf8))
        try writer.write([])
        try writer.write(Array("lo".utf8))
        // Nothing has the blob's name before it is whole.
        #expect(try store.all() == [] && stored.count == 1)
        let digest = try SHA256Stream.digest(of: hello)
        let finished = try writer.finish(expecting: digest)
        #expect(finished == (digest, 5) && stored == [digest.hex])
        #expect(store.path(of: digest) == folder("root/blobs/sha256/\(digest.hex)"))
        #expect(try store.read(digest, limit: 5) == hello && store.open(digest).readAll(limit: 5) == hello)
        #expect(try store.all() == [digest])
        var status = stat()
        #expect(stat(store.path(of: digest), &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    @Test("other content than expected is refused, and not kept")
    func mismatch() throws {
        let other = try SHA256Stream.digest(of: [])
        let error = failure { () throws(CFSError) in try write(hello, expecting: other) }
        #expect(error?.code == .digestMismatch && stored == [])
    }

    @Test("a writer that is not finished leaves nothing")
    func abandoned() throws {
        do {
            let writer = try store.makeWriter()
            try writer.write(hello)
            #expect(stored.count == 1)
        }
        #expect(stored == [])
    }

    @Test("the same content twice is one blob, and two writers at once do not meet")
    func twice() throws {
        let first = try store.makeWriter()
        let second = try store.makeWriter()
        for writer in [first, second] { try writer.write(hello) }
        let digests = [try first.finish(expecting: nil).digest, try second.finish(expecting: nil).digest]
        #expect(digests[0] == digests[1] && stored == [digests[0].hex])
        #expect(try store.read(digests[0], limit: 5) == hello)
    }

    @Test("a blob that was changed on disk is noticed, one beyond the limit refused")
    func damaged() throws {
        let digest = try write(hello)
        #expect(failure { () throws(CFSError) in try store.read(digest, limit: 4) }?.code == .limitExceeded)
        folder.write("hellx", to: "root/blobs/sha256/\(digest.hex)")
        let error = failure { () throws(CFSError) in try store.read(digest, limit: 5) }
        #expect(error?.code == .digestMismatch && error?.hint?.contains("import it again") == true)
    }

    @Test("removing is final, and what is gone already is fine")
    func removing() throws {
        let digest = try write(hello)
        try store.remove(digest)
        try store.remove(digest)
        #expect(try store.all() == [])
        #expect(failure { () throws(CFSError) in try store.open(digest) }?.errno == ENOENT)
    }

    @Test("what killed writers left is no blob, and is removed")
    func leftovers() throws {
        try store.removeLeftovers()
        let digest = try write(hello)
        folder.write("half", to: "root/blobs/sha256/.0000.partial")
        #expect(try store.all() == [digest])
        try store.removeLeftovers()
        #expect(stored == [digest.hex])
    }

    @Test(
        "a disk that is full is an error that says so, and nothing is left on it",
        .enabled(if: LayerFixture.isRoot, "mounting a small disk needs root"))
    func fullDisk() throws {
        let path = folder.makeFolder("root")
        try withPrivateMounts {
            try PrivateMount.make("tmpfs", on: path, "size=64k")
            let error = failure { () throws(CFSError) in try write([UInt8](repeating: 7, count: 100_000)) }
            #expect(error?.code == .noSpace && stored == [])
        }
    }
}
