import CFSLinux
import CFSModel
import CLinux
import Glibc

/// The child's half of mounting: in its own mount namespace it puts the launcher's detached mounts into place, adds the
/// file systems that belong to its namespaces, masks, and makes the whole its root.
///
/// Descriptors are left open on purpose: all are close-on-exec, and closing each would cost a system call.
struct ChildMounts {
    let plan: LaunchPlan
    /// The root file system's mount.
    let root: Int32
    /// The launcher's mounts, in the order of the plan.
    var prepared: ArraySlice<Int32>
    /// A private handle on this container's procfs, made here and nowhere replaced.
    private var proc: Int32?
    private var devpts: Int32?
    /// The pty of the container, when it has one: the side that programs use.
    private(set) var terminal: Int32?

    init(plan: LaunchPlan, descriptors: [Int32]) {
        self.plan = plan
        root = descriptors[0]
        prepared = descriptors.dropFirst()
    }

    /// Puts the root on top of the child's `/`; the pivot later takes away what is below.
    func attachRoot() throws(CFSError) {
        try checked(Mounting.tryAttach(root, at: "/", below: File.currentDirectory), "move_mount", .mounting, path: "/")
    }

    mutating func attachAll() throws(CFSError) {
        for mount in plan.mounts { try attach(mount) }
        if !plan.looseDevices.isEmpty { try attachLooseDevices() }
        if plan.linksDevices { try linkDevices() }
    }

    private mutating func attach(_ mount: MountPlan) throws(CFSError) {
        let tree: Int32
        switch mount.maker {
        case .launcher:
            guard let next = prepared.popFirst() else {
                throw CFSError(.invalidState, .mounting, "the launcher sent too few mounts", path: mount.target)
            }
            tree = next
        case .child: tree = try make(mount)
        }
        let target = try openTarget(mount, tree)
        if mount.copiesUp { try TreeCopy.copy(from: target, to: tree, attributes: mount.set) }
        let result = Mounting.tryAttach(tree, onto: target)
        if result == -ErrorCode.invalid {
            let (isFolder, onFolder) = (try File.status(at: tree).isDirectory, try File.status(at: target).isDirectory)
            if isFolder != onFolder {
                throw CFSError(
                    .mountFailed, .mounting,
                    "\(mount.target) is a \(onFolder ? "folder" : "file") of the image, and what is to be mounted there is a "
                        + (isFolder ? "folder" : "file"),
                    path: mount.target, errno: EINVAL, hint: "mount a folder on a folder, and a file on a file")
            }
        }
        try checked(result, "move_mount", .mounting, path: mount.target)
        switch mount.kind {
        case .proc: proc = tree
        case .devpts: devpts = tree
        // What covers the procfs is where masks must lie from then on.
        case _ where mount.target == "/proc": proc = nil
        default: break
        }
    }

    private func openTarget(_ mount: MountPlan, _ tree: Int32) throws(CFSError) -> Int32 {
        switch mount.kind {
        case .proc, .sysfs:
            return try RootPath.openPlainFolder(mount.target, root: root).release()
        case .bind, .other:
            let isFolder = try File.status(at: tree).isDirectory
            return try RootPath.openOrMake(mount.target, root: root, kind: isFolder ? .folder : .file).release()
        default:
            return try RootPath.openOrMake(mount.target, root: root, kind: .folder).release()
        }
    }

    private func make(_ mount: MountPlan) throws(CFSError) -> Int32 {
        let type: String
        var options: [String] = []
        switch mount.kind {
        case .proc(let given): (type, options) = ("proc", given)
        case .sysfs: type = "sysfs"
        case .mqueue: type = "mqueue"
        case .cgroup: type = "cgroup2"
        case .devpts(let given): (type, options) = ("devpts", given)
        case .tmpfs(let given): (type, options) = ("tmpfs", given)
        case .other(let name, _, let given):
            let context = try FileSystemContext(name)
            try context.set(given, of: mount)
            return try context.mount(mount).release()
        case .bind, .devices:
            throw CFSError(
                .invalidState, .mounting, "the mount at \(mount.target) belongs to the launcher", path: mount.target)
        }
        let context = try FileSystemContext(type)
        try context.set(options, of: mount)
        if mount.copiesUp {
            // What is copied must be written first.
            var writable = mount
            writable.set = []
            return try context.mount(writable).release()
        }
        return try context.mount(mount).release()
    }

    // MARK: Devices of the root's own /dev

