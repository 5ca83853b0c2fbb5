import CFSCgroups
import CFSLinux
import CFSModel
import CFSNamespaces

/// What is known of a container before its image was looked up and its row was written: enough to clone. A starter that
/// sends it first lets the two processes work at the same time.
public struct StartPreparation: Sendable, Equatable {
    public var id: ContainerID
    public var container: String
    public var run: String
    /// New namespaces, as flags of clone3(2); the cgroup namespace is not among them.
    public var newNamespaces: UInt64
    public var unsharesCgroup: Bool
    public var cgroupMountPoint: String?
    public var cgroupFolder: String?
    /// A default, not a request.
    public var pidsLimit: UInt64?
    /// The limits that were asked for; nil for none.
    public var resources: RuntimeSpec.Resources?
    public var terminal: Bool
    public var interactive: Bool
    /// Whether it will be on networks, in a network namespace of its own.
    public var hasNetworks: Bool

    public init(
        id: ContainerID, container: String, run: String, newNamespaces: NamespaceFlags, unsharesCgroup: Bool,
        cgroupMountPoint: String?, cgroupFolder: String?, pidsLimit: UInt64?, resources: RuntimeSpec.Resources?,
        terminal: Bool, interactive: Bool, hasNetworks: Bool = false
    ) {
        self.id = id
        self.container = container
        self.run = run
        self.newNamespaces = newNamespaces.rawValue
        self.unsharesCgroup = unsharesCgroup
        self.cgroupMountPoint = cgroupMountPoint
        self.cgroupFolder = cgroupFolder
        self.pidsLimit = pidsLimit
        self.resources = resources
        self.terminal = terminal
        self.interactive = interactive
        self.hasNetworks = hasNetworks && newNamespaces.contains(.network)
    }

    init(_ request: MonitorRequest, _ folder: ContainerFolder, _ plan: LaunchPlan) {
        var resources = request.spec.linux.resources
        var pidsLimit: UInt64?
        if request.pidsLimitIsDefault {
            pidsLimit = resources?.pids.flatMap { UInt64(exactly: $0.limit) }
            resources?.pids = nil
        }
        self.init(
            id: request.id, container: folder.container, run: folder.run, newNamespaces: plan.newNamespaces,
            unsharesCgroup: plan.unsharesCgroup, cgroupMountPoint: request.cgroupMountPoint,
            cgroupFolder: request.cgroupFolder, pidsLimit: pidsLimit, resources: resources,
            terminal: plan.process.terminal, interactive: request.interactive)
    }

    var beginning: LaunchBeginning {
        LaunchBeginning(newNamespaces: NamespaceFlags(rawValue: newNamespaces), unsharesCgroup: unsharesCgroup)
    }

    func makeCgroup() throws(CFSError) -> Cgroup? {
        guard let mountPoint = cgroupMountPoint, let folder = cgroupFolder else { return nil }
        let hierarchy = CgroupHierarchy(mountPoint: mountPoint, folder: folder)
        guard let resources else { return try hierarchy.create(id.text, pidsLimit: pidsLimit) }
        return try hierarchy.create(
            id.text, settings: try CgroupSettings(resources, naming: LimitFlag.name), pidsLimit: pidsLimit)
    }

    init?(json: JSON) throws(CFSError) {
        guard let id = json["id"]?.string.flatMap({ ContainerID($0) }), let container = json["container"]?.string,
            let run = json["run"]?.string, let flags = json["namespaces"]?.unsigned
        else { return nil }
        var resources: RuntimeSpec.Resources?
        if let asked = json["resources"], asked != .null { resources = try RuntimeSpec.Resources(json: asked) }
        self.init(
            id: id, container: container, run: run, newNamespaces: NamespaceFlags(rawValue: flags),
            unsharesCgroup: json["unsharesCgroup"]?.bool ?? false, cgroupMountPoint: json["cgroupMountPoint"]?.string,
            cgroupFolder: json["cgroupFolder"]?.string, pidsLimit: json["pidsLimit"]?.unsigned,
            resources: resources, terminal: json["terminal"]?.bool ?? false,
            interactive: json["interactive"]?.bool ?? false, hasNetworks: json["hasNetworks"]?.bool ?? false)
    }

    var json: JSON {
        [
            "do": "prepare", "id": .string(id.text), "container": .string(container), "run": .string(run),
            "namespaces": JSON(unsigned: newNamespaces), "unsharesCgroup": .bool(unsharesCgroup),
            "cgroupMountPoint": cgroupMountPoint.map(JSON.string) ?? .null,
            "cgroupFolder": cgroupFolder.map(JSON.string) ?? .null,
            "pidsLimit": pidsLimit.map { JSON(unsigned: $0) } ?? .null, "resources": resources?.json ?? .null,
            "terminal": .bool(terminal),
            "interactive": .bool(interactive), "hasNetworks": .bool(hasNetworks),
        ]
    }
}
