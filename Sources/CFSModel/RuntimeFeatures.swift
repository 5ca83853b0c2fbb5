/// What a runtime can do (runtime-spec 1.3.0, features.md and features-linux.md). Property names are those of the JSON.
/// Nil means that the document does not say; an empty list says that there is nothing.
public struct RuntimeFeatures: Sendable, Hashable {
    public var ociVersionMin: String
    /// Not below ``ociVersionMin``.
    public var ociVersionMax: String
    /// `createRuntime`.
    public var hooks: [String]?
    public var mountOptions: [String]?
    public var annotations: [String: String] = [:]
    /// Annotations of a configuration that change what the runtime does; a name that ends with `.` is a prefix.
    public var potentiallyUnsafeConfigAnnotations: [String]?
    public var linux: Linux?

    public struct Linux: Sendable, Hashable {
        public var namespaces: [String]?
        /// Names with `CAP_`.
        public var capabilities: [String]?
        public var cgroup: Cgroup?
        public var seccomp: Seccomp?
        public var apparmor: Switch?
        public var selinux: Switch?
        public var intelRdt: Switch?
        public var mountExtensions: MountExtensions?
        public var netDevices: Switch?
        public init() {}
    }

    /// A part that is there or not.
    public struct Switch: Sendable, Hashable {
        public var enabled: Bool?
        public init(enabled: Bool?) { self.enabled = enabled }
    }

    public struct Cgroup: Sendable, Hashable {
        public var v1: Bool?
        public var v2: Bool?
        public var systemd: Bool?
        public var systemdUser: Bool?
        public var rdma: Bool?
        public init() {}
    }

    public struct Seccomp: Sendable, Hashable {
        public var enabled: Bool?
        /// `SCMP_ACT_ERRNO`.
        public var actions: [String]?
        /// `SCMP_CMP_EQ`.
        public var operators: [String]?
        /// `SCMP_ARCH_X86_64`.
        public var archs: [String]?
        /// `SECCOMP_FILTER_FLAG_LOG`.
        public var knownFlags: [String]?
        public var supportedFlags: [String]?
        public init() {}
    }

    public struct MountExtensions: Sendable, Hashable {
        public var idmap: Switch?
        public init(idmap: Switch?) { self.idmap = idmap }
    }

    public init(ociVersionMin: String, ociVersionMax: String) {
        self.ociVersionMin = ociVersionMin
        self.ociVersionMax = ociVersionMax
    }
}

// MARK: JSON

extension RuntimeFeatures {
    /// Reads the document; unknown members are ignored (config.md, Extensibility).
    ///
    /// - Throws: `.invalidConfiguration` with the full name of the member that is missing, of another type or of a wrong
    ///   value.
    public init(json: JSON) throws(CFSError) {
        self = try JSONFields.read(json, what: "features", reading: .extensible, isDocument: true, Self.init)
    }

    private init(_ fields: inout JSONFields) throws(CFSError) {
        self.init(
            ociVersionMin: try fields.version("ociVersionMin"), ociVersionMax: try fields.version("ociVersionMax"))
        if let low = SemanticVersion(ociVersionMin), let high = SemanticVersion(ociVersionMax), high < low {
            throw fields.fault("ociVersionMax", "must not be below ociVersionMin")
        }
        hooks = try fields.texts("hooks")
        mountOptions = try fields.texts("mountOptions")
        annotations = try fields.annotations()
        potentiallyUnsafeConfigAnnotations = try fields.texts("potentiallyUnsafeConfigAnnotations")
        linux = try fields.part("linux", Linux.init)
    }

    public var json: JSON {
        var out = JSONBuilder()
        out.set("ociVersionMin", ociVersionMin)
        out.set("ociVersionMax", ociVersionMax)
        out.set("hooks", list: hooks)
        out.set("mountOptions", list: mountOptions)
        out.set("linux", linux?.json)
        out.set("annotations", annotations)
        out.set("potentiallyUnsafeConfigAnnotations", list: potentiallyUnsafeConfigAnnotations)
        return out.json
    }
}

