import CFSLinux
import CFSModel
import CLinux
import Glibc

/// The launcher's half of mounting. It still has the host's privilege, so it makes what a user namespace may not: the
/// overlay over id-mapped layers, device nodes, binds of host paths. Each is a *detached* mount, visible nowhere: the
/// descriptor is sent to the child, which puts it into place. When the last descriptor closes, the mount is gone.
struct MountPreparation {
    let plan: LaunchPlan
    /// The container's user namespace, or nil when it has none of its own.
    let userNamespace: Int32?

    /// The root file system.
    func root() throws(CFSError) -> OwnedFD {
        switch plan.root.source {
        case .folder(let path):
            let tree = try Mounting.cloneTree(path, recursive: true)
            // A mount of its own, with nothing travelling in or out.
            let isSlave = plan.rootPropagation == .slave || plan.rootPropagation == .rslave
            try Mounting.setAttributes(tree.raw, propagation: isSlave ? .rslave : .rprivate, recursive: true)
            return tree
        case .overlay(let lowers, let upper, let work, let volatile):
            return try overlay(lowers, upper, work, volatile)
        }
    }

    private func overlay(
        _ lowers: [String], _ upper: String, _ work: String, _ volatile: Bool
    ) throws(CFSError) -> OwnedFD {
        let context = try FileSystemContext("overlay")
        // Held until the overlay is there: closing the last descriptor of a detached mount takes it apart, and the overlay
        // then answers EINVAL ("failed to clone lowerpath").
        let layers = try self.layers(lowers)
        for (layer, lower) in zip(layers, lowers) {
            let added = context.trySet("lowerdir+", descriptor: layer.raw)
            // Before Linux 6.7 a context of overlay takes no descriptor at all, before 6.13 no layer by one.
            if added == -ErrorCode.notSupported || added == -ErrorCode.invalid {
                return try OverlayByPath(layers: layers, upper: upper, work: work, volatile: volatile).mount()
            }
            try checked(added, "fsconfig", .mounting, path: lower)
        }
        // Values of fsconfig(2) end at 256 bytes, so long paths go by descriptor too.
        for (key, path) in [("upperdir", upper), ("workdir", work)] {
            if path.utf8.count < 256 {
                try context.set(key, path)
            } else {
                let folder = try File.open(path, [.path, .directory], phase: .mounting)
                try checked(context.trySet(key, descriptor: folder.raw), "fsconfig", .mounting, path: path)
            }
        }
        if volatile { try context.set(flag: "volatile") }
        // Copying up may not follow where a layer points (redirect_dir, metacopy): a layer is data.
        try context.set("redirect_dir", "nofollow")
        try context.set("metacopy", "off")
        let overlay = try context.mount()
        withExtendedLifetime(layers) {}
        return overlay
    }

    /// Detached copies of the layers, seen through the container's id map.
    private func layers(_ lowers: [String]) throws(CFSError) -> [SharedFD] {
        var layers: [SharedFD] = []
        for lower in lowers {
            let layer = SharedFD(try Mounting.cloneTree(lower))
            layers.append(layer)
            if let userNamespace {
                let mapped = Mounting.trySetAttributes(layer.raw, userNamespace: userNamespace)
                if mapped < 0 { throw Self.idMapFailure(mapped, lower) }
            }
        }
        return layers
    }

    private static func idMapFailure(_ result: Int, _ path: String) -> CFSError {
        CFSError(
            .kernelUnsupported, .mounting, "the file system of \(path) cannot be mounted with an id map",
            systemCall: "mount_setattr", path: path, errno: Int32(-result),
            hint: "keep the store on ext4, xfs or btrfs (Linux 5.12 or newer), or run with --userns host")
    }

    /// One of the plan's mounts that the launcher makes.
    func mount(_ mount: MountPlan) throws(CFSError) -> OwnedFD {
        switch mount.kind {
        case .bind(let source, let recursive): return try bind(mount, source, recursive)
        case .devices(let nodes, let options): return try devices(nodes, options, mount)
        case .sysfs: return try FileSystemContext("sysfs").mount(mount)
        case .mqueue: return try FileSystemContext("mqueue").mount(mount)
        case .proc(let options): return try proc(mount, options)
        case .tmpfs, .devpts, .cgroup, .other:
            throw CFSError(
                .invalidState, .mounting, "the mount at \(mount.target) belongs to the child", path: mount.target)
        }
    }

    /// The procfs of a pid namespace that the container shares: its own user namespace may not mount that.
    private func proc(_ mount: MountPlan, _ options: [String]) throws(CFSError) -> OwnedFD {
        let context = try FileSystemContext("proc")
        try context.set(options, of: mount)
        if let join = plan.joins.first(where: { $0.namespace == .pid }) {
            let namespace = try File.open(join.path, .read, phase: .mounting)
            let set = context.trySet("pidns", descriptor: namespace.raw)
            if set < 0 {
                throw CFSError(
                    .kernelUnsupported, .mounting, "this kernel cannot mount the procfs of another pid namespace",
                    systemCall: "fsconfig", path: join.path, errno: Int32(-set),
                    hint: "joining a pid namespace needs Linux 6.17 or newer, or --userns host")
            }
        }
        return try context.mount(mount)
    }

