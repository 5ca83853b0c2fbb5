import Glibc

/// How much room a file system has (statvfs(3)).
public struct DiskRoom: Sendable, Hashable {
    /// Bytes that anybody may still fill: what the file system keeps for root is not among them.
    public var free: UInt64
    /// Bytes in all.
    public var size: UInt64

    public init(free: UInt64, size: UInt64) {
        self.free = free
        self.size = size
    }

    /// Of the file system that a path lies on; nil when nobody can tell.
    public init?(at path: String) {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        let block = UInt64(status.f_frsize)
        self.init(free: UInt64(status.f_bavail) &* block, size: UInt64(status.f_blocks) &* block)
    }

    /// Whether the file system that a path lies on takes nothing more: less than a mebibyte is free, which a write that has just
    /// failed may have freed, or no file can be made. Not when nobody can tell.
    public static func isGone(at path: String) -> Bool {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return false }
        // Some file systems do not count files.
        return UInt64(status.f_bavail) &* UInt64(status.f_frsize) < 1 << 20
            || status.f_files > 0 && status.f_favail == 0
    }

    /// Whether what uses the disk will soon be without room: less than 1 % is free, where 64 MiB are always too little, and
    /// 1 GiB is always enough.
    public var isNearlyGone: Bool { free < max(64 << 20, min(size / 100, 1 << 30)) }
}
