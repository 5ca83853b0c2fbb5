import CFSModel
import Testing

@testable import CFSImages

@Suite("Manifests and indexes")
struct ImageManifestTests {
    private static let digest = "sha256:" + String(repeating: "ab", count: 32)
    private static func descriptor(_ type: String, _ more: String = "") -> String {
        #"{"mediaType":"\#(type)","digest":"\#(digest)","size":7\#(more)}"#
    }
    private static var config: String { descriptor(MediaType.configuration) }
    private static var layer: String { descriptor(MediaType.tarGzip) }

    @Test("a manifest that was written reads the same")
    func roundTrip() throws {
        let digest = try Digest(Self.digest)
        let manifest = ImageManifest(
            configuration: Descriptor(mediaType: MediaType.configuration, digest: digest, size: 7),
            layers: [Descriptor(mediaType: MediaType.tarGzip, digest: digest, size: 9)])
        #expect(try ImageManifest(parsing: manifest.bytes, mediaType: MediaType.manifest) == manifest)
    }

    @Test(
        "what is wrong with a manifest is said",
        arguments: [
            (#"{"config":\#(config),"layers":[],"manifests":[]}"#, "as a manifest and as an index"),
            (#"{"manifests":[]}"#, "as a manifest and as an index"),
            (#"{"mediaType":"\#(MediaType.index)","config":\#(config),"layers":[]}"#, "calls itself"),
            (#"{"schemaVersion":1,"config":\#(config),"layers":[]}"#, "schema version 1"),
            (#"{"layers":[]}"#, "lacks config"), (#"{"config":\#(config)}"#, "lacks layers"),
            (#"{"config":{"mediaType":"x","digest":"sha256:../../x","size":1},"layers":[]}"#, "not a digest"),
            (#"{"config":{"mediaType":"x","digest":"\#(digest)","size":-1},"layers":[]}"#, "not a whole number"),
            (#"{"config":\#(config),"layers":[],"config":\#(config)}"#, "config"), ("[]", "not a JSON object"),
            ("", ""),
        ])
    func invalid(text: String, message: String) {
        let error = failure { () throws(CFSError) in
            try ImageManifest(parsing: Array(text.utf8), mediaType: MediaType.manifest)
        }
        #expect(error?.code == .invalidArchive)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "no error")")
    }

    private func index(_ platforms: [(String, String)]) throws -> ImageIndex {
        let manifests = platforms.map { system, architecture in
            Self.descriptor(
                MediaType.manifest, #","platform":{"os":"\#(system)","architecture":"\#(architecture)"}"#)
        }
        let text = #"{"schemaVersion":2,"manifests":[\#(manifests.joined(separator: ","))]}"#
        return try ImageIndex(parsing: Array(text.utf8))
    }

    @Test("an index gives this machine's image, else one that runs, else the first")
    func choice() throws {
        let all = try index([("linux", "arm64"), ("linux", "386"), ("linux", "amd64")])
        #expect(try all.choice(for: ["amd64", "386"]).platform?.architecture == "amd64")
        let old = try index([("linux", "s390x"), ("linux", "386")])
        #expect(try old.choice(for: ["amd64", "386"]).platform?.architecture == "386")
        let foreign = try index([("unknown", "unknown"), ("linux", "s390x"), ("linux", "ppc64le")])
        #expect(try foreign.choice(for: ["amd64"]).platform?.architecture == "s390x")
    }

    @Test("an index without images is an error")
    func emptyIndex() throws {
        #expect(throws: CFSError.self) { try index([]).choice() }
        #expect(throws: CFSError.self) { try index([("unknown", "unknown")]).choice() }
    }

    @Test("what calls itself a manifest is no index")
    func confusedIndex() {
        let text = #"{"mediaType":"\#(MediaType.manifest)","manifests":[]}"#
        #expect(throws: CFSError.self) { try ImageIndex(parsing: Array(text.utf8)) }
        let both = #"{"manifests":[],"layers":[],"config":{}}"#
        #expect(throws: CFSError.self) { try ImageIndex(parsing: Array(both.utf8)) }
    }
}
