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

            A damaged registry is an error of every command. With --rebuild it is put aside as registry.db.damaged, and \
            replaced by a new one: of what can still be read of it, and of the containers' own configurations. Names of \
            images that cannot be read are gone. Let no other cfs be at work meanwhile.

            Examples:
              cfs system recover
              cfs system recover --rebuild
            """)

    static let optionNames = OptionNames(flags: ["rebuild"], values: ["format"]) + GlobalOptions.optionNames

    @Option(help: ArgumentHelp("Print as table or json.", valueName: "format"), completion: .list(["table", "json"]))
    var format: String?

    @Flag(help: "Replace a damaged registry by what can be read of it.")
    var rebuild = false

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    func perform() throws(CFSError) -> Int32 {
        let format = try ListFormat(format)
        let engine = try globals.engine()
        if rebuild { StandardError.write(RecoveryReport.text(try engine.rebuildRegistry())) }
        let recovery = try engine.recover()
        switch format {
        case .table: try StandardOutput.write(RecoveryReport(recovery: recovery).text)
        case .json: try StandardOutput.write(RecoveryReport(recovery: recovery).json)
        }
        if let failure = recovery.networkFailure { throw failure }
        return 0
    }
}
