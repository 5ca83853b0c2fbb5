import CFSModel
import TestSupport
import Testing

@testable import CFSLayers

@Suite("Reading ISO 9660 images")
struct ISOReaderTests {
    @Test(
        "files are listed and opened by any case, with Rock Ridge, Joliet or neither",
        arguments: ["", "-R", "-J", "-R -J"])
    func names(options: String) throws {
        let fixture = LayerFixture()
        fixture.shell(
            "mkdir -p t/boot; seq 1 100000 > t/boot/core.gz; echo x > t/readme; genisoimage -quiet \(options) -o in t")
        let reader = ISOReader(path: fixture.folder("in"))
        let items = try reader.listing()
        let core = try #require(items.first { $0.path.lowercased() == "boot/core.gz" })
        #expect(core.size == 588_895 && !core.isDirectory)
        #expect(items.contains { $0.path.lowercased() == "boot" && $0.isDirectory && $0.size == 0 })
        #expect(try reader.open("/Boot/CORE.gz").readAll(limit: 1 << 20) == fixture.bytes("t/boot/core.gz"))
        let missing = failure { () throws(CFSError) in try reader.open("boot") }
        #expect(missing?.code == .invalidArchive && missing?.message.contains("holds no file boot") == true)
    }

    @Test("what is no such image, or is cut, is an error and no crash")
    func malformed() throws {
        let fixture = LayerFixture()
        fixture.shell(
            "mkdir t; seq 1 100000 > t/file; genisoimage -quiet -R -o whole t; head -c 5000 /dev/urandom > noise")
        #expect(
            failure { () throws(CFSError) in try ISOReader(path: fixture.folder("noise")).listing() }?.code
                == .invalidArchive)
        for size in stride(from: 0, to: 120_000, by: 2048) {
            fixture.shell("head -c \(size) whole > cut")
            let reader = ISOReader(path: fixture.folder("cut"))
            let error = failure { () throws(CFSError) in try reader.open("file").readAll(limit: 1 << 20) }
            #expect(error?.code == .invalidArchive, "cut at \(size)")
        }
    }

    @Test("more files than the limit are an error")
    func limits() throws {
        let fixture = LayerFixture()
        fixture.shell("mkdir t; for i in 1 2 3 4 5; do echo $i > t/$i; done; genisoimage -quiet -R -o in t")
        var limits = ArchiveLimits()
        limits.entries = 4
        let error = failure { () throws(CFSError) in try ISOReader(path: fixture.folder("in"), limits: limits).listing()
        }
        #expect(error?.code == .limitExceeded)
    }
}
