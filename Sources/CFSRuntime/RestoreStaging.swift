import CFSLinux
import CFSModel
import CFSNamespaces
import Glibc

/// A place in this process's own mount namespace from which a restored process takes what is outside of its user namespace. It does
/// so as the root of that: it reaches nothing that is in a folder of the host's root alone, and may make no device nodes.
struct RestoreStaging {
    private let plan: LaunchPlan
    private let users: SharedFD
    private let folder: String

    /// Folders of every host that are open to everybody. What lies in one is hidden from CRIU, and from nobody else.
    private static let folders = ["/mnt", "/media", "/srv", "/opt", "/home"]

    /// - Parameter paths: what CRIU must find.
    init(_ plan: LaunchPlan, away paths: [String]) throws(CFSError) {
        self.plan = plan
        users = SharedFD(try RootMount.userNamespace(uids: plan.uidMappings, gids: plan.gidMappings))
        // Where they are, whatever links lead there.
        let places = try paths.map { path throws(CFSError) in
            let file = try File.open(path, .path, phase: .mounting)
            return try File.readLink("/proc/self/fd/\(file.raw)").pathNames
        }
        let free = Self.folders.first { folder in
            let isUsed = places.contains { $0.starts(with: folder.pathNames) }
            return !isUsed && File.statusIfThere(folder)?.isDirectory == true
        }
        guard let free else {
            throw CFSError(
                .invalidState, .mounting,
                "no folder is free to restore a user namespace from: one of "
                    + Self.folders.text(separator: ", ") + " is needed")
        }
        folder = free
    }

    /// - Throws: `kernelUnsupported` for an image that could not be shown to a user namespace.
    static func check(_ image: SharedFD, _ path: String, _ spec: RuntimeSpec) throws(CFSError) {
        let users = try RootMount.userNamespace(
            uids: spec.linux.uidMappings.map { IDMapping($0) }, gids: spec.linux.gidMappings.map { IDMapping($0) })
        let tree = try Mounting.cloneTree("", at: image.raw)
        guard Mounting.trySetAttributes(tree.raw, userNamespace: users.raw) == -ErrorCode.invalid else { return }
        throw CFSError(
            .kernelUnsupported, .preparing,
            "the file system of \(path) cannot be mounted with an id map, so no user namespace could read the image",
            path: path,
            hint: "keep it on ext4, xfs or btrfs")
    }

    /// Puts sources within reach.
    ///
    /// - Returns: where they are now.
    func stage(
        _ sources: [(name: String, source: CheckpointImage.Source)]
    ) throws(CFSError) -> [(name: String, source: CheckpointImage.Source)] {
        var trees: [SharedFD] = []
        for (_, source) in sources {
            switch source {
            case .host(let path): trees.append(SharedFD(try Mounting.cloneTree(path)))
            case .devices:
                guard let tree = try RootMount.devices(plan, userNamespace: users.raw) else {
                    throw CFSError(.invalidConfiguration, .mounting, "the configuration has no /dev to restore")
                }
                trees.append(SharedFD(tree))
            }
        }
        try Mounting.attach(new: "tmpfs", onto: folder, options: "mode=711")
        var staged: [(name: String, source: CheckpointImage.Source)] = []
        for (index, tree) in trees.enumerated() {
            let path = "\(folder)/\(index)"
            if try File.status(at: tree.raw).isDirectory {
                try Directory.make(path, mode: 0o711)
            } else {
                try File.create(path, [], mode: 0o644)
            }
            let place = try File.open(path, .path, phase: .mounting)
            try Mounting.attach(tree.raw, onto: place.raw, path: path)
            staged.append((sources[index].name, .host(path)))
        }
        return staged
    }

    /// Shows the image as the property of the namespace's root, so that it stays closed to everybody else. Its folder is open, in this
    /// mount namespace: before a process is that root it already looks for the offsets of a time namespace, and may read them.
    ///
    /// - Returns: its folder, as CRIU shall see it.
    func show(_ image: SharedFD) throws(CFSError) -> SharedFD {
        let tree = try Mounting.cloneTree("", at: image.raw)
        let mapped = Mounting.trySetAttributes(tree.raw, userNamespace: users.raw)
        // A file system that maps no ids: CRIU says what it cannot read.
        if mapped == -ErrorCode.invalid { return image }
        try checked(mapped, "mount_setattr", .mounting)
        for name in ["lower", "upper", "work", "image"] { try Directory.make("\(folder)/\(name)", mode: 0o755) }
        let listing = try Directory.open(".", at: image.raw)
        for name in try Directory.names(listing.raw) where name.hasPrefix("timens-") {
            let file = try File.open(name, [.read, .noFollow], at: image.raw, phase: .preparing)
            try File.create("\(folder)/upper/\(name)", try File.readAll(file.raw), mode: 0o644)
        }
        let lower = try Directory.open("\(folder)/lower")
        try Mounting.attach(tree.raw, onto: lower.raw)
        let parts = "lowerdir=\(folder)/lower,upperdir=\(folder)/upper,workdir=\(folder)/work"
        try Mounting.attach(new: "overlay", onto: "\(folder)/image", options: parts)
        return SharedFD(try Directory.open("\(folder)/image"))
    }
}
