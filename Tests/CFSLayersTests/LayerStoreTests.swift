import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSLayers

@Suite("The store of layers", .enabled(if: LayerFixture.isRoot, LayerFixture.needsRoot))
struct LayerStoreTests {
    private let sample = RawTar("d d; f d/file text; h link d/file").bytes

    @Test("chain IDs are those of the image-spec")
    func chainIDs() throws {
        let first = try SHA256Stream.digest(of: Array("first".utf8))
        let second = try SHA256Stream.digest(of: Array("second".utf8))
        #expect(try LayerStore.chainID(of: first, over: nil) == first)
        let fixture = LayerFixture()
        let expected = fixture.shell(
            "printf '%s %s' sha256:\(first.hex) sha256:\(second.hex) | sha256sum | cut -d' ' -f1")
        #expect(try LayerStore.chainID(of: second, over: first).hex == expected)
    }

    @Test("the diff ID is the digest of the tar to its very end, blocks behind the end included")
    func wholeTar() throws {
        let fixture = LayerFixture()
        let padded = sample + [UInt8](repeating: 0, count: 9 << 10) + Array("trailing".utf8)
        let layer = try fixture.unpack(padded, expecting: SHA256Stream.digest(of: padded))
        #expect(try layer.diffID == SHA256Stream.digest(of: padded) && layer.chainID == layer.diffID)
        #expect(fixture.stored == [layer.chainID.hex] && layer.size == 4)
    }

    @Test("content of another digest is refused, and nothing of it stays")
    func mismatch() throws {
        let fixture = LayerFixture()
        let other = try SHA256Stream.digest(of: [])
        let error = failure { () throws(CFSError) in try fixture.unpack(sample, expecting: other) }
        #expect(error?.code == .digestMismatch)
        #expect(fixture.stored == [])
    }

