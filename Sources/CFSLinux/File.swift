import CFSModel
import CLinux
import Glibc

/// Files by descriptor: open, read whole, write whole.
public enum File {
    /// The directory descriptor that means the current one (`AT_FDCWD`).
    public static let currentDirectory: Int32 = -100

    public struct Flags: OptionSet, Sendable {
        public let rawValue: Int32
        public init(rawValue: Int32) { self.rawValue = rawValue }
        public static let read: Flags = []
        public static let write = Flags(rawValue: O_WRONLY)
        public static let readWrite = Flags(rawValue: O_RDWR)
        public static let create = Flags(rawValue: O_CREAT)
        public static let exclusive = Flags(rawValue: O_EXCL)
        public static let truncate = Flags(rawValue: O_TRUNC)
        public static let append = Flags(rawValue: O_APPEND)
        public static let nonBlocking = Flags(rawValue: O_NONBLOCK)
        public static let noControllingTerminal = Flags(rawValue: O_NOCTTY)
        public static let directory = Flags(rawValue: CFS_O_DIRECTORY)
        public static let noFollow = Flags(rawValue: CFS_O_NOFOLLOW)
        public static let path = Flags(rawValue: Int32(CFS_O_PATH))
        /// A file without a name, in the folder that is opened (O_TMPFILE); with ``exclusive`` it never gets one.
        public static let temporary = Flags(rawValue: Int32(CFS_O_TMPFILE))
    }

    /// How openat2(2) resolves a path.
    public struct Resolve: OptionSet, Sendable {
        public let rawValue: UInt64
        public init(rawValue: UInt64) { self.rawValue = rawValue }
        /// Every absolute path and `..` stays inside the directory, as after a chroot.
        public static let inRoot = Resolve(rawValue: UInt64(CFS_RESOLVE_IN_ROOT))
        /// Leaving the directory is an error.
        public static let beneath = Resolve(rawValue: UInt64(CFS_RESOLVE_BENEATH))
        public static let noSymlinks = Resolve(rawValue: UInt64(CFS_RESOLVE_NO_SYMLINKS))
        public static let noMagicLinks = Resolve(rawValue: UInt64(CFS_RESOLVE_NO_MAGICLINKS))
        /// Stepping onto another mount is an error.
        public static let noMountCrossing = Resolve(rawValue: UInt64(CFS_RESOLVE_NO_XDEV))
    }

    /// open(2) below a directory descriptor, close-on-exec; retries when interrupted.
    public static func open(
        _ path: String, _ flags: Flags, mode: UInt32 = 0, at directory: Int32 = currentDirectory,
        phase: CFSError.Phase = .preparing
    ) throws(CFSError) -> OwnedFD {
        OwnedFD(try checked(tryOpen(path, flags, mode: mode, at: directory), "openat", phase, path: path))
    }

    /// Like ``open(_:_:mode:at:phase:)``, but returns minus the error number.
    public static func tryOpen(
        _ path: String, _ flags: Flags, mode: UInt32 = 0, at directory: Int32 = currentDirectory
    ) -> Int {
        while true {
            let fd = Glibc.openat(directory, path, flags.rawValue | Int32(CFS_O_CLOEXEC), mode)
            if fd >= 0 { return Int(fd) }
            let number = Int(errno)
            if number != ErrorCode.interrupted { return -number }
        }
    }

    /// openat2(2): a path that a hostile tree may have a say in. Close-on-exec; never through a magic link.
    public static func open(
        _ path: String, below root: Int32, _ flags: Flags, mode: UInt32 = 0, resolve: Resolve,
        phase: CFSError.Phase = .preparing
    ) throws(CFSError) -> OwnedFD {
        OwnedFD(
            try checked(tryOpen(path, below: root, flags, mode: mode, resolve: resolve), "openat2", phase, path: path))
    }

    /// Like ``open(_:below:_:mode:resolve:phase:)``, but returns minus the error number. Where the kernel answers EAGAIN because
    /// of a rename elsewhere (openat2(2)) it is asked again, and then in steps that no rename can disturb.
    public static func tryOpen(
        _ path: String, below root: Int32, _ flags: Flags, mode: UInt32 = 0, resolve: Resolve
    ) -> Int {
        for _ in 0..<32 {
            let result = self.resolve(path, below: root, flags, mode: mode, resolve: resolve)
            if result != -ErrorCode.again { return result }
        }
        return SteppedResolution(root: root, path: path, flags: flags, mode: mode, resolve: resolve).open()
    }

    /// openat2(2); a descriptor, or minus the error number. Retries when interrupted.
    static func resolve(
        _ path: String, below root: Int32, _ flags: Flags, mode: UInt32 = 0, resolve: Resolve
    ) -> Int {
        var how = cfs_open_how(
            flags: UInt64(UInt32(bitPattern: flags.rawValue)) | UInt64(CFS_O_CLOEXEC), mode: UInt64(mode),
            resolve: resolve.union(.noMagicLinks).rawValue)
        while true {
            let result = path.withCString { text in
                withUnsafeMutablePointer(to: &how) { how in
                    rawCall(cfs_nr_openat2, Int(root), address(text), address(how), MemoryLayout<cfs_open_how>.size)
                }
            }
            if result != -ErrorCode.interrupted { return result }
        }
    }

