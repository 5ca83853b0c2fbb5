import CFSModel

/// A limit that may also be none.
public enum CgroupLimit<Amount: Sendable & Hashable>: Sendable, Hashable {
    /// `max`.
    case unlimited
    case at(Amount)
}

/// What a cgroup may use, as values with units. What is nil or empty is left as the kernel has it, which for a new
/// cgroup means without limit.
///
///     var limits = CgroupLimits()
///     limits.cpu.quota = .at(try CPUQuota("0.5"))
///     limits.memory.max = .at(try ByteCount("64m"))
///     try cgroup.apply(try CgroupSettings(limits))
public struct CgroupLimits: Sendable, Hashable {
    public var cpu = CPULimits()
    public var cpuset = CpusetLimits()
    public var memory = MemoryLimits()
    public var io = IOLimits()
    /// Processes and threads.
    public var pids: CgroupLimit<UInt64>?
    public var hugetlb: [HugeTLBLimit] = []
    public var rdma: [RDMALimit] = []
    public var misc: [MiscLimit] = []
    /// Which device nodes may be used; nil for no filter.
    public var devices: DeviceFilter?
    /// Files of cgroup v2 by name, written last, as they stand.
    public var unified: [UnifiedSetting] = []

    public init() {}
}

extension CgroupLimits {
    /// Converts the OCI object, whose fields are those of cgroup v1, as runtimes do that follow runtime-spec.
    ///
    /// Zero and the empty string mean "not set", as in runc-update(8). What cgroup v2 cannot do is an error.
    ///
    /// - Parameter naming: what errors call a field.
    /// - Throws: `invalidConfiguration`, naming the field, the value and what is possible.
    public init(
        _ resources: RuntimeSpec.Resources, naming: LimitNaming = LimitField.inConfiguration
    ) throws(CFSError) {
        if let asked = resources.cpu {
            cpu = try CPULimits(asked, naming)
            cpuset = try CpusetLimits(asked, naming)
        }
        if let asked = resources.memory { memory = try MemoryLimits(asked, naming) }
        if let asked = resources.blockIO { io = try IOLimits(asked, naming) }
        if let asked = resources.pids { pids = try Self.pids(asked, naming) }
        for asked in resources.hugepageLimits { hugetlb.append(try HugeTLBLimit(asked, naming)) }
        for asked in resources.rdma { rdma.append(try RDMALimit(asked, naming)) }
        if let asked = resources.network { try Self.refuse(asked, naming) }
        if !resources.devices.isEmpty { devices = try DeviceFilter(resources.devices, naming) }
        for asked in resources.unified {
            let field = LimitField(asked)
            unified.append(
                try UnifiedSetting(asked.key, asked.value, naming(.unified), own: field.map { naming($0) }))
        }
    }

    private static func refuse(_ network: RuntimeSpec.Network, _ naming: LimitNaming) throws(CFSError) {
        let asked: LimitField?
        if network.classID ?? 0 != 0 {
            asked = .networkClass
        } else {
            asked = network.priorities.isEmpty ? nil : .networkPriorities
        }
        guard let asked else { return }
        throw CFSError.limit(
            naming(asked), nil, "has no counterpart in cgroup v2, which knows neither net_cls nor net_prio",
            hint: "packet filters match the cgroup itself there: nft ... socket cgroupv2")
    }
}

extension CFSError {
    /// The error for a limit that cannot be: which one, with what value, and why.
    static func limit(_ name: String, _ value: String?, _ why: String, hint: String? = nil) -> CFSError {
        let subject = value.map { "\(name) of \($0)" } ?? name
        return CFSError(.invalidConfiguration, .limiting, "\(subject) \(why)", hint: hint)
    }
}
