import EngineSupport
import TestSupport
import Testing

/// What somebody else does to a host's rules, and what packets that the kernel remembers do to the next owner.
@Suite("Networks that somebody has touched", .needsHost, .serialized, .engineWithNetwork)
struct NetworkTouchedTests: EngineSuite {
    private func network() throws -> HostNetwork { try #require(engine.network) }

    private static let server = ["httpd", "-f", "-v", "-p", "80", "-h", "/etc"]

    private func rules() throws -> String { try network().run("nft list chain inet cfs bridged").output }

    @Test(
        "a table that was flushed, or is of another layout, is made again by the next container and by recover",
        arguments: [
            "nft flush table inet cfs", "nft flush chain inet cfs bridged",
            "nft delete table inet cfs && nft 'add table inet cfs { comment \"of another version\"; }'",
        ])
    func flushed(script: String) throws {
        let host = try network()
        host.run("ip link add out type bridge && ip addr add 192.0.2.8/24 dev out && ip link set out up")
        defer { host.run("ip link del out") }
        try withNetwork("touched") {
            try engine.withContainer(["--name", "stays", "--network", "touched", "-p", "8061:80"], Self.server) { id in
                let before = try rules()
                #expect(before.contains("accept"))
                #expect(host.run(script).status == 0)
                #expect(try rules() != before)
                let next = engine.run("run", "--rm", "--network", "touched", "BusyBox", "true")
                #expect(next.status == 0, "\(next.errors)")
                #expect(try rules().contains("ct state established,related accept"))
                #expect(host.run(script).status == 0)
                let recovered = engine.run("system", "recover")
                #expect(recovered.status == 0 && recovered.output.contains("of networks put right"))
                #expect(try rules().contains("ct state established,related accept"))
                // The port of the container that ran all the time leads there again, also from its own network.
                let got = engine.run(
                    "run", "--rm", "--network", "touched", "BusyBox", "timeout", "5", "wget", "-q", "-O", "-",
                    "http://192.0.2.8:8061/hostname")
                #expect(got.text == String(id.prefix(12)), "\(got.errors)")
            }
        }
    }

    @Test(
        "a container that starts brings back the rules of all networks, also where nothing of them can be read",
        arguments: [
            "nft flush ruleset",
            "nft delete table inet cfs && nft 'add table inet cfs { comment \"of another version\"; }'",
        ])
    func others(script: String) throws {
        let host = try network()
        try withNetwork("open") {
            try withNetwork("shut", ["--internal"]) {
                try engine.withContainer(["--network", "shut"]) { _ in
                    try engine.withContainer(["--network", "open"]) { _ in
                        let devices = ["open", "shut"].map {
                            engine.run("network", "inspect", "-f", "{{.Device}}", $0).text
                        }
                        func sets(_ names: String...) -> [String] {
                            names.map { host.run("nft list set inet cfs \($0)").output }
                        }
                        let before = sets("bridges", "internal")
                        #expect(devices.allSatisfy { before[0].contains($0) } && before[1].contains(devices[1]))
                        #expect(host.run(script).status == 0)
                        let next = engine.run("run", "--rm", "--network", "open", "BusyBox", "true")
                        #expect(next.status == 0, "\(next.errors)")
                        let after = sets("bridges", "internal")
                        #expect(
                            devices.allSatisfy { after[0].contains($0) } && after[1].contains(devices[1]), "\(after)")
                    }
                }
            }
        }
    }

    /// Sends a datagram, by default to a port of the host, always from the same port, and tells what comes back; nothing
    /// when nobody answers.
    private func ask(_ host: HostNetwork, _ address: String = "192.0.2.9", _ port: Int = 8062) -> String {
        let lines = [
            "import socket", "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", "s.bind((str(), 4444))",
            "s.settimeout(0.5)", "s.connect((\"\(address)\", \(port)))", "s.send(b\"x\")",
            "print(s.recv(99).decode())",
        ]
        return host.run("/usr/bin/python3 -I -c '\(lines.joined(separator: "; "))'").text
    }

    /// Answers datagrams to port 53 of a container with a word: BusyBox cannot.
    private func serve(_ container: String, _ word: String) throws -> RunningCommand {
        let program = """
            import socket
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(('', 53))
            print('ready')
            while True: s.sendto(b'\(word)', s.recvfrom(99)[1])
            """
        let server = RunningCommand(
            ["/usr/bin/nsenter", "--net=/proc/\(try engine.pid(container))/ns/net", "--"]
                + ["/usr/bin/python3", "-I", "-u", "-c", program], environment: ["PATH": EngineFixture.path])
        try #require(server.waitForOutput("ready"))
        return server
    }

    @Test("a stream of datagrams to a port goes to the container that has it now")
    func datagrams() throws {
        let host = try network()
        host.run("ip link add away type bridge && ip addr add 192.0.2.9/24 dev away && ip link set away up")
        defer { host.run("ip link del away") }
        try withNetwork("streams") {
            let options = ["--network", "streams", "-p", "8062:53/udp"]
            try engine.withContainer(["--name", "first"] + options) { _ in
                let first = try serve("first", "first")
                #expect(ask(host) == "first")
                // It keeps its address, so the next one has another.
                #expect(engine.run("stop", "-t", "0", "first").status == 0)
                // To nobody: the kernel remembers that as well.
                #expect(ask(host).isEmpty)
                try engine.withContainer(["--name", "second"] + options) { _ in
                    let second = try serve("second", "second")
                    #expect(ask(host) == "second")
                    withExtendedLifetime(second) {}
                }
                withExtendedLifetime(first) {}
            }
        }
    }

    @Test("what was meant for a container that is gone does not reach the next owner of its address")
    func heir() throws {
        let host = try network()
        host.run("ip link add away type bridge && ip addr add 192.0.2.9/24 dev away && ip link set away up")
        defer { host.run("ip link del away") }
        /// Addresses whose connections are still to be forgotten.
        let leaving = "\(engine.runFolder)/networks/leaving"
        func address(_ container: String) throws -> String {
            try #require(try engine.inspect(container)["NetworkSettings"]["Networks"]["heirs"]["IPAddress"].text)
        }
        try withNetwork("heirs") {
            var theirs = ""
            try engine.withContainer(["--name", "first", "--network", "heirs", "-p", "8062:53/udp"]) { _ in
                let first = try serve("first", "first")
                #expect(ask(host) == "first")
                theirs = try address("first")
                withExtendedLifetime(first) {}
            }
            try engine.withContainer(["--name", "heir", "--network", "heirs"]) { _ in
                let ours = try address("heir")
                #expect(ours == theirs)
                #expect(!host.run("ls \(leaving)").lines.contains(ours))
                let heir = try serve("heir", "heir")
                #expect(ask(host).isEmpty)
                #expect(ask(host, ours, 53) == "heir")
                withExtendedLifetime(heir) {}
            }
            // As a monitor leaves it that was killed before it could see to it.
            #expect(host.run("mkdir -p \(leaving) && touch \(leaving)/\(theirs)").status == 0)
            try engine.withContainer(["--name", "third", "--network", "heirs"]) { _ in
                let ours = try address("third")
                #expect(ours == theirs)
                #expect(!host.run("ls \(leaving)").lines.contains(theirs))
            }
        }
    }
}
