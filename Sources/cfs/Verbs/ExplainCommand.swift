import ArgumentParser
import CFSCore
import CFSOptions

/// `cfs explain`: what `run` would do.
struct ExplainCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Show the steps that \"cfs run\" would take, and take none.",
        usage: "cfs explain [<options of run>] [--format json] <image> [<command> ...]",
        discussion: """
            Takes every option of "cfs run". With --format json the steps come together with the OCI configuration. \
            An image of the catalogue that is not there yet is made, to be looked at.

            Example:
              cfs explain --read-only -v ./src:/src:ro BusyBox ls /src
            """,
        helpNames: .long)

    static let optionNames = OptionNames(values: ["format"]) + ContainerOptions.optionNames + GlobalOptions.optionNames
    static let optionsEndAtFirstWord = true

    @Option(help: ArgumentHelp("Print as table or json.", valueName: "format"), completion: .list(["table", "json"]))
    var format: String?

    @OptionGroup var declaration: ContainerOptions.Declaration

    static func perform(_ arguments: CanonicalArguments, name: String) throws(CFSError) -> Int32 {
        let caller = Caller.current
        let format = try ListFormat(arguments.value("format"))
        let spec = try ContainerOptions(arguments, verb: name).spec(caller)
        let explanation = try GlobalOptions.engine(arguments, caller).explain(spec)
        switch format {
        case .table: try StandardOutput.write(explanation.steps.map { Printable.text($0) + "\n" }.joined())
        case .json:
            try StandardOutput.write(["Steps": JSON(explanation.steps), "Configuration": explanation.configuration])
        }
        return 0
    }
}
