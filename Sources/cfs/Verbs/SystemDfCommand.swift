import ArgumentParser
import CFSCore
import CFSLinux
import CFSOptions

/// `cfs system df`: what lies on the disk.
struct SystemDfCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "df",
        abstract: "Show what images and containers take on the disk.",
        usage: "cfs system df [<options>]",
        discussion: """
            Images consist of layers and blobs, so their size is counted there once more. RECLAIMABLE is what comes free \
            when all that is not active is removed. Sizes are of blocks that are really used.

            Example:
              cfs system df -v
            """)

    static let optionNames =
        OptionNames(flags: ["verbose v"], values: ["format"]) + GlobalOptions.optionNames

    @Flag(name: .shortAndLong, help: "List every image, container, layer and blob.")
    var verbose = false

    @Option(help: ArgumentHelp("Print as table or json.", valueName: "format"), completion: .list(["table", "json"]))
    var format: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    func perform() throws(CFSError) -> Int32 {
        let format = try ListFormat(format)
        let report = DiskReport(use: try globals.engine().diskUse(), now: SystemClock.realtime)
        switch format {
        case .table: try StandardOutput.write(verbose ? report.lists : report.table)
        case .json: try StandardOutput.write(verbose ? report.everything : report.json)
        }
        return 0
    }
}
