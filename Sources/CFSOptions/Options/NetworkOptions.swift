import CFSCore

/// Which networks the container is on, and who reaches it there.
package struct NetworkOptions {
    package static let optionNames = OptionNames(
        flags: ["publish-all P"],
        values: ["ip", "ip6", "mac-address", "network-rate", "network-ingress-rate", "network-burst"],
        lists: [
            "network net", "network-alias net-alias", "publish p", "expose", "dns", "dns-search",
            "dns-option dns-opt", "add-host",
        ])

    private let networks: [String]
    private let ip: String?
    private let ip6: String?
    private let macAddress: String?
    private let aliases: [String]
    private let publish: [String]
    private let publishAll: Bool
    private let expose: [String]
    private let dns: [String]
    private let dnsSearch: [String]
    private let dnsOption: [String]
    private let addHost: [String]
    private let rate: String?
    private let ingressRate: String?
    private let burst: String?

    package init(_ arguments: CanonicalArguments) {
        networks = arguments.values("network")
        ip = arguments.value("ip")
        ip6 = arguments.value("ip6")
        macAddress = arguments.value("mac-address")
        aliases = arguments.values("network-alias")
        publish = arguments.values("publish")
        publishAll = arguments.has("publish-all")
        expose = arguments.values("expose")
        dns = arguments.values("dns")
        dnsSearch = arguments.values("dns-search")
        dnsOption = arguments.values("dns-option")
        addHost = arguments.values("add-host")
        rate = arguments.value("network-rate")
        ingressRate = arguments.value("network-ingress-rate")
        burst = arguments.value("network-burst")
    }

    package func fill(_ spec: inout ContainerSpec) throws(CFSError) {
        try fillNetworks(&spec)
        for text in publish { spec.ports += try PortSyntax.mappings(text) }
        for text in expose { spec.exposedPorts += try PortSyntax.exposed(text) }
        spec.publishesExposedPorts = publishAll
        try fillResolver(&spec.resolver)
        if let rate { spec.networkRates.egress = try RateSyntax.bits(rate, "network-rate") }
        if let ingressRate { spec.networkRates.ingress = try RateSyntax.bits(ingressRate, "network-ingress-rate") }
        if let burst {
            guard spec.networkRates.egress != nil || spec.networkRates.ingress != nil else {
                throw CFSError(
                    .invalidArgument, .parsing, "--network-burst needs a rate", hint: "add --network-rate 20mbit")
            }
            spec.networkRates.burst = try RateSyntax.burst(burst)
        }
    }

    /// Whether something else was given that only a container on a network can have: without a name that is the default one.
    private var meansNetwork: Bool {
        let lists = [aliases, publish, dns, dnsSearch, dnsOption, addHost]
        return publishAll || lists.contains { !$0.isEmpty }
            || [ip, ip6, macAddress, rate, ingressRate].contains { $0 != nil }
    }

    private func fillNetworks(_ spec: inout ContainerSpec) throws(CFSError) {
        var namespace: NamespaceChoice?
        for text in networks {
            switch try NetworkSyntax.choice(text) {
            case .namespace(let choice): namespace = choice
            case .network(let request): spec.networks.append(request)
            }
        }
        guard namespace == nil || networks.count == 1 else {
            throw CFSError(
                .invalidArgument, .parsing,
                "--network: a container with a network namespace by itself is on no other network",
                hint: "leave the others away, or none, host, container:ID and the path")
        }
        if let namespace { spec.namespaces.network = namespace }
        if networks.isEmpty, meansNetwork { spec.networks.append(NetworkRequest(NetworkRecord.defaultName)) }
        guard ip != nil || ip6 != nil || macAddress != nil || !aliases.isEmpty else { return }
        guard !spec.networks.isEmpty else {
            throw CFSError(
                .invalidArgument, .parsing, "an address or a name of a container is one on a network",
                hint: "use --network NAME instead: cfs network ls")
        }
        if let ip { try NetworkSyntax.add(address: ip, "ip4", &spec.networks[0]) }
        if let ip6 { try NetworkSyntax.add(address: ip6, "ip6", &spec.networks[0]) }
        if let macAddress {
            spec.networks[0].hardwareAddress = try NetworkSyntax.hardwareAddress(macAddress, "--mac-address")
        }
        for alias in aliases {
            let name = try NameSyntax.host(alias, "--network-alias")
            for index in spec.networks.indices { spec.networks[index].aliases.append(name) }
        }
    }

    private func fillResolver(_ resolver: inout ResolverChoices) throws(CFSError) {
        for text in dns {
            guard let address = IPAddress(text) else {
                throw CFSError(
                    .invalidArgument, .parsing, "--dns does not take \"\(text)\"", hint: "write an address: 9.9.9.9")
            }
            resolver.servers.append(address)
        }
        for text in dnsSearch {
            // As with other engines a dot means: none.
            if resolver.search == nil { resolver.search = [] }
            if text != "." { resolver.search?.append(try NameSyntax.host(text, "--dns-search")) }
        }
        for text in dnsOption {
            guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
                throw CFSError(
                    .invalidArgument, .parsing, "--dns-option does not take \"\(text)\"",
                    hint: "write one of resolv.conf(5): ndots:2")
            }
            resolver.options.append(text)
        }
        for text in addHost {
            let cut = text.firstIndex { $0 == ":" || $0 == "=" }
            guard let cut else { throw Self.wrong(host: text) }
            let name = try NameSyntax.host(String(text[..<cut]), "--add-host")
            var value = text[text.index(after: cut)...]
            if value.hasPrefix("["), value.hasSuffix("]") { value = value.dropFirst().dropLast() }
            if value == "host-gateway" {
                resolver.hosts.append(ResolverChoices.HostEntry(name: name, address: nil))
                continue
            }
            guard let address = IPAddress(value) else { throw Self.wrong(host: text) }
            resolver.hosts.append(ResolverChoices.HostEntry(name: name, address: address))
        }
    }

    private static func wrong(host text: String) -> CFSError {
        CFSError(
            .invalidArgument, .parsing, "--add-host does not take \"\(text)\"",
            hint: "write NAME:ADDRESS, or NAME:host-gateway for this machine")
    }
}

