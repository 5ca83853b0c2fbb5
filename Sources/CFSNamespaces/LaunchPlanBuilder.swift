import CFSLinux
import CFSModel
import CFSNetworks

extension LaunchPlan {
    /// What the OCI configuration has no field for.
    public struct Extras: Sendable {
        public var root: RootPlan
        /// `user[:group]` to look up inside, instead of the configuration's numbers.
        public var userName: String?
        /// Groups besides those of ``userName``, to look up inside, too; without effect where that is nil.
        public var groups: [String] = []
        public var initProcess = false
        /// Whether a monitor puts the container on networks.
        public var hasNetworks = false
        /// The compiled filter of `linux.seccomp`.
        public var seccomp: SeccompFilter?
        /// What a caller of the OCI runtime adds; nil for the engine's own containers, whose rules are stricter.
        public var bundle: Bundle?

        public init(root: RootPlan) { self.root = root }
    }

    /// How the plan of an OCI bundle differs from that of a container of the engine: what the engine makes itself it can be
    /// strict with, what others wrote is taken as the specification has it.
    public struct Bundle: Sendable {
        public var held = HeldStart()
        /// The container's cgroup, for a cgroup mount without a namespace for it; nil when there is none.
        public var cgroupPath: String?
        /// Namespaces that are joined by path, but are the host's all the same.
        public var joinsOfHost: NamespaceFlags = []
        public var pivots = true

        public init() {}
    }

    /// Computes the plan for a configuration. Pure: touches neither kernel nor files.
    ///
    /// - Throws: `.invalidConfiguration` for what is contradictory or not known.
    public init(_ spec: RuntimeSpec, _ extras: Extras) throws(CFSError) {
        try Self.refuseCutPaths(spec)
        self.init(root: extras.root, process: try Self.process(spec, extras))
        try planNamespaces(spec.linux)
        hostname = spec.hostname
        domainname = spec.domainname
        try planMounts(spec, extras.bundle)
        if let bundle = extras.bundle { try plan(bundle, spec) } else { try Self.refuseBundlesOwn(spec) }
        maskedPaths = spec.linux.maskedPaths
        readOnlyPaths = spec.linux.readonlyPaths
        for (name, value) in spec.linux.sysctl.sorted(by: { $0.key < $1.key }) {
            try SysctlRules.check(
                name, privateNetwork: hasApart(.network, extras.bundle), privateIPC: hasApart(.ipc, extras.bundle),
                privateUTS: hasApart(.uts, extras.bundle), hasUserNamespace: hasUserNamespace)
            sysctls.append(Sysctl(name: name, value: value))
        }
        // A setting of the network may be that of a device, or speak of devices to come: then the devices are there first.
        waitsForNetworks = extras.hasNetworks && !sysctls.contains { $0.name.hasPrefix("net.") }
        if let name = hostname ?? domainname, !hasApart(.uts, extras.bundle) {
            throw CFSError(
                .invalidConfiguration, .parsing,
                "the host name \"\(name)\" needs a uts namespace of the container's own")
        }
    }

    /// The kernel's part of a path ends at a NUL byte, so `/proc\0x` is no path that a check would know as `/proc`.
    private static func refuseCutPaths(_ spec: RuntimeSpec) throws(CFSError) {
        let paths =
            [spec.root.path, spec.process.cwd] + spec.mounts.flatMap { [$0.destination, $0.source] }
            + spec.linux.maskedPaths + spec.linux.readonlyPaths + spec.linux.devices.map(\.path)
            + spec.linux.namespaces.compactMap(\.path)
        guard let path = paths.first(where: { $0.utf8.contains(0) }) else { return }
        throw CFSError(.invalidConfiguration, .parsing, "the path \"\(path)\" contains a NUL byte", path: path)
    }

