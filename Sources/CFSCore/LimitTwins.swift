import CFSModel

/// A limit can be asked for in two ways: by its own field, or by the name of its file (`unified`). Whichever was named last has it.
extension RuntimeSpec.Resources {
    /// Takes away what was asked for before, where `changes` asks for the same limit in the other way.
    mutating func dropTwins(of changes: RuntimeSpec.Resources) {
        let written = changes.files
        let named = changes.unified.map(\.key)
        unified.removeAll { written.contains($0.key) && !named.contains($0.key) }
        for file in named where !written.contains(file) { dropField(of: file) }
    }

    /// The files of the cgroup that fields of their own are written to.
    private var files: [String] {
        var files: [String] = []
        func add(_ file: String, _ isAsked: Bool) { if isAsked { files.append(file) } }
        add("memory.max", memory?.limit != nil)
        add("memory.swap.max", memory?.limit != nil || memory?.swap != nil)
        add("memory.low", memory?.reservation != nil)
        add("cpu.weight", cpu?.shares != nil)
        add("cpu.max", cpu?.quota != nil || cpu?.period != nil)
        add("cpu.max.burst", cpu?.burst != nil)
        add("cpu.idle", cpu?.idle != nil)
        add("cpuset.cpus", cpu?.cpus != nil)
        add("cpuset.mems", cpu?.mems != nil)
        add("pids.max", pids != nil)
        add("io.weight", blockIO?.weight != nil)
        add("io.bfq.weight", blockIO?.weight != nil)
        for limit in hugepageLimits { files.append("hugetlb.\(limit.pageSize).max") }
        return files
    }

    /// Not that of `memory.max`: what was said of swap counts from it. The file is written behind it.
    private mutating func dropField(of file: String) {
        switch file {
        case "memory.low": memory?.reservation = nil
        case "cpu.weight": cpu?.shares = nil
        case "cpu.max":
            cpu?.quota = nil
            cpu?.period = nil
        case "cpu.max.burst": cpu?.burst = nil
        case "cpu.idle": cpu?.idle = nil
        case "cpuset.cpus": cpu?.cpus = nil
        case "cpuset.mems": cpu?.mems = nil
        case "pids.max": pids = nil
        case "io.weight", "io.bfq.weight": blockIO?.weight = nil
        default: hugepageLimits.removeAll { "hugetlb.\($0.pageSize).max" == file }
        }
    }
}
