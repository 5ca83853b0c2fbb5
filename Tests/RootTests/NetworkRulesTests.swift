import EngineSupport
import Glibc
import TestSupport
import Testing

/// What somebody takes out of the rules of a host, piece by piece, comes back whole.
@Suite("Rules of networks that are there in part", .needsHost, .serialized, .engineWithNetwork)
struct NetworkRulesTests: EngineSuite {
    private func network() throws -> HostNetwork { try #require(engine.network) }

    private static let server = ["httpd", "-f", "-v", "-p", "80", "-h", "/etc"]

    /// All that the table has, whatever the order of its elements.
    private func table() throws -> [String] {
        let text = try network().run("nft -s list table inet cfs").output
        return text.split { $0.isWhitespace || $0 == "," }.map { String($0) }.sorted()
    }

    private func device(_ network: String) -> String {
        engine.run("network", "inspect", "-f", "{{.Device}}", network).text
    }

    @Test(
        "a network of which elements are gone is made whole by recover and by its next container",
        arguments: [
            #"nft delete element inet cfs bridges "{ \"$BRIDGE\" }""#, "nft flush set inet cfs bridges",
            #"nft delete element inet cfs pairs "{ \"$BRIDGE\" . \"$BRIDGE\" }""#, "nft flush set inet cfs pairs",
            "nft flush map inet cfs sources4", "nft flush map inet cfs sources6",
            #"nft add element inet cfs internal "{ \"$BRIDGE\" }""#,
        ])
    func elements(script: String) throws {
        let host = try network()
        try withNetwork("partly", ["--ipv6"]) {
            try engine.withContainer(["--name", "stays", "--network", "partly", "-p", "8063:80"], Self.server) { _ in
                let bridge = device("partly")
                let before = try table()
                for verb in [
                    ["system", "recover"], ["run", "--rm", "--network", "partly", "BusyBox", "true"],
                ] {
                    let broken = host.run("BRIDGE=\(bridge); \(script)")
                    #expect(broken.status == 0, "\(broken.errors)")
                    #expect(try table() != before)
                    let mended = engine.run(verb)
                    #expect(mended.status == 0, "\(verb): \(mended.errors)")
                    #expect(try table() == before, "\(verb)")
                }
            }
        }
    }

    @Test(
        "ports of containers that run come back with the next container on any network, also on another one",
        arguments: [
            "nft flush ruleset", "nft delete table inet cfs", "nft flush map inet cfs ports4",
            "nft flush map inet cfs ports6; nft flush map inet cfs addresses4",
            "nft flush set inet cfs pairs; nft flush map inet cfs sources4",
        ])
    func ports(script: String) throws {
        let host = try network()
        host.run("ip link add out type bridge && ip addr add 192.0.2.11/24 dev out && ip link set out up")
        defer { host.run("ip link del out") }
        try withNetwork("here", ["--ipv6"]) {
            try withNetwork("there") {
                let published = ["-p", "8064:80", "-p", "192.0.2.11:8066:80"]
                try engine.withContainer(["--name", "stays", "--network", "here"] + published, Self.server) { id in
                    #expect(engine.run("run", "--rm", "--network", "there", "BusyBox", "true").status == 0)
                    let before = try table()
                    #expect(host.run(script).status == 0)
                    #expect(try table() != before)
                    let next = engine.run("run", "--rm", "--network", "there", "BusyBox", "true")
                    #expect(next.status == 0, "\(next.errors)")
                    #expect(try table() == before)
                    let got = engine.run(
                        "run", "--rm", "--network", "there", "BusyBox", "timeout", "5", "wget", "-q", "-O", "-",
                        "http://192.0.2.11:8064/hostname")
                    #expect(got.text == String(id.prefix(12)), "\(got.errors)")
                }
            }
        }
    }

    @Test("ports that a disconnect has moved come back where they lead now, and those of a killed monitor do not")
    func movedAndLost() throws {
        let host = try network()
        try withNetwork("first") {
            try withNetwork("second", ["--subnet", "10.200.33.0/24"]) {
                let moved = ["--name", "moved", "--network", "first", "--network", "second,ip=10.200.33.5"]
                try engine.withContainer(moved + ["-p", "8067:80"], Self.server) { _ in
                    #expect(engine.run("network", "disconnect", "first", "moved").status == 0)
                    let lost = engine.run(
                        ["run", "-d", "--name", "lost", "--network", "second", "-p", "8068:80", "BusyBox"]
                            + Self.server)
                    #expect(lost.status == 0, "\(lost.errors)")
                    kill(try engine.monitor("lost"), SIGKILL)
                    #expect(eventually { engine.run("ps", "-q").lines.count == 1 })
                    #expect(host.run("nft flush map inet cfs ports4").status == 0)
                    let next = engine.run("run", "--rm", "--network", "first", "BusyBox", "true")
                    #expect(next.status == 0, "\(next.errors)")
                    let ports = host.run("nft list map inet cfs ports4").output
                    #expect(ports.contains("8067") && ports.contains("10.200.33.5"), "\(ports)")
                    #expect(!ports.contains("8068"), "\(ports)")
                    #expect(engine.run("rm", "-f", "lost").status == 0)
                }
            }
        }
    }

    @Test(
        "what a killed monitor has left of its container's networks is found, and goes with the container",
        arguments: [["rm", "lost"], ["rm", "-f", "lost"], ["start", "lost"]])
    func remains(verb: [String]) throws {
        let host = try network()
        try withNetwork("left", ["--ipv6"]) {
            let command = ["run", "-d", "--name", "lost", "--network", "left", "-p", "80", "BusyBox"] + Self.server
            let started = engine.run(command)
            #expect(started.status == 0, "\(started.errors)")
            let shown = engine.run("port", "lost").lines
            let ports = shown.compactMap { $0.split(separator: ":").last.map { String($0) } }
            #expect(!ports.isEmpty)
            func isPublished() -> Bool {
                let table = host.run("nft list table inet cfs").output
                return ports.contains { table.contains(". \($0) :") }
            }
            #expect(isPublished())
            kill(try engine.monitor("lost"), SIGKILL)
            #expect(eventually { engine.run("ps", "-q").text.isEmpty })
            let doctor = engine.run("doctor", "network").output
            #expect(isPublished() && doctor.contains("no container has the port"), "\(doctor)")
            let ended = engine.run(verb)
            #expect(ended.status == 0, "\(ended.errors)")
            #expect(!isPublished())
            let names = host.run("cat \(engine.runFolder)/networks/*.names").output
            #expect(names.contains("\"lost\"") == (verb[0] == "start"), "\(names)")
            let healed = engine.run("doctor", "network").output
            #expect(!healed.contains("no container has the port"), "\(healed)")
            engine.run("rm", "-f", "lost")
        }
    }

    @Test("a port of a container whose monitor was killed is the next program's once it is removed")
    func heir() throws {
        let host = try network()
        try withNetwork("inherited", ["--ipv6"]) {
            let first = engine.run(
                ["run", "-d", "--name", "first", "--network", "inherited", "-p", "8072:80", "BusyBox"] + Self.server)
            #expect(first.status == 0, "\(first.errors)")
            kill(try engine.monitor("first"), SIGKILL)
            #expect(eventually { engine.run("ps", "-q").text.isEmpty })
            #expect(engine.run("rm", "-f", "first").status == 0)
            host.run("ip link add out type bridge && ip addr add 192.0.2.12/24 dev out && ip link set out up")
            defer { host.run("ip link del out") }
            let server = RunningCommand(
                host.entering + ["/usr/bin/busybox", "httpd", "-f", "-v", "-p", "8072", "-h", "/etc"],
                environment: ["PATH": EngineFixture.path])
            #expect(
                eventually { host.run("timeout 5 busybox wget -q -O - http://192.0.2.12:8072/hostname").status == 0 })
            withExtendedLifetime(server) {}
        }
    }

