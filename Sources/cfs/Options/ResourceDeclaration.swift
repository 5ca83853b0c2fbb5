import ArgumentParser
import CFSCore
import CFSOptions

extension ResourceOptions {
    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @OptionGroup var limits: LimitOptions.Declaration

        @Flag(help: "Not possible with cgroup v2; the error says what is.")
        var oomKillDisable = false

        @Option(
            help: ArgumentHelp(
                "Cgroup to make the container's cgroup in, from the root with a slash; made when it is missing.",
                valueName: "cgroup"))
        var cgroupParent: String?

        @Option(
            help: ArgumentHelp(
                "Allow devices by number: \"c 1:3 rwm\"; to make them takes --cap-add MKNOD --userns host.",
                valueName: "rule"
            ))
        var deviceCgroupRule: [String] = []
    }
}
