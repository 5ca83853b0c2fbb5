import ArgumentParser
import CFSCore
import CFSOptions

/// `cfs system recover`: what a power cut or a kill left.
struct RecoverCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "Put right what killed processes and power cuts left.",
        usage: "cfs system recover [<options>]",
        discussion: """
            Containers whose monitor has gone become exited; their cgroups and folders are removed. Doing it again is \
            harmless.

            Example:
              cfs system recover
            """)

    static let optionNames = OptionNames(values: ["format"]) + GlobalOptions.optionNames

    @Option(help: ArgumentHelp("Print as table or json.", valueName: "format"), completion: .list(["table", "json"]))
    var format: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    func perform() throws(CFSError) -> Int32 {
        let format = try ListFormat(format)
        let recovery = try globals.engine().recover()
        switch format {
        case .table: try StandardOutput.write(RecoveryReport(recovery: recovery).text)
        case .json: try StandardOutput.write(RecoveryReport(recovery: recovery).json)
        }
        return 0
    }
}
