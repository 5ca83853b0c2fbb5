import CFSCore
import OptionsSupport
import Testing

@testable import CFSOptions

@Suite("Options of networks and ports")
struct NetworkOptionsTests {
    @Test("a namespace is no network, and a network is one by name with what belongs to it")
    func networks() throws {
        #expect(try NetworkSyntax.choice("none") == .namespace(.private))
        #expect(try NetworkSyntax.choice("host") == .namespace(.host))
        #expect(try NetworkSyntax.choice("container:web") == .namespace(.container("web")))
        #expect(try NetworkSyntax.choice("/proc/7/ns/net") == .namespace(.path("/proc/7/ns/net")))
        var request = NetworkRequest("blue")
        request.addresses = [IPAddress("10.1.0.7")!, IPAddress("fd00::7")!]
        request.hardwareAddress = [2, 0, 0, 0, 0, 7]
        request.aliases = ["db", "store"]
        let text = "blue,ip=10.1.0.7,ip6=fd00::7,mac=02:00:00:00:00:07,alias=db,alias=store"
        #expect(try NetworkSyntax.choice(text) == .network(request))
        #expect(try NetworkSyntax.choice("name=" + text) == .network(request))
        for text in ["bridge", "default"] {
            #expect(try NetworkSyntax.choice(text) == .network(NetworkRequest("cfs0")))
        }
    }

    @Test("several networks, and the options for the first of them")
    func several() throws {
        let spec = try spec(
            "--network", "blue", "--net=red", "--ip", "10.1.0.7", "--mac-address", "02:00:00:00:00:07",
            "--network-alias", "db", "BusyBox")
        #expect(spec.networks.map(\.network) == ["blue", "red"] && spec.networks.map(\.aliases) == [["db"], ["db"]])
        #expect(spec.networks[0].addresses == [IPAddress("10.1.0.7")!] && spec.networks[1].addresses.isEmpty)
        #expect(spec.namespaces.network == .private)
        #expect(try OptionsSupport.spec("BusyBox").networks.isEmpty)
    }

    @Test(
        "what only a container on a network can have puts it on the default one, unless a network is said",
        arguments: [
            (["-p", "8080:80"], ["cfs0"]), (["-P"], ["cfs0"]), (["--ip", "10.1.0.7"], ["cfs0"]),
            (["--mac-address", "02:00:00:00:00:07"], ["cfs0"]), (["--network-alias", "db"], ["cfs0"]),
            (["--dns", "9.9.9.9"], ["cfs0"]), (["--add-host", "db:10.1.0.7"], ["cfs0"]),
            (["--network-rate", "20mbit"], ["cfs0"]), (["--network-ingress-rate", "20mbit"], ["cfs0"]),
            (["-p", "8080:80", "--network", "blue"], ["blue"]), (["-p", "8080:80", "--network", "none"], []),
            (["-p", "8080:80", "--network", "container:web"], []), (["--expose", "80"], []), (["-h", "web"], []),
        ] as [([String], [String])])
    func implied(options: [String], expected: [String]) throws {
        #expect(try OptionsSupport.spec(options + ["BusyBox"]).networks.map(\.network) == expected)
    }

    @Test(
        "a port of the host leads to one inside",
        arguments: [
            ("8080:80", ["0.0.0.0:8080->80/tcp"]), ("80", ["0.0.0.0:?->80/tcp"]), (":80", ["0.0.0.0:?->80/tcp"]),
            ("0:80", ["0.0.0.0:?->80/tcp"]), ("127.0.0.1:0:80", ["127.0.0.1:?->80/tcp"]),
            ("[::1]:0:53/udp", ["[::1]:?->53/udp"]), ("0:7-8", ["0.0.0.0:?->7/tcp", "0.0.0.0:?->8/tcp"]),
            ("127.0.0.1:8080:80", ["127.0.0.1:8080->80/tcp"]), ("127.0.0.1::80", ["127.0.0.1:?->80/tcp"]),
            ("0.0.0.0:53:53/udp", ["0.0.0.0:53->53/udp"]), ("[::1]:53:5353/UDP", ["[::1]:53->5353/udp"]),
            ("8000-8002:80-82", ["0.0.0.0:8000->80/tcp", "0.0.0.0:8001->81/tcp", "0.0.0.0:8002->82/tcp"]),
            ("7-8", ["0.0.0.0:?->7/tcp", "0.0.0.0:?->8/tcp"]), ("65535:65535/sctp", ["0.0.0.0:65535->65535/sctp"]),
        ] as [(String, [String])])
    func ports(text: String, expected: [String]) throws {
        #expect(try PortSyntax.mappings(text).map(\.text) == expected)
    }

