import CFSLayers
import CFSModel
import Testing

@testable import CFSImages

@Suite("The initramfs of a bootable image")
struct InitramfsChoiceTests {
    private func choose(_ files: [(String, UInt64)], cpio: Set<String>) throws -> [String] {
        let items = files.map { ISOReader.Item(path: $0.0, size: $0.1, isDirectory: false) }
        return try InitramfsChoice.choose(items) { cpio.contains($0) }
    }

    @Test("TinyCore's is boot/core.gz")
    func tinyCore() throws {
        let files: [(String, UInt64)] = [("boot/vmlinuz", 9), ("cde/big.gz", 99), ("boot/core.gz", 5)]
        #expect(try choose(files, cpio: ["boot/core.gz", "cde/big.gz"]) == ["boot/core.gz"])
    }

    @Test("SliTaz's parts are stacked, the lower number over the higher")
    func slitaz() throws {
        let parts = ["boot/rootfs1.gz", "boot/rootfs2.gz", "boot/rootfs10.gz", "boot/rootfs4.gz"]
        let files = parts.map { ($0, UInt64(1)) } + [("boot/rootfsA.gz", 1), ("boot/rootfs3.gz", 1)]
        let chosen = try choose(files, cpio: Set(parts))
        #expect(chosen == ["boot/rootfs10.gz", "boot/rootfs4.gz", "boot/rootfs2.gz", "boot/rootfs1.gz"])
    }

    @Test("names without Rock Ridge, and other names, are found by content; the largest wins")
    func others() throws {
        #expect(try choose([("BOOT/CORE.GZ;1", 3)], cpio: ["BOOT/CORE.GZ;1"]) == ["BOOT/CORE.GZ;1"])
        let files: [(String, UInt64)] = [("a/initrd.img", 3), ("b/initrd", 8), ("readme.txt", 99), ("x.gz", 50)]
        #expect(try choose(files, cpio: ["a/initrd.img", "b/initrd", "readme.txt"]) == ["b/initrd"])
        #expect(try choose(files, cpio: []) == [])
    }
}
