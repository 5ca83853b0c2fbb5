import EngineSupport
import Glibc
import TestSupport
import Testing

/// Containers on networks, with a network namespace of the suite's own in the place of the host's.
@Suite("Containers on networks", .needsHost, .engineWithNetwork)
struct NetworkTests: EngineSuite {
    private func network() throws -> HostNetwork { try #require(engine.network) }

    /// A web server on port 80 that gives out its `/etc`, and says on its standard error who asked.
    private static let server = ["httpd", "-f", "-v", "-p", "80", "-h", "/etc"]

    private func address(_ container: String, _ network: String, _ field: String = "IPAddress") throws -> String {
        try #require(try engine.inspect(container)["NetworkSettings"]["Networks"][network][field].text)
    }

    @Test("two containers find each other by name, alias and id, and talk; a third one on another network does not")
    func names() throws {
        try withNetwork("names") {
            try engine.withContainer(
                ["--name", "web", "--network", "names", "--network-alias", "www"], Self.server
            ) { id in
                for name in ["web", "WEB", "www", String(id.prefix(12))] {
                    let got = engine.run(
                        "run", "--rm", "--network", "names", "BusyBox", "timeout", "5", "wget", "-q", "-O", "-",
                        "http://\(name)/hostname")
                    #expect(got.status == 0 && got.text == String(id.prefix(12)), "\(name): \(got.errors)")
                }
                let address = try address("web", "names")
                let backwards = engine.run("run", "--rm", "--network", "names", "BusyBox", "nslookup", address)
                #expect(backwards.output.contains("web"), "\(backwards.output)")
                try withNetwork("others") {
                    let other = engine.run(
                        "run", "--rm", "--init", "--network", "others", "BusyBox", "timeout", "2", "wget", "-q", "-O",
                        "-",
                        "http://\(address)/hostname")
                    #expect(other.status != 0 && other.output.isEmpty)
                    let name = engine.run("run", "--rm", "--network", "others", "BusyBox", "nslookup", "web")
                    #expect(name.status != 0)
                }
                // A program that asks for a raw socket; one that does not may ping without it.
                let ping = engine.run(
                    "run", "--rm", "--cap-add", "NET_RAW", "--network", "names", "BusyBox", "ping", "-c", "1", "web")
                #expect(ping.status == 0, "\(ping.output)\(ping.errors)")
            }
            let gone = engine.run("run", "--rm", "--network", "names", "BusyBox", "nslookup", "web")
            #expect(gone.status != 0)
        }
    }

    @Test("networks that are made and removed are events")
    func events() throws {
        try withNetwork("told") {}
        let pruned = engine.run("network", "create", "pruned")
        try #require(pruned.status == 0, "\(pruned.errors)")
        #expect(engine.run("network", "rm", "pruned").status == 0)
        let events = engine.run(
            "events", "--since", "10m", "--until", "0s", "--filter", "type=network", "--format", "json")
        let told = try events.lines.map { try JSONValue(parsing: Array($0.utf8)) }
            .filter { ["told", "pruned"].contains($0["Actor"]["Attributes"]["name"].text) }
        #expect(told.map { $0["Action"].text } == ["create", "destroy", "create", "destroy"])
        #expect(
            told.allSatisfy { $0["Type"].text == "network" && $0["Actor"]["Attributes"]["driver"].text == "bridge" })
        #expect(told[0]["Actor"]["ID"] == told[1]["Actor"]["ID"])
    }

    @Test("who shares the network of another container has its names and its resolver, and a new name is found at once")
    func shared() throws {
        try withNetwork("shared") {
            try engine.withContainer(["--name", "host-one", "--network", "shared"], Self.server) { id in
                let inside = engine.run(
                    "run", "--rm", "--network", "container:host-one", "BusyBox", "sh", "-c",
                    "cat /etc/resolv.conf; wget -q -O - http://host-one/hostname")
                #expect(inside.output.contains("nameserver 127.0.0.11"), "\(inside.output)\(inside.errors)")
                #expect(inside.output.contains(String(id.prefix(12))), "\(inside.output)\(inside.errors)")
                #expect(engine.run("rename", "host-one", "host-two").status == 0)
                let renamed = engine.run("run", "--rm", "--network", "shared", "BusyBox", "nslookup", "host-two")
                #expect(renamed.status == 0, "\(renamed.output)")
                #expect(engine.run("run", "--rm", "--network", "shared", "BusyBox", "nslookup", "host-one").status != 0)
            }
        }
    }

