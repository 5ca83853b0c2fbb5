import CFSLinux
import CFSModel
import CLinux

/// The kernel's name for a device: `8:0`.
public struct DeviceNumber: Sendable, Hashable, CustomStringConvertible {
    public let major: UInt32
    public let minor: UInt32

    /// 12 and 20 bits (include/linux/kdev_t.h).
    static let largest = "4095:1048575"

    /// Nil when the kernel has no such number.
    public init?(major: Int64, minor: Int64) {
        guard (0...4095).contains(major), (0...1_048_575).contains(minor) else { return nil }
        self.major = UInt32(major)
        self.minor = UInt32(minor)
    }

    public var description: String { "\(major):\(minor)" }

    /// The disk that limits of `io` are set for: of a block device itself, or of the one that a file or folder lies on.
    /// A partition stands for its disk, since the kernel limits whole disks only.
    ///
    /// - Throws: `invalidArgument` when nothing is there, and when the file system has no disk (tmpfs, overlay).
    public static func disk(of path: String) throws(CFSError) -> DeviceNumber {
        guard let status = File.statusIfThere(path, followLinks: true) else {
            throw CFSError(.invalidArgument, .looking, "there is no device \(path)", path: path)
        }
        let dev = status.isBlockDevice ? status.rdev : status.dev
        let (major, minor) = (Int64(cfs_device_major(dev)), Int64(cfs_device_minor(dev)))
        guard !status.isCharacterDevice, major != 0, let number = DeviceNumber(major: major, minor: minor) else {
            throw CFSError(
                .invalidArgument, .looking,
                status.isCharacterDevice
                    ? "\(path) is not a block device" : "\(path) lies on a file system without a block device",
                path: path, hint: "name a disk such as /dev/sda: /proc/partitions lists them")
        }
        return try number.wholeDisk()
    }

    /// `/sys/dev/block/8:1` is a folder inside that of the disk (Documentation/ABI/stable/sysfs-block).
    private func wholeDisk() throws(CFSError) -> DeviceNumber {
        let folder = "/sys/dev/block/\(self)"
        guard File.exists("\(folder)/partition") else { return self }
        let text = String(decoding: try File.readAll(at: "\(folder)/../dev"), as: UTF8.self)
        let numbers = text.prefix { $0 != "\n" }.split(separator: ":").compactMap { Int64($0) }
        guard numbers.count == 2, let disk = DeviceNumber(major: numbers[0], minor: numbers[1]) else { return self }
        return disk
    }
}