    /// Reads to the end, or until `limit` bytes were exceeded, which is an error.
    public static func readAll(_ fd: Int32, limit: Int = 64 << 20, path: String? = nil) throws(CFSError) -> [UInt8] {
        var bytes: [UInt8] = []
        var size = 4096
        while true {
            let chunk = try read(fd, atMost: size, path: path)
            if chunk.isEmpty { return bytes }
            bytes.append(contentsOf: chunk)
            if bytes.count > limit {
                throw CFSError(
                    .limitExceeded, .looking, "\(path ?? "the file") is larger than \(limit) bytes", path: path)
            }
            size = min(size * 4, 1 << 20)
        }
    }

    /// The whole content of a file by path.
    public static func readAll(
        at path: String, below directory: Int32 = currentDirectory, limit: Int = 64 << 20
    ) throws(CFSError) -> [UInt8] {
        let fd = try open(path, .read, at: directory, phase: .looking)
        return try readAll(fd.raw, limit: limit, path: path)
    }

    /// One read(2): up to `atMost` bytes, empty at the end. Retries when interrupted.
    public static func read(_ fd: Int32, atMost: Int, path: String? = nil) throws(CFSError) -> [UInt8] {
        var failure = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: atMost) { buffer, count in
            let result = read(fd, into: UnsafeMutableRawBufferPointer(buffer))
            if result < 0 { failure = result }
            count = max(0, result)
        }
        try checked(failure, "read", .running, path: path)
        return bytes
    }

    /// One read(2) into a buffer; a count, or minus the error number. Retries when interrupted.
    public static func read(_ fd: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        while true {
            let count = Glibc.read(fd, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            let number = Int(errno)
            if number != ErrorCode.interrupted { return -number }
        }
    }

    /// One write(2); a count, or minus the error number. Retries when interrupted.
    public static func write(_ fd: Int32, _ buffer: UnsafeRawBufferPointer) -> Int {
        while true {
            let count = Glibc.write(fd, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            let number = Int(errno)
            if number != ErrorCode.interrupted { return -number }
        }
    }

    /// Writes every byte.
    public static func writeAll(_ fd: Int32, _ bytes: [UInt8], path: String? = nil) throws(CFSError) {
        var failure = 0
        bytes.withUnsafeBytes { all in
            var rest = all
            while !rest.isEmpty {
                let count = write(fd, rest)
                if count < 0 {
                    failure = count
                    return
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
        try checked(failure, "write", .recording, path: path)
    }

    /// Makes a new file with this content; no fsync, for what a reader can rebuild.
    public static func create(
        _ path: String, _ bytes: [UInt8], mode: UInt32, at directory: Int32 = currentDirectory
    ) throws(CFSError) {
        let fd = try open(path, [.write, .create, .truncate, .noFollow], mode: mode, at: directory, phase: .recording)
        try writeAll(fd.raw, bytes, path: path)
    }

    /// What stat(2) says; `.raw` fields as in the kernel, times in seconds and nanoseconds.
    public static func status(
        _ path: String = "", at directory: Int32 = currentDirectory, followLinks: Bool = false
    ) throws(CFSError) -> cfs_stat {
        var result = cfs_stat()
        var flags = followLinks ? 0 : CFS_AT_SYMLINK_NOFOLLOW
        if path.isEmpty { flags |= CFS_AT_EMPTY_PATH }
        try checked(
            Int(cfs_fstatat(directory, path, &result, flags)), "fstatat", .looking, path: path.isEmpty ? nil : path)
        return result
    }

    /// Like ``status(_:at:followLinks:)``, but nil when there is nothing that could be asked.
    public static func statusIfThere(_ path: String, followLinks: Bool = false) -> cfs_stat? {
        var result = cfs_stat()
        let flags = followLinks ? 0 : CFS_AT_SYMLINK_NOFOLLOW
        return cfs_fstatat(currentDirectory, path, &result, flags) == 0 ? result : nil
    }

    /// Whether something (also a dangling link) has this name.
    public static func exists(_ path: String, at directory: Int32 = currentDirectory) -> Bool {
        var result = cfs_stat()
        return cfs_fstatat(directory, path, &result, CFS_AT_SYMLINK_NOFOLLOW) == 0
    }

    /// Where a symbolic link points (readlinkat(2)); an empty path reads the link behind the descriptor.
    public static func readLink(_ path: String, at directory: Int32 = currentDirectory) throws(CFSError) -> String {
        var failure = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            let result = buffer.withMemoryRebound(to: CChar.self) {
                Glibc.readlinkat(directory, path, $0.baseAddress!, 4096)
            }
            if result < 0 { failure = -Int(errno) }
            count = max(0, result)
        }
        try checked(failure, "readlinkat", .looking, path: path)
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension cfs_stat {
    public var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
    public var isRegular: Bool { mode & S_IFMT == S_IFREG }
    public var isPipe: Bool { mode & S_IFMT == S_IFIFO }
    public var isSymbolicLink: Bool { mode & S_IFMT == S_IFLNK }
    public var isCharacterDevice: Bool { mode & S_IFMT == S_IFCHR }
    public var isBlockDevice: Bool { mode & S_IFMT == S_IFBLK }

    /// Whether both are of one file, which must be open for that: a number of a removed file is given anew.
    public func isSameFile(as other: cfs_stat) -> Bool { dev == other.dev && inode == other.inode }
}
