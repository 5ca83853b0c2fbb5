import CFSCore
import OptionsSupport
import Testing

@testable import CFSOptions

@Suite("Mounts of --mount")
struct MountSyntaxTests {
    private func mount(_ text: String) throws(CFSError) -> MountRequest { try MountSyntax.mount(text, .sample) }

    @Test("a bind mount, by each name of its keys")
    func bind() throws {
        var expected = MountRequest(kind: .bind(source: "/a"), target: "/b")
        #expect(try mount("type=bind,source=/a,target=/b") == expected)
        #expect(try mount("type=bind,src=/a,dst=/b,readonly=false") == expected)
        expected.readOnly = true
        #expect(try mount("type=bind,src=/a,destination=/b,readonly") == expected)
        #expect(try mount("type=bind,src=/a,dst=/b,ro=true") == expected)
        (expected.propagation, expected.idMapped, expected.recursive) = ("rshared", true, false)
        expected.noExecute = true
        #expect(
            try mount("type=bind,src=/a,dst=/b,ro,bind-propagation=rshared,idmap,bind-nonrecursive=true,noexec")
                == expected)
    }

    @Test("a tmpfs, where nothing can be executed unless somebody says so")
    func tmpfs() throws {
        var expected = MountRequest(kind: .tmpfs(size: nil, mode: 0o1777), target: "/t")
        expected.noExecute = true
        #expect(try mount("type=tmpfs,dst=/t") == expected)
        expected.kind = .tmpfs(size: ByteCount(64 << 20), mode: 0o700)
        #expect(try mount("type=tmpfs,dst=/t,tmpfs-size=64m,tmpfs-mode=700") == expected)
        #expect(try mount("type=tmpfs,dst=/t,exec").noExecute == false)
    }

    @Test("a field in quotes may contain commas")
    func quotes() throws {
        #expect(try mount("type=bind,\"src=/a,b\",dst=/b").kind == .bind(source: "/a,b"))
        #expect(
            failure { () throws(CFSError) in try mount("type=bind,\"src=/a,dst=/b") }?.message.contains("quotation")
                == true)
    }

    @Test("an unknown key is named, with the nearest one")
    func unknown() {
        let error = failure { () throws(CFSError) in try mount("type=bind,src=/a,dts=/b") }
        #expect(error?.message == "--mount does not know the key \"dts\"")
        #expect(error?.hint?.contains("dst") == true)
    }

    @Test(
        "what is wrong is named",
        arguments: [
            ("src=/a,dst=/b", "--mount does not know a mount without a type"),
            ("type=volume,src=/a,dst=/b", "--mount does not know the type \"volume\""),
            ("type=foo", "--mount does not know the type \"foo\""),
            ("type=bind,src=/a", "--mount has no target: type=bind,src=/a"),
            ("type=bind,dst=/a", "--mount has no source: type=bind,dst=/a"),
            ("type=bind,src=a,dst=/b", "\"a\" is the name of a volume, and named volumes do not exist yet"),
            ("type=bind,src=/a,dst=/b,tmpfs-size=1m", "--mount: the key tmpfs-size is for type=tmpfs"),
            ("type=tmpfs,src=/a,dst=/b", "--mount: the key source is for type=bind"),
            ("type=tmpfs,dst=/b,bind-propagation=shared", "--mount: the key bind-propagation is for type=bind"),
            ("type=tmpfs,dst=/b,tmpfs-size=0", "the size of a tmpfs must be above 0"),
            ("type=tmpfs,dst=/b,tmpfs-mode=8", "\"8\" is not a file mode"),
            ("type=bind,src=/a,source=/b,dst=/c", "--mount has the key source twice"),
            ("type=bind,src=/a,dst=/b,readonly=maybe", "--mount: readonly is on or off, not \"maybe\""),
            ("type=bind,src=/a,dst=/b,nosuid=false", "--mount: nosuid cannot be false"),
            ("type=bind,src=/a,dst=/b,bind-propagation=all", "\"all\" is not a propagation"),
            ("type=bind,src,dst=/b", "--mount: the key src needs a value"),
        ])
    func wrong(text: String, message: String) {
        #expect(failure { () throws(CFSError) in try mount(text) }?.message == message)
    }
}
