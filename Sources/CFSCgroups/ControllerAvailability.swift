import CFSLinux
import CFSModel

/// What the kernel says of where its controllers are; asked only when somebody needs one that is missing.
struct ControllerAvailability {
    /// The cgroup v1 mounts: what they carry, and where (proc_pid_mountinfo(5)).
    var legacyMounts: [(names: [String], mountPoint: String)] = []
    /// `/proc/cgroups`: name, number of the hierarchy (0 is v2 or none), whether it is enabled (cgroups(7)).
    var table: [(name: Substring, hierarchy: Int, enabled: Bool)] = []

    init() {}

    init(mountInfo: String, table: String) {
        for mount in MountInfo.all(in: mountInfo) where mount.type == "cgroup" {
            legacyMounts.append((mount.superOptions, mount.mountPoint))
        }
        for line in table.split(separator: "\n") where !line.hasPrefix("#") {
            let fields = line.split(whereSeparator: { $0 == "\t" || $0 == " " })
            guard fields.count == 4, let hierarchy = Int(fields[1]) else { continue }
            self.table.append((fields[0], hierarchy, fields[3] == "1"))
        }
    }

    static func read() throws(CFSError) -> ControllerAvailability {
        let mounts = String(decoding: try File.readAll(at: "/proc/self/mountinfo"), as: UTF8.self)
        guard File.exists("/proc/cgroups") else { return ControllerAvailability(mountInfo: mounts, table: "") }
        let table = String(decoding: try File.readAll(at: "/proc/cgroups"), as: UTF8.self)
        return ControllerAvailability(mountInfo: mounts, table: table)
    }

    /// Why the root of cgroup v2 has not a controller, and what can be done.
    func reason(_ controller: CgroupController) -> (text: String, hint: String) {
        let name = controller.legacyName
        let row = table.first { $0.name == name[...] }
        if let mount = legacyMounts.first(where: { $0.names.contains(name) }) {
            return ("\(controller) is bound to cgroup v1 on this host: \(mount.mountPoint)", Self.unbind)
        }
        if let row, row.enabled, row.hierarchy != 0 {
            return ("\(controller) is bound to cgroup v1 on this host", Self.unbind)
        }
        if let row, !row.enabled {
            return (
                "\(controller) is switched off on this host",
                "boot without cgroup_disable=\(name), or leave the limit away"
            )
        }
        if row != nil {
            return (
                "\(controller) is not given to this place of cgroup v2",
                "the cgroups above must hand it down in their cgroup.subtree_control"
            )
        }
        return (
            "\(controller) is not built into this kernel", "the kernel needs \(controller.kernelOption)"
        )
    }

    private static let unbind = "boot with cgroup_no_v1=all systemd.unified_cgroup_hierarchy=1, or leave the limit away"
}

extension CFSError {
    static func unavailable(_ reason: String, hint: String, path: String) -> CFSError {
        CFSError(.cgroupControllerUnavailable, .limiting, reason, path: path, hint: hint)
    }
}

extension CgroupHierarchy {
    /// Those of some controllers that no limit can use here: why, and what can be done.
    public func missing(
        _ wanted: [CgroupController]
    ) throws(CFSError) -> [(controller: CgroupController, reason: String, hint: String)] {
        let present = try controllers()
        let absent = wanted.filter { !present.contains($0.rawValue) }
        guard !absent.isEmpty else { return [] }
        let availability = try ControllerAvailability.read()
        return absent.map { controller in
            let (text, hint) = availability.reason(controller)
            return (controller, text, hint)
        }
    }

    /// The hierarchy that a cgroup's folder lies in, by the mounts of this process.
    init(holding path: String) throws(CFSError) {
        let mounts = String(decoding: try File.readAll(at: "/proc/self/mountinfo"), as: UTF8.self)
        let parent = path.lastSlash.map { String(path[..<$0]) } ?? path
        var mountPoint: String?
        for mount in MountInfo.all(in: mounts) where mount.type == "cgroup2" {
            guard path.hasPrefix("\(mount.mountPoint)/"),
                mount.mountPoint.utf8.count > mountPoint?.utf8.count ?? 0
            else { continue }
            mountPoint = mount.mountPoint
        }
        self.init(mountPoint: mountPoint ?? parent, folder: parent)
    }
}
