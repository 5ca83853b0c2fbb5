import ArgumentParser
import CFSCore
import CFSOptions

extension LoggingOptions {
    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @Option(
            help: ArgumentHelp("k8s-file (default; json-file means it too) or none.", valueName: "driver"),
            completion: .list(["k8s-file", "none"]))
        var logDriver: String?

        @Option(
            help: ArgumentHelp(
                "max-size=10m: a file's size (default: 64m); max-file=3: how many (default: 2).", valueName: "key=value"
            ))
        var logOpt: [String] = []
    }
}