extension RuntimeFeatures.Linux {
    fileprivate init(_ fields: inout JSONFields) throws(CFSError) {
        namespaces = try fields.strings("namespaces", of: RuntimeSpec.Words.namespaces)
        capabilities = try fields.strings(
            "capabilities", "a name such as CAP_KILL", where: RuntimeSpec.Words.isCapability)
        cgroup = try fields.part("cgroup", RuntimeFeatures.Cgroup.init)
        seccomp = try fields.part("seccomp", RuntimeFeatures.Seccomp.init)
        apparmor = try fields.part("apparmor", RuntimeFeatures.Switch.init)
        selinux = try fields.part("selinux", RuntimeFeatures.Switch.init)
        intelRdt = try fields.part("intelRdt", RuntimeFeatures.Switch.init)
        mountExtensions = try fields.part("mountExtensions") { fields throws(CFSError) in
            RuntimeFeatures.MountExtensions(idmap: try fields.part("idmap", RuntimeFeatures.Switch.init))
        }
        netDevices = try fields.part("netDevices", RuntimeFeatures.Switch.init)
    }

    fileprivate var json: JSON {
        var out = JSONBuilder()
        out.set("namespaces", list: namespaces)
        out.set("capabilities", list: capabilities)
        out.set("cgroup", cgroup?.json)
        out.set("seccomp", seccomp?.json)
        out.set("apparmor", apparmor?.json)
        out.set("selinux", selinux?.json)
        out.set("intelRdt", intelRdt?.json)
        if let mountExtensions {
            var inner = JSONBuilder()
            inner.set("idmap", mountExtensions.idmap?.json)
            out.set("mountExtensions", inner.json)
        }
        out.set("netDevices", netDevices?.json)
        return out.json
    }
}

extension RuntimeFeatures.Switch {
    fileprivate init(_ fields: inout JSONFields) throws(CFSError) { self.init(enabled: try fields.bool("enabled")) }

    fileprivate var json: JSON {
        var out = JSONBuilder()
        out.set("enabled", enabled)
        return out.json
    }
}

extension RuntimeFeatures.Cgroup {
    fileprivate init(_ fields: inout JSONFields) throws(CFSError) {
        v1 = try fields.bool("v1")
        v2 = try fields.bool("v2")
        systemd = try fields.bool("systemd")
        systemdUser = try fields.bool("systemdUser")
        rdma = try fields.bool("rdma")
    }

    fileprivate var json: JSON {
        var out = JSONBuilder()
        out.set("v1", v1)
        out.set("v2", v2)
        out.set("systemd", systemd)
        out.set("systemdUser", systemdUser)
        out.set("rdma", rdma)
        return out.json
    }
}

extension RuntimeFeatures.Seccomp {
    fileprivate init(_ fields: inout JSONFields) throws(CFSError) {
        enabled = try fields.bool("enabled")
        actions = try fields.strings("actions", of: RuntimeSpec.Words.seccompActions)
        operators = try fields.strings("operators", of: RuntimeSpec.Words.seccompOperators)
        archs = try fields.strings("archs", of: RuntimeSpec.Words.seccompArchitectures)
        knownFlags = try fields.strings("knownFlags", of: RuntimeSpec.Words.seccompFlags)
        supportedFlags = try fields.strings("supportedFlags", of: RuntimeSpec.Words.seccompFlags)
    }

    fileprivate var json: JSON {
        var out = JSONBuilder()
        out.set("enabled", enabled)
        out.set("actions", list: actions)
        out.set("operators", list: operators)
        out.set("archs", list: archs)
        out.set("knownFlags", list: knownFlags)
        out.set("supportedFlags", list: supportedFlags)
        return out.json
    }
}

extension JSONFields {
    /// An array of strings; nil when it is not there.
    fileprivate mutating func texts(_ key: String) throws(CFSError) -> [String]? {
        try take(key, "an array of strings", \.strings)
    }
}

extension JSONBuilder {
    /// Writes an empty list too: it says something else than none.
    fileprivate mutating func set(_ key: String, list: [String]?) { set(key, list.map { JSON($0) }) }
}
