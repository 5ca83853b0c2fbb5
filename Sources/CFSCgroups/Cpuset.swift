import CFSModel

/// The controller `cpuset` (cgroup-v2.rst, Cpuset).
public struct CpusetLimits: Sendable, Hashable {
    /// `cpuset.cpus`: the processors that may be used.
    public var cpus: IndexList?
    /// `cpuset.mems`: the memory nodes.
    public var mems: IndexList?

    public init() {}

    init(_ asked: RuntimeSpec.CPU, _ naming: LimitNaming) throws(CFSError) {
        cpus = try Self.list(asked.cpus, naming(.cpusetCPUs))
        mems = try Self.list(asked.mems, naming(.cpusetMems))
    }

    private static func list(_ text: String?, _ name: String) throws(CFSError) -> IndexList? {
        guard let text, !text.isEmpty else { return nil }
        do {
            let list = try IndexList(text)
            guard !list.isEmpty else { return nil }
            return list
        } catch {
            throw CFSError.limit(name, "\"\(text)\"", "is not a list of numbers", hint: error.hint)
        }
    }

    func add(to settings: inout CgroupSettings, _ name: (LimitField, String) -> String) {
        if let cpus { settings.add(CgroupSetting("cpuset.cpus", "\(cpus)", name(.cpusetCPUs, "cpuset.cpus"))) }
        if let mems { settings.add(CgroupSetting("cpuset.mems", "\(mems)", name(.cpusetMems, "cpuset.mems"))) }
    }
}
