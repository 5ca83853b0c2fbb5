import CFSModel
import TestSupport
import Testing

@testable import CFSImages

@Suite("Removing images", .enabled(if: ImageFixture.isRoot, ImageFixture.needsRoot))
struct RemovalTests {
    @Test("the shared base stays until its last image goes")
    func sharedBase() throws {
        let fixture = ImageFixture()
        let tiny = try fixture.store.image("TinyCore")
        let busy = try fixture.store.image("BusyBox")
        let first = try fixture.store.remove("TinyCore", keeping: [])
        #expect(first.names == ["TinyCore"])
        #expect(first.layers == [tiny.layers[1].chainID])
        #expect(first.blobs.count == 3)
        #expect(first.bytes > 0)
        #expect(fixture.text("bin/busybox", of: busy) != nil)
        let second = try fixture.store.remove("BusyBox", keeping: [])
        #expect(second.layers.count == 2 && second.blobs.count == 4)
        #expect(fixture.stored.filter { $0.utf8.count == 64 } == [])
    }

    @Test("layers that containers use stay, and go with the garbage when they end")
    func inUse() throws {
        let fixture = ImageFixture()
        let image = try fixture.store.image("BusyBox")
        let used = Set(image.layers.map(\.chainID))
        #expect(try fixture.store.remove("BusyBox", keeping: used).layers == [])
        #expect(fixture.text("bin/busybox", of: image) != nil)
        #expect(Set(try fixture.store.collectGarbage(keeping: []).layers) == used)
    }

    @Test("an id with several names is removed by name")
    func severalNames() throws {
        let fixture = ImageFixture()
        fixture.makeTree()
        let image = try fixture.importing("tree", as: "one")
        try fixture.importing("tree", as: "two")
        let error = failure { () throws(CFSError) in try fixture.store.remove(image.digest.short, keeping: []) }
        #expect(error?.code == .conflict)
        #expect(error?.hint?.contains("one, two") == true)
        #expect(try fixture.store.remove("one:latest", keeping: []).layers == [])
        #expect(try fixture.store.remove(image.digest.short, keeping: []).layers.count == 1)
        #expect(try fixture.store.list().isEmpty)
    }

    @Test("whether an image may go is asked for its last name only, and a refusal keeps all of it")
    func lastName() throws {
        let fixture = ImageFixture()
        fixture.makeTree()
        let image = try fixture.importing("tree", as: "one")
        try fixture.importing("tree", as: "two")
        var asked: [String] = []
        func remove(_ name: String) -> CFSError? {
            failure { () throws(CFSError) in
                try fixture.store.remove(
                    name,
                    unless: { image throws(CFSError) in
                        asked.append(image.name)
                        throw CFSError(.imageInUse, .removing, "it is used")
                    },
                    keeping: { () throws(CFSError) in [] })
            }
        }
        let first = remove("one")
        #expect(first == nil && asked.isEmpty)
        let names = try fixture.store.list().map(\.name)
        #expect(names == ["two"])
        let refused = [remove("two"), remove(image.digest.short)]
        #expect(refused.map { $0?.code } == [.imageInUse, .imageInUse])
        #expect(asked == ["two", "two"])
        #expect(try fixture.store.list().count == 1 && fixture.text("etc/motd", of: image) == "hello\n")
    }

    @Test("an unknown image is an error, and one of the catalogue is not composed to be removed")
    func unknown() throws {
        let fixture = ImageFixture()
        for name in ["TinyCore", "nothing"] {
            #expect(
                failure { () throws(CFSError) in try fixture.store.remove(name, keeping: []) }?.code == .imageNotFound)
        }
        #expect(fixture.stored == [])
    }

    @Test("an image whose manifest is gone can still be removed")
    func damaged() throws {
        let fixture = ImageFixture()
        fixture.makeTree()
        let image = try fixture.importing("tree")
        fixture.shell("rm store/blobs/sha256/\(image.digest.hex)")
        #expect(try fixture.store.remove("sample", keeping: []).layers.count == 1)
        #expect(fixture.stored.filter { $0.utf8.count == 64 } == [])
    }
}
