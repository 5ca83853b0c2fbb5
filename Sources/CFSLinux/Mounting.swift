import CFSModel
import CLinux

/// The mount API by descriptor (Linux 5.2; mount_setattr 5.12): a mount is prepared detached, then put into place.
public enum Mounting {
    /// Attributes of one mount (mount_setattr(2)).
    public struct Attributes: OptionSet, Sendable, Hashable {
        public let rawValue: UInt64
        public init(rawValue: UInt64) { self.rawValue = rawValue }
        public static let readOnly = Attributes(rawValue: UInt64(CFS_MOUNT_ATTR_RDONLY))
        public static let noSetUID = Attributes(rawValue: UInt64(CFS_MOUNT_ATTR_NOSUID))
        public static let noDevices = Attributes(rawValue: UInt64(CFS_MOUNT_ATTR_NODEV))
        public static let noExecute = Attributes(rawValue: UInt64(CFS_MOUNT_ATTR_NOEXEC))
        public static let noAccessTime = Attributes(rawValue: UInt64(CFS_MOUNT_ATTR_NOATIME))
        public static let noDirectoryAccessTime = Attributes(rawValue: UInt64(CFS_MOUNT_ATTR_NODIRATIME))
        public static let strictAccessTime = Attributes(rawValue: UInt64(CFS_MOUNT_ATTR_STRICTATIME))
        /// All that says when access times are written: to be cleared when one of the ways is set (mount_setattr(2)).
        public static let accessTimes = Attributes(rawValue: UInt64(CFS_MOUNT_ATTR__ATIME))
        public static let noSymlinkFollow = Attributes(rawValue: UInt64(CFS_MOUNT_ATTR_NOSYMFOLLOW))
    }

    /// How mounts below travel between mount namespaces (mount_namespaces(7)).
    public enum Propagation: String, Sendable, Hashable {
        case `private`, rprivate, shared, rshared, slave, rslave, unbindable, runbindable

        /// The `MS_*` bit that mount_setattr(2) takes.
        public var bit: UInt64 {
            switch self {
            case .private, .rprivate: UInt64(CFS_MS_PRIVATE)
            case .shared, .rshared: UInt64(CFS_MS_SHARED)
            case .slave, .rslave: UInt64(CFS_MS_SLAVE)
            case .unbindable, .runbindable: UInt64(CFS_MS_UNBINDABLE)
            }
        }
        public var isRecursive: Bool { rawValue.hasPrefix("r") }
    }

    /// A detached copy of the mount at a path (open_tree(2) with OPEN_TREE_CLONE); an empty path names `directory` itself.
    public static func cloneTree(
        _ path: String, at directory: Int32 = File.currentDirectory, recursive: Bool = false
    ) throws(CFSError) -> OwnedFD {
        OwnedFD(
            try checked(tryCloneTree(path, at: directory, recursive: recursive), "open_tree", .mounting, path: path))
    }

    /// Like ``cloneTree(_:at:recursive:)``, but returns minus the error number.
    public static func tryCloneTree(
        _ path: String, at directory: Int32 = File.currentDirectory, recursive: Bool = false, followsLink: Bool = true
    ) -> Int {
        var flags = Int(CFS_OPEN_TREE_CLONE) | Int(CFS_O_CLOEXEC)
        if !followsLink { flags |= Int(CFS_AT_SYMLINK_NOFOLLOW) }
        if recursive { flags |= Int(CFS_AT_RECURSIVE) }
        if path.isEmpty { flags |= Int(CFS_AT_EMPTY_PATH) }
        return path.withCString { rawCall(cfs_nr_open_tree, Int(directory), address($0), flags) }
    }

    /// Sets and clears attributes, propagation and the id map of a mount (mount_setattr(2)).
    ///
    /// - Parameter userNamespace: a user namespace whose maps become the mount's (MOUNT_ATTR_IDMAP), or nil.
    public static func setAttributes(
        _ mount: Int32, set: Attributes = [], clear: Attributes = [], propagation: Propagation? = nil,
        userNamespace: Int32? = nil, recursive: Bool = false
    ) throws(CFSError) {
        try checked(
            trySetAttributes(
                mount, set: set, clear: clear, propagation: propagation, userNamespace: userNamespace,
                recursive: recursive),
            "mount_setattr", .mounting)
    }

    public static func trySetAttributes(
        _ mount: Int32, path: String = "", set: Attributes = [], clear: Attributes = [],
        propagation: Propagation? = nil,
        userNamespace: Int32? = nil, recursive: Bool = false
    ) -> Int {
        var attributes = cfs_mount_attr(
            attr_set: set.rawValue, attr_clr: clear.rawValue, propagation: propagation?.bit ?? 0, userns_fd: 0)
        if let userNamespace {
            attributes.attr_set |= UInt64(CFS_MOUNT_ATTR_IDMAP)
            attributes.userns_fd = UInt64(userNamespace)
        }
        var flags = path.isEmpty ? Int(CFS_AT_EMPTY_PATH) : 0
        if recursive { flags |= Int(CFS_AT_RECURSIVE) }
        return path.withCString { text in
            withUnsafePointer(to: attributes) {
                rawCall(
                    cfs_nr_mount_setattr, Int(mount), address(text), flags, address($0),
                    MemoryLayout<cfs_mount_attr>.size)
            }
        }
    }

