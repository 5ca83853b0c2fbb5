import ArgumentParser
import CFSCore
import CFSLinux
import CFSOptions

/// `cfs history`: who did what.
struct HistoryCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show who did what with containers, and how it ended.",
        usage: "cfs history [<options>]",
        discussion: """
            It is kept when a container is removed; --prune forgets what is older than a time. Filters: container, image, \
            verb, uid.

            Examples:
              cfs history --since 24h --filter verb=run
              cfs history --prune 720h
            """)

    static let optionNames =
        OptionNames(flags: ["no-trunc"], values: ["since", "until", "filter f", "last n", "format", "prune"])
        + GlobalOptions.optionNames

    @Option(help: ArgumentHelp("Only what is not older: 2026-11-24T08:26:10Z, or 10m.", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Only what is older.", valueName: "time"))
    var until: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Only these entries.", valueName: "KEY=VALUE"))
    var filter: [String] = []

    @Option(name: [.customShort("n"), .long], help: ArgumentHelp("Only the last entries.", valueName: "number"))
    var last: Int?

    @Flag(help: "Shorten neither IDs nor commands.")
    var noTrunc = false

    @Option(help: ArgumentHelp("Print as table or json.", valueName: "format"), completion: .list(["table", "json"]))
    var format: String?

    @Option(help: ArgumentHelp("Forget what is older than this, and print how much that was.", valueName: "time"))
    var prune: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    func perform() throws(CFSError) -> Int32 {
        let now = SystemClock.realtime
        let format = try ListFormat(format)
        let engine = try globals.engine()
        if let prune {
            let count = try engine.pruneHistory(before: try TimeSyntax.time(prune, now: now))
            try StandardOutput.write("\(count) entr\(count == 1 ? "y" : "ies") removed\n")
            return 0
        }
        let list = HistoryList(try engine.history(try wanted(now: now)), now: now, isFull: noTrunc)
        switch format {
        case .table: try StandardOutput.write(list.table)
        case .json: try StandardOutput.write(list.json)
        }
        return 0
    }

    /// What the options ask for.
    func wanted(now: UInt64) throws(CFSError) -> HistoryFilter {
        var wanted = HistoryFilter()
        if let since { wanted.since = try TimeSyntax.time(since, now: now) }
        if let until { wanted.until = try TimeSyntax.time(until, now: now) }
        try TimeSyntax.checkOrder(since: wanted.since, until: wanted.until)
        if let last {
            guard last > 0 else {
                throw CFSError(
                    .invalidArgument, .parsing, "--last does not take \(last)", hint: "write how many, 1 or more")
            }
            wanted.limit = last
        }
        for text in try FilterSyntax.filters(filter, keys: ["container", "image", "verb", "uid"]) {
            switch text.key {
            case "container": wanted.containers.append(text.value)
            case "image": wanted.images.append(text.value)
            case "verb":
                wanted.verbs.append(
                    try FilterSyntax.word(text.value, of: HistoryEntry.verbs, what: "verb", plural: "verbs"))
            default:
                guard let number = UInt32(text.value) else {
                    throw CFSError(
                        .invalidArgument, .parsing, "\"\(text.value)\" is not the number of a user",
                        hint: "write a number as `id -u` prints it")
                }
                wanted.uid = number
            }
        }
        return wanted
    }
}
