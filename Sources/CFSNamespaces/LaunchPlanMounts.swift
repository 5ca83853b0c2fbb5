import CFSLinux
import CFSModel

extension LaunchPlan {
    /// Computes the mounts of a configuration. Every option is enforced, by its attribute or by the file system that takes
    /// it, or refused: none is dropped.
    mutating func planMounts(_ spec: RuntimeSpec, _ bundle: Bundle? = nil) throws(CFSError) {
        for mount in spec.mounts { mounts.append(try plan(mount, spec.linux, bundle)) }
        if bundle != nil { return }
        let hasDevices = mounts.contains { if case .devices = $0.kind { true } else { false } }
        guard spec.linux.devices.isEmpty || hasDevices else {
            throw CFSError(
                .invalidConfiguration, .parsing,
                "the device \(spec.linux.devices[0].path) needs a tmpfs at /dev", path: spec.linux.devices[0].path)
        }
    }

    private func plan(
        _ mount: RuntimeSpec.Mount, _ linux: RuntimeSpec.Linux, _ bundle: Bundle?
    ) throws(CFSError) -> MountPlan {
        var mount = mount
        if bundle != nil, !mount.destination.isAbsolutePath { mount.destination = "/\(mount.destination)" }
        guard mount.destination.isAbsolutePath else {
            throw CFSError(
                .invalidConfiguration, .parsing, "the mount target \"\(mount.destination)\" is not an absolute path",
                path: mount.destination)
        }
        let options = MountOptions(mount.options)
        let (kind, maker) = try kind(mount, options, linux, bundle)
        let ownMap = mount.uidMappings.isEmpty && mount.gidMappings.isEmpty ? nil : mount
        try checkIDMap(mount, options, kind, hasOwnMap: ownMap != nil)
        var plan = MountPlan(
            kind: kind, target: mount.destination, set: options.set, clear: options.clear,
            recursiveAttributes: options.recursiveAttributes || options.set.contains(.readOnly),
            propagation: options.propagation,
            idMapped: options.idMapped || ownMap != nil, maker: maker)
        plan.uidMappings = mount.uidMappings.map { IDMapping($0) }
        plan.gidMappings = mount.gidMappings.map { IDMapping($0) }
        plan.copiesUp = options.copiesUp
        if bundle != nil { plan.sourceName = mount.source }
        if bundle != nil, case .bind = kind {
            // To the letter: what is not recursive by its name holds for the mount itself.
            (plan.set, plan.clear, plan.recursiveAttributes) = (options.own.set, options.own.clear, false)
            (plan.setBelow, plan.clearBelow) = (options.below.set, options.below.clear)
        }
        return plan
    }

    private func kind(
        _ mount: RuntimeSpec.Mount, _ options: MountOptions, _ linux: RuntimeSpec.Linux, _ bundle: Bundle?
    ) throws(CFSError) -> (MountPlan.Kind, MountPlan.Maker) {
        if options.copiesUp, mount.type != "tmpfs" || options.isBind { throw refusal(of: "tmpcopyup", mount) }
        // With the option the type means nothing (runtime-spec, config.md, mounts).
        if options.isBind || mount.type == "bind" { return (try bind(mount, options), .launcher) }
        switch mount.type {
        case "proc":
            let maker = owner(of: .pid)
            return (.proc(options: try procOptions(mount, options.data, maker)), maker)
        case "sysfs":
            try refuse(options.data, mount)
            return (.sysfs, owner(of: .network))
        case "mqueue":
            try refuse(options.data, mount)
            return (.mqueue, owner(of: .ipc))
        case "cgroup", "cgroup2":
            // Those of cgroup2 belong to the one hierarchy that the host has, and are no container's to change.
            if bundle == nil { try refuse(options.data, mount) }
            if let bundle, !unsharesCgroup, !joins.contains(where: { $0.namespace == .cgroup }) {
                return (.bind(source: bundle.cgroupPath ?? "/sys/fs/cgroup", recursive: true), .launcher)
            }
            if hasUserNamespace && !unsharesCgroup {
                return (.bind(source: "/sys/fs/cgroup", recursive: true), .launcher)
            }
            return (.cgroup, .child)
        case "devpts": return (.devpts(options: options.data), .child)
        case "tmpfs" where RootPath.isSame(mount.destination, "/dev") && !options.copiesUp:
            let nodes = bundle == nil ? linux.devices : linux.devices.filter { $0.path.hasPrefix("/dev/") }
            return (.devices(try deviceNodes(nodes), options: options.data), .launcher)
        case "tmpfs": return (.tmpfs(options: options.data), .child)
        case let type where bundle != nil && !type.isEmpty && type != "none":
            return (.other(type: type, source: mount.source, options: options.data), .child)
        default:
            throw CFSError(
                .invalidConfiguration, .parsing, "unknown mount type \"\(mount.type)\" for \(mount.destination)")
        }
    }

