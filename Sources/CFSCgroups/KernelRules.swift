/// What the kernel allows in its files, for people who were refused (cgroup-v2.rst).
enum KernelRules {
    static func allowed(in file: String) -> String? {
        switch file {
        case "cpu.max": "a quota of 1000 us or more, or max, in a period of 1000 to 1000000 us is"
        case "cpu.max.burst": "0 up to the quota of cpu.max is"
        case "cpu.weight": "1 to 10000 is, and nothing while cpu.idle is 1"
        case "cpu.idle": "0 and 1 are"
        case "cpuset.cpus", "cpuset.mems": "a list of what the cgroup above has is"
        case "memory.max", "memory.high", "memory.low", "memory.min", "memory.swap.max", "memory.zswap.max":
            "bytes, or max, are"
        case "memory.oom.group": "0 and 1 are"
        case "pids.max": "a number of processes up to 4194304, or max, is"
        case "io.max": "a disk and rates of 1 or more a second, or max, are"
        case "io.weight": "1 to 10000 is, for a disk with a scheduler that knows weights"
        case "io.bfq.weight": "1 to 1000 is, for a disk with the BFQ scheduler"
        case "rdma.max": "an adapter of this machine, with hca_handle and hca_object, is"
        case "misc.max": "a name of misc.capacity with a number or max is"
        default: nil
        }
    }

    /// Since when the kernel has a file that is not always there.
    static func needed(for file: String) -> String? {
        switch file {
        case "cpu.max.burst": "it came with Linux 5.14 (CONFIG_CFS_BANDWIDTH)"
        case "cpu.max": "the kernel needs CONFIG_CFS_BANDWIDTH"
        case "cpu.idle": "it came with Linux 5.15"
        case "memory.oom.group": "it came with Linux 4.19"
        case "memory.swap.max": "the kernel needs CONFIG_SWAP, and no swapaccount=0 at boot"
        case "memory.zswap.max": "it came with Linux 5.19 (CONFIG_ZSWAP)"
        case "io.weight": "the kernel needs CONFIG_BLK_CGROUP_IOCOST, or the BFQ scheduler"
        case "io.max": "the kernel needs CONFIG_BLK_DEV_THROTTLING"
        default: nil
        }
    }
}

/// What a file said before, in the form in which it can be written back.
enum FormerValue {
    static func of(_ setting: CgroupSetting, text: String) -> String? {
        let lines = text.split(separator: "\n")
        switch setting.file {
        case "io.max", "io.weight", "io.bfq.weight", "rdma.max", "misc.max":
            // Files with keys: the line of this one, or what says that there is none.
            let key = setting.value.prefix { $0 != " " }
            if let line = lines.first(where: { $0.prefix { $0 != " " } == key }) { return String(line) }
            switch setting.file {
            case "io.max": return "\(key) rbps=max wbps=max riops=max wiops=max"
            case "io.weight", "io.bfq.weight": return key == "default" ? nil : "\(key) default"
            case "rdma.max": return "\(key) hca_handle=max hca_object=max"
            default: return nil
            }
        default:
            // An empty list is written as an empty line.
            return lines.count <= 1 ? lines.first.map(String.init) ?? "\n" : nil
        }
    }
}
