import CFSLinux
import CFSModel

extension LaunchPlan {
    /// What the OCI configuration has no field for.
    public struct Extras: Sendable {
        public var root: RootPlan
        /// `user[:group]` to look up inside, instead of the configuration's numbers.
        public var userName: String?
        public var initProcess = false
        /// The compiled filter of `linux.seccomp`.
        public var seccomp: SeccompFilter?

        public init(root: RootPlan) { self.root = root }
    }

    /// Computes the plan for a configuration. Pure: touches neither kernel nor files.
    ///
    /// - Throws: `.invalidConfiguration` for what is contradictory or not known.
    public init(_ spec: RuntimeSpec, _ extras: Extras) throws(CFSError) {
        self.init(root: extras.root, process: try Self.process(spec, extras))
        try planNamespaces(spec.linux)
        hostname = spec.hostname
        domainname = spec.domainname
        for mount in spec.mounts { mounts.append(try plan(mount, spec.linux)) }
        maskedPaths = spec.linux.maskedPaths
        readOnlyPaths = spec.linux.readonlyPaths
        for (name, value) in spec.linux.sysctl.sorted(by: { $0.key < $1.key }) {
            try SysctlRules.check(
                name, privateNetwork: owns(.network), privateIPC: owns(.ipc), privateUTS: owns(.uts))
            sysctls.append(Sysctl(name: name, value: value))
        }
        if let name = hostname ?? domainname, !owns(.uts) {
            throw CFSError(
                .invalidConfiguration, .parsing,
                "the host name \"\(name)\" needs a uts namespace of the container's own")
        }
    }

    private mutating func planNamespaces(_ linux: RuntimeSpec.Linux) throws(CFSError) {
        var seen: NamespaceFlags = []
        for namespace in linux.namespaces {
            guard let kind = NamespaceFlags(named: namespace.type) else {
                throw CFSError(.invalidConfiguration, .parsing, "unknown namespace \"\(namespace.type)\"")
            }
            guard !seen.contains(kind) else {
                throw CFSError(.invalidConfiguration, .parsing, "the namespace \(namespace.type) is named twice")
            }
            seen.insert(kind)
            switch (namespace.path, kind) {
            case (let path?, .user): userNamespacePath = path
            case (let path?, .mount):
                throw CFSError(
                    .invalidConfiguration, .parsing, "a mount namespace cannot be joined at the start", path: path)
            case (let path?, _): joins.append(Join(namespace: kind, path: path))
            case (nil, .cgroup): unsharesCgroup = true
            case (nil, _): newNamespaces.insert(kind)
            }
        }
        guard newNamespaces.contains(.mount) else {
            throw CFSError(.invalidConfiguration, .parsing, "a container needs a mount namespace of its own")
        }
        uidMappings = linux.uidMappings.map { IDMapping(container: $0.containerID, host: $0.hostID, size: $0.size) }
        gidMappings = linux.gidMappings.map { IDMapping(container: $0.containerID, host: $0.hostID, size: $0.size) }
        if newNamespaces.contains(.user), uidMappings.isEmpty || gidMappings.isEmpty {
            throw CFSError(.invalidConfiguration, .parsing, "a new user namespace needs uidMappings and gidMappings")
        }
        if !linux.timeOffsets.isEmpty, !newNamespaces.contains(.time) {
            throw CFSError(.invalidConfiguration, .parsing, "timeOffsets need a new time namespace")
        }
        timeOffsets = linux.timeOffsets.sorted { $0.key < $1.key }.map {
            TimeOffset(clock: $0.key, seconds: $0.value.secs, nanoseconds: $0.value.nanosecs)
        }
    }

    /// Whether the container has a namespace of this kind that is not the host's nor another's.
    private func owns(_ kind: NamespaceFlags) -> Bool { newNamespaces.contains(kind) }

    // MARK: Mounts

