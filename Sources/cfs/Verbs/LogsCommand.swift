import ArgumentParser
import CFSCore
import CFSLinux
import CFSOptions

/// `cfs logs`: what a container wrote.
struct LogsCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Print what a container wrote.",
        usage: "cfs logs [<options>] <container>",
        discussion: """
            Standard output goes to standard output, standard error to standard error.

            Example:
              cfs logs -f --tail 20 web
            """)

    static let optionNames =
        OptionNames(flags: ["follow f", "timestamps t"], values: ["since", "until", "tail n"])
        + GlobalOptions.optionNames

    @Flag(name: .shortAndLong, help: "Follow until the container has ended.")
    var follow = false

    @Flag(name: .shortAndLong, help: "Put its time before each line.")
    var timestamps = false

    @Option(help: ArgumentHelp("Only what is not older: 2026-11-24T08:26:10Z, or 10m.", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Only what is older.", valueName: "time"))
    var until: String?

    @Option(
        name: [.customShort("n"), .long], help: ArgumentHelp("Only the last lines, or all.", valueName: "number"))
    var tail: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "The container, by name or ID.", completion: Completions.containers)
    var container: String

    func perform() throws(CFSError) -> Int32 {
        let options = try options(now: SystemClock.realtime)
        let target = try globals.engine().container(container)
        var printer = LogPrinter(timestamps: timestamps, follow: follow)
        let lost = { () throws(CFSError) in
            try printer.flush()
            StandardError.warn("output may be missing here: the log was rotated faster than it was read")
        }
        try target.logs(options, lost: lost, onDamage: StandardError.warn) { line throws(CFSError) in
            try printer.print(line)
            return true
        }
        try printer.flush()
        return 0
    }

    /// What the options ask for.
    func options(now: UInt64) throws(CFSError) -> LogOptions {
        var options = LogOptions()
        options.follow = follow
        if let since { options.since = try TimeSyntax.time(since, now: now) }
        if let until { options.until = try TimeSyntax.time(until, now: now) }
        try TimeSyntax.checkOrder(since: options.since, until: options.until)
        if let tail, tail != "all" {
            guard let count = Int(tail), count >= 0, tail.first != "+" else {
                throw CFSError(
                    .invalidArgument, .parsing, "--tail does not take \"\(tail)\"",
                    hint: "write a number of lines, or all")
            }
            options.tail = count
        }
        return options
    }
}
