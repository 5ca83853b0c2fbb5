import CFSModel
import Dispatch
import Glibc
import TestSupport
import Testing

@testable import CFSImages

@Suite("Images composed offline", .enabled(if: ImageFixture.isRoot, ImageFixture.needsRoot))
struct CompositionTests {
    @Test("the three images share one base layer, stored once")
    func sharedBase() throws {
        let fixture = ImageFixture()
        let images = try ["TinyCore", "SlitazOS", "BusyBox"].map { name throws(CFSError) in
            try fixture.store.image(name)
        }
        #expect(Set(images.map { $0.layers[0] }).count == 1)
        #expect(Set(images.map { $0.layers[1].chainID }).count == 3)
        #expect(
            images.allSatisfy { $0.source == .offline && $0.layers.count == 2 && !$0.configuration.command.isEmpty })
        #expect(namesInFolder(fixture.folder("store/layers")).filter { $0.utf8.count == 64 }.count == 4)
        // A base, and for each image a thin layer, a configuration and a manifest.
        #expect(namesInFolder(fixture.folder("store/blobs/sha256")).count == 1 + 3 * 3)
    }

    @Test("the same machine composes the same image, whenever it does")
    func deterministic() throws {
        let (one, other) = (ImageFixture(), ImageFixture())
        #expect(try one.store.image("TinyCore").digest == other.store.image("TinyCore").digest)
    }

    @Test("TinyCore's root looks like Tiny Core's, with the engine's mount points")
    func tinyCoreLayout() throws {
        let fixture = ImageFixture()
        let image = try fixture.store.image("TinyCore")
        let names = Set(fixture.store.layerPaths(image).flatMap { namesInFolder($0) }).sorted()
        let real = ["bin", "dev", "etc", "init", "lib", "linuxrc", "opt", "root", "sbin", "tmp", "usr", "var"]
        #expect(names == (real + ["proc", "sys"]).sorted())
        #expect(fixture.text("etc/passwd", of: image)?.contains("tc:x:1001") == true)
    }

    @Test(
        "an image composed offline says so, and does not pretend to be the upstream",
        arguments: Catalogue.embedded.names)
    func honest(name: String) throws {
        let fixture = ImageFixture()
        let image = try fixture.store.image(name)
        let release = try #require(fixture.text("etc/os-release", of: image))
        #expect(release.contains("composed offline") && release.contains("VARIANT_ID=offline"))
        #expect(try fixture.store.inspect(name)["Source"]?.string == "offline")
    }

    @Test("the base has a link for each applet, which leads to the static BusyBox")
    func applets() throws {
        let fixture = ImageFixture()
        let base = try #require(try fixture.store.layerPaths(fixture.store.image("BusyBox")).first)
        for applet in ["bin/ls", "bin/sh", "usr/bin/whoami", "bin/pwd", "bin/true", "sbin/init"] {
            #expect(access("\(base)/\(applet)", X_OK) == 0, "\(applet)")
        }
        var status = stat()
        #expect(stat("\(base)/tmp", &status) == 0 && status.st_mode & 0o7777 == 0o1777)
        #expect(stat("\(base)/bin/busybox", &status) == 0 && status.st_mtim.tv_sec == 0)
    }

    @Test("two first callers at once get the same image")
    func concurrent() throws {
        let fixture = ImageFixture()
        let root = fixture.folder("store")
        let digests = Collected()
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            do {
                digests.add(try ImageStore(root: root, names: SharedNames.shared(root)).image("BusyBox").digest)
            } catch {
                Issue.record("\(error)")
            }
        }
        #expect(digests.all.count == 4 && Set(digests.all).count == 1)
    }

    @Test("an image that is there is not composed again")
    func imported() throws {
        let fixture = ImageFixture()
        fixture.makeTree()
        try fixture.importing("tree", as: "TinyCore")
        #expect(try fixture.store.image("TinyCore").source == .imported)
    }

    @Test("without a static BusyBox the error says what to install, and nothing is left")
    func noBusyBox() throws {
        var fixture = ImageFixture()
        fixture.store.busyBoxPaths = [fixture.folder("missing")]
        let missing = failure { () throws(CFSError) in try fixture.store.image("BusyBox") }
        #expect(missing?.code == .imageNotFound)
        #expect(missing?.hint == "apt-get install busybox-static")
        fixture.store.busyBoxPaths = ["/usr/bin/env"]
        let dynamic = failure { () throws(CFSError) in try fixture.store.image("BusyBox") }
        #expect(dynamic?.message.contains("linked dynamically") == true)
        #expect(dynamic?.hint == "apt-get install busybox-static")
        #expect(fixture.stored == [])
    }
}

/// Names that several threads use, each behind a lock.
private final class SharedNames: ImageNames, @unchecked Sendable {
    private let lock = DispatchSemaphore(value: 1)
    private let names = MemoryNames()
    private nonisolated(unsafe) static var all: [String: SharedNames] = [:]
    private static let allLock = DispatchSemaphore(value: 1)

    static func shared(_ root: String) -> SharedNames {
        allLock.wait()
        defer { allLock.signal() }
        let names = all[root] ?? SharedNames()
        all[root] = names
        return names
    }

    func image(named name: String) throws(CFSError) -> ImageRecord? {
        lock.wait()
        defer { lock.signal() }
        return try names.image(named: name)
    }
    func images() throws(CFSError) -> [ImageRecord] {
        lock.wait()
        defer { lock.signal() }
        return try names.images()
    }
    func put(_ image: ImageRecord) throws(CFSError) {
        lock.wait()
        defer { lock.signal() }
        try names.put(image)
    }
    func removeImage(named name: String) throws(CFSError) {
        lock.wait()
        defer { lock.signal() }
        try names.removeImage(named: name)
    }
}

private final class Collected: @unchecked Sendable {
    private let lock = DispatchSemaphore(value: 1)
    private(set) var all: [Digest] = []
    func add(_ digest: Digest) {
        lock.wait()
        all.append(digest)
        lock.signal()
    }
}