    private mutating func attachLooseDevices() throws(CFSError) {
        guard let shelf = prepared.popFirst() else {
            throw CFSError(.invalidState, .mounting, "the launcher sent no devices")
        }
        for (index, device) in plan.looseDevices.enumerated() {
            let node = try Mounting.cloneTree("\(index)", at: shelf)
            let target = try RootPath.openOrMake(device.path, root: root, kind: .file)
            let there = try File.status(at: target.raw)
            // An empty file is the place that an earlier start has made (runtime-spec, config-linux.md, Devices).
            guard there.isRegular && there.size == 0 || device.node.isSame(as: there) else {
                throw CFSError(
                    .invalidConfiguration, .mounting, "the device \(device.path) cannot be made: another file is there",
                    path: device.path, errno: EEXIST)
            }
            try Mounting.attach(node.raw, onto: target.raw, path: device.path)
        }
    }

    /// What is there already stays.
    private func linkDevices() throws(CFSError) {
        let folder = try RootPath.openOrMake("/dev", root: root, kind: .folder)
        for (target, name) in DeviceNode.links where symlinkat(target, folder.raw, name) != 0 {
            let number = errno
            guard number == EEXIST || number == EROFS else {
                throw CFSError(kernel: number, "symlinkat", .mounting, path: "/dev/\(name)")
            }
        }
    }

    // MARK: The terminal

    /// Opens a pty of the container's own devpts, binds its inner side onto `/dev/console` and keeps it.
    /// - Returns: the outer side, for the launcher.
    mutating func openTerminal() throws(CFSError) -> OwnedFD {
        guard let devpts else {
            throw CFSError(.invalidConfiguration, .mounting, "a terminal needs a devpts mount at /dev/pts")
        }
        let outer = try File.open(
            "ptmx", [.readWrite, .noControllingTerminal, .noFollow], at: devpts, phase: .mounting)
        let inner = try checked(Int(cfs_pty_open_peer(outer.raw)), "ioctl", .mounting, path: "/dev/ptmx")
        terminal = Int32(inner)
        if let size = plan.process.windowSize { try Terminal.setSize(outer.raw, size) }
        let number = try checked(Int(cfs_pty_number(outer.raw)), "ioctl", .mounting, path: "/dev/ptmx")
        let console = File.tryOpen("dev/console", below: root, [.path, .noFollow], resolve: [.beneath])
        if console >= 0 {
            let tree = try Mounting.cloneTree("\(number)", at: devpts).release()
            try Mounting.attach(tree, onto: Int32(console), path: "/dev/console")
        }
        return outer
    }

    // MARK: Masks

    func writeSysctls() throws(CFSError) {
        guard !plan.sysctls.isEmpty else { return }
        var own: SharedFD?
        // Without a procfs in the container, one that nobody else sees.
        if proc == nil { own = SharedFD(try FileSystemContext("proc").mount()) }
        guard let proc = proc ?? own?.raw, cfs_filesystem_magic(proc) == Int(CFS_PROC_SUPER_MAGIC) else {
            throw CFSError(.invalidConfiguration, .mounting, "sysctls need a procfs at /proc")
        }
        defer { withExtendedLifetime(own) {} }
        for sysctl in plan.sysctls {
            let path = "sys/" + String(sysctl.name.map { $0 == "." ? "/" : $0 })
            let file = File.tryOpen(path, below: proc, [.write], resolve: [.beneath, .noSymlinks])
            if file == -ErrorCode.notFound {
                throw CFSError(.invalidArgument, .mounting, "this kernel has no sysctl \(sysctl.name)", path: path)
            }
            let owned = OwnedFD(try checked(file, "openat2", .mounting, path: path))
            let written = Array(sysctl.value.utf8).withUnsafeBytes { File.write(owned.raw, $0) }
            if written < 0 {
                throw CFSError(
                    .invalidArgument, .mounting, "the kernel refuses \(sysctl.name)=\(sysctl.value)",
                    systemCall: "write", path: path,
                    errno: Int32(-written))
            }
        }
    }

