import ArgumentParser
import CFSCore
import CFSOptions

extension ProcessorLimitOptions {
    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @Option(help: ArgumentHelp("Processors at most: 2, 0.5; -1 for no limit.", valueName: "number"))
        var cpus: String?

        @Option(help: ArgumentHelp("Length of the period of --cpu-quota (default: 100000).", valueName: "microseconds"))
        var cpuPeriod: String?

        @Option(help: ArgumentHelp("Processor time in each period, or -1.", valueName: "microseconds"))
        var cpuQuota: String?

        @Option(help: ArgumentHelp("Share beside others, 1 to 10000 (default: 100).", valueName: "weight"))
        var cpuWeight: String?

        @Option(help: ArgumentHelp("The same as Docker counts it, 2 to 262144 (default: 1024).", valueName: "shares"))
        var cpuShares: String?

        @Option(help: ArgumentHelp("Processors it may run on: 0-3,6.", valueName: "list"))
        var cpusetCpus: String?

        @Option(help: ArgumentHelp("Memory nodes it may use: 0,1.", valueName: "list"))
        var cpusetMems: String?

        @Option(
            help: ArgumentHelp("Processes and threads at most, or -1 (a new container: 4096).", valueName: "number"))
        var pidsLimit: String?
    }
}
