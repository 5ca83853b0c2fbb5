import ArgumentParser
import CFSCore

/// What a container may use at most, as far as that can change while it runs: options of `run` and `update`.
struct LimitOptions {
    static let optionNames =
        MemoryLimitOptions.optionNames + ProcessorLimitOptions.optionNames + DiskLimitOptions.optionNames
        + OptionNames(values: ["cgroup-conf"])

    private let memory: MemoryLimitOptions
    private let processors: ProcessorLimitOptions
    private let disks: DiskLimitOptions
    private let cgroupConf: [String]

    init(_ arguments: CanonicalArguments) {
        memory = MemoryLimitOptions(arguments)
        processors = ProcessorLimitOptions(arguments)
        disks = DiskLimitOptions(arguments)
        cgroupConf = arguments.values("cgroup-conf")
    }

    func fill(_ resources: inout RuntimeSpec.Resources, _ caller: Caller, _ host: HostFacts) throws(CFSError) {
        try memory.fill(&resources, host)
        try processors.fill(&resources, host)
        try disks.fill(&resources, caller, host)
        try CgroupConfSyntax.add(cgroupConf, to: &resources)
    }

    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @OptionGroup var memory: MemoryLimitOptions.Declaration
        @OptionGroup var processors: ProcessorLimitOptions.Declaration
        @OptionGroup var disks: DiskLimitOptions.Declaration

        @Option(help: ArgumentHelp("Write a file of cgroup v2: memory.low=64M.", valueName: "file=value"))
        var cgroupConf: [String] = []
    }
}