    /// Cuts this mount namespace off from others: nothing mounted here travels to them (mount(2), MS_PRIVATE and MS_REC).
    public static func makeAllPrivate() throws(CFSError) {
        let flags = UInt(CFS_MS_REC) | UInt(CFS_MS_PRIVATE)
        let result = "/".withCString { rawCall(cfs_nr_mount, 0, address($0), 0, Int(flags), 0) }
        try checked(result, "mount", .mounting, path: "/")
    }

    /// Mounts a new file system at a path at once, with options as one text of less than a page (mount(2)).
    public static func attach(new type: String, onto path: String, options: String) throws(CFSError) {
        let result = type.withCString { type in
            path.withCString { path in
                options.withCString {
                    rawCall(cfs_nr_mount, address(type), address(path), address(type), 0, address($0))
                }
            }
        }
        try checked(result, "mount", .mounting, path: path)
    }

    /// Puts a detached mount into place on the file or folder behind `target` (move_mount(2)).
    public static func attach(_ mount: Int32, onto target: Int32, path: String? = nil) throws(CFSError) {
        try checked(tryAttach(mount, onto: target), "move_mount", .mounting, path: path)
    }

    public static func tryAttach(_ mount: Int32, onto target: Int32) -> Int {
        "".withCString {
            rawCall(
                cfs_nr_move_mount, Int(mount), address($0), Int(target), address($0),
                Int(CFS_MOVE_MOUNT_F_EMPTY_PATH | CFS_MOVE_MOUNT_T_EMPTY_PATH))
        }
    }

    /// Puts a detached mount onto a path below a descriptor.
    public static func tryAttach(_ mount: Int32, at path: String, below directory: Int32) -> Int {
        "".withCString { empty in
            path.withCString {
                rawCall(
                    cfs_nr_move_mount, Int(mount), address(empty), Int(directory), address($0),
                    Int(CFS_MOVE_MOUNT_F_EMPTY_PATH))
            }
        }
    }
}

/// A file system under construction (fsopen(2)).
public struct FileSystemContext: ~Copyable {
    private let context: OwnedFD
    private let type: String

    /// Opens a context for a file system type, e.g. `overlay`.
    public init(_ type: String) throws(CFSError) {
        self.type = type
        context = OwnedFD(
            try checked(
                type.withCString { rawCall(cfs_nr_fsopen, address($0), Int(CFS_FSOPEN_CLOEXEC)) }, "fsopen", .mounting,
                path: type))
    }

    public func set(_ key: String, _ value: String) throws(CFSError) {
        let result = key.withCString { key in
            value.withCString {
                rawCall(cfs_nr_fsconfig, Int(context.raw), Int(CFS_FSCONFIG_SET_STRING), address(key), address($0), 0)
            }
        }
        if result < 0 { throw failure("fsconfig", result, "\(key)=\(value)") }
    }

    public func set(flag key: String) throws(CFSError) {
        let result = key.withCString {
            rawCall(cfs_nr_fsconfig, Int(context.raw), Int(CFS_FSCONFIG_SET_FLAG), address($0), 0, 0)
        }
        if result < 0 { throw failure("fsconfig", result, key) }
    }

    /// FSCONFIG_SET_FD: returns minus the error number, for callers that know another way.
    public func trySet(_ key: String, descriptor: Int32) -> Int {
        key.withCString {
            rawCall(cfs_nr_fsconfig, Int(context.raw), Int(CFS_FSCONFIG_SET_FD), address($0), 0, Int(descriptor))
        }
    }

    /// Creates the superblock and a detached mount of it.
    public func mount(_ attributes: Mounting.Attributes = []) throws(CFSError) -> OwnedFD {
        let created = rawCall(cfs_nr_fsconfig, Int(context.raw), Int(CFS_FSCONFIG_CMD_CREATE), 0, 0, 0)
        if created < 0 { throw failure("fsconfig", created, "create") }
        let mount = rawCall(cfs_nr_fsmount, Int(context.raw), Int(CFS_FSMOUNT_CLOEXEC), Int(attributes.rawValue))
        if mount < 0 { throw failure("fsmount", mount, nil) }
        return OwnedFD(mount)
    }

    /// The error with what the kernel wrote into the context's log (fsopen(2): messages are read from the descriptor).
    private func failure(_ call: StaticString, _ result: Int, _ detail: String?) -> CFSError {
        var error = CFSError(kernel: Int32(-result), "\(call)", .mounting, path: type)
        error.message = "mounting \(type) failed" + (detail.map { " at \($0)" } ?? "")
        var messages: [String] = []
        var buffer = [UInt8](repeating: 0, count: 1024)
        while messages.count < 8 {
            let count = buffer.withUnsafeMutableBytes { File.read(context.raw, into: $0) }
            guard count > 2 else { break }
            messages.append(String(decoding: buffer[2..<count], as: UTF8.self).trimmingNewline())
        }
        if !messages.isEmpty { error.message += ": " + messages.joined(separator: "; ") }
        return error
    }
}

extension String {
    func trimmingNewline() -> String { hasSuffix("\n") ? String(dropLast()) : self }
}
