import CFSLayers
import CFSModel
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import CFSImages

@Suite("Fetching an image of the catalogue", .enabled(if: ImageFixture.isRoot, ImageFixture.needsRoot))
struct ImageFetchTests {
    /// A store whose catalogue has one image behind an address.
    private static func fixture(_ url: String, sha256: String?) -> ImageFixture {
        let digest = sha256.map { #", "sha256": "\#($0)""# } ?? ""
        let text = """
            {"name": "Sample", "description": "a test's own", "command": ["/bin/own"],
             "upstream": {"url": "\(url)"\(digest)}}
            """
        return ImageFixture(catalogue: Catalogue([Catalogue.Document(name: "Sample", text: text)]))
    }

    /// A packed root file system, as a server has it.
    private static func archive() throws -> (bytes: [UInt8], sha256: String) {
        let fixture = ImageFixture()
        fixture.makeTree()
        fixture.shell("head -c 300000 /dev/urandom > tree/big; tar -C tree -czf in .")
        let sha256 = fixture.shell("sha256sum in").prefix(64)
        let command = RunningCommand(["/bin/cat", fixture.folder("in")], environment: [:])
        return (command.finish().bytes, String(sha256))
    }

    private static func failure(
        _ fixture: ImageFixture, _ options: FetchOptions? = nil
    ) async -> CFSError? {
        var patient = FetchOptions()
        patient.idleTimeout = .seconds(3600)
        do throws(CFSError) {
            try await fixture.store.fetch(name: "Sample", options: options ?? patient)
            return nil
        } catch {
            return error
        }
    }

    /// Fails when anything of a fetch is in the store: a name, a blob, a layer, the file that it came in.
    private static func expectNothing(_ fixture: ImageFixture, location: SourceLocation = #_sourceLocation) throws {
        #expect(fixture.stored == [], sourceLocation: location)
        #expect(try fixture.store.list() == [], sourceLocation: location)
        let left = fixture.shell("[ ! -e store ] || find store -type f")
        #expect(left.isEmpty || left == "store/images.lock", "\(left)", sourceLocation: location)
    }

    @Test("what was fetched and has its digest becomes the image, with what the catalogue says about it")
    func good() async throws {
        let archive = try Self.archive()
        let server = LoopbackServer { $0.answer("200 OK", [], archive.bytes) }
        let fixture = Self.fixture(server.url("/core.iso"), sha256: archive.sha256)
        let seen = Mutex<[ImportProgress]>([])
        var options = FetchOptions()
        // A machine that is busy with other tests is no server that stalls.
        options.idleTimeout = .seconds(3600)
        let image = try await fixture.store.fetch(name: "Sample", options: options) { step in
            seen.withLock { $0.append(step) }
        }
        #expect(image.name == "Sample" && image.source == .upstream && image.configuration.command == ["/bin/own"])
        #expect(try fixture.store.list() == [image])
        #expect(fixture.text("etc/motd", of: image) == "hello\n")
        #expect(server.paths == ["/core.iso"])
        let phases = seen.withLock { $0 }.map(\.phase)
        #expect(Set(phases) == [.downloading, .reading, .unpacking])
        #expect(phases.firstIndex(of: .reading) ?? 0 > phases.lastIndex(of: .downloading) ?? .max)
        #expect(fixture.shell("find store -maxdepth 1 -type f") == "store/images.lock")
    }

    @Test("a digest of the caller's own goes over the catalogue's; without any, nothing is asked for")
    func digests() async throws {
        let archive = try Self.archive()
        let server = LoopbackServer { $0.answer("200 OK", [], archive.bytes) }
        let without = Self.fixture(server.url("/x"), sha256: nil)
        let unverified = await Self.failure(without)
        #expect(unverified?.code == .invalidArgument && unverified?.hint?.contains("--sha256") == true)
        #expect(server.paths == [])
        try Self.expectNothing(without)

        var options = FetchOptions()
        // A machine that is busy with other tests is no server that stalls.
        options.idleTimeout = .seconds(3600)
        options.digest = try Digest("sha256:\(archive.sha256)")
        try await without.store.fetch(name: "Sample", options: options)
        #expect(try without.store.list().count == 1)
        let wrong = Self.fixture(server.url("/x"), sha256: String(repeating: "0", count: 64))
        #expect(await Self.failure(wrong)?.code == .digestMismatch)
        try Self.expectNothing(wrong)
        try await wrong.store.fetch(name: "Sample", options: options)
    }

    @Test("whatever a server does wrong leaves nothing, and the image of before as it was")
    func nothingLeft() async throws {
        let archive = try Self.archive()
        let server = LoopbackServer { exchange in
            switch exchange.path {
            case "/missing": exchange.answer("404 Not Found")
            case "/changed": exchange.answer("200 OK", [], [0] + archive.bytes)
            case "/short":
                exchange.send("HTTP/1.1 200 OK\r\nContent-Length: \(archive.bytes.count)\r\n\r\n")
                exchange.send(Array(archive.bytes.dropLast(1000)))
            case "/reset":
                exchange.send("HTTP/1.1 200 OK\r\nContent-Length: \(archive.bytes.count)\r\n\r\n")
                exchange.send(Array(archive.bytes.prefix(1000)))
                exchange.reset()
            case "/silent":
                exchange.send("HTTP/1.1 200 OK\r\nContent-Length: \(archive.bytes.count)\r\n\r\n")
                exchange.waitForClient()
            case "/elsewhere": exchange.answer("302 Found", ["Location: http://localhost/x"])
            default: exchange.answer("200 OK", [], archive.bytes)
            }
        }
        let cases: [(String, CFSError.Code)] = [
            ("/missing", .networkFailed), ("/changed", .digestMismatch), ("/short", .networkFailed),
            ("/reset", .networkFailed), ("/silent", .networkFailed), ("/elsewhere", .networkFailed),
        ]
        for (path, code) in cases {
            let fixture = Self.fixture(server.url(path), sha256: archive.sha256)
            var options = FetchOptions()
            // A machine that is busy with other tests is no server that stalls.
            options.idleTimeout = .seconds(3600)
            if path == "/silent" { options.idleTimeout = .milliseconds(200) }
            #expect(await Self.failure(fixture, options)?.code == code, "\(path)")
            try Self.expectNothing(fixture)
            fixture.makeTree()
            let before = try fixture.importing("tree", as: "Sample")
            let stored = fixture.stored
            #expect(await Self.failure(fixture, options)?.code == code, "\(path)")
            #expect(try fixture.store.list() == [before] && fixture.stored == stored, "\(path)")
        }
    }

    @Test("a file with the right digest that is no image is an error about its address, and leaves nothing")
    func noImage() async throws {
        let server = LoopbackServer { $0.answer("200 OK", [], Array("hello\n".utf8)) }
        let fixture = Self.fixture(
            server.url("/text"), sha256: "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03")
        let error = await Self.failure(fixture)
        #expect(error?.code == .invalidArchive)
        #expect(error?.message.contains(server.url("/text")) == true && error?.path == nil, "\(error?.message ?? "")")
        try Self.expectNothing(fixture)
    }

    @Test("a fetch that is cancelled leaves nothing")
    func cancelled() async throws {
        let archive = try Self.archive()
        let came = AsyncStream<Void>.makeStream()
        let server = LoopbackServer { exchange in
            exchange.send("HTTP/1.1 200 OK\r\nContent-Length: \(archive.bytes.count)\r\n\r\n")
            exchange.send(Array(archive.bytes.dropLast(10)))
            came.continuation.finish()
            exchange.waitForClient()
        }
        let url = server.url("/x")
        // The fixture is no other task's: this one makes its own.
        let task = Task { () -> String? in
            let fixture = Self.fixture(url, sha256: archive.sha256)
            let error = await Self.failure(fixture)
            try Self.expectNothing(fixture)
            return error?.message
        }
        for await _ in came.stream {}
        task.cancel()
        #expect(try await task.value == "the fetch of \(url) was cancelled")
    }

    @Test("a name that is not in the catalogue, or has no address, is refused with what helps")
    func names() async throws {
        let fixture = Self.fixture("https://example.com/x", sha256: nil)
        do throws(CFSError) {
            try await fixture.store.fetch(name: "Sampel")
            Issue.record("it was fetched")
        } catch {
            #expect(error.code == .imageNotFound && error.hint == "did you mean Sample?")
        }
        let embedded = ImageFixture()
        do throws(CFSError) {
            try await embedded.store.fetch(name: "BusyBox")
            Issue.record("it was fetched")
        } catch {
            #expect(error.code == .imageNotFound && error.message.contains("has no upstream image"))
        }
    }

    @Test("the addresses of the catalogue are ones that a fetch takes")
    func catalogue() throws {
        for entry in try Catalogue.embedded.entries() {
            if let upstream = entry.upstream { #expect(try FetchAddress(upstream.url).isEncrypted) }
        }
    }
}
