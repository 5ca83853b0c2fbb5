import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSNamespaces

@Suite("Compiled filters as files")
struct SeccompCacheTests {
    private let folder = TemporaryDirectory()
    private var cache: SeccompCache { SeccompCache(folder: folder("state/seccomp")) }

    private static let small = SeccompProfile(
        defaultAction: .errno(1), architectures: [], flags: [.log], rules: [.init(["read"], .allow)])

    @Test("the filter of a profile is what the compiler makes, with its flags")
    func profile() throws {
        let path = try cache.filter(for: Self.small)
        #expect(try SeccompFilter(readingFile: path) == SeccompCompiler.compile(Self.small))
        #expect(try SeccompFilter(readingFile: path).flags == 2)
    }

    @Test("the standard filter is what the compiler makes of the standard profile")
    func standard() throws {
        for image in ["amd64", "386"] {
            let path = try cache.standardFilter(capabilities: Capability.defaults, imageArchitecture: image)
            let profile = SeccompProfile.standard(capabilities: Capability.defaults, imageArchitecture: image)
            #expect(try SeccompFilter(readingFile: path) == SeccompCompiler.compile(profile))
        }
    }

    @Test("only the engine may read the files and their folder")
    func modes() throws {
        let path = try cache.filter(for: Self.small)
        #expect(try File.status(path).mode & 0o7777 == 0o600)
        #expect(try File.status(cache.folder).mode & 0o7777 == 0o700)
    }

    @Test("a filter that is there is used as it is")
    func reuse() throws {
        let path = try cache.filter(for: Self.small)
        let first = try File.status(path).inode
        #expect(try cache.filter(for: Self.small) == path)
        #expect(try File.status(path).inode == first)
        #expect(namesInFolder(cache.folder).count == 1)
    }

    @Test("profiles that differ in anything have files of their own")
    func names() throws {
        var variants = [Self.small]
        func vary(_ change: (inout SeccompProfile) -> Void) {
            var copy = Self.small
            change(&copy)
            variants.append(copy)
        }
        vary { $0.defaultAction = .errno(2) }
        vary { $0.flags = [] }
        vary { $0.rules[0].action = .errno(5) }
        vary { $0.rules[0].action = .errno(6) }
        vary { $0.rules[0].conditions = [.init(0, .equal, 1)] }
        vary { $0.rules[0].conditions = [.init(0, .equal, 1, 2)] }
        vary { $0.rules[0].names = ["write"] }
        #expect(Set(try variants.map { try cache.filter(for: $0) }).count == variants.count)
    }

    @Test("a text is known once its filter was made, by all of it, and whoever meets its hash does not get its filter")
    func texts() throws {
        let text = Array(#"{"defaultAction": "SCMP_ACT_ALLOW"}"#.utf8)
        #expect(try cache.filter(ofText: text) == nil)
        #expect(namesInFolder(cache.folder).isEmpty)
        let filter = try cache.filter(of: Self.small, text: text)
        #expect(try filter == SeccompCompiler.compile(Self.small))
        #expect(try cache.filter(ofText: text) == filter)
        #expect(try cache.filter(ofText: text + [0x20]) == nil)
        // Another text of the same hash: the file of the first one says so of itself.
        let path = "\(cache.folder)/\(try #require(namesInFolder(cache.folder).first))"
        let other = SeccompFilter(bytes: [6, 0, 0, 0, 0, 0, 0xff, 0x7f], flags: 0)
        try File.create(path, other.fileBytes(of: Array("another".utf8)), mode: 0o600)
        #expect(try cache.filter(ofText: text) == nil)
        #expect(try cache.filter(of: Self.small, text: text) == filter)
        #expect(try cache.filter(ofText: text) == filter)
        #expect(namesInFolder(cache.folder).count == 2)
        #expect(try SeccompFilter(readingFile: path) == other)
        // The same of a profile's own path.
        let own = try cache.filter(for: Self.small)
        try File.create(own, other.fileBytes(of: Array("another".utf8)), mode: 0o600)
        let beside = try cache.filter(for: Self.small)
        #expect(try beside != own && SeccompFilter(readingFile: beside) == filter)
    }

    @Test("profiles that differ only in who listens share a file, and one that asks is not one that refuses")
    func listeners() throws {
        var asking = Self.small
        asking.rules.append(.init(["mkdir"], .notify))
        asking.listener = .init(path: "/a")
        let path = try cache.filter(for: asking)
        #expect(try SeccompFilter(readingFile: path).notifies)
        asking.listener = .init(path: "/b", metadata: "x")
        #expect(try cache.filter(for: asking) == path)
        asking.rules[1].action = .errno(1)
        #expect(try cache.filter(for: asking) != path)
    }

    @Test("capabilities and images that change the standard filter have files of their own, others share one")
    func standardNames() throws {
        func path(_ capabilities: UInt64, _ image: String = "amd64") throws -> String {
            try cache.standardFilter(capabilities: capabilities, imageArchitecture: image)
        }
        let plain = try path(Capability.defaults)
        #expect(try path(Capability.defaults & ~Capability.bit("CHOWN")) == plain)
        #expect(try path(Capability.defaults, "../../etc/passwd") == plain)
        #expect(try path(Capability.defaults | Capability.bit("NET_RAW")) != plain)
        #expect(try path(Capability.defaults & ~Capability.bit("SYS_CHROOT")) != plain)
        #if arch(x86_64)
        #expect(try path(Capability.defaults, "386") != plain)
        #endif
    }

    @Test("what a power cut left of a file is made again, wherever it was cut")
    func damage() throws {
        let path = try cache.filter(for: Self.small)
        let whole = try File.readAll(at: path)
        for length in 0..<whole.count {
            try File.create(path, Array(whole[..<length]), mode: 0o600)
            let error = #expect(throws: CFSError.self) { try SeccompFilter(readingFile: path) }
            #expect(error?.code == .invalidState)
            #expect(try cache.filter(for: Self.small) == path)
            #expect(try File.readAll(at: path) == whole, "cut after \(length) bytes")
        }
        try File.create(path, [UInt8](repeating: 0, count: whole.count), mode: 0o600)
        #expect(try cache.filter(for: Self.small) == path)
        #expect(try File.readAll(at: path) == whole)
    }

    @Test("a file that is too large to be a filter is made again")
    func large() throws {
        let path = try cache.filter(for: Self.small)
        let whole = try File.readAll(at: path)
        #expect(truncate(path, 1 << 33) == 0)
        #expect(try cache.filter(for: Self.small) == path)
        #expect(try File.readAll(at: path) == whole)
    }

    @Test("a file that cannot be made is an error, and leaves nothing")
    func failure() throws {
        folder.write("", to: "state/seccomp")
        let error = #expect(throws: CFSError.self) { try cache.filter(for: Self.small) }
        #expect(error?.errno == ENOTDIR)
    }
}
