import ArgumentParser
import CFSCore
import CFSLinux
import CFSOptions

/// The options of both prunes.
struct PruneOptions: ParsableArguments {
    static let optionNames =
        OptionNames(flags: ["force f"], values: ["filter", "format"]) + GlobalOptions.optionNames

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var force = false

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Only what fits: until=TIME, label=KEY[=VALUE], label!=KEY[=VALUE].", valueName: "key=value"),
        completion: .list(["until=", "label=", "label!="]))
    var filter: [String] = []

    @Option(help: ArgumentHelp("Print as table or json.", valueName: "format"), completion: .list(["table", "json"]))
    var format: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    /// - Parameters:
    ///   - question: what is going to be removed, as a sentence.
    ///   - work: removes it.
    func perform(
        _ question: String, _ work: (Engine, PruneFilter) throws(CFSError) -> Pruned
    ) throws(CFSError) -> Int32 {
        let format = try ListFormat(format)
        let filter = try PruneFilterSyntax.filter(filter, now: SystemClock.realtime)
        let engine = try globals.engine()
        if !force {
            guard try Confirmation.isGiven(question) else { return 0 }
        }
        let report = PruneReport(pruned: try work(engine, filter))
        switch format {
        case .table: try StandardOutput.write(report.text)
        case .json: try StandardOutput.write(report.json)
        }
        for failure in report.pruned.failures { StandardError.tell(failure) }
        return report.pruned.failures.isEmpty ? 0 : 1
    }
}

/// `cfs container prune`: all containers that do not run.
struct ContainerPruneCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove all containers that do not run.",
        usage: "cfs container prune [<options>]",
        discussion: """
            Prints what was removed, and how many bytes came free. On a terminal it asks before.

            Example:
              cfs container prune -f --filter until=24h
            """)

    static let optionNames = PruneOptions.optionNames

    @OptionGroup var options: PruneOptions

    func perform() throws(CFSError) -> Int32 {
        try options.perform("All containers that do not run will be removed, with what they wrote.") {
            engine, filter throws(CFSError) in
            try engine.pruneContainers(filter)
        }
    }
}

/// `cfs system prune`: all that nobody uses.
struct SystemPruneCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove containers that do not run, and layers that nobody uses.",
        usage: "cfs system prune [<options>]",
        discussion: """
            Prints what was removed, and how many bytes came free. On a terminal it asks before.

            Example:
              cfs system prune --all --force
            """)

    static let optionNames = OptionNames(flags: ["all a"]) + PruneOptions.optionNames

    @Flag(name: .shortAndLong, help: "Remove the images too that no container is made of.")
    var all = false

    @OptionGroup var options: PruneOptions

    func perform() throws(CFSError) -> Int32 {
        let images = all ? ", all images that no container is made of then" : ""
        return try options.perform(
            "All containers that do not run will be removed, with what they wrote\(images), and all layers that nobody uses."
        ) { engine, filter throws(CFSError) in
            try engine.prune(images: all, filter)
        }
    }
}
