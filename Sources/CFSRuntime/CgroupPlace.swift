import CFSCgroups
import CFSLinux
import CFSModel
import CFSNamespaces

/// Where a container's cgroup lies (runtime-spec, config-linux.md, Cgroups Path).
struct CgroupPlace {
    /// The folder of containers whose configuration names none: each `--root` has its own, since ids are free in each.
    static func defaultFolder(of store: ContainerStore) -> String {
        store.root == ContainerStore.standard
            ? "cfs-runtime" : "cfs-runtime-\(String(FowlerNollVo.sum64(Array(store.root.utf8)), radix: 16))"
    }

    let hierarchy: CgroupHierarchy
    let name: String
    /// What systemd is asked for; nil where the folder is made without asking anybody.
    let scope: SystemdScope?

    var path: String { "\(hierarchy.folder)/\(name)" }

    /// - Parameters:
    ///   - path: `linux.cgroupsPath`. An absolute one lies below the mount point, a relative one below the folder of this
    ///     runtime; without one the container's id is the name there.
    ///   - isSystemd: whether it is `SLICE:PREFIX:NAME` instead, of a systemd unit.
    ///   - asksSystemd: whether systemd makes that unit, where it runs; else the folder has its place only.
    /// - Returns: nil on a host without cgroup v2.
    init?(
        _ path: String?, id: String, isSystemd: Bool, asksSystemd: Bool, _ store: ContainerStore
    ) throws(CFSError) {
        guard let found = try CgroupHierarchy.find(name: Self.defaultFolder(of: store)) else { return nil }
        let unit: SystemdUnit? = isSystemd ? try SystemdUnit(path ?? "", id: id) : nil
        let asked = unit?.path ?? path ?? ""
        guard !asked.pathNames.contains("..") else {
            throw CFSError(.invalidConfiguration, .parsing, "linux.cgroupsPath \"\(asked)\" leaves its place")
        }
        if asksSystemd, let unit, unit.isScope, let manager = try SystemdManager.find() {
            // As systemd says it is only known once it is there.
            hierarchy = CgroupHierarchy(mountPoint: found.mountPoint, folder: found.mountPoint + unit.path)
            name = SystemdScope.cgroup
            scope = SystemdScope(unit: unit, id: id, manager: manager)
            return
        }
        scope = nil
        let parts = asked.pathNames.filter { $0 != "." }
        guard let last = parts.last else {
            (hierarchy, name) = (found, id)
            return
        }
        let base = asked.isAbsolutePath ? found.mountPoint : found.folder
        let folder = ([base] + parts.dropLast()).text(separator: "/")
        hierarchy = CgroupHierarchy(mountPoint: found.mountPoint, folder: folder)
        name = last
    }

    /// - Parameter path: of a scope that is there, from the mount point.
    init(_ mountPoint: String, _ path: String, _ scope: SystemdScope) {
        hierarchy = CgroupHierarchy(mountPoint: mountPoint, folder: mountPoint + path)
        name = SystemdScope.cgroup
        self.scope = scope
    }

    /// - Throws: `conflict` when somebody lives in it.
    func check() throws(CFSError) {
        if let scope { return try check(scope) }
        guard let there = try hierarchy.cgroup(name), try there.isPopulated() else { return }
        throw CFSError(
            .conflict, .limiting, "the container's cgroup \(path) is not empty", path: path,
            hint: "another container uses it: linux.cgroupsPath must be its own")
    }

    /// systemd says itself, and before it has made anything, that it has such a unit. A folder that it knows nothing of, as `restore`
    /// makes one, it would take for the unit's own, with whoever lives there.
    private func check(_ scope: SystemdScope) throws(CFSError) {
        let events = "\(hierarchy.folder)/cgroup.events"
        guard File.exists(events) else { return }
        let text = String(decoding: try File.readAll(at: events, limit: 4096), as: UTF8.self)
        guard text.contains("populated 1"), try !scope.manager.knows(scope.unit.name) else { return }
        throw CFSError(
            .conflict, .limiting, "the container's cgroup \(hierarchy.folder) is not empty, and no unit of systemd's",
            path: hierarchy.folder,
            hint: "another container uses it: linux.cgroupsPath must name a cgroup of its own")
    }

    /// Makes the cgroup, with the limits that were asked for but those of devices: see ``MadeCgroup/limitDevices()``.
    ///
    /// - Throws: `conflict` when somebody lives in it already.
    func make(_ resources: RuntimeSpec.Resources?) throws(CFSError) -> MadeCgroup {
        var settings = try resources.map { asked throws(CFSError) in try CgroupSettings(asked) } ?? CgroupSettings()
        let devices = settings.devices
        settings.devices = nil
        var made: MadeCgroup
        if let scope {
            made = try scope.make(hierarchy.mountPoint, settings)
        } else {
            try check()
            if let there = try hierarchy.cgroup(name) { try there.remove() }
            made = MadeCgroup(cgroup: try hierarchy.create(name, settings: settings), place: self, placeholder: nil)
        }
        made.devices = devices
        return made
    }
}

/// A container's cgroup that is there.
struct MadeCgroup {
    let cgroup: Cgroup
    let place: CgroupPlace
    /// Who lives in it until the container's process does; it ends with this value. Nil where nobody has to.
    let placeholder: ScopePlaceholder?
    fileprivate(set) var devices: DeviceFilter?

    init(cgroup: Cgroup, place: CgroupPlace, placeholder: ScopePlaceholder?) {
        self.cgroup = cgroup
        self.place = place
        self.placeholder = placeholder
    }

    /// Which devices may be used. Apart from the other limits, since the kernel verifies a program for it, a tenth of a start: while
    /// that is done, the container's process makes its mounts. Before anything runs that is not ours it must be done.
    func limitDevices() throws(CFSError) {
        guard let devices else { return }
        try cgroup.limit(devices)
    }
}
