import ArgumentParser
import CFSCore
import CFSOptions

extension NetworkOptions {
    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @Option(
            name: [.customLong("network"), .customLong("net")],
            help: ArgumentHelp(
                "Network: none, host, container:<id>, a path, or <name>[,ip=..][,mac=..][,alias=..] (default: none; cfs0 with -p or another option of these).",
                valueName: "network"), completion: Completions.networks)
        var network: [String] = []

        @Option(help: ArgumentHelp("IPv4 address on the first network.", valueName: "address"))
        var ip: String?

        @Option(help: ArgumentHelp("IPv6 address on the first network.", valueName: "address"))
        var ip6: String?

        @Option(help: ArgumentHelp("Hardware address on the first network.", valueName: "address"))
        var macAddress: String?

        @Option(
            name: [.customLong("network-alias"), .customLong("net-alias")],
            help: ArgumentHelp("Another name for other containers to find it by.", valueName: "name"))
        var networkAlias: [String] = []

        @Option(
            name: .shortAndLong,
            help: ArgumentHelp(
                "Lead a port of the host to one inside: 8080:80, 127.0.0.1:8080:80, 53:53/udp, 8000-8010:9000-9010.",
                valueName: "port"))
        var publish: [String] = []

        @Flag(name: [.customShort("P"), .long], help: "Lead a free port of the host to each port that is offered.")
        var publishAll = false

        @Option(help: ArgumentHelp("Offer a port, for --publish-all.", valueName: "port"))
        var expose: [String] = []

        @Option(help: ArgumentHelp("Name server to ask (default: those of the host).", valueName: "address"))
        var dns: [String] = []

        @Option(help: ArgumentHelp("Domain to look names up in; . for none.", valueName: "domain"))
        var dnsSearch: [String] = []

        @Option(
            name: [.customLong("dns-option"), .customLong("dns-opt")],
            help: ArgumentHelp("Option of resolv.conf(5).", valueName: "option"))
        var dnsOption: [String] = []

        @Option(
            help: ArgumentHelp("Line of /etc/hosts; host-gateway stands for this machine.", valueName: "name:address"))
        var addHost: [String] = []

        @Option(help: ArgumentHelp("What it may send: 20mbit; as in tc(8), 20mbps is 160mbit.", valueName: "rate"))
        var networkRate: String?

        @Option(help: ArgumentHelp("What it may receive, not by macvlan or ipvlan.", valueName: "rate"))
        var networkIngressRate: String?

        @Option(help: ArgumentHelp("Bytes that may pass at once.", valueName: "bytes"))
        var networkBurst: String?
    }
}
