import CFSModel

/// A limit can be asked for in two ways: by its own field, or by the name of its file (`unified`). Whichever was named last has it.
extension RuntimeSpec.Resources {
    /// Takes away what was asked for before, where `changes` asks for the same limit in the other way.
    mutating func dropTwins(of changes: RuntimeSpec.Resources) {
        let written = changes.files
        let named = changes.unified.map(\.key)
        unified.removeAll { written.contains($0.key) && !named.contains($0.key) }
        if let rates = changes.blockIO, !named.contains("io.max") { dropRates(of: rates) }
        for file in named where !written.contains(file) { dropField(of: file) }
    }

    /// Of `io.max` the lines of disks that `rates` names.
    private mutating func dropRates(of rates: RuntimeSpec.BlockIO) {
        let disks = [
            rates.throttleReadBpsDevice, rates.throttleWriteBpsDevice, rates.throttleReadIOPSDevice,
            rates.throttleWriteIOPSDevice,
        ].flatMap { $0 }.map { "\($0.major):\($0.minor) " }
        guard !disks.isEmpty, let place = unified.firstIndex(where: { $0.key == "io.max" }) else { return }
        let kept = unified[place].value.split(separator: "\n").filter { line in
            !disks.contains { line.hasPrefix($0) }
        }
        if kept.isEmpty {
            unified.remove(at: place)
        } else {
            unified[place].value = kept.map(String.init).text(separator: "\n")
        }
    }

    /// The files of the cgroup that fields of their own are written to.
    private var files: [String] {
        var files: [String] = []
        func add(_ file: String, _ isAsked: Bool) { if isAsked { files.append(file) } }
        // 0 means "not set".
        add("memory.max", memory?.limit ?? 0 != 0)
        add("memory.swap.max", memory?.swap != nil)
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
        for limit in hugepageLimits {
            files += ["hugetlb.\(limit.pageSize).max", "hugetlb.\(limit.pageSize).rsvd.max"]
        }
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