    private func plan(_ mount: RuntimeSpec.Mount, _ linux: RuntimeSpec.Linux) throws(CFSError) -> MountPlan {
        guard mount.destination.hasPrefix("/") else {
            throw CFSError(
                .invalidConfiguration, .parsing, "the mount target \"\(mount.destination)\" is not an absolute path",
                path: mount.destination)
        }
        let options = MountOptions(mount.options)
        let kind: MountPlan.Kind
        var maker = MountPlan.Maker.child
        // A user namespace may mount only what belongs to namespaces that it owns itself.
        let borrowed = hasUserNamespace
        switch mount.type {
        case "proc":
            kind = .proc
            if borrowed && !owns(.pid) { maker = .launcher }
        case "sysfs":
            kind = .sysfs
            if borrowed && !owns(.network) { maker = .launcher }
        case "mqueue":
            kind = .mqueue
            if borrowed && !owns(.ipc) { maker = .launcher }
        case "devpts": kind = .devpts(options: options.data)
        case "cgroup", "cgroup2":
            if borrowed && !unsharesCgroup {
                (kind, maker) = (.bind(source: "/sys/fs/cgroup", recursive: true), .launcher)
            } else {
                kind = .cgroup
            }
        case "tmpfs" where mount.destination == "/dev":
            (kind, maker) = (.devices(try deviceNodes(linux), options: options.data), .launcher)
        case "tmpfs": kind = .tmpfs(options: options.data)
        case _ where mount.type == "bind" || options.isBind:
            guard mount.source.hasPrefix("/") else {
                throw CFSError(
                    .invalidConfiguration, .parsing, "the mount source \"\(mount.source)\" is not an absolute path",
                    path: mount.source)
            }
            if let word = options.data.first {
                throw CFSError(.invalidConfiguration, .parsing, "a bind mount does not know the option \"\(word)\"")
            }
            (kind, maker) = (.bind(source: mount.source, recursive: options.isRecursiveBind), .launcher)
        default:
            throw CFSError(
                .invalidConfiguration, .parsing, "unknown mount type \"\(mount.type)\" for \(mount.destination)")
        }
        return MountPlan(
            kind: kind, target: mount.destination, set: options.set, clear: options.clear,
            recursiveAttributes: options.recursiveAttributes || options.set.contains(.readOnly),
            propagation: options.propagation,
            idMapped: options.idMapped, maker: maker)
    }

    private func deviceNodes(_ linux: RuntimeSpec.Linux) throws(CFSError) -> [DeviceNode] {
        var nodes = DeviceNode.standard
        for device in linux.devices {
            guard device.path.hasPrefix("/dev/"), !device.path.split(separator: "/").contains(".."),
                ["c", "u", "b"].contains(device.type)
            else {
                throw CFSError(
                    .invalidConfiguration, .parsing,
                    "the device \(device.path) must be a character or block device below /dev",
                    path: device.path)
            }
            nodes.removeAll { "/dev/\($0.name)" == device.path }
            nodes.append(
                DeviceNode(
                    name: String(device.path.dropFirst(5)), isBlock: device.type == "b", major: device.major,
                    minor: device.minor,
                    mode: device.fileMode ?? 0o666))
        }
        return nodes
    }

    // MARK: The process

    private static func process(_ spec: RuntimeSpec, _ extras: Extras) throws(CFSError) -> ProcessPlan {
        var plan = try ProcessPlan(spec.process)
        if let name = extras.userName {
            plan.user = .named(name)
            plan.dropsCapabilitiesForOrdinaryUser = true
        }
        plan.initProcess = extras.initProcess
        plan.seccomp = extras.seccomp
        return plan
    }
}

extension ProcessPlan {
    /// The plan for the `process` object of an OCI configuration.
    public init(_ process: RuntimeSpec.Process) throws(CFSError) {
        guard process.cwd.hasPrefix("/") else {
            throw CFSError(
                .invalidConfiguration, .parsing, "the working directory \"\(process.cwd)\" is not an absolute path",
                path: process.cwd)
        }
        guard let command = process.args.first, !command.isEmpty else {
            throw CFSError(.invalidConfiguration, .parsing, "there is no command to run")
        }
        for text in process.args + process.env where text.utf8.contains(0) {
            throw CFSError(.invalidConfiguration, .parsing, "an argument or variable contains a NUL byte")
        }
        var sets = CapabilitySets()
        if let capabilities = process.capabilities { sets = try CapabilitySets(capabilities) }
        self.init(
            arguments: process.args, environment: process.env, workingDirectory: process.cwd,
            user: .ids(uid: process.user.uid, gid: process.user.gid, groups: process.user.additionalGids),
            capabilities: sets,
            noNewPrivileges: process.noNewPrivileges)
        for limit in process.rlimits {
            guard limit.soft <= limit.hard else {
                throw CFSError(
                    .invalidConfiguration, .parsing, "the soft limit of \(limit.type) is above its hard limit")
            }
            limits.append(
                Limit(resource: try ResourceLimitNames.number(limit.type), soft: limit.soft, hard: limit.hard))
        }
        oomScoreAdjustment = process.oomScoreAdj
        umask = process.user.umask ?? 0o022
        terminal = process.terminal
        windowSize = process.consoleSize.map { WindowSize(rows: $0.height, columns: $0.width) }
    }
}
