import CFSModel

// The controller `pids` (cgroup-v2.rst, PID).

extension CgroupLimits {
    /// The limit of processes and threads for OCI's: -1 is none. Zero, which forbids every clone, becomes one: the first
    /// process is cloned into its group, and more than it there cannot be either way.
    static func pids(_ asked: RuntimeSpec.Pids, _ naming: LimitNaming) throws(CFSError) -> CgroupLimit<UInt64> {
        if asked.limit == -1 { return .unlimited }
        guard let limit = UInt64(exactly: asked.limit) else {
            throw CFSError.limit(
                naming(.pidsLimit), "\(asked.limit)",
                "is out of range: a number of processes, or -1 for without limit, is possible")
        }
        return .at(max(limit, 1))
    }
}

extension CgroupSettings {
    mutating func add(pids limit: CgroupLimit<UInt64>, _ name: (LimitField, String) -> String) {
        add(CgroupSetting("pids.max", limit.fileValue, name(.pidsLimit, "pids.max")))
    }
}
