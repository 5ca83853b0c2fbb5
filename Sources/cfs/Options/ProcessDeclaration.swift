import ArgumentParser
import CFSCore
import CFSOptions

extension ProcessOptions {
    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @Option(
            name: .shortAndLong,
            help: ArgumentHelp("Set a variable; KEY alone takes the caller's value.", valueName: "KEY=VALUE"))
        var env: [String] = []

        @Option(help: ArgumentHelp("Read variables from a file.", valueName: "file"), completion: .file())
        var envFile: [String] = []

        @Option(name: .shortAndLong, help: ArgumentHelp("Working directory inside.", valueName: "path"))
        var workdir: String?

        @Option(
            name: .shortAndLong, help: ArgumentHelp("User name or ID, with a group or not.", valueName: "user[:group]"))
        var user: String?

        @Option(help: ArgumentHelp("Add a group, by name or ID.", valueName: "group"))
        var groupAdd: [String] = []

        @Option(help: ArgumentHelp("Replace the image's entry point; \"\" removes it.", valueName: "program"))
        var entrypoint: String?

        @Flag(name: .customLong("init"), help: "Run an init inside that reaps processes and forwards signals.")
        var initProcess = false

        @Option(help: ArgumentHelp("Signal of \"cfs stop\" (default: the image's, or TERM).", valueName: "signal"))
        var stopSignal: String?

        @Option(help: ArgumentHelp("Seconds that \"cfs stop\" waits before KILL (default: 10).", valueName: "seconds"))
        var stopTimeout: String?

        @Option(help: ArgumentHelp("File mode creation mask, octal (default: 022).", valueName: "mask"))
        var umask: String?

        @Option(help: ArgumentHelp("Preference of the OOM killer, -1000 to 1000.", valueName: "score"))
        var oomScoreAdj: String?

        @Option(help: ArgumentHelp("Resource limit: nofile=1024:4096.", valueName: "name=soft[:hard]"))
        var ulimit: [String] = []
    }
}
