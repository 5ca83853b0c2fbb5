import CFSModel
import TestSupport
import Testing

@testable import CFSImages

@Suite("Exporting images", .enabled(if: ImageFixture.isRoot, ImageFixture.needsRoot))
struct ExportTests {
    @Test("what was exported imports as the same image, elsewhere")
    func roundTrip() throws {
        let fixture = ImageFixture()
        let image = try fixture.store.image("TinyCore")
        try fixture.store.export("TinyCore", to: fixture.folder("out.tar"))
        let other = ImageFixture()
        let copy = try other.store.importImage(name: "copy", from: fixture.folder("out.tar"))
        #expect(copy.digest == image.digest)
        #expect(copy.layers == image.layers)
        #expect(copy.configuration == image.configuration)
    }

    @Test("the same image always gives the same file, which GNU tar reads")
    func deterministic() throws {
        let fixture = ImageFixture()
        fixture.makeTree()
        try fixture.importing("tree")
        try fixture.store.export("sample", to: fixture.folder("a.tar"))
        try fixture.store.export("sample", to: fixture.folder("b.tar"))
        fixture.shell("cmp a.tar b.tar")
        let names = fixture.shell("tar -tf a.tar").split(separator: "\n")
        #expect(names.first == "oci-layout" && names.contains("index.json"))
        #expect(fixture.shell("tar -xOf a.tar index.json").contains(#""org.opencontainers.image.ref.name":"sample""#))
    }

    @Test("a damaged blob stops the export, and no file is left")
    func damaged() throws {
        let fixture = ImageFixture()
        fixture.makeTree()
        let image = try fixture.importing("tree")
        let blobs = namesInFolder(fixture.folder("store/blobs/sha256")).filter { $0 != image.digest.hex }
        for blob in blobs {
            fixture.shell(
                "chmod u+w store/blobs/sha256/\(blob); printf X | dd of=store/blobs/sha256/\(blob) bs=1 seek=20 conv=notrunc 2>/dev/null"
            )
        }
        let error = failure { () throws(CFSError) in try fixture.store.export("sample", to: fixture.folder("out.tar")) }
        #expect(error?.code == .digestMismatch)
        #expect(namesInFolder(fixture.folder.path) == ["store", "tree"])
    }

    @Test("a folder that is not there is an error")
    func noFolder() throws {
        let fixture = ImageFixture()
        fixture.makeTree()
        try fixture.importing("tree")
        #expect(throws: CFSError.self) { try fixture.store.export("sample", to: fixture.folder("missing/out.tar")) }
    }
}
