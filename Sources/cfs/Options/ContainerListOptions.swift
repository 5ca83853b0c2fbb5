import ArgumentParser
import CFSCore
import CFSLinux
import CFSOptions

/// The options of `ps` and `container ls`, and what both do.
struct ContainerListOptions: ParsableArguments {
    static let optionNames =
        OptionNames(
            flags: ["all a", "quiet q", "no-trunc", "latest l", "size s"], values: ["filter f", "format", "last n"])
        + GlobalOptions.optionNames

    static let notes = """
        Filters are id, name, label, status, exited, health (starting, healthy, unhealthy, none), network, ancestor, before \
        and since. Of several with one key one has to fit, of labels all; different keys have to fit together.

        A template has a line for each container, with the fields ID, Names, Image, Command, CreatedAt, RunningFor, \
        Status, State, Labels and Ports, and .Label "key"; "table" before it makes columns of what stands between tabs.
        """

    @Flag(name: .shortAndLong, help: "Show all containers, not only those that run.")
    var all = false

    @Flag(name: .shortAndLong, help: "Print IDs only.")
    var quiet = false

    @Flag(help: "Shorten neither IDs nor commands.")
    var noTrunc = false

    @Flag(name: .shortAndLong, help: "Show the container that was made last, whatever its state.")
    var latest = false

    @Option(
        name: [.customShort("n"), .customLong("last")],
        help: ArgumentHelp("Show so many of those that were made last, whatever their state.", valueName: "number"))
    var last: Int?

    @Option(
        name: [.customShort("f"), .customLong("filter")], parsing: .singleValue,
        help: ArgumentHelp("Show only what fits, as in status=exited.", valueName: "key=value"),
        completion: .list(ContainerFilterSyntax.keys.map { "\($0)=" }))
    var filters: [String] = []

    @Option(
        help: ArgumentHelp("Print as table, json, or by a template.", valueName: "format"),
        completion: .list(["table", "json"]))
    var format: String?

    /// Docker's users look for it; what it would print is another verb's.
    @Flag(name: .shortAndLong, help: .hidden)
    var size = false

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    func print() throws(CFSError) {
        let format = try TemplateFormat(format)
        let filter = try ContainerFilterSyntax.filter(filters)
        guard !size else {
            throw CFSError(
                .invalidArgument, .parsing, "--size is not possible: what containers wrote is not counted here",
                hint: ContainerList.sizeHint)
        }
        let limit = try limit()
        let engine = try globals.engine()
        var records = try engine.containers(matching: filter)
        let lost = records.isEmpty ? engine.unregisteredContainers() : 0
        if !all, !filter.asksForEnded, limit == nil {
            records.removeAll { $0.state.pid == nil && $0.restartsAt == nil }
        }
        let list = ContainerList(
            Array(records.prefix(limit ?? .max)), now: SystemClock.realtime, isFull: noTrunc)
        switch format {
        case _ where quiet: try StandardOutput.write(list.ids)
        case .table: try StandardOutput.write(list.table)
        case .json: try StandardOutput.write(list.json)
        case .lines(let template):
            try StandardOutput.write(list.templates.lines(template, isTerminal: Terminal.isTerminal(1)))
        case .columns(let template): try StandardOutput.write(list.templates.columns(template))
        }
        if lost > 0 {
            StandardError.warn(
                "the registry has lost \(lost == 1 ? "the container" : "all \(lost) containers") of "
                    + "\(engine.options.root)/containers; to take them up again: cfs system recover")
        }
        for record in records { for text in record.damage { StandardError.warn("\(record.name): \(text)") } }
    }

    private func limit() throws(CFSError) -> Int? {
        guard let last else { return latest ? 1 : nil }
        guard last > 0 else {
            throw CFSError(
                .invalidArgument, .parsing, "--last does not take \(last)", hint: "write how many, 1 or more")
        }
        return latest ? 1 : last
    }
}
