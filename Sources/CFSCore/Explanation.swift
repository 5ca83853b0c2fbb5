import CFSCgroups
import CFSImages
import CFSLinux
import CFSModel
import CFSMonitor
import CFSNamespaces
import CFSRegistry

/// What ``Engine/explain(_:)`` says of a start.
public struct Explanation: Sendable, Hashable {
    /// What would be done, a line each, in the order in which it would be done, with who does it.
    public var steps: [String]
    /// The OCI configuration (runtime-spec 1.3.0).
    public var configuration: JSON
}

extension Engine {
    /// What starting such a container would do. Nothing is started, and no container is made; an image of the catalogue
    /// that is not there yet is composed, because its layers are part of the answer.
    ///
    /// - Throws: what a start throws that can be known without one: mount sources that do not exist, parameters of the
    ///   kernel that a container cannot have, limits that contradict each other.
    public func explain(_ spec: ContainerSpec) throws(CFSError) -> Explanation {
        try makeFolders()
        try checkRequest(spec, withControllers: false, makesDefault: false)
        for mount in spec.mounts {
            if case .bind(let source) = mount.kind, File.statusIfThere(source, followLinks: true) == nil {
                throw CFSError.missingMountSource(source)
            }
        }
        let image = try store.image(spec.image)
        let id = ContainerID()
        let folder = folder(id)
        let row = ContainerRow(
            id: id, name: spec.name ?? "example", slot: spec.namespaces.user == .private ? 0 : nil, image: spec.image,
            imageDigest: image.digest, layers: image.layers.map(\.chainID), command: [], labels: spec.labels,
            createdAt: 0,
            autoRemove: spec.autoRemove)
        let plan = ContainerPlan(spec: spec, image: image, surroundings: try surroundings(row, spec, folder))
        var configuration = try plan.configuration()
        let profile: SeccompProfile? =
            switch spec.seccomp {
            case .unconfined: nil
            case .default:
                spec.privileged
                    ? nil
                    : SeccompProfile.standard(
                        capabilities: try plan.capabilityBits(), imageArchitecture: image.architecture)
            case .profile(let text):
                try SeccompProfile(
                    json: JSON(parsing: Array(text.utf8), what: "the seccomp profile"),
                    capabilities: try plan.capabilityBits())
            }
        var extras = LaunchPlan.Extras(
            root: RootPlan(
                source: .overlay(
                    lowers: store.layerPaths(image).reversed(), upper: folder.upperPath, work: folder.workPath,
                    volatile: spec.autoRemove),
                readOnly: spec.readOnlyRoot))
        extras.userName = spec.user ?? image.configuration.user
        extras.groups = spec.additionalGroups
        extras.initProcess = spec.initProcess
        if let profile { extras.seccomp = try SeccompCompiler.compile(profile) }
        let network = try networkSteps(spec, image)
        extras.hasNetworks = network != nil
        let launch = try LaunchPlan(configuration, extras)
        configuration.linux.seccomp = profile?.json
        var steps = launch.steps(connecting: network?.connecting ?? [])
        let resources = configuration.linux.resources ?? RuntimeSpec.Resources()
        let limits = try CgroupSettings(resources, naming: LimitFlag.name)
        let cgroups = try cgroups(below: spec.cgroupParent)
        // After the cgroup was made, before anything runs in it.
        steps.insert(
            contentsOf: try limits.entries.map { setting throws(CFSError) in try limit(spec, setting, cgroups) },
            at: min(1, steps.count))
        steps.insert(contentsOf: network?.placing ?? [], at: 0)
        return Explanation(steps: steps, configuration: configuration.json)
    }

    /// Says where a start on this machine would refuse the limit, or leave a default one away.
    private func limit(
        _ spec: ContainerSpec, _ setting: CgroupSetting, _ cgroups: CgroupHierarchy?
    ) throws(CFSError) -> String {
        let line = "monitor: limit \(setting.file) \(setting.value)"
        let isDefault = setting.file == "pids.max" && spec.resources.pids == nil
        if setting.isNoLimit { return line }
        var why: String? = cgroups == nil ? "this host has no cgroup v2" : nil
        if let cgroups, let controller = setting.controller, !(try cgroups.controllers().contains(controller.rawValue))
        {
            why = try cgroups.unavailable(controller).message
        }
        guard let why else { return isDefault ? "\(line) (a default)" : line }
        return isDefault ? "\(line) (a default, left away here: \(why))" : "\(line) (a start here refuses it: \(why))"
    }
}
