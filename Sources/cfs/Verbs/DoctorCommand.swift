import ArgumentParser
import CFSCore
import CFSOptions

/// `cfs doctor`: whether this machine can run containers.
struct DoctorCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check whether this machine has what containers need.",
        usage: "cfs doctor [<options>]",
        discussion: """
            The exit status is 1 when something is missing.

            Example:
              cfs doctor
            """)

    static let optionNames = OptionNames(values: ["format"]) + GlobalOptions.optionNames

    @Option(help: ArgumentHelp("Print as table or json.", valueName: "format"), completion: .list(["table", "json"]))
    var format: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    func perform() throws(CFSError) -> Int32 {
        let format = try ListFormat(format)
        let report = DoctorReport(findings: try globals.engine().diagnose())
        switch format {
        case .table: try StandardOutput.write(report.text(StandardOutput.style))
        case .json: try StandardOutput.write(report.json)
        }
        return report.isMissingSomething ? 1 : 0
    }
}
