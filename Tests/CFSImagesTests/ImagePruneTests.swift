import CFSModel
import TestSupport
import Testing

@testable import CFSImages

@Suite("Pruning images", .enabled(if: ImageFixture.isRoot, ImageFixture.needsRoot))
struct ImagePruneTests {
    @Test("images that nobody wants go, with what only they need")
    func unwanted() throws {
        let fixture = ImageFixture()
        let busy = try fixture.store.image("BusyBox")
        let tiny = try fixture.store.image("TinyCore")
        let before = try fixture.store.use()
        let removal = try fixture.store.prune { () throws(CFSError) in
            StoreNeeds(layers: []) { $0.name == "BusyBox" }
        }
        #expect(removal.names == ["TinyCore"] && removal.layers == [tiny.layers[1].chainID])
        #expect(try fixture.store.list().map(\.name) == ["BusyBox"])
        #expect(fixture.text("bin/busybox", of: busy) != nil)
        let after = try fixture.store.use()
        let sum = { (use: StoreUse) in use.layers.values.reduce(0, +) + use.blobs.values.reduce(0, +) }
        #expect(removal.bytes > 0 && sum(before) - sum(after) == removal.bytes)
    }

    @Test("what containers have mounted stays, also without its image")
    func mounted() throws {
        let fixture = ImageFixture()
        let image = try fixture.store.image("BusyBox")
        let used = Set(image.layers.map(\.chainID))
        let removal = try fixture.store.prune { () throws(CFSError) in StoreNeeds(layers: used) { _ in false } }
        #expect(removal.names == ["BusyBox"] && removal.layers == [])
        #expect(fixture.text("bin/busybox", of: image) != nil)
    }

    @Test("without an image to remove only garbage goes")
    func garbage() throws {
        let fixture = ImageFixture()
        fixture.makeTree()
        let first = try fixture.importing("tree")
        fixture.folder.write("changed\n", to: "tree/etc/motd")
        let second = try fixture.importing("tree")
        let removal = try fixture.store.prune { () throws(CFSError) in StoreNeeds(layers: []) }
        #expect(removal.names == [] && removal.layers == [first.layers[0].chainID])
        #expect(fixture.text("etc/motd", of: second) == "changed\n")
    }

    @Test("the use of a store knows the blobs of each image, and not those of a damaged one")
    func use() throws {
        let fixture = ImageFixture()
        fixture.makeTree()
        let image = try fixture.importing("tree")
        let use = try fixture.store.use()
        #expect(use.blobsOfImages[image.digest] == Set(use.blobs.keys) && use.blobs.count == 3)
        #expect(use.layers.keys.map { $0 } == image.layers.map(\.chainID))
        #expect(use.layers.values.allSatisfy { $0 > 0 } && use.blobs.values.allSatisfy { $0 > 0 })
        fixture.shell("rm store/blobs/sha256/\(image.digest.hex)")
        #expect(try fixture.store.use().blobsOfImages.isEmpty)
    }
}
