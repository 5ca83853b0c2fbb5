import ArgumentParser
import CFSCore
import CFSOptions

/// `cfs diff`: what a container has changed of its image's files.
struct DiffCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "List what a container has changed of its image's files.",
        usage: "cfs diff [<options>] <container>",
        discussion: """
            A line for each: A for added, C for changed, D for deleted. Volumes and other mounts are none of it.

            Example:
              cfs diff web
            """)

    static let optionNames = OptionNames(values: ["format"]) + GlobalOptions.optionNames

    @Option(help: ArgumentHelp("Print as table or json.", valueName: "format"), completion: .list(["table", "json"]))
    var format: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "The container, by name or ID.", completion: Completions.containers)
    var container: String

    func perform() throws(CFSError) -> Int32 {
        let format = try ListFormat(format)
        let list = ChangeList(changes: try globals.engine().container(container).diff())
        switch format {
        case .table: try StandardOutput.write(list.text)
        case .json: try StandardOutput.write(list.json)
        }
        return 0
    }
}
