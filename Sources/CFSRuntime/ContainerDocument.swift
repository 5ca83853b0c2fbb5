import CFSLinux
import CFSModel

/// What the runtime remembers of a container, in `state.json` of its folder. The configuration lies beside it as it was when
/// the container was made.
struct ContainerDocument: Sendable {
    /// 0 while it is being made.
    var pid: Int32 = 0
    /// See `ProcessStatus`.
    var startTime: UInt64 = 0
    var ociVersion: String
    var id: String
    var bundle: String
    var rootfs: String
    /// Nanoseconds since 1970.
    var created: UInt64
    var annotations: [String: String] = [:]
    /// Whether its process was made by `restore`: that runs, though it has executed nothing since it was cloned.
    var isRestored = false
    /// The mount point of cgroup v2, the folder and the name in it; empty without a cgroup.
    var cgroupMountPoint = ""
    var cgroupFolder = ""
    var cgroupName = ""
    /// The scope of systemd that the cgroup lies in, and the inode of its folder; empty and 0 without one.
    var unit = ""
    var scopeInode: UInt64 = 0

    init(ociVersion: String, id: String, bundle: String, rootfs: String, created: UInt64) {
        self.ociVersion = ociVersion
        self.id = id
        self.bundle = bundle
        self.rootfs = rootfs
        self.created = created
    }

    mutating func remember(_ place: CgroupPlace) {
        cgroupMountPoint = place.hierarchy.mountPoint
        cgroupFolder = place.hierarchy.folder
        cgroupName = place.name
        guard let scope = place.scope else { return }
        unit = scope.unit.name
        scopeInode = File.statusIfThere(cgroupFolder)?.inode ?? 0
    }

    /// For a cgroup that is somebody else's: whoever removes the container would end what lives there.
    mutating func forgetCgroup() {
        (cgroupMountPoint, cgroupFolder, cgroupName) = ("", "", "")
        (unit, scopeInode) = ("", 0)
    }

    init(json: JSON) throws(CFSError) {
        var fields = try JSONFields(json, what: "state", reading: .extensible)
        self.init(
            ociVersion: try fields.string("ociVersion") ?? "", id: try fields.string("id") ?? "",
            bundle: try fields.string("bundle") ?? "", rootfs: try fields.string("rootfs") ?? "",
            created: try fields.unsigned("created") ?? 0)
        pid = Int32(clamping: try fields.unsigned("pid") ?? 0)
        startTime = try fields.unsigned("startTime") ?? 0
        annotations = try fields.map("annotations")
        isRestored = try fields.bool("restored") ?? false
        cgroupMountPoint = try fields.string("cgroupMountPoint") ?? ""
        cgroupFolder = try fields.string("cgroupFolder") ?? ""
        cgroupName = try fields.string("cgroupName") ?? ""
        unit = try fields.string("unit") ?? ""
        scopeInode = try fields.unsigned("scopeInode") ?? 0
    }

    var json: JSON {
        [
            "ociVersion": .string(ociVersion), "id": .string(id), "pid": .integer(Int64(pid)),
            "startTime": JSON(unsigned: startTime), "bundle": .string(bundle), "rootfs": .string(rootfs),
            "created": JSON(unsigned: created), "annotations": JSON(annotations),
            "restored": .bool(isRestored), "cgroupMountPoint": .string(cgroupMountPoint),
            "cgroupFolder": .string(cgroupFolder),
            "cgroupName": .string(cgroupName), "unit": .string(unit), "scopeInode": JSON(unsigned: scopeInode),
        ]
    }

    /// What hooks and callers are told (runtime-spec, runtime.md, State).
    func state(_ status: RuntimeState.Status, pid: Int32) -> RuntimeState {
        RuntimeState(
            ociVersion: ociVersion, id: id, status: status, pid: status == .stopped ? 0 : Int(pid), bundle: bundle,
            annotations: annotations)
    }
}
