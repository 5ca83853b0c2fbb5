import CFSCore
import OptionsSupport
import Testing

@testable import CFSOptions

@Suite("Mounts of -v")
struct VolumeSyntaxTests {
    private func mount(_ text: String) throws(CFSError) -> MountRequest { try VolumeSyntax.mount(text, .sample) }

    @Test("a source and a target")
    func plain() throws {
        #expect(try mount("/data:/srv") == MountRequest(kind: .bind(source: "/data"), target: "/srv"))
        #expect(try mount("./data:/srv").kind == .bind(source: "/srv/app/data"))
        #expect(try mount("data/x:/srv").kind == .bind(source: "/srv/app/data/x"))
    }

    @Test("words behind them")
    func words() throws {
        var expected = MountRequest(kind: .bind(source: "/a"), target: "/b")
        expected.readOnly = true
        #expect(try mount("/a:/b:ro") == expected)
        expected.noExecute = true
        (expected.noSetUID, expected.noDevices) = (false, false)
        (expected.propagation, expected.idMapped, expected.recursive) = ("rslave", true, false)
        #expect(try mount("/a:/b:ro,noexec,suid,dev,rslave,idmap,bind") == expected)
        #expect(try mount("/a:/b:rw,nosuid,nodev,exec,rbind") == MountRequest(kind: .bind(source: "/a"), target: "/b"))
    }

    @Test(
        "what is wrong is named",
        arguments: [
            ("data:/x", "\"data\" is the name of a volume, and named volumes do not exist yet"),
            ("/data", "\"/data\" is not a mount"), (":/x", "\":/x\" is not a mount"), ("/a:", "\"/a:\" is not a mount"),
            ("/a:b", "the mount target \"b\" is not an absolute path"),
            ("/a:/", "nothing can be mounted over the root of the container: /a:/"),
            ("/a:/./", "nothing can be mounted over the root of the container: /a:/./"),
            ("/a:/b/../c", "the mount target \"/b/../c\" must not contain \"..\""),
            ("/a:/b:ro,rw", "the mount of /b cannot be both ro and rw"),
            ("/a:/b:slave,shared", "the mount of /b cannot be both slave and shared"),
            ("/a:/b:", "a mount does not know the word \"\""),
            ("/a:/b:ro:x", "a mount does not know the word \"ro:x\""),
        ])
    func wrong(text: String, message: String) {
        #expect(failure { () throws(CFSError) in try mount(text) }?.message == message)
    }

    @Test("neither side may be longer than a path can be")
    func tooLong() {
        let name = String(repeating: "a", count: 300)
        for (text, subject) in [("/\(name):/x", "--volume: /aaaa"), ("/data:/x/\(name)", "the mount target /x/aaaa")] {
            let message = failure { () throws(CFSError) in try mount(text) }?.message ?? ""
            #expect(message.hasPrefix(subject) && message.hasSuffix("… has a name of 300 bytes, which is too long"))
        }
    }

    @Test("a word of Docker's without a meaning here is told apart from a slip")
    func hints() {
        #expect(failure { () throws(CFSError) in try mount("/a:/b:z") }?.hint?.contains("SELinux") == true)
        #expect(failure { () throws(CFSError) in try mount("/a:/b:noexce") }?.hint == "did you mean noexec?")
        #expect(failure { () throws(CFSError) in try mount("/a:/b:r") }?.hint?.contains("did you mean") == true)
        #expect(failure { () throws(CFSError) in try mount("/a:/b:foo") }?.hint?.hasPrefix("known are ro rw") == true)
    }
}
