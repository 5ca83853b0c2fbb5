import ArgumentParser
import CFSCore
import CFSLinux

/// `cfs inspect`: everything that is known of a container.
struct InspectCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what is known of containers.",
        usage: "cfs inspect [<options>] <container> ...",
        discussion: """
            Without --timing and --isolation it prints JSON: an array with one object for each container.

            A phase of --timing is the time since the phase before it had ended; the table has the longest first, JSON \
            the order in which they came.

            Examples:
              cfs inspect web
              cfs inspect --isolation web
            """)

    static let optionNames =
        OptionNames(flags: ["timing", "isolation"], values: ["format"]) + GlobalOptions.optionNames

    @Flag(help: "Show how long each phase of the start took.")
    var timing = false

    @Flag(help: "Show what the kernel says of the container's isolation, beside what was asked for.")
    var isolation = false

    @Option(help: ArgumentHelp("Print as table or json.", valueName: "format"), completion: .list(["table", "json"]))
    var format: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "Containers, by name or ID.", completion: Completions.containers)
    var containers: [String]

    func perform() throws(CFSError) -> Int32 {
        guard !(timing && isolation) else {
            throw CFSError(.invalidArgument, .parsing, "--timing and --isolation exclude each other")
        }
        let format = try ListFormat(format ?? (timing || isolation ? "table" : "json"))
        guard format == .json || timing || isolation else {
            throw CFSError(
                .invalidArgument, .parsing, "only --timing and --isolation have a table", hint: "leave --format away")
        }
        let engine = try globals.engine()
        var documents: [JSON] = []
        let status = try References.each(containers) { reference throws(CFSError) in
            let container = try engine.container(reference)
            if timing {
                let report = TimingReport(id: container.id, phases: try container.timing())
                if format == .table { try StandardOutput.write(report.table) } else { documents.append(report.json) }
            } else if isolation {
                let report = IsolationReport(id: container.id, facts: try container.isolation())
                if format == .table {
                    let columns = Terminal.size(1).map { Int($0.columns) } ?? 120
                    try StandardOutput.write(report.table(StandardOutput.style, columns: columns))
                } else {
                    documents.append(report.json)
                }
            } else {
                documents.append(try container.inspect())
            }
        }
        if format == .json { try StandardOutput.write(JSON.array(documents)) }
        return status
    }
}
