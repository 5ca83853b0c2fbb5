import ArgumentParser
import CFSCore
import CFSOptions

/// `cfs network connect`: a container on one more network.
struct NetworkConnectCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "connect",
        abstract: "Put a container on a network, also while it runs.",
        usage: "cfs network connect [<options>] <network> <container>",
        discussion: """
            It stays on it over restarts, until it is taken off or removed.

            Examples:
              cfs network connect blue web
              cfs network connect --ip 10.10.0.7 --alias db blue web
            """)

    static let optionNames =
        OptionNames(values: ["ip", "ip6", "mac mac-address"], lists: ["alias"]) + GlobalOptions.optionNames

    @Option(help: ArgumentHelp("Its address on the network.", valueName: "address"))
    var ip: String?

    @Option(help: ArgumentHelp("Its address of IPv6 there.", valueName: "address"))
    var ip6: String?

    @Option(
        name: [.customLong("mac"), .customLong("mac-address")],
        help: ArgumentHelp("Its hardware address there.", valueName: "address"))
    var mac: String?

    @Option(help: ArgumentHelp("Another name by which it is found there.", valueName: "name"))
    var alias: [String] = []

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "The network, by name or ID.", completion: Completions.networks)
    var network: String

    @Argument(help: "The container, by name or ID.", completion: Completions.containers)
    var container: String

    func perform() throws(CFSError) -> Int32 {
        var request = NetworkRequest(NetworkSyntax.name(network))
        if let ip { try NetworkSyntax.add(address: ip, nil, &request) }
        if let ip6 { try NetworkSyntax.add(address: ip6, "ip6", &request) }
        if let mac { request.hardwareAddress = try NetworkSyntax.hardwareAddress(mac, "--mac") }
        for name in alias { request.aliases.append(try NameSyntax.host(name, "--alias")) }
        try globals.engine().container(container).connect(to: request)
        return 0
    }
}

/// `cfs network disconnect`: a container off a network.
struct NetworkDisconnectCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "disconnect",
        abstract: "Take a container off a network, also while it runs.",
        usage: "cfs network disconnect [<options>] <network> <container>",
        discussion: """
            Its published ports go on by another of its networks, where there is one that the host reaches.

            Example:
              cfs network disconnect blue web
            """)

    static let optionNames = OptionNames(flags: ["force f"]) + GlobalOptions.optionNames

    @Flag(name: .shortAndLong, help: "A container that is not on it is fine.")
    var force = false

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "The network, by name or ID.", completion: Completions.networks)
    var network: String

    @Argument(help: "The container, by name or ID.", completion: Completions.containers)
    var container: String

    func perform() throws(CFSError) -> Int32 {
        try globals.engine().container(container).disconnect(from: NetworkSyntax.name(network), force: force)
        return 0
    }
}
