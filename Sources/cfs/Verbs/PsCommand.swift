import ArgumentParser
import CFSCore
import CFSLinux

/// `cfs ps`: the containers.
struct PsCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "ps",
        abstract: "List containers.",
        usage: "cfs ps [<options>]",
        discussion: """
            Example:
              cfs ps -a --format json
            """)

    static let optionNames =
        OptionNames(flags: ["all a", "quiet q", "no-trunc"], values: ["format"]) + GlobalOptions.optionNames

    @Flag(name: .shortAndLong, help: "Show all containers, not only those that run.")
    var all = false

    @Flag(name: .shortAndLong, help: "Print IDs only.")
    var quiet = false

    @Flag(help: "Shorten neither IDs nor commands.")
    var noTrunc = false

    @Option(help: ArgumentHelp("Print as table or json.", valueName: "format"), completion: .list(["table", "json"]))
    var format: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    func perform() throws(CFSError) -> Int32 {
        let format = try ListFormat(format)
        var records = try globals.engine().containers()
        if !all { records.removeAll { $0.state.pid == nil && $0.restartsAt == nil } }
        let list = ContainerList(records, now: SystemClock.realtime, isFull: noTrunc)
        switch format {
        case _ where quiet: try StandardOutput.write(list.ids)
        case .table: try StandardOutput.write(list.table)
        case .json: try StandardOutput.write(list.json)
        }
        return 0
    }
}
