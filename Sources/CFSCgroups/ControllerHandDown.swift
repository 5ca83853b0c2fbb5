import CFSLinux
import CFSModel
import Glibc

extension CgroupHierarchy {
    /// Sees to it that containers' cgroups have these controllers: hands them down from the mount point to the folder,
    /// where they are not already (`cgroup.subtree_control`).
    ///
    /// A cgroup that hands controllers down may hold no processes (cgroup-v2.rst, No Internal Process Constraint). When
    /// one on the way holds the caller and those that started it, as a delegated unit does, they move into a leaf of
    /// their own below it.
    ///
    /// - Throws: `cgroupControllerUnavailable` with the controller and the reason: bound to cgroup v1, not built in,
    ///   switched off, not delegated; `conflict` when others live in a cgroup on the way.
    public func enable(_ controllers: [CgroupController]) throws(CFSError) {
        try makeFolder()
        try enable(controllers, for: CgroupSettings())
    }

    func enable(_ controllers: [CgroupController], for settings: CgroupSettings) throws(CFSError) {
        let there = try Self.words(of: "\(folder)/cgroup.subtree_control")
        if controllers.allSatisfy({ there.contains($0.rawValue) }) { return }
        for place in places {
            let handed = try Self.words(of: "\(place)/cgroup.subtree_control")
            let lacking = controllers.filter { !handed.contains($0.rawValue) }
            if lacking.isEmpty { continue }
            let available = try Self.words(of: "\(place)/cgroup.controllers")
            if let missing = lacking.first(where: { !available.contains($0.rawValue) }) {
                throw try unavailable(missing).asked(by: settings, missing)
            }
            do throws(CFSError) {
                try handDown(lacking, from: place)
            } catch {
                throw error.asked(by: settings, lacking[0])
            }
        }
    }

    /// Hands down to the cgroups in the folder whatever it has itself: whoever reads their statistics expects all of them. No limit
    /// needs it, so what the kernel refuses stays away; a limit that does need it says so.
    public func handDownAll() throws(CFSError) {
        for name in try Self.words(of: "\(folder)/cgroup.controllers") {
            _ = Cgroup.tryWrite("+\(name)", to: "\(folder)/cgroup.subtree_control")
        }
    }

    private func handDown(_ controllers: [CgroupController], from place: String) throws(CFSError) {
        let file = "\(place)/cgroup.subtree_control"
        let names = controllers.map(\.rawValue).text(separator: ", ")
        guard try isVacated(place) else {
            throw CFSError(
                .conflict, .limiting, "\(place) cannot hand down \(names): processes live in it",
                path: "\(place)/cgroup.procs",
                hint: "start from a cgroup of one's own: systemd-run --user --scope -p Delegate=yes")
        }
        let result = Cgroup.tryWrite(controllers.map { "+\($0.rawValue)" }.text(separator: " "), to: file)
        if result >= 0 { return }
        switch -result {
        case ErrorCode.notSupported:
            throw CFSError(
                .conflict, .limiting, "\(place) cannot hand down \(names): it is a threaded cgroup",
                systemCall: "write",
                path: file, errno: Int32(-result), hint: "choose another parent: cgroup.type there says what it is")
        case ErrorCode.access, ErrorCode.notPermitted, ErrorCode.readOnly:
            throw CFSError.unavailable(
                "\(names) is not delegated to this user by \(place)", hint: Self.delegationHint(names), path: file)
        default: throw CFSError(kernel: Int32(-result), "write", .limiting, path: file)
        }
    }

    private static func delegationHint(_ names: String) -> String {
        "in systemd: systemctl edit user@\(geteuid()).service, with [Service] and Delegate=\(names)"
    }

    /// Whether a place may hand controllers down: it holds no processes, or it is the root of the whole hierarchy, which
    /// has no type. The kernel refuses some controllers otherwise, and for the others makes the place a threaded one,
    /// below which no container can live.
    func isVacated(_ place: String) throws(CFSError) -> Bool {
        guard File.exists("\(place)/cgroup.type") else { return true }
        let inhabitants = try Self.words(of: "\(place)/cgroup.procs")
        if inhabitants.isEmpty { return true }
        // A shell, the engine that it runs, and the helper that the engine runs move together. Whoever else lives there
        // has nothing to do with this, and then nobody moves.
        let callers = Delegation.ancestry(of: getpid()).map { "\($0)" }
        guard let own = try Delegation.ownPath(), mountPoint + (own == "/" ? "" : own) == place,
            inhabitants.allSatisfy({ callers.contains($0) })
        else { return false }
        let leaf = "\(place)/\(folder.pathNames.last ?? "cfs")\(Self.callers)"
        try Directory.make(leaf, mode: 0o755)
        for pid in inhabitants {
            let moved = Cgroup.tryWrite(pid, to: "\(leaf)/cgroup.procs")
            // One that has ended meanwhile.
            if moved == -ErrorCode.noProcess { continue }
            try checked(moved, "write", .limiting, path: "\(leaf)/cgroup.procs")
        }
        return try Self.words(of: "\(place)/cgroup.procs").isEmpty
    }

