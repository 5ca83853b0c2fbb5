import CFSLinux
import CFSModel
import CLinux
import Glibc

/// A file of a cgroup that is read again and again.
enum KernelFile: Sendable {
    /// The cgroup has no such file.
    case none
    case open(SharedFD)
    /// No descriptor was left to keep it open.
    case named(String)

    init(_ name: String, of cgroup: Cgroup) throws(CFSError) {
        let result = File.tryOpen(name, .read, at: cgroup.descriptor)
        switch -result {
        case ErrorCode.notFound, Int(EOPNOTSUPP): self = .none
        case Int(EMFILE), Int(ENFILE): self = .named(name)
        default:
            let file = OwnedFD(try checked(result, "openat", .looking, path: "\(cgroup.path)/\(name)"))
            self = .open(SharedFD(file))
        }
    }
}

/// Room for what the kernel writes into one file at a time.
struct KernelText {
    /// What is wanted of all that could be read.
    let parts: CgroupStatisticsReader.Parts
    private var room = UnsafeMutableRawBufferPointer.allocate(byteCount: 8192, alignment: 16)

    init(_ parts: CgroupStatisticsReader.Parts = .all) { self.parts = parts }

    func free() { room.deallocate() }

    /// The file's text, valid until the next call; nil when there is no such file. ENODEV when the cgroup was removed.
    mutating func read(_ file: KernelFile, _ cgroup: Cgroup) throws(CFSError) -> UnsafeRawBufferPointer? {
        switch file {
        case .none: return nil
        case .open(let descriptor): return try read(descriptor.raw, cgroup)
        case .named(let name):
            let result = File.tryOpen(name, .read, at: cgroup.descriptor)
            // A folder that was removed has no names any more.
            let opened = result == -ErrorCode.notFound ? -Int(ENODEV) : result
            let once = OwnedFD(try checked(opened, "openat", .looking, path: "\(cgroup.path)/\(name)"))
            return try read(once.raw, cgroup)
        }
    }

    private mutating func read(_ descriptor: Int32, _ cgroup: Cgroup) throws(CFSError) -> UnsafeRawBufferPointer? {
        while true {
            let result = Int(cfs_read_from_start(descriptor, room.baseAddress, room.count))
            // Pressure that was switched off (cgroup.pressure, psi=0).
            if result == -Int(EOPNOTSUPP) { return nil }
            let count = try checked(result, "pread", .looking, path: cgroup.path)
            if count < room.count { return UnsafeRawBufferPointer(rebasing: room[..<count]) }
            let size = room.count * 4
            room.deallocate()
            room = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        }
    }
}
