import CFSModel
import Testing

@Suite("Names of images")
struct ImageReferenceTests {
    @Test(
        "a name is kept without the tag latest",
        arguments: [
            ("TinyCore", "TinyCore"), ("TinyCore:latest", "TinyCore"), ("alpine:3.20", "alpine:3.20"),
            ("registry.example:5000/team/tool:latest", "registry.example:5000/team/tool"), ("a_b-c.d/e", "a_b-c.d/e"),
            ("x:_1", "x:_1"),
        ])
    func valid(text: String, name: String) throws {
        #expect(try ImageReference(text).name == name)
    }

    @Test(
        "what is no name is refused",
        arguments: [
            "", ":", "a:", ":latest", "../x", "a//b", "/a", "a/", "a b", "a:b:c", ".a", "-a", "a\nb", "host:port/x",
            "ä",
            "host:123456/x", "a:-b", "sha256:../../x", String(repeating: "a", count: 256),
        ])
    func invalid(text: String) {
        #expect(throws: CFSError.self) { try ImageReference(text) }
    }
}
