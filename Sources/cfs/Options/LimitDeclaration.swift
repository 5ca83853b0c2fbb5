import ArgumentParser
import CFSCore
import CFSOptions

extension LimitOptions {
    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @OptionGroup var memory: MemoryLimitOptions.Declaration
        @OptionGroup var processors: ProcessorLimitOptions.Declaration
        @OptionGroup var disks: DiskLimitOptions.Declaration

        @Option(help: ArgumentHelp("Write a file of cgroup v2: memory.low=64M.", valueName: "file=value"))
        var cgroupConf: [String] = []
    }
}
