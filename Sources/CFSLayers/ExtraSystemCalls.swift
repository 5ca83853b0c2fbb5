import CFSLinux

/// System calls that Glibc's Swift module leaves out, by number (the kernel's syscall tables).
enum ExtraSystemCalls {
    #if arch(x86_64)
    private static let setAttributeNumber = 190, getAttributeNumber = 193, listAttributesNumber = 196
    private static let syncNumber = 306
    #elseif arch(arm64)
    private static let setAttributeNumber = 7, getAttributeNumber = 10, listAttributesNumber = 13
    private static let syncNumber = 267
    #endif

    /// fsetxattr(2): 0, or minus the error number.
    static func setAttribute(_ fd: Int32, _ attribute: ExtendedAttribute) -> Int {
        attribute.name.withCString { name in
            attribute.value.withUnsafeBytes {
                rawCall(setAttributeNumber, Int(fd), address(name), address($0.baseAddress), $0.count, 0)
            }
        }
    }

    /// fgetxattr(2): a size, or minus the error number. An empty buffer only asks for the size.
    static func getAttribute(_ fd: Int32, _ name: String, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        name.withCString {
            rawCall(getAttributeNumber, Int(fd), address($0), address(buffer.baseAddress), buffer.count)
        }
    }

    /// flistxattr(2): a size, or minus the error number. An empty buffer only asks for the size.
    static func listAttributes(_ fd: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        rawCall(listAttributesNumber, Int(fd), address(buffer.baseAddress), buffer.count)
    }

    /// syncfs(2): everything of this descriptor's file system reaches the disk. 0, or minus the error number.
    static func synchronizeFileSystem(_ fd: Int32) -> Int { rawCall(syncNumber, Int(fd)) }
}
