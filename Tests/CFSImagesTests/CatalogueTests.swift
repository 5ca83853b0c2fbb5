import CFSModel
import TestSupport
import Testing

@testable import CFSImages

@Suite("The catalogue")
struct CatalogueTests {
    @Test("the catalogue in the executable is that of Images/")
    func embeddedIsCurrent() {
        let repository = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(
            separator: "/")
        let names = namesInFolder("\(repository)/Images")
        #expect(names == ["BusyBox", "SlitazOS", "TinyCore"])
        #expect(Catalogue.embedded.names == names)
        for document in Catalogue.embeddedDocuments {
            let text = textOfFile("\(repository)/Images/\(document.name)/image.json")
            #expect(document.text == text, "run Scripts/embed-catalogue")
        }
    }

    @Test("every entry is valid, with a command and an offline recipe")
    func entriesAreValid() throws {
        let entries = try Catalogue.embedded.entries()
        #expect(entries.count == 3)
        for entry in entries {
            #expect(!entry.description.isEmpty && !entry.command.isEmpty && entry.recipe != nil)
        }
    }

    @Test("TinyCore's upstream is Core 17.1 with its SHA-256")
    func tinyCoreUpstream() throws {
        let upstream = try #require(try Catalogue.embedded.entry(named: "TinyCore")?.upstream)
        #expect(upstream.url.hasSuffix("/17.x/x86/release/Core-17.1.iso"))
        #expect(upstream.digest?.hex == "8fe45bbda0e9b52e5874dd6e9733aac5051e6311282c1e056c852fb1fd721b08")
    }

    @Test("an entry is found by its exact name only")
    func exactNames() throws {
        #expect(try Catalogue.embedded.entry(named: "tinycore") == nil)
        #expect(try Catalogue.embedded.entry(named: "TinyCore")?.name == "TinyCore")
    }

    @Test(
        "a wrong entry says what is wrong with it",
        arguments: [
            (#"{"name":"A"}"#, "lacks description"), (#"{"name":"B","description":"x"}"#, "says it is B"),
            ("{", "image.json"),
            (#"{"name":"A","description":"x","upstream":{"url":"http://x","sha256":"12"}}"#, "not a digest"),
            (#"{"name":"A","description":"x","offline":{"base":"alpine"}}"#, "\"alpine\" is not known"),
            (#"{"name":"A","description":"x","command":"sh"}"#, "not an array of strings"),
        ])
    func wrongEntries(text: String, message: String) {
        let error = failure { () throws(CFSError) in
            try Catalogue([Catalogue.Document(name: "A", text: text)]).entry(named: "A")
        }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "no error")")
    }
}
