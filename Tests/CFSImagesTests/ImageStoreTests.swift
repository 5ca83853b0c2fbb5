import CFSModel
import Testing

@testable import CFSImages

@Suite("Looking for images")
struct ImageStoreTests {
    private func record(_ name: String, _ digit: String) throws -> ImageRecord {
        ImageRecord(
            name: name, digest: try Digest("sha256:" + String(repeating: digit, count: 32)), source: .imported,
            architecture: "amd64", layers: [], configuration: .init(), createdAt: 0)
    }

    private func fixture() throws -> ImageFixture {
        let fixture = ImageFixture(catalogue: Catalogue([Catalogue.Document(name: "TinyCore", text: "{}")]))
        try fixture.names.put(record("one", "ab"))
        try fixture.names.put(record("two:7", "cd"))
        return fixture
    }

    @Test("an image is found by its name, with or without the tag latest", arguments: ["one", "one:latest"])
    func byName(reference: String) throws {
        #expect(try fixture().store.image(reference).name == "one")
    }

    @Test("an image is found by its id, whole or a part of at least four digits")
    func byID() throws {
        let store = try fixture().store
        for reference in ["cdcd", "sha256:cdcd", String(repeating: "cd", count: 32)] {
            #expect(try store.image(reference).name == "two:7")
        }
        #expect(throws: CFSError.self) { try store.image("cdc") }
    }

    @Test("a part of several ids is an error that names them")
    func ambiguous() throws {
        let fixture = try fixture()
        try fixture.names.put(
            ImageRecord(
                name: "three", digest: Digest("sha256:abab" + String(repeating: "0", count: 60)), source: .imported,
                architecture: "amd64", layers: [], configuration: .init(), createdAt: 0))
        let error = failure { () throws(CFSError) in try fixture.store.image("abab") }
        #expect(error?.code == .ambiguousID)
        #expect(error?.hint?.contains("three") == true)
    }

    @Test("an unknown image is an error with the nearest names, whatever their case, and how to import")
    func unknown() throws {
        let store = try fixture().store
        for reference in ["tinycore", "TinyCor", "TinyCore2"] {
            let error = failure { () throws(CFSError) in try store.image(reference) }
            #expect(error?.code == .imageNotFound)
            #expect(error?.message == "there is no image \"\(reference)\"")
            #expect(error?.hint?.contains("did you mean TinyCore?") == true)
            #expect(error?.hint?.contains("cfs image import") == true)
        }
        let far = failure { () throws(CFSError) in try store.image("completely-different") }
        #expect(far?.hint?.contains("did you mean") == false)
        #expect(failure { () throws(CFSError) in try store.image("../../etc") }?.code == .imageNotFound)
    }

    @Test("inspecting shows where the image came from and what it runs")
    func inspect() throws {
        let fixture = try fixture()
        var record = try record("x", "ee")
        record.configuration.command = ["sh"]
        try fixture.names.put(record)
        let json = try fixture.store.inspect("x")
        #expect(json["Id"]?.string == "\(record.digest)")
        #expect(json["Source"]?.string == "imported")
        #expect(json["Config"]?["Cmd"]?.strings == ["sh"])
        #expect(json["RootFS"]?["Layers"]?.strings == [])
        // Its documents are not in the store.
        for member in ["Author", "Comment", "History"] { #expect(json[member] == JSON.null, "\(member)") }
    }
}
