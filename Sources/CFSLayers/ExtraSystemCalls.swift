import CFSLinux
import CLinux

/// System calls that Glibc's Swift module leaves out.
enum ExtraSystemCalls {
    /// fsetxattr(2): 0, or minus the error number.
    static func setAttribute(_ fd: Int32, _ attribute: ExtendedAttribute) -> Int {
        attribute.name.withCString { name in
            attribute.value.withUnsafeBytes {
                rawCall(cfs_nr_fsetxattr, Int(fd), address(name), address($0.baseAddress), $0.count, 0)
            }
        }
    }

    /// fgetxattr(2): a size, or minus the error number. An empty buffer only asks for the size.
    static func getAttribute(_ fd: Int32, _ name: String, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        name.withCString {
            rawCall(cfs_nr_fgetxattr, Int(fd), address($0), address(buffer.baseAddress), buffer.count)
        }
    }

    /// flistxattr(2): a size, or minus the error number. An empty buffer only asks for the size.
    static func listAttributes(_ fd: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        rawCall(cfs_nr_flistxattr, Int(fd), address(buffer.baseAddress), buffer.count)
    }

    /// syncfs(2): everything of this descriptor's file system reaches the disk. 0, or minus the error number.
    static func synchronizeFileSystem(_ fd: Int32) -> Int { rawCall(cfs_nr_syncfs, Int(fd)) }
}