    /// Throws when a limit needs a controller that cgroup v2 has not on this machine, before any cgroup is made.
    ///
    /// - Throws: `cgroupControllerUnavailable` with the limit's name and the reason.
    public func check(_ settings: CgroupSettings) throws(CFSError) {
        let needed = settings.controllers
        if needed.isEmpty { return }
        let there = try controllers()
        for controller in needed where !there.contains(controller.rawValue) {
            throw try unavailable(controller).asked(by: settings, controller)
        }
    }

    /// Why the cgroups here have not a controller: the kernel, or the first place from above that keeps it.
    ///
    /// - Returns: `cgroupControllerUnavailable`, with what can be done as its hint.
    public func unavailable(_ controller: CgroupController) throws(CFSError) -> CFSError {
        let name = controller.rawValue
        guard try controllers().contains(name) else {
            let (text, hint) = try ControllerAvailability.read().reason(controller)
            return CFSError.unavailable(text, hint: hint, path: "\(mountPoint)/cgroup.controllers")
        }
        var keeper = folder
        for place in places where !(try Self.words(of: "\(place)/cgroup.subtree_control").contains(name)) {
            keeper = place
            break
        }
        return CFSError.unavailable(
            "\(name) is not delegated to this user by \(keeper)", hint: Self.delegationHint(name),
            path: "\(keeper)/cgroup.subtree_control")
    }

    // MARK: Other places

    /// The hierarchy whose containers' cgroups lie below another one: `--cgroup-parent`.
    ///
    /// - Parameter path: from `/` on it counts from the mount point, else from where the engine's own folder lies.
    /// - Throws: `invalidArgument` for a path with `..` or with nothing in it.
    public func below(parent path: String) throws(CFSError) -> CgroupHierarchy {
        let components = try Self.components(path)
        guard let base = path.isAbsolutePath ? mountPoint : folder.lastSlash.map({ String(folder[..<$0]) })
        else { return self }
        return CgroupHierarchy(
            mountPoint: mountPoint, folder: base + components.map { "/\($0)" }.text(separator: ""))
    }

    /// Where an OCI configuration's `cgroupsPath` lies: the hierarchy of its parent, and the cgroup's name.
    ///
    /// - Throws: `invalidConfiguration` for a path with `..`, and for systemd's `slice:prefix:name`.
    public func place(ofCgroupsPath path: String) throws(CFSError) -> (hierarchy: CgroupHierarchy, name: String) {
        if path.split(separator: ":", omittingEmptySubsequences: false).count == 3, !path.hasSlash {
            throw CFSError(
                .invalidConfiguration, .limiting, "linux.cgroupsPath \"\(path)\" is in systemd's form",
                hint: "write a path: /parent/name")
        }
        var components: [String]
        do {
            components = try Self.components(path)
        } catch {
            throw CFSError(.invalidConfiguration, .limiting, "linux.cgroupsPath: \(error.message)", hint: error.hint)
        }
        let name = components.removeLast()
        if components.isEmpty {
            let base = path.isAbsolutePath ? mountPoint : folder
            return (CgroupHierarchy(mountPoint: mountPoint, folder: base), name)
        }
        let parent = (path.isAbsolutePath ? "/" : "") + components.text(separator: "/")
        return (try below(parent: parent), name)
    }

    private static func components(_ path: String) throws(CFSError) -> [String] {
        let components = path.pathNames.filter { $0 != "." }
        let isPlain = components.allSatisfy { part in
            part != ".." && part.utf8.count < 256 && part.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
        }
        guard isPlain, !components.isEmpty else {
            throw CFSError(
                .invalidArgument, .limiting, "\"\(path)\" is not a place for a cgroup",
                hint:
                    "write names with slashes between them, from / on or below the engine's own place; .. is not possible"
            )
        }
        // A name of the kernel's own files would be one of a limit, not of a folder.
        if let taken = components.first(where: {
            $0.hasPrefix("cgroup.") || CgroupController(ofFile: $0) != nil
        }) {
            throw CFSError(
                .invalidArgument, .limiting, "\"\(taken)\" cannot be the name of a cgroup: the kernel's files begin so")
        }
        return components
    }
}

extension CFSError {
    /// Says which of the settings needs the controller.
    func asked(by settings: CgroupSettings, _ controller: CgroupController) -> CFSError {
        // What was asked for stands behind what follows from it: memory.max behind memory.swap.max.
        guard let setting = settings.entries.last(where: { $0.controller == controller }) else { return self }
        var copy = self
        copy.message = "\(setting.name) cannot be set: \(message)"
        return copy
    }
}