/// Reads rates of networks.
package enum RateSyntax {
    /// The slowest at which a connection still works, and the fastest that means something: 8 kbit to 1 Tbit a second.
    static let range: ClosedRange<UInt64> = 8_000...1_000_000_000_000

    private static let units: [(name: String, bits: UInt64)] = [
        ("kbit", 1_000), ("mbit", 1_000_000), ("gbit", 1_000_000_000), ("tbit", 1_000_000_000_000), ("bit", 1),
        ("kbps", 8_000), ("mbps", 8_000_000), ("gbps", 8_000_000_000), ("bps", 8),
    ]

    /// Bits a second, as tc(8) writes them: `20mbit`, `1.5gbit`; `2mbps` is bytes a second. A number alone is bits.
    package static func bits(_ text: String, _ flag: String) throws(CFSError) -> UInt64 {
        let lower = text.lowercased()
        let unit = units.first { lower.hasSuffix($0.name) } ?? ("", 1)
        let number = lower.dropLast(unit.name.count)
        guard let value = decimal(String(number), unit.bits), range.contains(value) else {
            throw CFSError(
                .invalidArgument, .parsing, "--\(flag) does not take \"\(text)\"",
                hint: "write bits a second from 8kbit to 1tbit: 20mbit; as in tc(8), 20mbps is 160mbit")
        }
        return value
    }

    /// A number with at most three digits behind the point, times a unit.
    private static func decimal(_ text: String, _ unit: UInt64) -> UInt64? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), (1...13).contains(parts[0].utf8.count),
            parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }), let whole = UInt64(parts[0])
        else { return nil }
        let (bits, overflow) = whole.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        guard parts.count == 2 else { return bits }
        guard (1...3).contains(parts[1].count), let fraction = UInt64(parts[1]) else { return nil }
        let scale: UInt64 = [10, 100, 1000][parts[1].count - 1]
        return bits + fraction * unit / scale
    }

    /// Bytes: `64k`, `1m`.
    static func burst(_ text: String) throws(CFSError) -> UInt32 {
        var bytes: UInt64?
        do throws(CFSError) { bytes = try ByteCount(text).bytes } catch { bytes = nil }
        guard let bytes, (2048...(1 << 30)).contains(bytes) else {
            throw CFSError(
                .invalidArgument, .parsing, "--network-burst does not take \"\(text)\"",
                hint: "write bytes from 2k to 1g: 64k")
        }
        return UInt32(bytes)
    }
}
