import ArgumentParser
import CFSCore
import CFSOptions

extension ResourceOptions {
    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @OptionGroup var limits: LimitOptions.Declaration

        @Flag(help: "Not possible with cgroup v2; the error says what is.")
        var oomKillDisable = false

        @Option(help: ArgumentHelp("Cgroup to make the container's cgroup in.", valueName: "cgroup"))
        var cgroupParent: String?

        @Option(help: ArgumentHelp("Allow devices: \"c 1:3 rwm\".", valueName: "rule"))
        var deviceCgroupRule: [String] = []
    }
}