    private func bind(_ mount: MountPlan, _ source: String, _ recursive: Bool) throws(CFSError) -> OwnedFD {
        let result = Mounting.tryCloneTree(source, recursive: recursive)
        if result == -ErrorCode.notFound || result == -ErrorCode.notDirectory {
            throw CFSError.missingMountSource(source, Int32(-result))
        }
        let tree = OwnedFD(try checked(result, "open_tree", .mounting, path: source))
        try Mounting.setAttributes(
            tree.raw, propagation: mount.propagation ?? .rprivate, recursive: mount.propagation?.isRecursive ?? true)
        if mount.idMapped { try map(tree.raw, mount, source, recursive) }
        if !mount.setBelow.isEmpty || !mount.clearBelow.isEmpty {
            try Mounting.setAttributes(tree.raw, set: mount.setBelow, clear: mount.clearBelow, recursive: true)
        }
        if !mount.set.isEmpty || !mount.clear.isEmpty {
            try Mounting.setAttributes(
                tree.raw, set: mount.set, clear: mount.clear, recursive: mount.recursiveAttributes)
        }
        return tree
    }

    private func map(_ tree: Int32, _ mount: MountPlan, _ source: String, _ recursive: Bool) throws(CFSError) {
        var namespace = userNamespace
        var own: SharedFD?
        if !mount.uidMappings.isEmpty {
            own = SharedFD(try RootMount.userNamespace(uids: mount.uidMappings, gids: mount.gidMappings))
            namespace = own?.raw
        }
        guard let namespace else { return }
        let mapped = Mounting.trySetAttributes(tree, userNamespace: namespace, recursive: recursive)
        if mapped < 0 { throw Self.idMapFailure(mapped, source) }
        withExtendedLifetime(own) {}
    }

    /// `/dev`: made with the host's privilege, so that its nodes work inside a user namespace (a file system mounted
    /// inside one never honours device nodes), and id-mapped, so that the container's root owns it.
    private func devices(_ nodes: [DeviceNode], _ options: [String], _ mount: MountPlan) throws(CFSError) -> OwnedFD {
        let context = try FileSystemContext("tmpfs")
        try context.set(options, of: mount)
        let tree = try context.mount(mount)
        for node in nodes {
            if let slash = node.name.lastSlash {
                try makeFolders(String(node.name[..<slash]), tree.raw)
            }
            try node.make(at: tree.raw)
        }
        for folder in ["pts", "shm", "mqueue"] { try Directory.make(folder, mode: 0o755, at: tree.raw) }
        for (target, name) in DeviceNode.links {
            let made = symlinkat(target, tree.raw, name)
            try checked(made == 0 ? 0 : -Int(errno), "symlinkat", .mounting, path: "/dev/\(name)")
        }
        if plan.process.terminal { try File.create("console", [], mode: 0o600, at: tree.raw) }
        try mapDevices(tree.raw)
        return tree
    }

    /// The nodes that lie elsewhere, each by its place in the plan, in a file system that the child takes them from.
    func looseDevices() throws(CFSError) -> OwnedFD {
        let tree = try FileSystemContext("tmpfs").mount([.noSetUID, .noExecute])
        for (index, device) in plan.looseDevices.enumerated() {
            var node = device.node
            node.name = "\(index)"
            try node.make(at: tree.raw)
        }
        try mapDevices(tree.raw)
        return tree
    }

    private func mapDevices(_ tree: Int32) throws(CFSError) {
        if let userNamespace {
            let mapped = Mounting.trySetAttributes(tree, userNamespace: userNamespace)
            if mapped == -ErrorCode.invalid, let uid = plan.uidMappings.hostID(of: 0),
                let gid = plan.gidMappings.hostID(of: 0)
            {
                // Before Linux 6.3 a tmpfs has no id map.
                try give(".", at: tree, uid, gid)
            } else if mapped < 0 {
                throw Self.idMapFailure(mapped, "/dev")
            }
        }
    }

    /// Makes a folder that we made somebody's own, with all that is in it.
    private func give(_ name: String, at parent: Int32, _ uid: UInt32, _ gid: UInt32) throws(CFSError) {
        let folder = try Directory.open(name, at: parent)
        try checked(fchown(folder.raw, uid, gid) == 0 ? 0 : -Int(errno), "fchown", .mounting, path: "/dev")
        for (name, type) in try Directory.entries(folder.raw) {
            if type == DT_DIR {
                try give(name, at: folder.raw, uid, gid)
            } else {
                let given = fchownat(folder.raw, name, uid, gid, Int32(CFS_AT_SYMLINK_NOFOLLOW))
                try checked(given == 0 ? 0 : -Int(errno), "fchownat", .mounting, path: "/dev/\(name)")
            }
        }
    }

    private func makeFolders(_ path: String, _ root: Int32) throws(CFSError) {
        var prefix = ""
        for component in path.pathNames {
            prefix += prefix.isEmpty ? component : "/\(component)"
            try Directory.make(prefix, mode: 0o755, at: root)
        }
    }
}

extension CFSError {
    /// What a start says of a bind mount whose source is not there.
    public static func missingMountSource(_ source: String, _ number: Int32 = ENOENT) -> CFSError {
        CFSError(
            .mountFailed, .mounting, "the mount source \(source) does not exist", systemCall: "open_tree", path: source,
            errno: number, hint: "create it first: cfs does not make folders on the host")
    }
}
