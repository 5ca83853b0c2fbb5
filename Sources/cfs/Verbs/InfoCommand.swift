import ArgumentParser
import CFSCore
import CFSOptions

/// `cfs info`: the engine and this machine.
struct InfoCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show the engine's state and what this machine offers.",
        usage: "cfs info [<options>]",
        discussion: """
            Example:
              cfs info --format json
            """)

    static let optionNames = OptionNames(values: ["format"]) + GlobalOptions.optionNames

    @Option(help: ArgumentHelp("Print as table or json.", valueName: "format"), completion: .list(["table", "json"]))
    var format: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    func perform() throws(CFSError) -> Int32 {
        let format = try ListFormat(format)
        let information = try globals.engine().information()
        switch format {
        case .table: try StandardOutput.write(Outline.text(information, sizes: ["Memory", "Bytes"]))
        case .json: try StandardOutput.write(information)
        }
        return 0
    }
}
