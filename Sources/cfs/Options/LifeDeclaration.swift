import ArgumentParser
import CFSCore
import CFSOptions

extension LifeOptions {
    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "Start it again after its end: no, on-failure[:n], always or unless-stopped.", valueName: "policy"),
            completion: .list(["no", "on-failure", "always", "unless-stopped"]))
        var restart: String?

        @Option(help: ArgumentHelp("A shell command inside that says whether it is well.", valueName: "command"))
        var healthCmd: String?

        @Option(help: ArgumentHelp("From one check to the next (default: 30s).", valueName: "time"))
        var healthInterval: String?

        @Option(help: ArgumentHelp("How long a check may take (default: 30s).", valueName: "time"))
        var healthTimeout: String?

        @Option(help: ArgumentHelp("Failures in a row that make it unhealthy (default: 3).", valueName: "number"))
        var healthRetries: String?

        @Option(help: ArgumentHelp("Failures do not count for so long after the start.", valueName: "time"))
        var healthStartPeriod: String?

        @Flag(help: "Run no health check, not even the image's.")
        var noHealthcheck = false
    }
}