    @Test("a layer that is there is used as it is, but its content is verified again")
    func reuse() throws {
        let fixture = LayerFixture()
        let layer = try fixture.unpack(sample)
        let inode = fixture.shell("stat -c %i \(fixture.path(layer, "d/file"))")
        for expected in [layer.diffID, nil] {
            #expect(try fixture.unpack(sample, expecting: expected) == layer)
            #expect(fixture.shell("stat -c %i \(fixture.path(layer, "d/file"))") == inode)
        }
        let changed = RawTar("d d; f d/file evil; h link d/file").bytes
        #expect(
            failure { () throws(CFSError) in try fixture.unpack(changed, expecting: layer.diffID) }?.code
                == .digestMismatch)
        #expect(fixture.text(layer, "link") == "text")
        #expect(fixture.stored == [layer.chainID.hex])
    }

    @Test("a source that cannot be read to its end leaves nothing")
    func brokenSource() throws {
        final class Broken: ByteSource {
            private let source: BytesSource
            init(_ bytes: [UInt8]) { source = BytesSource(bytes) }
            func read(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
                let count = try source.read(into: buffer)
                if count == 0 { throw CFSError(.networkFailed, .fetching, "no more") }
                return count
            }
        }
        let fixture = LayerFixture()
        let error = failure { () throws(CFSError) in
            try fixture.store.unpack(Broken(sample), expecting: nil, parent: nil)
        }
        #expect(error?.code == .networkFailed && fixture.stored == [])
    }

    @Test("a layer over one that is not there is an error")
    func noParent() throws {
        let fixture = LayerFixture()
        let missing = try SHA256Stream.digest(of: [])
        #expect(failure { () throws(CFSError) in try fixture.unpack(sample, over: missing) }?.code == .invalidState)
    }

    @Test("a disk that is full is an error that says so, and nothing is left on it", arguments: ["content", "folders"])
    func fullDisk(what: String) throws {
        let fixture = LayerFixture()
        fixture.shell("mkdir store")
        let tar = RawTar { tar in
            for index in 0..<300 {
                if what == "content" {
                    tar.file("\(index)", String(repeating: "x", count: 20_000))
                } else {
                    tar.folder("\(index)")
                }
            }
        }.bytes
        try withPrivateMounts {
            try PrivateMount.make("tmpfs", on: fixture.folder("store"), "size=2m,nr_inodes=200")
            let small = try fixture.unpack(sample)
            let error = failure { () throws(CFSError) in try fixture.unpack(tar) }
            #expect(error?.code == .noSpace && error?.errno == ENOSPC)
            #expect(fixture.stored == [small.chainID.hex])
            // What was freed can be used.
            try fixture.unpack(RawTar { $0.file("f", String(repeating: "x", count: 1_000_000)) }.bytes)
        }
    }

    @Test("what killed imports and removals left is found and removed, and layers stay")
    func leftovers() throws {
        let fixture = LayerFixture()
        #expect(try fixture.store.all() == [])
        try fixture.store.removeLeftovers()
        let layer = try fixture.unpack(sample)
        fixture.shell("cd store/layers; mkdir -p .x.partial/a/b; touch .x.partial/a/b/c other; chmod 000 .x.partial/a")
        #expect(try fixture.store.all() == [layer.chainID])
        try fixture.store.removeLeftovers()
        #expect(fixture.stored == [layer.chainID.hex])
    }

    @Test("a layer has its name only when all of it is there")
    func appearsWhole() throws {
        let fixture = LayerFixture()
        // Looks at each block whether anything has the name of a layer already.
        final class Watching: ByteSource {
            private let source: TricklingSource
            private let look: () -> Void
            init(_ bytes: [UInt8], _ look: @escaping () -> Void) {
                source = TricklingSource(bytes, step: 512)
                self.look = look
            }
            func read(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
                look()
                return try source.read(into: buffer)
            }
        }
        var seen: Set<Int> = []
        let source = Watching(sample) { seen.insert(fixture.stored.filter { Digest(hex: $0) != nil }.count) }
        _ = try fixture.store.unpack(source, expecting: nil, parent: nil)
        #expect(seen == [0])
        #expect(fixture.stored.count == 1)
    }

    @Test("no user but root reaches the files of layers, whose programs may be set-uid")
    func privateFolder() throws {
        let fixture = LayerFixture()
        try fixture.unpack(sample)
        #expect(fixture.shell("stat -c %a store/layers") == "700")
    }

    @Test("removal takes the name at once, and what is gone already is fine")
    func removal() throws {
        let fixture = LayerFixture()
        let layer = try fixture.unpack(sample)
        // Whoever still has a file open does not hold the removal up, and keeps the file.
        let held = try FileSource(path: fixture.path(layer, "d/file"))
        try fixture.store.remove(layer.chainID)
        try fixture.store.remove(layer.chainID)
        #expect(fixture.stored == [])
        #expect(try held.readAll(limit: 100) == Array("text".utf8))
        #expect(try fixture.unpack(sample) == layer)
    }

    @Test("a hundred and fifty layers stack, and the kernel shows them merged")
    func many() throws {
        let fixture = LayerFixture()
        var layers: [ImageRecord.Layer] = []
        for index in 0..<150 {
            let tar = RawTar("f file-\(index) \(index); f same \(index)").bytes
            layers.append(try fixture.unpack(tar, over: layers.last?.chainID))
        }
        #expect(Set(layers.map(\.chainID)).count == 150 && fixture.stored.count == 150)
        fixture.shell("mkdir merged")
        // Short names: one page of mount options has no room for 150 long ones.
        for (index, layer) in layers.enumerated() { fixture.shell("ln -s store/layers/\(layer.chainID.hex) \(index)") }
        let folders = (0..<150).reversed().map(String.init).joined(separator: ":")
        let seen = try withPrivateMounts {
            _ = chdir(fixture.folder.path)
            try PrivateMount.make("overlay", on: "merged", "lowerdir=\(folders)")
            return (namesInFolder("merged").count, textOfFile("merged/same"), textOfFile("merged/file-0"))
        }
        #expect(seen == (151, "149", "0"))
        // What a layer far below has is found through all that lie between.
        let last = try fixture.unpack(RawTar("f .wh.file-0; f .wh.file-150").bytes, over: layers.last?.chainID)
        #expect(namesInFolder(fixture.path(last)) == ["file-0"])
    }
}
