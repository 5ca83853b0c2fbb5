import CFSLayers
import CFSModel
import TestSupport
import Testing

@testable import CFSImages

@Suite("An image on top of another", .enabled(if: ImageFixture.isRoot, ImageFixture.needsRoot))
struct ImageCommitTests {
    private func commit(
        _ fixture: ImageFixture, _ base: ImageRecord, name: String? = "new", _ text: String = "x",
        _ change: (inout ImageCommit) -> Void = { _ in }
    ) throws(CFSError) -> ImageRecord {
        var commit = ImageCommit(base: base.digest, command: ["sh", "-c", "true"])
        commit.name = name
        change(&commit)
        return try fixture.store.commit(commit) { _ throws(CFSError) in
            EntryList([(ArchiveEntry(.file, "file"), Array(text.utf8))])
        }
    }

    @Test("it has the layers of the base and one more, and what the base says, changed")
    func layers() throws {
        let fixture = ImageFixture()
        let base = try fixture.store.image("TinyCore")
        let image = try commit(fixture, base) {
            ($0.author, $0.message) = ("me", "note")
            $0.changes = [.user("7"), .expose(["80/tcp"])]
        }
        #expect(Array(image.layers.dropLast()) == base.layers && image.layers.count == base.layers.count + 1)
        #expect(image.source == .committed && image.configuration.user == "7")
        #expect(image.configuration.environment == base.configuration.environment)
        #expect(fixture.text("file", of: image) == "x")
        try fixture.store.export("new", to: fixture.folder("new.tar"))
        let copy = try ImageFixture().store.importImage(name: "copy", from: fixture.folder("new.tar"))
        #expect(copy.digest == image.digest && copy.configuration == image.configuration)
        #expect(copy.createdAt == image.createdAt)
        let third = try commit(fixture, image, name: "third", "y") { $0.author = "them" }
        #expect(third.layers.count == base.layers.count + 2 && fixture.text("file", of: third) == "y")
        let bytes = try fixture.store.blobs.read(third.digest, limit: 1 << 20)
        let manifest = try ImageManifest(parsing: bytes, mediaType: MediaType.manifest)
        let document = try ImageDocument(
            parsing: fixture.store.blobs.read(manifest.configuration.digest, limit: 1 << 20))
        #expect(document.history.count == third.layers.count && document.author == "them")
        #expect(document.history.suffix(2).map { $0["comment"]?.string } == ["note", nil])
        #expect(document.history.last?["created_by"]?.string == "sh -c true")
        let (second, shown) = (try fixture.store.inspect("new"), try fixture.store.inspect("third"))
        #expect(second["Author"]?.string == "me" && second["Comment"]?.string == "note")
        #expect(shown["Author"]?.string == "them" && shown["Comment"]?.string == "")
        let history = shown["History"]?.array ?? []
        #expect(history.suffix(2).map { $0["comment"]?.string } == ["note", nil])
    }

    @Test("without a name it is called by its digits, and found by them")
    func unnamed() throws {
        let fixture = ImageFixture()
        let image = try commit(fixture, try fixture.store.image("BusyBox"), name: nil)
        #expect(image.name == image.digest.short)
        #expect(try fixture.store.existing(image.name)?.digest == image.digest)
    }

    @Test("what fails leaves nothing: no name, no blob, no layer")
    func failures() throws {
        let fixture = ImageFixture()
        let base = try fixture.store.image("BusyBox")
        let before = fixture.stored
        for name in ["Not A Name", ""] {
            #expect(failure { () throws(CFSError) in try commit(fixture, base, name: name) }?.code == .invalidArgument)
        }
        let broken = failure { () throws(CFSError) in
            try fixture.store.commit(ImageCommit(base: base.digest, command: [])) { _ throws(CFSError) in
                throw CFSError(.noSpace, .looking, "full")
            }
        }
        #expect(broken?.code == .noSpace)
        fixture.names.failure = CFSError(.registryFailed, .recording, "full")
        #expect(failure { () throws(CFSError) in try commit(fixture, base) }?.code == .registryFailed)
        fixture.names.failure = nil
        var gone = base
        gone.digest = try #require(Digest(hex: String(repeating: "0", count: 64)))
        #expect(failure { () throws(CFSError) in try commit(fixture, gone) }?.code == .imageNotFound)
        #expect(fixture.stored == before)
        #expect(try fixture.store.list().map(\.name) == ["BusyBox"])
    }
}
