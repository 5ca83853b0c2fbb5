import ArgumentParser
import CFSCore
import CFSLinux
import CFSOptions

/// `cfs stats`: what containers use.
struct StatsCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Show what containers use, live.",
        usage: "cfs stats [<options>] [<container> ...]",
        discussion: """
            On a terminal the table is drawn anew every second, until q or Ctrl-C. 100% is one processor. What this host \
            does not measure is shown as "-".

            Examples:
              cfs stats
              cfs stats --no-stream --format json web
            """)

    static let optionNames =
        OptionNames(flags: ["all a", "no-stream"], values: ["format", "interval", "sort"]) + GlobalOptions.optionNames

    @Flag(name: .shortAndLong, help: "Show containers too that do not run.")
    var all = false

    @Flag(help: "Print one reading, and end.")
    var noStream = false

    @Option(
        help: ArgumentHelp(
            "Print as table or json (an array with --no-stream, otherwise a line for each reading).",
            valueName: "format"),
        completion: .list(["table", "json"]))
    var format: String?

    @Option(help: ArgumentHelp("Seconds from one reading to the next (default: 1).", valueName: "seconds"))
    var interval: String?

    @Option(
        help: ArgumentHelp("Sort by cpu, memory, name or pids (default: cpu).", valueName: "column"),
        completion: .list(["cpu", "memory", "name", "pids"]))
    var sort: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(
        help: "Containers, by name or ID (default: all that run).", completion: Completions.containers)
    var containers: [String] = []

    func perform() throws(CFSError) -> Int32 {
        let format = try ListFormat(format)
        let order = try StatisticsOrder(sort)
        let interval = try Self.milliseconds(interval)
        let engine = try globals.engine()
        var named: [Container] = []
        for reference in containers { named.append(try engine.container(reference)) }
        var session = StatisticsSession(
            feed: StatisticsFeed(engine, named, all: all), format: format, order: order, interval: interval,
            style: StandardOutput.style)
        if noStream {
            try session.once()
            return 0
        }
        let isLive = format == .table && Terminal.isTerminal(1) && Caller.current.variable("TERM") != "dumb"
        if isLive { return try session.live() }
        try session.stream()
    }

    /// The milliseconds of `--interval`: a tenth of a second to an hour, with a fraction or without.
    static func milliseconds(_ text: String?) throws(CFSError) -> Int32 {
        guard let text else { return 1000 }
        let isPlain = text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2e }
        guard isPlain, let seconds = Double(text), (0.1...3600).contains(seconds) else {
            throw CFSError(
                .invalidArgument, .parsing, "--interval does not take \"\(text)\"",
                hint: "write seconds, 0.1 to 3600")
        }
        return Int32((seconds * 1000).rounded())
    }
}
