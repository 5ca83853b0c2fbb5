import CFSModel
import TestSupport
import Testing

@testable import CFSLinux

@Suite("Paths that are too long")
struct PathLengthTests {
    private func refusal(_ path: String) -> CFSError? {
        do throws(CFSError) {
            try PathLength.check(path, "--workdir:")
            return nil
        } catch {
            return error
        }
    }

    private static let a = String(repeating: "a", count: 255)
    /// 4,095 bytes.
    private static let longest = String(repeating: "/" + String(repeating: "b", count: 62), count: 65)

    @Test("as long as it may be", arguments: ["/", "/\(a)", "/x/\(a)/\(a)", longest])
    func fits(path: String) {
        #expect(refusal(path) == nil)
    }

    @Test("one byte more: the message has its beginning, and both limits")
    func exceeds() {
        let shown = "/" + String(repeating: "a", count: 58) + "…"
        let name = refusal("/\(Self.a)a")
        #expect(name?.message == "--workdir: \(shown) has a name of 256 bytes, which is too long")
        #expect(name?.hint == "a name may have 255 bytes, and a whole path 4095")
        #expect(name?.code == .invalidArgument && name?.errno == nil)
        let whole = refusal(Self.longest + "b")
        #expect(whole?.message.hasSuffix("… has 4096 bytes, which is too long") == true, "\(whole?.message ?? "")")
    }

    @Test("bytes count, not letters")
    func bytes() {
        #expect(refusal("/" + String(repeating: "é", count: 127)) == nil)
        #expect(refusal("/" + String(repeating: "é", count: 128))?.message.contains("256 bytes") == true)
    }

    @Test("of the host's paths the kernel says it")
    func host() {
        let folder = TemporaryDirectory()
        #expect(!PathLength.isTooLong(folder(Self.a)) && !PathLength.isTooLong(folder.path))
        #expect(PathLength.isTooLong(folder(Self.a + "a")))
        #expect(PathLength.isTooLong(Self.longest + "b"))
    }

    @Test("a name that another file system would take is told apart")
    func other() {
        let error = PathLength.error("/short", "--cidfile: /short")
        #expect(error.message == "--cidfile: /short is too long for its file system")
    }
}
