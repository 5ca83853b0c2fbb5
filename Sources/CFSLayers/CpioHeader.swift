import CFSModel

/// The 110 bytes in front of each member of a "new ASCII" cpio archive (cpio(5); the kernel's
/// Documentation/driver-api/early-userspace/buffer-format.rst): a magic and thirteen numbers of eight hexadecimal digits.
struct CpioHeader {
    static let size = 110
    /// `070701`, and `070702` with a sum of the body's bytes.
    static func isMagic<Bytes: Collection>(_ bytes: Bytes) -> Bool where Bytes.Element == UInt8 {
        bytes.starts(with: [0x30, 0x37, 0x30, 0x37, 0x30, 0x31])
            || bytes.starts(with: [0x30, 0x37, 0x30, 0x37, 0x30, 0x32])
    }

    let hasChecksum: Bool
    let inode, mode, uid, gid, links, modified, size, major, minor, deviceMajor, deviceMinor, nameSize, checksum: UInt32

    init(_ bytes: UnsafeRawBufferPointer) throws(CFSError) {
        guard Self.isMagic(bytes) else {
            throw CFSError(
                .invalidArchive, .unpacking, "a cpio header does not begin with 070701 or 070702",
                hint: "the archive is corrupt, or of another cpio format than \"newc\"")
        }
        hasChecksum = bytes[5] == 0x32
        func field(_ index: Int) throws(CFSError) -> UInt32 {
            var value: UInt32 = 0
            for position in (6 + index * 8)..<(14 + index * 8) {
                let digit: UInt8
                switch bytes[position] {
                case 0x30...0x39: digit = bytes[position] - 0x30
                case 0x41...0x46: digit = bytes[position] - 0x37
                case 0x61...0x66: digit = bytes[position] - 0x57
                default: throw CFSError(.invalidArchive, .unpacking, "a cpio header has a field that is no number")
                }
                value = value << 4 | UInt32(digit)
            }
            return value
        }
        inode = try field(0)
        mode = try field(1)
        uid = try field(2)
        gid = try field(3)
        links = try field(4)
        modified = try field(5)
        size = try field(6)
        major = try field(7)
        minor = try field(8)
        deviceMajor = try field(9)
        deviceMinor = try field(10)
        nameSize = try field(11)
        checksum = try field(12)
    }

    /// The file type bits of inode(7).
    var type: UInt32 { mode & 0o170000 }
    var isRegular: Bool { type == 0o100000 }
    /// What makes two members names of one file.
    var identity: CpioIdentity { CpioIdentity(inode: inode, major: major, minor: minor) }
    /// Zeros behind the name and behind the body fill up to four bytes.
    var namePadding: UInt64 { UInt64((4 - (UInt32(Self.size) &+ nameSize) % 4) % 4) }
    var bodyPadding: UInt64 { UInt64((4 - size % 4) % 4) }
}

struct CpioIdentity: Hashable {
    var inode, major, minor: UInt32
}