    @Test("no socket of the monitor is open in a container on a network, nor in what is executed there")
    func sockets() throws {
        try withNetwork("sockets") {
            let options = ["--network", "sockets", "-p", "8089:53/udp"]
            let look = ["ls", "-l", "/proc/self/fd"]
            let first = engine.run(["run", "--rm"] + options + ["BusyBox"] + look)
            try engine.withContainer(options) { id in
                for seen in [first, engine.run(["exec", id] + look)] {
                    #expect(seen.status == 0 && seen.output.contains(" 1 -> "), "\(seen.output)\(seen.errors)")
                    #expect(!seen.output.contains("socket:"), "\(seen.output)")
                }
            }
        }
    }

    @Test("a port without a network is one on the default network")
    func impliedNetwork() throws {
        let host = try network()
        try engine.withContainer(["-p", "127.0.0.1:8094:80"], Self.server) { id in
            let got = host.run("timeout 5 busybox wget -q -O - http://127.0.0.1:8094/hostname")
            #expect(got.text == String(id.prefix(12)), "\(got.errors)")
            #expect(engine.run("inspect", "-f", "{{.HostConfig.NetworkMode}}", id).text == "cfs0")
        }
        for namespace in ["none", "host"] {
            let none = engine.run("run", "--rm", "--network", namespace, "-p", "8094:80", "BusyBox", "true")
            #expect(
                none.status == 125 && none.errors.contains("only to a container that is on a network")
                    && none.errors.contains("hint: use --network cfs0 instead"), "\(none.errors)")
        }
    }

    @Test("a port of IPv6 leads to a container that has IPv4 only")
    func mixed() throws {
        let host = try network()
        host.run("ip link add six6 type bridge && ip addr add fd00:66::1/64 dev six6 nodad && ip link set six6 up")
        try withNetwork("mixed") {
            try engine.withContainer(["--name", "mixed", "--network", "mixed", "-p", "8095:80"], Self.server) { id in
                for place in ["[::1]", "[fd00:66::1]"] {
                    let got = host.run("timeout 5 busybox wget -q -O - http://\(place):8095/hostname")
                    #expect(got.text == String(id.prefix(12)), "\(place): \(got.errors)")
                }
            }
        }
        host.run("ip link del six6")
    }

    @Test("a container on two networks is reached on both, and reaches both")
    func two() throws {
        try withNetwork("left") {
            try withNetwork("right") {
                try engine.withContainer(
                    ["--name", "both", "--network", "left", "--network", "right"], Self.server
                ) { id in
                    for network in ["left", "right"] {
                        let got = engine.run(
                            "run", "--rm", "--network", network, "BusyBox", "timeout", "5", "wget", "-q", "-O", "-",
                            "http://both/hostname")
                        #expect(got.text == String(id.prefix(12)), "\(network): \(got.errors)")
                    }
                    let devices = engine.run("exec", "both", "ls", "/sys/class/net")
                    #expect(Set(devices.text.split(whereSeparator: \.isWhitespace)) == ["eth0", "eth1", "lo"])
                }
            }
        }
    }

    @Test("a published port is reached by loopback and by the host's addresses, and from its own network")
    func published() throws {
        let host = try network()
        host.run("ip link add out type bridge && ip addr add 192.0.2.1/24 dev out && ip link set out up")
        try withNetwork("ports") {
            try engine.withContainer(
                // The same again is no second port.
                [
                    "--name", "shop", "--network", "ports", "-p", "8080:80", "-p", "127.0.0.1:8081:80", "-p", "8080:80",
                ], Self.server
            ) { id in
                let short = String(id.prefix(12))
                for place in ["127.0.0.1:8080", "192.0.2.1:8080", "[::1]:8080", "127.0.0.1:8081"] {
                    let got = host.run("timeout 5 busybox wget -q -O - http://\(place)/hostname")
                    #expect(got.text == short, "\(place): \(got.errors)")
                }
                #expect(host.run("timeout 2 busybox wget -q -O - http://192.0.2.1:8081/hostname").status != 0)
                // A hairpin: out to the host's address and back in.
                let back = engine.run(
                    "run", "--rm", "--network", "ports", "BusyBox", "timeout", "5", "wget", "-q", "-O", "-",
                    "http://192.0.2.1:8080/hostname")
                #expect(back.text == short, "\(back.errors)")
                let places = ["0.0.0.0:8080", "[::]:8080", "127.0.0.1:8081"]
                #expect(engine.run("port", "shop").lines == places.map { "80/tcp -> \($0)" })
                #expect(engine.run("port", "shop", "80").lines == places)
                #expect(engine.run("port", "shop", "81").status == 1)
                let udp = engine.run("port", "shop", "80/udp")
                let hint = "80/tcp is published: \(engine.typed) port shop 80/tcp\n"
                #expect(udp.status == 1 && udp.errors.contains(hint), "\(udp.errors)")
                let listed = "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 127.0.0.1:8081->80/tcp"
                #expect(engine.run("ps").output.contains(listed))
                let bindings = try engine.inspect("shop")["NetworkSettings"]["Ports"]["80/tcp"].array
                #expect(bindings.map { $0["HostIp"].text } == ["0.0.0.0", "::", "127.0.0.1"])
                #expect(bindings.map { $0["HostPort"].text } == ["8080", "8080", "8081"])
                let taken = engine.run("run", "--rm", "--network", "ports", "-p", "8080:80", "BusyBox", "true")
                #expect(taken.status == 125 && taken.errors.contains("8080"), "\(taken.errors)")
            }
            #expect(host.run("timeout 2 busybox wget -q -O - http://127.0.0.1:8080/hostname").status != 0)
        }
        host.run("ip link del out")
    }

    @Test("without a number, or with 0, a free port of the host is chosen: the same for both families")
    func chosen() throws {
        let host = try network()
        try withNetwork("chosen") {
            for option in ["80", "0:80"] {
                try engine.withContainer(["--network", "chosen", "-p", option], Self.server) { id in
                    let places = engine.run("port", id, "80").lines
                    let number = try #require(places.first?.split(separator: ":").last, "\(option)")
                    #expect((UInt16(number) ?? 0) > 0)
                    #expect(places == ["0.0.0.0:\(number)", "[::]:\(number)"], "\(option)")
                    for place in ["127.0.0.1", "[::1]"] {
                        let got = host.run("timeout 5 busybox wget -q -O - http://\(place):\(number)/hostname")
                        #expect(got.text == String(id.prefix(12)), "\(option) \(place): \(got.errors)")
                    }
                }
            }
        }
    }

    @Test("whoever comes from outside keeps its address, and reaches no port that is not published")
    func outside() throws {
        let host = try network()
        let outside = try HostNetwork()
        let pid = outside.entering[1].split(separator: "/")[2]
        host.run(
            """
            ip link add far type veth peer name near && ip link set near netns \(pid) && ip addr add 198.51.100.1/24 dev far
            ip link set far up
            """)
        outside.run(
            """
            ip addr add 198.51.100.9/24 dev near && ip link set near up && ip route add default via 198.51.100.1
            """)
        try withNetwork("inner") {
            try engine.withContainer(["--name", "gate", "--network", "inner", "-p", "8088:80"], Self.server) { id in
                let got = outside.run("timeout 5 busybox wget -q -O - http://198.51.100.1:8088/hostname")
                #expect(got.text == String(id.prefix(12)), "\(got.errors)")
                #expect(eventually { engine.run("logs", "gate").errors.contains("198.51.100.9") })
                // Straight to the container, by a route: the port is open inside, and published at another number only.
                let address = try address("gate", "inner")
                #expect(outside.run("timeout 2 busybox wget -q -O - http://\(address)/hostname").status != 0)
            }
            // The way out: what answers sees the host's address.
            let listener = RunningCommand(
                outside.entering + ["/bin/busybox", "nc", "-l", "-p", "7000"],
                environment: ["PATH": EngineFixture.path])
            defer { listener.signal(SIGKILL) }
            let said = eventually {
                engine.run(
                    "run", "--rm", "--network", "inner", "BusyBox", "sh", "-c",
                    "echo hello | nc -w 2 198.51.100.9 7000"
                ).status == 0
            }
            #expect(said && listener.waitForOutput("hello"))
        }
        host.run("ip link del far")
    }

    @Test("from an internal network nobody else is reached, not the host either, and names outside are not looked up")
    func inside() throws {
        let host = try network()
        try withNetwork("vault", ["--internal", "--gateway", "10.200.7.1", "--subnet", "10.200.7.0/24"]) {
            try engine.withContainer(["--name", "safe", "--network", "vault"], Self.server) { id in
                let web = engine.run(
                    "run", "--rm", "--network", "vault", "BusyBox", "timeout", "5", "wget", "-q", "-O", "-",
                    "http://safe/hostname")
                #expect(web.text == String(id.prefix(12)), "\(web.errors)")
                let server = RunningCommand(
                    host.entering + ["/bin/busybox", "httpd", "-f", "-p", "7001", "-h", "/proc/self/ns"],
                    environment: ["PATH": EngineFixture.path])
                defer { server.signal(SIGKILL) }
                #expect(eventually { host.run("busybox nc -w 1 127.0.0.1 7001 </dev/null").status == 0 })
                let out = engine.run(
                    "run", "--rm", "--network", "vault", "BusyBox", "nc", "-w", "2", "10.200.7.1", "7001")
                #expect(out.status != 0)
                let name = engine.run("run", "--rm", "--network", "vault", "BusyBox", "nslookup", "example.org")
                #expect(
                    name.output.contains("NXDOMAIN") || name.errors.contains("NXDOMAIN"), "\(name.output)\(name.errors)"
                )
            }
            let port = engine.run("run", "--rm", "--network", "vault", "-p", "8080:80", "BusyBox", "true")
            #expect(port.status == 125 && port.errors.contains("have no way in from outside"), "\(port.errors)")
        }
    }

    @Test("IPv6 is there when the network has it, and off when not")
    func ipv6() throws {
        try withNetwork("six", ["--ipv6", "--subnet", "fd00:7::/64"]) {
            try engine.withContainer(["--name", "sixth", "--network", "six", "-p", "8086:80"], Self.server) { id in
                let short = String(id.prefix(12))
                #expect(try address("sixth", "six", "GlobalIPv6Address") == "fd00:7::2")
                let got = engine.run(
                    "run", "--rm", "--network", "six", "BusyBox", "timeout", "5", "wget", "-q", "-O", "-",
                    "http://[fd00:7::2]/hostname")
                #expect(got.text == short, "\(got.errors)")
                let loop = try network().run("timeout 5 busybox wget -q -O - http://[::1]:8086/hostname")
                #expect(loop.text == short, "\(loop.errors)")
            }
        }
        try withNetwork("four") {
            let six = engine.run("run", "--rm", "--network", "four", "BusyBox", "cat", "/proc/net/if_inet6")
            #expect(!six.output.contains("eth0"))
        }
    }

    @Test("addresses are those that were asked for, never two the same, and given back with the container")
    func addresses() throws {
        try withNetwork("few", ["--subnet", "10.200.8.0/29"]) {
            let one = ["--name", "one", "--network", "few,ip=10.200.8.5,mac=02:00:00:00:00:07"]
            try engine.withContainer(one) { _ in
                let inside = engine.run("exec", "one", "cat", "/sys/class/net/eth0/address", "/etc/hosts")
                #expect(inside.output.contains("02:00:00:00:00:07") && inside.output.contains("10.200.8.5\t"))
                let taken = engine.run("run", "--rm", "--network", "few", "--ip", "10.200.8.5", "BusyBox", "true")
                #expect(taken.status == 125 && taken.errors.contains("one has it"), "\(taken.errors)")
                var ids: [String] = []
                defer { for id in ids { engine.run("rm", "-f", id) } }
                for _ in 0..<4 {
                    let made = engine.run("create", "--network", "few", "BusyBox", "true")
                    #expect(made.status == 0, "\(made.errors)")
                    ids.append(made.text)
                }
                let found = try ids.map { try address($0, "few") }
                #expect(Set(found).count == 4)
                let full = engine.run("run", "--rm", "--network", "few", "BusyBox", "true")
                #expect(full.status == 125 && full.errors.contains("every address of 10.200.8.0/29"), "\(full.errors)")
                let busy = engine.run("network", "rm", "few")
                #expect(busy.status == 1 && busy.errors.contains("\(engine.typed) rm "), "\(busy.errors)")
            }
            let free = engine.run("run", "--rm", "--network", "few,ip=10.200.8.5", "BusyBox", "hostname", "-i")
            #expect(free.text.contains("10.200.8.5"), "\(free.errors)")
        }
    }

    @Test("many containers that start at once have an address each")
    func atOnce() throws {
        try withNetwork("crowd") {
            let running = (0..<20).map { index in
                engine.start(["run", "-d", "--name", "crowd\(index)", "--network", "crowd", "BusyBox", "sleep", "1000"])
            }
            let ended = running.map { $0.finish() }
            defer { for index in 0..<20 { engine.run("rm", "-f", "crowd\(index)") } }
            #expect(ended.allSatisfy { $0.status == 0 }, "\(ended.map(\.errors))")
            let addresses = try (0..<20).map { try address("crowd\($0)", "crowd") }
            #expect(Set(addresses).count == 20)
            let all = engine.run(
                "run", "--rm", "--cap-add", "NET_RAW", "--network", "crowd", "BusyBox", "sh", "-c",
                "for i in $(seq 0 19); do ping -c 1 -W 5 crowd$i > /dev/null || echo no $i; done")
            #expect(all.status == 0 && all.output.isEmpty, "\(all.output)\(all.errors)")
        }
    }

    @Test("what a container may send and receive is a token bucket at either end of its device")
    func rates() throws {
        let host = try network()
        try withNetwork("slow") {
            let options = [
                "--name", "slow", "--network", "slow", "--network-rate", "20mbit", "--network-ingress-rate", "8mbit",
            ]
            try engine.withContainer(options) { _ in
                #expect(host.run("tc qdisc show").output.contains("rate 8Mbit"))
                let inside = RunningCommand(
                    [
                        "/usr/bin/nsenter", "--net=/proc/\(try engine.pid("slow"))/ns/net", "--", "/sbin/tc", "qdisc",
                        "show", "dev", "eth0",
                    ], environment: ["PATH": EngineFixture.path]
                ).finish()
                #expect(inside.output.contains("tbf") && inside.output.contains("rate 20Mbit"), "\(inside.output)")
            }
        }
    }

    @Test("networks are made, listed, shown and removed; wrong ones are refused with what would be right")
    func verbs() throws {
        let made = engine.run(
            "network", "create", "--subnet", "10.200.9.0/24", "--opt", "mtu=1400", "--label", "a=b", "blue")
        #expect(made.status == 0 && made.text.utf8.count == 36, "\(made.errors)")
        let list = engine.run("network", "ls")
        #expect(list.output.contains("cfs0") && list.output.contains("10.200.9.0/24"))
        let shown = try engine.json("network", "inspect", "blue")[0]
        #expect(shown["Name"].text == "blue" && shown["Id"].text == made.text)
        #expect(shown["IPAM"]["Config"][0]["Gateway"].text == "10.200.9.1" && shown["MTU"].number == 1400)
        let mtu = engine.run("run", "--rm", "--network", "blue", "BusyBox", "cat", "/sys/class/net/eth0/mtu")
        #expect(mtu.text == "1400")
        for (arguments, text) in [
            (["blue"], "has the name blue already"), (["cfs0"], "is there without being made"),
            (["--subnet", "10.200.9.128/25", "x"], "of the network blue"),
            (["--subnet", "10.200.9.1/24", "x"], "did you mean 10.200.9.0/24"),
            (["--gateway", "10.1.1.1", "--subnet", "10.200.10.0/24", "x"], "the gateway 10.1.1.1"),
            (["--driver", "overlay", "x"], "there is no driver"),
            (["--opt", "colour=red", "x"], "--opt does not know"),
            (["host"], "means something else"), (["--driver", "macvlan", "--opt", "parent=nothing", "x"], "no device"),
            (["-d", "macvlan", "-o", "parent=lo", "x"], "\"lo\" is not one of Ethernet, and carries no macvlan"),
            (["-d", "ipvlan", "-o", "parent=lo", "x"], "\"lo\" is not one of Ethernet, and carries no ipvlan"),
        ] as [([String], String)] {
            let wrong = engine.run(["network", "create"] + arguments)
            #expect(wrong.status != 0 && wrong.errors.contains(text), "\(arguments): \(wrong.errors)")
        }
        let unknown = engine.run("run", "--rm", "--network", "bleu", "BusyBox", "true")
        #expect(unknown.status == 125 && unknown.errors.contains("did you mean blue"), "\(unknown.errors)")
        #expect(engine.run("network", "rm", "blue").status == 0)
        #expect(engine.run("network", "rm", "blue").status == 1)
    }
}
