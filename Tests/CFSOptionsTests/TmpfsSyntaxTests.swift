import CFSCore
import OptionsSupport
import Testing

@testable import CFSOptions

@Suite("Mounts of --tmpfs")
struct TmpfsSyntaxTests {
    @Test("a target alone is for everybody, and nothing in it can be executed")
    func plain() throws {
        var expected = MountRequest(kind: .tmpfs(size: nil, mode: 0o1777), target: "/run")
        expected.noExecute = true
        #expect(try TmpfsSyntax.mount("/run") == expected)
        #expect(try TmpfsSyntax.mount("/run:rw,noexec,nosuid,nodev") == expected)
    }

    @Test("size, mode and words")
    func options() throws {
        let mount = try TmpfsSyntax.mount("/run:size=65536k,mode=0755,exec,ro")
        #expect(mount.kind == .tmpfs(size: ByteCount(64 << 20), mode: 0o755))
        #expect(!mount.noExecute && mount.readOnly && mount.noSetUID)
    }

    @Test(
        "what is wrong is named",
        arguments: [
            ("run", "the mount target \"run\" is not an absolute path"), ("/run:size=x", "\"x\" is not a size"),
            ("/run:mode=9", "\"9\" is not a file mode"), ("/run:rslave", "a mount does not know the word \"rslave\""),
            ("/run:size=0", "the size of a tmpfs must be above 0"),
            ("/run:uid=5", "a mount does not know the word \"uid=5\""),
        ])
    func wrong(text: String, message: String) {
        #expect(failure { () throws(CFSError) in try TmpfsSyntax.mount(text) }?.message == message)
    }
}
