import CFSModel

/// One write to one file of a cgroup.
public struct CgroupSetting: Sendable, Hashable {
    /// Nil for the files of the core, `cgroup.*`.
    public var controller: CgroupController?
    public var file: String
    public var value: String
    /// What asked for it, for errors.
    public var name: String
    /// What it means that the cgroup has no such file.
    var absence = Absence.fails

    enum Absence: Sendable, Hashable {
        case fails
        /// The kernel limits nothing of the kind, or does it elsewhere.
        case isFine
        /// Nothing is swapped on a machine without swap.
        case isFineWithoutSwap
        /// Another file says the same where this one is missing.
        case isReplaced(file: String, value: String)
    }

    /// To ask for no limit needs no controller: without it there is none. What names a thing of the machine, such as a size
    /// of pages, must name one that is there.
    public var isNoLimit: Bool {
        switch controller {
        case .memory, .pids: value == "max"
        case .cpu: value.hasPrefix("max")
        default: false
        }
    }

    init(_ file: String, _ value: String, _ name: String, absence: Absence = .fails) {
        controller = CgroupController(ofFile: file)
        self.file = file
        self.value = value
        self.name = name
        self.absence = absence
    }
}

/// What is to be written to a cgroup, in order: the plan of its limits.
public struct CgroupSettings: Sendable, Hashable {
    public private(set) var entries: [CgroupSetting] = []
    /// Which device nodes may be used; nil leaves that as it is.
    public var devices: DeviceFilter?
    /// Whether a memory limit below what is in use is an error (OCI's `checkBeforeUpdate`); the kernel would reclaim, and
    /// then kill.
    public var checksMemoryInUse = false

    public init() {}

    /// - Parameter naming: what errors call a field; the file's name by default.
    public init(_ limits: CgroupLimits, naming: LimitNaming? = nil) throws(CFSError) {
        let name: (LimitField, String) -> String = { naming?($0) ?? $1 }
        try limits.cpu.add(to: &self, name)
        limits.cpuset.add(to: &self, name)
        limits.memory.add(to: &self, name)
        limits.io.add(to: &self, name)
        if let pids = limits.pids { add(pids: pids, name) }
        for limit in limits.hugetlb { limit.add(to: &self, name) }
        for limit in limits.rdma { limit.add(to: &self, name) }
        for limit in limits.misc { limit.add(to: &self, name) }
        for setting in limits.unified { setting.add(to: &self) }
        devices = limits.devices
    }

    /// The settings for an OCI object: ``CgroupLimits/init(_:naming:)``, then written out.
    public init(
        _ resources: RuntimeSpec.Resources, naming: @escaping LimitNaming = LimitField.inConfiguration
    ) throws(CFSError) {
        let limits = try CgroupLimits(resources, naming: naming)
        try self.init(limits, naming: naming)
        checksMemoryInUse = resources.memory?.checkBeforeUpdate ?? false
    }

    /// Takes away what was to be written to a file.
    mutating func drop(_ file: String) { entries.removeAll { $0.file == file } }

    public var isEmpty: Bool { entries.isEmpty && devices == nil }

    /// The controllers that must be there, each once, in the order of the entries.
    public var controllers: [CgroupController] {
        var found: [CgroupController] = []
        for entry in entries {
            if entry.isNoLimit { continue }
            if let controller = entry.controller, !found.contains(controller) { found.append(controller) }
        }
        return found
    }

    mutating func add(_ setting: CgroupSetting) {
        var setting = setting
        if setting.isNoLimit, setting.absence == .fails { setting.absence = .isFine }
        entries.append(setting)
    }
}
