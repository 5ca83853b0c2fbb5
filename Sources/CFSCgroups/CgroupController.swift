/// A controller of cgroup v2 (cgroup-v2.rst, Controllers). Devices are no controller there: an eBPF program decides.
public enum CgroupController: String, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    case cpuset, cpu, io, memory, hugetlb, pids, rdma, misc

    public var description: String { rawValue }

    /// The controller that a file such as `memory.max` belongs to; nil for `cgroup.*` and for names that none has.
    public init?(ofFile file: String) {
        guard let dot = file.firstIndex(of: ".") else { return nil }
        self.init(rawValue: String(file[..<dot]))
    }

    /// What cgroup v1 calls it (`/proc/cgroups`, mount options).
    var legacyName: String { self == .io ? "blkio" : rawValue }

    /// What the kernel must be built with.
    var kernelOption: String {
        switch self {
        case .cpuset: "CONFIG_CPUSETS"
        case .cpu: "CONFIG_CGROUP_SCHED"
        case .io: "CONFIG_BLK_CGROUP"
        case .memory: "CONFIG_MEMCG"
        case .hugetlb: "CONFIG_CGROUP_HUGETLB"
        case .pids: "CONFIG_CGROUP_PIDS"
        case .rdma: "CONFIG_CGROUP_RDMA"
        case .misc: "CONFIG_CGROUP_MISC"
        }
    }
}
