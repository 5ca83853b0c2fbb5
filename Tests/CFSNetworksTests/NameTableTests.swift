import TestSupport
import Testing

@testable import CFSLinux
@testable import CFSModel
@testable import CFSNetworks

@Suite("The table of names")
struct NameTableTests {
    private let table = NameTable(
        network: "front", subnets: [IPSubnet("10.89.0.0/24")!, IPSubnet("fd00:89::/64")!],
        hosts: [
            NameTable.Host(
                id: "3f9c2a41b7d0", name: "web", aliases: ["www", "Shared"],
                addresses: [IPAddress("10.89.0.2")!, IPAddress("fd00:89::2")!]),
            NameTable.Host(id: "77aa", name: "db", aliases: ["shared"], addresses: [IPAddress("10.89.0.3")!]),
        ])

    @Test("it is written as JSON and read back")
    func bothWays() throws {
        let text = """
            {"version":1,"network":"front","subnets":["10.89.0.0/24","fd00:89::/64"],"hosts":[\
            {"id":"3f9c2a41b7d0","name":"web","aliases":["www","Shared"],"addresses":["10.89.0.2","fd00:89::2"]},\
            {"id":"77aa","name":"db","aliases":["shared"],"addresses":["10.89.0.3"]}]}

            """
        #expect(String(decoding: table.bytes, as: UTF8.self) == text)
        #expect(try NameTable(parsing: table.bytes) == table)
        var bridged = table
        bridged.bridge = NameTable.Bridge(name: "cfs-0f8fad5b", isInternal: true)
        #expect(
            String(decoding: bridged.bytes, as: UTF8.self).hasSuffix(
                #"],"bridge":"cfs-0f8fad5b","internal":true}"# + "\n"))
        #expect(try NameTable(parsing: bridged.bytes) == bridged)
        var published = table
        published.hosts = [
            NameTable.Host(
                id: "77aa", name: "db", addresses: [IPAddress("10.89.0.3")!],
                ports: [
                    PublishedPort(
                        .udp, hostAddress: IPAddress("192.0.2.1")!, hostPort: 53, container: IPAddress("10.89.0.3")!,
                        containerPort: 5353),
                    PublishedPort(
                        .sctp, hostAddress: nil, hostPort: 9, container: IPAddress("10.89.0.3")!, containerPort: 9),
                ])
        ]
        #expect(
            String(decoding: published.bytes, as: UTF8.self).contains(
                #""ports":[{"transport":"udp","address":"192.0.2.1","port":53,"to":"10.89.0.3","toPort":5353},"#))
        #expect(try NameTable(parsing: published.bytes) == published)
        let later = #"{"version":1,"network":"n","new":[1],"hosts":[{"id":"1","name":"a","weight":2}]}"#
        #expect(try NameTable(parsing: Array(later.utf8)).hosts == [NameTable.Host(id: "1", name: "a", addresses: [])])
    }

    @Test(
        "a damaged one is an error that names the field",
        arguments: [
            ("", "JSON"), ("[]", "object"), (#"{"version":2,"network":"n"}"#, "version"),
            (#"{"version":1}"#, "network"),
            (#"{"version":1,"network":"n","subnets":["x"]}"#, "subnets"),
            (#"{"version":1,"network":"n","hosts":[{"name":"a"}]}"#, "hosts.id"),
            (#"{"version":1,"network":"n","hosts":[{"id":"a"}]}"#, "hosts.name"),
            (#"{"version":1,"network":"n","hosts":[{"id":"a","name":"b","addresses":["c"]}]}"#, "hosts.addresses"),
            (
                #"{"version":1,"network":"n","hosts":[{"id":"a","name":"b","ports":[{"transport":"x"}]}]}"#,
                "hosts.ports.transport"
            ),
            (
                #"{"version":1,"network":"n","hosts":[{"id":"a","name":"b","ports":[{"transport":"tcp"}]}]}"#,
                "hosts.ports.to"
            ),
        ])
    func damaged(_ text: String, _ field: String) {
        let error = #expect(throws: CFSError.self) { try NameTable(parsing: Array(text.utf8)) }
        #expect(error?.code == .invalidConfiguration && error?.message.contains(field) == true)
    }

    @Test("names, aliases and ids are found, those of several hosts together; addresses lead back")
    func index() throws {
        let index = NameIndex(table)
        func addresses(_ name: String) -> [String]? { index.addresses(of: DomainName(name)!)?.map(\.description) }
        #expect(addresses("web") == ["10.89.0.2", "fd00:89::2"] && addresses("3f9c2a41b7d0") == addresses("www"))
        #expect(addresses("shared")?.sorted() == ["10.89.0.2", "10.89.0.3", "fd00:89::2"])
        #expect(addresses("zz") == nil && addresses("a") == nil)
        #expect(index.name(of: IPAddress("10.89.0.3")!) == DomainName("db") && index.name(of: loopback) == nil)
        #expect(index.covers(IPAddress("10.89.0.77")!) && !index.covers(loopback))
    }

    @Test("a file is read again when it has changed, and a damaged one keeps the names from before")
    func reread() throws {
        let folder = TemporaryDirectory()
        let path = folder("front")
        let directory = NameDirectory(paths: [path], fixed: [], domains: [])
        func isKnown() -> Bool {
            directory.refresh()
            if case .addresses = directory.find(DomainName("WEB")!, .a) { return true }
            return false
        }
        #expect(!isKnown())
        try AtomicFile.write(table.bytes, to: path, durable: false)
        #expect(isKnown())
        try AtomicFile.write(Array("{".utf8), to: path, durable: false)
        #expect(isKnown())
        try AtomicFile.write(NameTable(network: "front").bytes, to: path, durable: false)
        #expect(!isKnown())
        directory.setPaths([])
        try AtomicFile.write(table.bytes, to: path, durable: false)
        #expect(!isKnown())
        directory.setPaths([path])
        #expect(isKnown())
    }
}

@Suite("resolv.conf")
struct ResolverConfigurationTests {
    @Test("servers, search domains and options are read; the last of search and domain counts")
    func read() {
        let text = """
            # nameserver 192.0.2.9
            ; a comment
            domain old.example
            search  a.example\tb.example. ..
            nameserver 127.0.0.53
            nameserver\tfe80::1%eth0
            nameserver 2001:db8::1 # trailing
            nameserver 192.0.2.4
            options ndots:2 timeout:3 attempts:4 rotate edns0 timeout:x
            """
        let configuration = ResolverConfiguration(text)
        #expect(
            configuration.servers == [
                .init(IPAddress("127.0.0.53")!), .init(IPAddress("fe80::1")!, zone: "eth0"),
                .init(IPAddress("2001:db8::1")!),
            ])
        #expect(configuration.search == ["a.example", "b.example"])
        #expect(configuration.ndots == 2 && configuration.timeout == 3 && configuration.attempts == 4)
        #expect(configuration.rotate)
    }

    @Test("what nobody knows is passed over, and values have limits")
    func tolerant() {
        let text =
            "nameserver\nnameserver x\nnameserver 1.2.3\nsortlist 1.2.3.4\r\noptions timeout:0 attempts:99 ndots:-1\n"
        let configuration = ResolverConfiguration(text)
        #expect(configuration.servers.isEmpty && configuration.search.isEmpty && !configuration.rotate)
        #expect(configuration.timeout == 1 && configuration.attempts == 5 && configuration.ndots == nil)
        #expect(ResolverConfiguration("") == ResolverConfiguration("\n\n"))
        #expect(ResolverConfiguration("nameserver 192.0.2.1\r\nsearch x\r\n").search == ["x"])
    }

    @Test("it says whom a resolver asks: a server behind an interface that is not there, nobody")
    func forwarding() {
        let configuration = ResolverConfiguration(
            "nameserver fe80::1%none0\nnameserver fe80::2%lo\nnameserver 127.0.0.1\n")
        let forwarding = Forwarding(configuration)
        #expect(forwarding.servers.map(\.description) == ["[fe80::2]:53", "127.0.0.1:53"])
        #expect(forwarding.servers[0].scope == 1 && forwarding.attempts == 2 && forwarding.timeout == 2_000_000_000)
    }
}