    /// A user namespace may mount only what belongs to namespaces that it owns itself.
    private func owner(of kind: NamespaceFlags) -> MountPlan.Maker {
        hasUserNamespace && !owns(kind) ? .launcher : .child
    }

    private func bind(_ mount: RuntimeSpec.Mount, _ options: MountOptions) throws(CFSError) -> MountPlan.Kind {
        guard mount.source.isAbsolutePath else {
            throw CFSError(
                .invalidConfiguration, .parsing, "the mount source \"\(mount.source)\" is not an absolute path",
                path: mount.source)
        }
        try refuse(options.data, mount)
        return .bind(source: mount.source, recursive: options.isRecursiveBind)
    }

    /// What procfs knows for a container (proc(5), mount options); values are the kernel's to judge.
    private func procOptions(
        _ mount: RuntimeSpec.Mount, _ data: [String], _ maker: MountPlan.Maker
    ) throws(CFSError) -> [String] {
        var options: [String] = []
        for option in data {
            let (key, value) = (option.prefix { $0 != "=" }, option.drop { $0 != "=" }.dropFirst())
            guard ["hidepid", "gid", "subset"].contains(key) else { throw refusal(of: option, mount) }
            guard key == "gid", maker == .launcher else {
                options.append(option)
                continue
            }
            // The launcher's numbers are the host's.
            guard !gidMappings.isEmpty, let group = UInt32(value), let host = gidMappings.hostID(of: group) else {
                throw refusal(of: option, mount)
            }
            options.append("gid=\(host)")
        }
        return options
    }

    private func checkIDMap(
        _ mount: RuntimeSpec.Mount, _ options: MountOptions, _ kind: MountPlan.Kind, hasOwnMap: Bool
    ) throws(CFSError) {
        guard options.idMapped || hasOwnMap else { return }
        guard case .bind = kind else {
            throw CFSError(
                .invalidConfiguration, .parsing,
                "the mount at \(mount.destination) cannot have the option \"idmap\": only a bind mount is mapped",
                path: mount.destination)
        }
        guard !hasOwnMap || !(mount.uidMappings.isEmpty || mount.gidMappings.isEmpty) else {
            throw CFSError(
                .invalidConfiguration, .parsing,
                "the mount at \(mount.destination) needs both uidMappings and gidMappings, or neither",
                path: mount.destination)
        }
        guard hasUserNamespace || hasOwnMap else {
            throw CFSError(
                .invalidConfiguration, .parsing,
                "the mount at \(mount.destination) cannot have the option \"idmap\": "
                    + "the container has no user namespace to take the map from",
                path: mount.destination,
                hint: "leave idmap away: without a user namespace the ids inside are those of the host")
        }
    }

    private func refuse(_ data: [String], _ mount: RuntimeSpec.Mount) throws(CFSError) {
        if let option = data.first { throw refusal(of: option, mount) }
    }

    private func refusal(of option: String, _ mount: RuntimeSpec.Mount) -> CFSError {
        let what = mount.type.isEmpty || mount.type == "none" ? "bind" : mount.type
        return CFSError(
            .invalidConfiguration, .parsing,
            "the mount at \(mount.destination) cannot have the option \"\(option)\": a \(what) mount does not know it",
            path: mount.destination)
    }
}
