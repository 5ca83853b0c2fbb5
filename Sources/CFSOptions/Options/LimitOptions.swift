import CFSCore

/// What a container may use at most, as far as that can change while it runs: options of `run` and `update`.
package struct LimitOptions {
    package static let optionNames =
        MemoryLimitOptions.optionNames + ProcessorLimitOptions.optionNames + DiskLimitOptions.optionNames
        + OptionNames(lists: ["cgroup-conf"])

    private let memory: MemoryLimitOptions
    private let processors: ProcessorLimitOptions
    private let disks: DiskLimitOptions
    private let cgroupConf: [String]

    package init(_ arguments: CanonicalArguments) {
        memory = MemoryLimitOptions(arguments)
        processors = ProcessorLimitOptions(arguments)
        disks = DiskLimitOptions(arguments)
        cgroupConf = arguments.values("cgroup-conf")
    }

    package func fill(_ resources: inout RuntimeSpec.Resources, _ caller: Caller, _ host: HostFacts) throws(CFSError) {
        try memory.fill(&resources, host)
        try processors.fill(&resources, host)
        try disks.fill(&resources, caller, host)
        try CgroupConfSyntax.add(cgroupConf, to: &resources)
    }
}
