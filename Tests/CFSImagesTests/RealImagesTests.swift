import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSImages

@Suite("The real systems", .enabled(if: ImageFixture.isRoot, ImageFixture.needsRoot))
struct RealImagesTests {
    @Test(
        "TinyCore's core.gz imports with its own root and the catalogue's command",
        .enabled(if: RealImage.tinyCore.isThere, Comment(rawValue: RealImage.tinyCore.missing)))
    func tinyCore() throws {
        let fixture = ImageFixture()
        let image = try fixture.store.importImage(name: "TinyCore", from: RealImage.tinyCore.path)
        let root = try #require(fixture.store.layerPaths(image).first)
        let expected = ["bin", "dev", "etc", "init", "lib", "linuxrc", "opt", "root", "sbin", "tmp", "usr", "var"]
        #expect(namesInFolder(root) == expected)
        #expect(image.architecture == "386" && image.source == .imported)
        #expect(image.configuration.command == ["/bin/sh"])
        #expect(fixture.text("etc/passwd", of: image)?.contains("tc:x:1001:50") == true)
    }

    @Test(
        "SliTaz's rootfs4.gz, which is LZMA, imports",
        .enabled(if: RealImage.slitaz.isThere, Comment(rawValue: RealImage.slitaz.missing)))
    func slitaz() throws {
        let fixture = ImageFixture()
        let image = try fixture.store.importImage(name: "SlitazOS", from: RealImage.slitaz.path)
        #expect(fixture.text("etc/slitaz-release", of: image) == "4.0\n")
        #expect(image.architecture == "386")
    }
}