    @Test("a network that cannot be mended keeps recover from no other, and is told")
    func conflict() throws {
        let host = try network()
        try withNetwork("blocked", ["--subnet", "10.200.31.0/24"]) {
            try withNetwork("free", ["--subnet", "10.200.32.0/24"]) {
                let free = ["--name", "freed", "--network", "free", "-p", "8065:80"]
                try engine.withContainer(["--name", "stuck", "--network", "blocked"]) { _ in
                    try engine.withContainer(free, Self.server) { _ in
                        let before = try table()
                        // Another bridge has the subnet, as that of another engine could.
                        let foreign = """
                            nft flush map inet cfs sources4 && nft flush map inet cfs ports4 &&
                            nft 'add element inet cfs bridges { "cfs-other0" }' &&
                            nft 'add element inet cfs sources4 { 10.200.31.0/25 comment "cfs-other0" : return }'
                            """
                        #expect(host.run(foreign).status == 0)
                        let recovered = engine.run("system", "recover")
                        #expect(recovered.status != 0 && recovered.errors.contains("cfs-other0"), "\(recovered.errors)")
                        let sources = host.run("nft list map inet cfs sources4").output
                        #expect(sources.contains("10.200.32.0/24"), "\(sources)")
                        #expect(host.run("nft list map inet cfs ports4").output.contains("8065"))
                        let gone = """
                            nft 'delete element inet cfs bridges { "cfs-other0" }' &&
                            nft 'delete element inet cfs sources4 { 10.200.31.0/25 : return }'
                            """
                        #expect(host.run(gone).status == 0)
                        #expect(engine.run("system", "recover").status == 0)
                        #expect(try table() == before)
                    }
                }
            }
        }
    }
}