    /// Hides files behind the verified null device and folders behind one empty read-only file system.
    ///
    /// A copy of the null device is tried first, and the kernel says when the place is a folder (EINVAL): asking before
    /// would cost a system call for each of some thirty places.
    func mask() throws(CFSError) {
        guard !plan.maskedPaths.isEmpty else { return }
        let null = try openNull()
        var empty: Int32?
        var spare: Int32?
        for path in plan.maskedPaths {
            let copy: Int32
            if let spare { copy = spare } else { copy = try Mounting.cloneTree("", at: null).release() }
            let result = try place(copy, at: path)
            spare = result == 0 ? nil : copy
            if result == 0 || result == -ErrorCode.notFound || result == -ErrorCode.notDirectory { continue }
            guard result == -ErrorCode.invalid else {
                throw CFSError(kernel: Int32(-result), "move_mount", .mounting, path: path)
            }
            let folder: Int32
            if let empty {
                folder = try Mounting.cloneTree("", at: empty).release()
            } else {
                folder = try emptyFolder()
            }
            empty = folder
            try checked(try place(folder, at: path), "move_mount", .mounting, path: path)
        }
    }

    /// An empty file system that nothing can be written to.
    private func emptyFolder() throws(CFSError) -> Int32 {
        let context = try FileSystemContext("tmpfs")
        try context.set("size", "0")
        try context.set("nr_inodes", "1")
        try context.set("mode", "0555")
        return try context.mount([.readOnly, .noSetUID, .noDevices, .noExecute]).release()
    }

    /// Puts a mount over a path of the container: 0, or minus the error number, also when there is no such path.
    private func place(_ mount: Int32, at path: String) throws(CFSError) -> Int {
        // A name directly in the procfs that was mounted a moment ago: the kernel's own, and the last part of a path is
        // not followed (move_mount(2)). So it needs no descriptor.
        if let proc, let name = nameInProc(path) { return Mounting.tryAttach(mount, at: name, below: proc) }
        let target = File.tryOpen(relative(path), below: root, [.path], resolve: .inRoot)
        return target < 0 ? target : Mounting.tryAttach(mount, onto: Int32(target))
    }

    private func nameInProc(_ path: String) -> String? {
        guard path.hasPrefix("/proc/") else { return nil }
        let name = String(path.dropFirst("/proc/".count))
        return name.isEmpty || name.hasSlash || name.hasPrefix(".") ? nil : name
    }

    /// The null device, verified to be character 1:3 (CVE-2025-31133): a mask must not expose something else.
    private func openNull() throws(CFSError) -> Int32 {
        let null = try File.open("dev/null", below: root, [.path, .noFollow], resolve: .beneath, phase: .mounting)
        let status = try File.status(at: null.raw)
        guard status.isCharacterDevice, status.rdev_major == 1, status.rdev_minor == 3 else {
            throw CFSError(
                .mountFailed, .mounting, "/dev/null of the container is not the null device", path: "/dev/null")
        }
        return null.release()
    }

    func makeReadOnly() throws(CFSError) {
        for path in plan.readOnlyPaths {
            let copy: Int
            if let proc, let name = nameInProc(path) {
                copy = Mounting.tryCloneTree(name, at: proc, recursive: true, followsLink: false)
            } else {
                let target = File.tryOpen(relative(path), below: root, [.path], resolve: .inRoot)
                copy = target < 0 ? target : Mounting.tryCloneTree("", at: Int32(target), recursive: true)
            }
            if copy == -ErrorCode.notFound || copy == -ErrorCode.notDirectory { continue }
            let mount = Int32(try checked(copy, "open_tree", .mounting, path: path))
            try Mounting.setAttributes(mount, set: .readOnly, recursive: true)
            try checked(try place(mount, at: path), "move_mount", .mounting, path: path)
        }
        if plan.root.readOnly { try Mounting.setAttributes(root, set: .readOnly) }
    }

    private func relative(_ path: String) -> String { path.relativePath }

    /// Makes the container's root the only one: whatever the host had is detached from this namespace.
    func pivot() throws(CFSError) {
        try checked(fchdir(root) == 0 ? 0 : -Int(errno), "fchdir", .mounting, path: "/")
        if plan.pivots {
            let pivoted = ".".withCString { rawCall(cfs_nr_pivot_root, address($0), address($0)) }
            try checked(pivoted, "pivot_root", .mounting)
            let detached = ".".withCString { rawCall(cfs_nr_umount2, address($0), Int(CFS_MNT_DETACH)) }
            try checked(detached, "umount2", .mounting)
        } else {
            try checked(chroot(".") == 0 ? 0 : -Int(errno), "chroot", .mounting)
        }
        try checked(chdir("/") == 0 ? 0 : -Int(errno), "chdir", .mounting, path: "/")
        // Not before: pivot_root(2) refuses a shared root.
        if let propagation = plan.rootPropagation {
            try Mounting.setAttributes(root, propagation: propagation, recursive: propagation.isRecursive)
        }
    }
}