    /// What only the OCI runtime carries out must not stand, without effect, in a configuration of the engine's own.
    private static func refuseBundlesOwn(_ spec: RuntimeSpec) throws(CFSError) {
        let members: [(String, Bool)] = [
            ("hooks", !spec.hooks.isEmpty), ("linux.rootfsPropagation", spec.linux.rootfsPropagation != nil),
            ("linux.mountLabel", spec.linux.mountLabel != nil), ("linux.intelRdt", spec.linux.intelRdt != nil),
            ("linux.netDevices", !spec.linux.netDevices.isEmpty),
        ]
        guard let member = members.first(where: \.1) else { return }
        throw CFSError(.invalidConfiguration, .parsing, "\(member.0) is not supported by this engine")
    }

    /// Whether what the container does in a namespace is not seen on the host. A bundle may join one that somebody made for
    /// it; the engine's containers join only one another's, which are not theirs to change.
    private func hasApart(_ kind: NamespaceFlags, _ bundle: Bundle?) -> Bool {
        if owns(kind) { return true }
        guard let bundle else { return false }
        return joins.contains { $0.namespace == kind } && !bundle.joinsOfHost.contains(kind)
    }

    private mutating func plan(_ bundle: Bundle, _ spec: RuntimeSpec) throws(CFSError) {
        held = bundle.held
        pivots = bundle.pivots
        rootPropagation = try spec.linux.rootfsPropagation.map { word throws(CFSError) in
            guard let propagation = Mounting.Propagation(rawValue: word) else {
                throw CFSError(.invalidConfiguration, .parsing, "linux.rootfsPropagation does not know \"\(word)\"")
            }
            return propagation
        }
        try planLooseDevices(spec.linux.devices)
        try planNetworkDevices(spec.linux.netDevices, bundle)
    }

    private mutating func planNetworkDevices(
        _ devices: [RuntimeSpec.NetDevice], _ bundle: Bundle
    ) throws(CFSError) {
        for device in devices {
            let name = device.name.flatMap { $0.isEmpty ? nil : $0 } ?? device.hostName
            func fault(_ what: String) -> CFSError {
                CFSError(.invalidConfiguration, .parsing, "linux.netDevices.\(device.hostName)\(what)")
            }
            guard NetworkDeviceMove.isName(device.hostName) else { throw fault(" is not a name of a device") }
            guard NetworkDeviceMove.isName(name, isTemplate: true) else {
                throw fault(".name: \"\(name)\" cannot be the name of a device")
            }
            guard name.contains("%") || !networkDevices.contains(where: { $0.newName == name }) else {
                throw fault(".name: another device is to be called \(name), too")
            }
            guard hasApart(.network, bundle) else { throw fault(" needs a network namespace that is not the host's") }
            networkDevices.append(NetworkDeviceMove(name: device.hostName, newName: name))
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
        uidMappings = linux.uidMappings.map { IDMapping($0) }
        gidMappings = linux.gidMappings.map { IDMapping($0) }
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
        var plan = try ProcessPlan(spec.process, isBare: extras.bundle != nil && !spec.hasProcess)
        if let name = extras.userName {
            plan.user = .named(name, groups: extras.groups)
            plan.dropsCapabilitiesForOrdinaryUser = true
        }
        plan.initProcess = extras.initProcess
        plan.attributes = try ProcessAttributes(spec.process, spec.linux)
        plan.seccomp = extras.seccomp
        return plan
    }
}

extension ProcessPlan {
    /// The plan for the `process` object of an OCI configuration.
    ///
    /// - Parameter isBare: whether there is no such object, so that there is no command yet.
    public init(_ process: RuntimeSpec.Process, isBare: Bool = false) throws(CFSError) {
        guard process.cwd.isAbsolutePath else {
            throw CFSError(
                .invalidConfiguration, .parsing, "the working directory \"\(process.cwd)\" is not an absolute path",
                path: process.cwd)
        }
        guard isBare || process.args.first?.isEmpty == false else {
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
