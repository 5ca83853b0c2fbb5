import CFSModel
import CLinux
import Glibc

extension Directory {
    /// Calls `body` for each entry of a folder as the kernel has it, without `.` and `..`: the name's bytes, which need
    /// not be UTF-8, and the d_type value (readdir(3)). The name is valid during the call; entries may be removed in it.
    public static func forEachEntry(
        of fd: Int32, _ body: (_ name: UnsafePointer<CChar>, _ type: UInt8) throws(CFSError) -> Void
    ) throws(CFSError) {
        // A descriptor of its own, so that the position of the caller's stays where it was.
        let own = try File.open(".", [.directory, .read], at: fd, phase: .looking)
        let size = 32 << 10
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
        defer { buffer.deallocate() }
        while true {
            let count = try checked(
                rawCall(cfs_nr_getdents64, Int(own.raw), address(buffer), size), "getdents64", .looking)
            if count == 0 { return }
            var offset = 0
            while offset < count {
                // struct linux_dirent64: inode, offset, length, type, name.
                let entry = buffer + offset
                let name = UnsafePointer((entry + 19).assumingMemoryBound(to: CChar.self))
                offset += Int(entry.loadUnaligned(fromByteOffset: 16, as: UInt16.self))
                let isSelfOrParent = name[0] == 0x2e && (name[1] == 0 || (name[1] == 0x2e && name[2] == 0))
                if !isSelfOrParent { try body(name, entry.load(fromByteOffset: 18, as: UInt8.self)) }
            }
        }
    }
}
