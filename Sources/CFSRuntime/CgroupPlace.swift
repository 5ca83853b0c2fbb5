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

    var path: String { "\(hierarchy.folder)/\(name)" }

    /// - Parameters:
    ///   - path: `linux.cgroupsPath`. An absolute one lies below the mount point, a relative one below the folder of this
    ///     runtime; without one the container's id is the name there.
    ///   - isSystemd: whether it is `SLICE:PREFIX:NAME` instead, of a systemd unit.
    /// - Returns: nil on a host without cgroup v2.
    init?(_ path: String?, id: String, isSystemd: Bool, _ store: ContainerStore) throws(CFSError) {
        guard let found = try CgroupHierarchy.find(name: Self.defaultFolder(of: store)) else { return nil }
        let asked = isSystemd ? try Self.unitPath(path ?? "", id) : path ?? ""
        guard !asked.pathNames.contains("..") else {
            throw CFSError(.invalidConfiguration, .parsing, "linux.cgroupsPath \"\(asked)\" leaves its place")
        }
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

    /// The place that systemd gives a scope, by the names that its users know (systemd.slice(5)).
    private static func unitPath(_ text: String, _ id: String) throws(CFSError) -> String {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard text.isEmpty || parts.count == 3 else {
            throw CFSError(
                .invalidConfiguration, .parsing,
                "linux.cgroupsPath \"\(text)\" is not SLICE:PREFIX:NAME, as --systemd-cgroup wants it")
        }
        let slice = text.isEmpty || parts[0].isEmpty ? "system.slice" : parts[0]
        let name = text.isEmpty ? id : parts[2]
        let prefix = text.isEmpty ? "cfs" : parts[1]
        guard slice.hasSuffix(".slice"), !slice.hasSlash, !name.isEmpty else {
            throw CFSError(.invalidConfiguration, .parsing, "linux.cgroupsPath \"\(text)\" names no slice of systemd")
        }
        var path = ""
        var unit = ""
        // `a-b.slice` lies in `a.slice`; `-.slice` is the root.
        for part in slice.dropLast(".slice".count).split(separator: "-") {
            unit += unit.isEmpty ? "\(part)" : "-\(part)"
            path += "/\(unit).slice"
        }
        if name.hasSuffix(".slice") { return "\(path)/\(name)" }
        return "\(path)/\(prefix.isEmpty ? name : "\(prefix)-\(name)").scope"
    }

    /// - Throws: `conflict` when somebody lives in it.
    func check() throws(CFSError) {
        guard let there = try hierarchy.cgroup(name), try there.isPopulated() else { return }
        throw CFSError(
            .conflict, .limiting, "the container's cgroup \(path) is not empty", path: path,
            hint: "another container uses it: linux.cgroupsPath must be its own")
    }

    /// Makes the cgroup, with the limits that were asked for.
    ///
    /// - Throws: `conflict` when somebody lives in it already.
    func make(_ resources: RuntimeSpec.Resources?) throws(CFSError) -> Cgroup {
        let settings = try resources.map { asked throws(CFSError) in try CgroupSettings(asked) } ?? CgroupSettings()
        try check()
        if let there = try hierarchy.cgroup(name) { try there.remove() }
        return try hierarchy.create(name, settings: settings)
    }
}
