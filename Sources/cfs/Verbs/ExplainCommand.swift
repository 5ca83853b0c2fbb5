import ArgumentParser
import CFSCore

/// `cfs explain`: what `run` would do.
struct ExplainCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Show the steps that \"cfs run\" would take, and take none.",
        usage: "cfs explain [<options of run>] [--format json] <image> [<command> ...]",
        discussion: """
            Takes every option of "cfs run". With --format json the steps come together with the OCI configuration.

            Example:
              cfs explain --read-only -v ./src:/src:ro BusyBox ls /src
            """,
        helpNames: .long)

    static let optionNames = OptionNames(values: ["format"]) + ContainerOptions.optionNames
    static let optionsEndAtFirstWord = true

    @Option(help: ArgumentHelp("Print as table or json.", valueName: "format"), completion: .list(["table", "json"]))
    var format: String?

    @OptionGroup var options: ContainerOptions

    func perform() throws(CFSError) -> Int32 {
        let format = try ListFormat(format)
        let explanation = try options.globals.engine().explain(options.spec(Caller.current))
        switch format {
        case .table: try StandardOutput.write(explanation.steps.map { Printable.text($0) + "\n" }.joined())
        case .json:
            try StandardOutput.write(["Steps": JSON(explanation.steps), "Configuration": explanation.configuration])
        }
        return 0
    }
}
