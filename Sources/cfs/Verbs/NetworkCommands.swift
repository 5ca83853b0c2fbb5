import ArgumentParser
import CFSCore
import CFSLinux
import CFSOptions

/// `cfs network create`: a network for containers.
struct NetworkCreateCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a network.",
        usage: "cfs network create [<options>] <name>",
        discussion: """
            Without --subnet the network gets a free one. It prints the network's ID.

            Examples:
              cfs network create blue
              cfs network create --subnet 10.10.0.0/24 --gateway 10.10.0.254 --ipv6 --internal vault
            """)

    static let optionNames = NetworkSpecOptions.optionNames + GlobalOptions.optionNames

    @Option(
        name: .shortAndLong, help: ArgumentHelp("bridge, macvlan or ipvlan (default: bridge).", valueName: "driver"),
        completion: .list(["bridge", "macvlan", "ipvlan"]))
    var driver: String?

    @Option(help: ArgumentHelp("Its addresses: 10.10.0.0/24, fd00:1::/64; one of each family.", valueName: "subnet"))
    var subnet: [String] = []

    @Option(
        help: ArgumentHelp(
            "Way out of a subnet (default: its first address; macvlan, ipvlan and --internal have none).",
            valueName: "address"))
    var gateway: [String] = []

    @Flag(help: "Give it a subnet of IPv6 too.")
    var ipv6 = false

    @Flag(help: "Let its containers reach each other, and nobody else.")
    var `internal` = false

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("mtu=BYTES, or parent=DEVICE for macvlan and ipvlan.", valueName: "name=value"))
    var opt: [String] = []

    @Option(name: .shortAndLong, help: ArgumentHelp("Label it.", valueName: "key=value"))
    var label: [String] = []

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "Its name.")
    var name: String

    func perform() throws(CFSError) -> Int32 {
        var options = NetworkSpecOptions()
        options.driver = driver
        options.subnets = subnet
        options.gateways = gateway
        options.ipv6 = ipv6
        options.isInternal = `internal`
        options.options = opt
        options.labels = label
        let spec = try options.spec(name: name)
        try StandardOutput.write("\(try globals.engine().createNetwork(spec).id)\n")
        return 0
    }
}

/// `cfs network ls`: the networks.
struct NetworkLsCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List networks.",
        usage: "cfs network ls [<options>]",
        discussion: """
            A template has a line for each network, with the fields ID, Name, Driver, Subnets, Internal, IPv6, Device and \
            CreatedAt, and .Label "key"; "table" before it makes columns of what stands between tabs.

            Example:
              cfs network ls --format '{{.Name}} {{.Subnets}}'
            """,
        aliases: ["list"])

    static let optionNames =
        OptionNames(flags: ["quiet q", "no-trunc"], values: ["format"]) + GlobalOptions.optionNames

    @Flag(name: .shortAndLong, help: "Print IDs only.")
    var quiet = false

    @Flag(help: "Do not shorten IDs.")
    var noTrunc = false

    @Option(
        help: ArgumentHelp("Print as table, json, or by a template.", valueName: "format"),
        completion: .list(["table", "json"]))
    var format: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    func perform() throws(CFSError) -> Int32 {
        let format = try TemplateFormat(format)
        let list = NetworkList(try globals.engine().networks(), isFull: noTrunc)
        switch format {
        case _ where quiet: try StandardOutput.write(list.ids)
        case .table: try StandardOutput.write(list.table)
        case .json: try StandardOutput.write(list.json)
        case .lines(let template):
            try StandardOutput.write(list.templates.lines(template, isTerminal: Terminal.isTerminal(1)))
        case .columns(let template): try StandardOutput.write(list.templates.columns(template))
        }
        return 0
    }
}

/// `cfs network inspect`: everything that is known of a network.
struct NetworkInspectCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what is known of networks, and who is on them.",
        usage: "cfs network inspect [<options>] <name> ...",
        discussion: """
            Prints a JSON array, or by a template a line for each network. With --graph it draws who reaches whom: \
            <-> both ways, --> one way only, -x- not at all; containers of one network reach each other, and what is not \
            drawn does not reach.

            Examples:
              cfs network inspect blue
              cfs network inspect --graph
              cfs network inspect --format '{{.Device}}' blue
            """)

    static let optionNames =
        OptionNames(flags: ["graph"], values: ["format f"]) + GlobalOptions.optionNames

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Print as json, or by a template.", valueName: "format"),
        completion: .list(["json"]))
    var format: String?

    @Flag(help: "Draw who reaches whom; of all networks when none is named.")
    var graph = false

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "Networks, by name or ID.", completion: Completions.networks)
    var networks: [String] = []

    func perform() throws(CFSError) -> Int32 {
        let engine = try globals.engine()
        if graph { return try draw(engine) }
        guard !networks.isEmpty else {
            throw CFSError(
                .invalidArgument, .parsing, "which network?",
                hint: "name it (cfs network ls has all), or draw all: cfs network inspect --graph")
        }
        return try References.inspect(networks, format, "a network") { name throws(CFSError) in
            try engine.inspectNetwork(name)
        }
    }

    private func draw(_ engine: Engine) throws(CFSError) -> Int32 {
        guard format == nil else {
            throw CFSError(.invalidArgument, .parsing, "--graph has no format", hint: "leave --format away")
        }
        var chosen: [NetworkRecord] = []
        let status = try References.each(networks) { name throws(CFSError) in
            let network = try engine.network(name)
            if !chosen.contains(where: { $0.id == network.id }) { chosen.append(network) }
        }
        let all = try engine.networks()
        var members: [String: [NetworkMember]] = [:]
        var names: [ContainerID: [String]] = [:]
        for network in all {
            let here = try engine.members(of: network)
            members[network.id] = here
            for member in here { names[member.container.id, default: []].append(network.name) }
        }
        let places = (networks.isEmpty ? all : chosen).map { network in
            let here = (members[network.id] ?? []).map { member in
                var member = member
                member.container.networks = names[member.container.id] ?? []
                return member
            }
            return (network: network, members: here)
        }
        try StandardOutput.write(NetworkGraph(places).text)
        return status
    }
}

/// `cfs network rm`: networks that no container is on.
struct NetworkRmCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove networks that no container is on.",
        usage: "cfs network rm [<options>] <name> ...",
        discussion: """
            Example:
              cfs network rm blue
            """,
        aliases: ["remove"])

    static let optionNames = GlobalOptions.optionNames

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "Networks, by name or ID.", completion: Completions.networks)
    var networks: [String]

    func perform() throws(CFSError) -> Int32 {
        let engine = try globals.engine()
        return try References.each(networks) { reference throws(CFSError) in
            try engine.removeNetwork(reference)
            try StandardOutput.write("\(reference)\n")
        }
    }
}

/// `cfs network prune`: all networks that no container is on.
struct NetworkPruneCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove all networks that no container is on, but cfs0.",
        usage: "cfs network prune [<options>]",
        discussion: """
            Prints what was removed. On a terminal it asks before.

            Example:
              cfs network prune -f
            """)

    static let optionNames = OptionNames(flags: ["force f"]) + GlobalOptions.optionNames

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var force = false

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    func perform() throws(CFSError) -> Int32 {
        let engine = try globals.engine()
        if !force {
            guard try Confirmation.isGiven("All networks that no container is on will be removed.") else { return 0 }
        }
        for network in try engine.pruneNetworks() { try StandardOutput.write("\(network.name)\n") }
        return 0
    }
}
