import ArgumentParser
import CFSCore

/// What is kept of a container's output.
struct LoggingOptions {
    static let optionNames = OptionNames(values: ["log-driver", "log-opt"])

    private let driver: String?
    private let options: [String]

    init(_ arguments: CanonicalArguments) {
        driver = arguments.value("log-driver")
        options = arguments.values("log-opt")
    }

    func fill(_ spec: inout ContainerSpec) throws(CFSError) {
        guard driver != nil || !options.isEmpty else { return }
        spec.log = try LogOptSyntax.policy(driver: driver, options: options)
    }

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
