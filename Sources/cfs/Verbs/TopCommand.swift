import ArgumentParser
import CFSCore
import CFSOptions

/// `cfs top`: the processes in a container.
struct TopCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "List the processes in a container.",
        usage: "cfs top [<options>] <container>",
        discussion: """
            USER, PID and PPID are numbers inside the container, HPID is the process number of the host.

            Example:
              cfs top web
            """)

    static let optionNames = OptionNames(values: ["format"]) + GlobalOptions.optionNames

    @Option(help: ArgumentHelp("Print as table or json.", valueName: "format"), completion: .list(["table", "json"]))
    var format: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "The container, by name or ID.", completion: Completions.running)
    var container: String

    func perform() throws(CFSError) -> Int32 {
        let format = try ListFormat(format)
        let list = ProcessList(processes: try globals.engine().container(container).processes())
        switch format {
        case .table: try StandardOutput.write(list.table)
        case .json: try StandardOutput.write(list.json)
        }
        return 0
    }
}
