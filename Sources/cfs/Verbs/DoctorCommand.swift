import ArgumentParser
import CFSCore
import CFSOptions

/// `cfs doctor`: whether this machine can run containers.
struct DoctorCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check whether this machine has what containers need.",
        usage: "cfs doctor [<options>] [network]",
        discussion: """
            With "network" it checks what keeps containers on networks from being reached, and from reaching others: the \
            kernel, packet filters, bridges, routes and settings. It changes nothing. The exit status is 1 when something \
            is missing.

            Examples:
              cfs doctor
              cfs doctor network
            """)

    static let optionNames = OptionNames(values: ["format"]) + GlobalOptions.optionNames

    @Option(help: ArgumentHelp("Print as table or json.", valueName: "format"), completion: .list(["table", "json"]))
    var format: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "What to check: network (default: the machine).", completion: .list(["network"]))
    var part: String?

    func perform() throws(CFSError) -> Int32 {
        let format = try ListFormat(format)
        guard part == nil || part == "network" else {
            throw CFSError(
                .invalidArgument, .parsing, "doctor cannot check \"\((part ?? "").prefix(100))\"",
                hint: "write cfs doctor, or cfs doctor network")
        }
        let engine = try globals.engine()
        let report = DoctorReport(findings: part == nil ? engine.diagnose() : engine.diagnoseNetworks())
        switch format {
        case .table: try StandardOutput.write(report.text(StandardOutput.style))
        case .json: try StandardOutput.write(report.json)
        }
        return report.isMissingSomething ? 1 : 0
    }
}
