import CFSLinux
import CFSModel
import CLinux
import Glibc

/// A file of proc or sysfs, which the kernel makes up as it is read: its size is 0, or a page.
public enum KernelFile {
    /// More than this is no text that somebody wants a copy of: an image of the memory, or a stream without end.
    static let limit = 64 << 20

    /// The others of linux/magic.h: CGROUP_SUPER_MAGIC (of v1), DEBUGFS_MAGIC, TRACEFS_MAGIC, SECURITYFS_MAGIC.
    private static let fileSystems = Set(
        [CFS_PROC_SUPER_MAGIC, CFS_SYSFS_MAGIC, CFS_CGROUP2_SUPER_MAGIC, CFS_DEVPTS_SUPER_MAGIC].map { Int($0) }
            + [0x27_e0eb, 0x6462_6720, 0x7472_6163, 0x7363_6673])

    /// Whether a file or folder lies in what the kernel mounts for looking into it: proc, sysfs, cgroups, devpts, debugfs,
    /// tracefs, securityfs.
    ///
    /// - Parameter descriptor: O_PATH is enough.
    public static func isIn(_ descriptor: Int32) -> Bool { fileSystems.contains(Int(cfs_filesystem_magic(descriptor))) }

    /// What stands in the file, in a file in memory.
    ///
    /// - Parameter file: open for reading, without waiting.
    /// - Throws: `notPermitted` for what cannot be read, `limitExceeded` for what does not end.
    static func read(
        _ file: SharedFD, _ name: ArchiveName, _ phase: CFSError.Phase
    ) throws(CFSError) -> (file: SharedFD, size: Int) {
        let copy = SharedFD(try MemoryFile.make("copy"))
        let buffer = RawBuffer(64 << 10)
        var size = 0
        while true {
            let count = File.read(file.raw, into: buffer.slice(0..<buffer.count))
            if count < 0 {
                throw CFSError(
                    .notPermitted, phase, "\"\(name.printable)\" is a file of the kernel that cannot be read",
                    systemCall: "read", path: name.printable, errno: Int32(-count))
            }
            if count == 0 { return (copy, size) }
            size += count
            guard size <= limit else {
                throw CFSError(
                    .limitExceeded, phase,
                    "\"\(name.printable)\" is a file of the kernel of more than \(ByteCount(UInt64(limit)))",
                    path: name.printable)
            }
            try File.writeAll(copy.raw, Array(buffer.slice(0..<count)))
        }
    }
}
