import CFSModel
import Testing

@Suite("Digests")
struct DigestTests {
    private static let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    @Test("sha256 with 64 lower-case digits is a digest")
    func reads() throws {
        let digest = try Digest("sha256:\(Self.hex)")
        #expect(digest.hex == Self.hex)
        #expect(digest.description == "sha256:\(Self.hex)")
        #expect(digest.short == "e3b0c44298fc")
        #expect(Digest(hex: Self.hex) == digest)
    }

    @Test(
        "nothing else is: it becomes a part of paths",
        arguments: [
            "", "sha256:", hex, "sha256:\(hex)0", "sha256:\(hex.dropLast())", "sha256:\(hex.uppercased())",
            "SHA256:\(hex)",
            "sha512:\(hex)", "sha256:../../../../../../../../../../../../../../../../../../etc/passwd",
            "sha256:\(hex)\n",
            " sha256:\(hex)", "sha256:\(hex.dropLast())\0", "sha256:\(hex.dropLast(2))é", "sha256::\(hex.dropLast())",
        ])
    func refuses(text: String) {
        let error = #expect(throws: CFSError.self) { try Digest(text) }
        #expect(error?.code == .invalidArgument)
    }

    @Test("a hostile text is not repeated without end")
    func longText() {
        let error = #expect(throws: CFSError.self) { try Digest(String(repeating: "x", count: 1_000_000)) }
        #expect((error?.message.utf8.count ?? 0) < 300)
    }

    @Test("32 raw bytes are a digest, other counts are none")
    func bytes() throws {
        let bytes = (0..<32).map { UInt8($0 * 8) }
        let digest = try #require(Digest(bytes: bytes))
        #expect(digest.hex.hasPrefix("0008101820"))
        #expect(digest.hex.hasSuffix("e0e8f0f8"))
        #expect(Digest(bytes: bytes.dropLast()) == nil)
        #expect(Digest(bytes: bytes + [0]) == nil)
    }
}
