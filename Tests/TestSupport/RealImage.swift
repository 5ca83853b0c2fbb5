import Glibc

/// A root file system of another project, which lies beside the repository on some machines.
public struct RealImage: Sendable {
    /// On this machine, whether it is there or not.
    public let path: String
    /// Why a test that needs it is skipped.
    public let missing: String

    public var isThere: Bool { access(path, R_OK) == 0 }

    /// TinyCore's initramfs: cpio, gzip.
    public static let tinyCore = RealImage("tinycore-core.gz")
    /// SliTaz's root file system: cpio, LZMA.
    public static let slitaz = RealImage("slitaz-rootfs4.gz")

    private init(_ name: String) {
        path = Repository.path("../shared/images/\(name)")
        missing = "../shared/images/\(name) is not there"
    }
}
