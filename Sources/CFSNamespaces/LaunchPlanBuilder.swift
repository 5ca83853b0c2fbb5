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
        try planMounts(spec)
        maskedPaths = spec.linux.maskedPaths
        readOnlyPaths = spec.linux.readonlyPaths
        for (name, value) in spec.linux.sysctl.sorted(by: { $0.key < $1.key }) {
            try SysctlRules.check(
                name, privateNetwork: owns(.network), privateIPC: owns(.ipc), privateUTS: owns(.uts),
                hasUserNamespace: hasUserNamespace)
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
    func owns(_ kind: NamespaceFlags) -> Bool { newNamespaces.contains(kind) }

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