    @Test(
        "what is no port is an error",
        arguments: [
            "", ":", "0", "0:0", "00:80", "0-1:80-81", "80:0", "65536:80", "80:65536", "a:80", "80:a", "80:80:80",
            "1.2.3:80:80", "::1:80:80",
            "[::1]80:80",
            "[1.2.3.4]:80:80", "80:80/icmp", "80:80/", "8000-8001:80", "82-80", "80-", "-80", "1-1025", "+80", "80 ",
        ])
    func wrongPorts(text: String) {
        #expect(failure { () throws(CFSError) in try PortSyntax.mappings(text) }?.code == .invalidArgument, "\(text)")
    }

    @Test(
        "what cannot be is an error that says what can",
        arguments: [
            (["--network", "host", "--network", "blue"], "by itself is on no other network"),
            (["--network", "blue,ip=x"], "\"x\" is no address of IP"),
            (["--network", "blue,ip6=10.1.0.7"], "\"10.1.0.7\" is no address of IPv6"),
            (["--network", "blue,ip=10.1.0.7,ip=10.1.0.8"], "one address of each family"),
            (["--network", "blue,mac=7"], "\"7\" is no hardware address"),
            (["--network", "blue,colour=red"], "does not know \"colour=red\""),
            (["--network", "blue,alias=a b"], "is no name of a machine"), (["--network", ""], "needs a name"),
            (["--network", "none", "--ip", "10.1.0.7"], "is one on a network"),
            (["--network", "none,ip=10.1.0.7"], "--network none is no network"),
            (["--network", "blue", "--ip", "fd00::1"], "is no address of IP"),
            (["--network", "blue", "--dns", "example.org"], "--dns does not take"),
            (["--network", "blue", "--dns-search", "-x"], "is no name of a machine"),
            (["--network", "blue", "--dns-option", "a b"], "--dns-option does not take"),
            (["--network", "blue", "--add-host", "db"], "--add-host does not take"),
            (["--network", "blue", "--add-host", "db:nowhere"], "--add-host does not take"),
            (["--network", "blue", "--expose", "x"], "--expose does not take"),
            (["--network", "blue", "--network-rate", "fast"], "--network-rate does not take"),
            (["--network", "blue", "--network-rate", "7kbit"], "--network-rate does not take"),
            (["--network", "blue", "--network-burst", "64k"], "--network-burst needs a rate"),
            (
                ["--network", "blue", "--network-rate", "1mbit", "--network-burst", "1"],
                "--network-burst does not take"
            ),
        ] as [([String], String)])
    func wrong(options: [String], text: String) {
        let error = refusal(options)
        #expect(error?.code == .invalidArgument && error?.message.contains(text) == true, "\(error as Any)")
    }

    @Test("an address beside a namespace is told to be for a network in its place, since both cannot be")
    func inPlace() {
        for namespace in ["none", "host", "container:web"] {
            let hint = refusal(["--network", namespace, "--ip", "10.1.0.7"])?.hint
            #expect(hint?.hasPrefix("use --network NAME instead") == true, "\(namespace): \(hint ?? "")")
        }
    }

    private func refusal(_ options: [String]) -> CFSError? {
        failure { () throws(CFSError) in
            let canonical = try CanonicalArguments(
                (options + ["BusyBox"])[...], ContainerOptions.optionNames, optionsEndAtFirstWord: true, verb: "run")
            return try ContainerOptions(canonical, verb: "run").spec(.sample, .sample)
        }
    }

    @Test("who is asked for names, and names with an address of their own")
    func resolver() throws {
        let spec = try spec(
            "--network", "blue", "--dns", "9.9.9.9", "--dns", "fd00::53", "--dns-search", "example.org", "--dns-opt",
            "ndots:2", "--add-host", "db:10.1.0.9", "--add-host=here:host-gateway", "--add-host", "six:[fd00::9]", "-P",
            "--expose", "80", "--expose", "53/udp", "BusyBox")
        #expect(spec.resolver.servers == [IPAddress("9.9.9.9")!, IPAddress("fd00::53")!])
        #expect(spec.resolver.search == ["example.org"] && spec.resolver.options == ["ndots:2"])
        #expect(spec.resolver.hosts.map(\.name) == ["db", "here", "six"])
        #expect(spec.resolver.hosts.map(\.address) == [IPAddress("10.1.0.9")!, nil, IPAddress("fd00::9")!])
        #expect(spec.publishesExposedPorts && spec.exposedPorts.map(\.description) == ["80/tcp", "53/udp"])
        #expect(try OptionsSupport.spec("--network", "a", "--dns-search", ".", "BusyBox").resolver.search == [])
    }

    @Test(
        "rates are read as tc reads them",
        arguments: [
            ("20mbit", 20_000_000), ("1.5gbit", 1_500_000_000), ("8000", 8_000), ("2MBPS", 16_000_000),
            ("64kbit", 64_000), ("20mbps", 160_000_000), ("0.25mbit", 250_000), ("1000bps", 8_000),
            ("1tbit", 1_000_000_000_000),
        ] as [(String, UInt64)])
    func rates(text: String, bits: UInt64) throws {
        #expect(try RateSyntax.bits(text, "network-rate") == bits)
    }
}
