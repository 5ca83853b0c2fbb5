import EngineSupport
import Glibc
import TestSupport
import Testing

/// Containers that are put on networks and taken off them, with a network namespace of the suite's own in the place of the
/// host's.
@Suite("Networks that a container joins and leaves", .needsHost, .engineWithNetwork)
struct NetworkConnectTests: EngineSuite {
    private func network() throws -> HostNetwork { try #require(engine.network) }

    /// A web server on port 80 that gives out its `/etc`.
    private static let server = ["httpd", "-f", "-v", "-p", "80", "-h", "/etc"]

    /// Networks that end with the body.
    private func withNetworks<Result>(
        _ names: [String], _ options: [String] = [], _ body: () throws -> Result
    ) throws -> Result {
        for name in names {
            let made = engine.run(["network", "create"] + options + [name])
            try #require(made.status == 0, "\(made.errors)")
        }
        defer { for name in names { engine.run("network", "rm", name) } }
        return try body()
    }

    private func networks(_ container: String) -> Set<String> {
        known { try engine.inspect(container)["NetworkSettings"]["Networks"] }.names
    }

    /// What `body` tells; a failure of it is one of the test.
    private func known(_ body: () throws -> JSONValue) -> JSONValue {
        do {
            return try body()
        } catch {
            Issue.record("\(error)")
            return .null
        }
    }

    private func address(_ container: String, _ network: String, _ field: String = "IPAddress") -> String {
        known { try engine.inspect(container)["NetworkSettings"]["Networks"][network][field] }.text ?? "no \(field)"
    }

    private func members(_ network: String) -> Set<String> {
        known { try engine.json("network", "inspect", network)[0]["Containers"] }.names
    }

    private func connect(_ arguments: String..., location: SourceLocation = #_sourceLocation) {
        let done = engine.run(["network", "connect"] + arguments)
        #expect(done.status == 0 && done.output.isEmpty, "\(done.errors)", sourceLocation: location)
    }

    private func disconnect(_ arguments: String..., location: SourceLocation = #_sourceLocation) {
        let done = engine.run(["network", "disconnect"] + arguments)
        #expect(done.status == 0 && done.output.isEmpty, "\(done.errors)", sourceLocation: location)
    }

    /// What somebody on a network gets from a web server there.
    private func get(_ url: String, from network: String) -> CommandResult {
        engine.run(
            "run", "--rm", "--init", "--network", network, "BusyBox", "timeout", "5", "wget", "-q", "-O", "-", url)
    }

    @Test("one that does not run has it with its next start, and has it no more")
    func stopped() throws {
        try withNetworks(["calm", "calmer"]) {
            let id = engine.run(
                ["create", "--name", "sleeper", "BusyBox", "sh", "-c", "ls /sys/class/net; cat /etc/resolv.conf"]
            ).text
            defer { engine.run("rm", "-f", "sleeper") }
            #expect(engine.run("start", "-a", "sleeper").output.hasPrefix("lo\n#"))
            connect("calm", "sleeper")
            connect("calmer", "sleeper")
            #expect(networks("sleeper") == ["calm", "calmer"] && members("calm") == [id])
            let address = self.address("sleeper", "calm")
            let started = engine.run("start", "-a", "sleeper")
            #expect(started.output.hasPrefix("eth0\neth1\nlo\nnameserver 127.0.0.11\n"), "\(started.output)")
            #expect(self.address("sleeper", "calm") == address)
            disconnect("calm", "sleeper")
            #expect(networks("sleeper") == ["calmer"] && members("calm").isEmpty)
            #expect(engine.run("start", "-a", "sleeper").output.hasPrefix("eth1\nlo\nnameserver"))
            // Whoever comes next may have the address.
            let next = engine.run("create", "--network", "calm,ip=\(address)", "BusyBox", "true")
            #expect(next.status == 0, "\(next.errors)")
            engine.run("rm", next.text)
            disconnect("calmer", "sleeper")
            #expect(engine.run("start", "-a", "sleeper").output.hasPrefix("lo\n#"))
        }
    }

    @Test("what is asked for is what it gets, and names, history and events tell it")
    func asked() throws {
        try withNetworks(["wish"], ["--subnet", "10.210.1.0/24", "--subnet", "fd00:210::/64"]) {
            try engine.withContainer(["--name", "chooser"], Self.server) { id in
                connect(
                    "--ip", "10.210.1.77", "--ip6", "fd00:210::77", "--mac", "02:00:00:00:00:77", "--alias", "seven",
                    "wish", "chooser")
                #expect(address("chooser", "wish") == "10.210.1.77")
                #expect(address("chooser", "wish", "GlobalIPv6Address") == "fd00:210::77")
                #expect(address("chooser", "wish", "MacAddress") == "02:00:00:00:00:77")
                let device = engine.run("exec", "chooser", "ip", "addr", "show", "eth0").output
                for part in ["10.210.1.77/24", "fd00:210::77/64", "02:00:00:00:00:77"] {
                    #expect(device.contains(part), "\(device)")
                }
                for name in ["chooser", "seven", String(id.prefix(12))] {
                    #expect(get("http://\(name)/hostname", from: "wish").text == String(id.prefix(12)), "\(name)")
                }
                disconnect("wish", "chooser")
                #expect(get("http://seven/hostname", from: "wish").status != 0)
                for verb in ["network connect", "network disconnect"] {
                    let past = engine.run("history", "--filter", "container=chooser", "--filter", "verb=\(verb)").output
                    #expect(past.contains(verb) && past.contains("wish"), "\(past)")
                    let events = engine.run(
                        "events", "--until", "0s", "--filter", "container=chooser", "--filter", "event=\(verb)"
                    ).lines
                    #expect(
                        events.count == 1 && events[0].contains(" container \(verb) \(id) (network=wish, "), "\(events)"
                    )
                }
            }
        }
    }

    @Test("one without any network gets a device, a way out, a resolver and names, and loses them again")
    func first() throws {
        let host = try network()
        host.run("ip link add first0 type bridge && ip addr add 192.0.2.33/24 dev first0 && ip link set first0 up")
        try withNetworks(["first"]) {
            try engine.withContainer(["--name", "hermit", "--rm", "--cap-add", "NET_RAW"], Self.server) { id in
                let before = engine.run("exec", "hermit", "cat", "/etc/resolv.conf", "/etc/hosts").output
                connect("first", "hermit")
                let inside = engine.run("exec", "hermit", "cat", "/etc/resolv.conf", "/etc/hosts").output
                let address = self.address("hermit", "first")
                #expect(inside.contains("nameserver 127.0.0.11") && inside.contains("\(address)\t\(id.prefix(12))"))
                #expect(engine.run("exec", "hermit", "nslookup", "host.cfs.internal").status == 0)
                #expect(engine.run("exec", "hermit", "nslookup", "hermit").output.contains(address))
                let pinged = engine.run("exec", "hermit", "ping", "-c", "1", "-W", "5", "192.0.2.33")
                #expect(pinged.status == 0, "\(pinged.output)\(pinged.errors)")
                #expect(get("http://hermit/hostname", from: "first").text == String(id.prefix(12)))
                #expect(host.run("timeout 5 busybox wget -q -O - http://\(address)/hostname").text == id.prefix(12))
                disconnect("first", "hermit")
                #expect(engine.run("exec", "hermit", "ls", "/sys/class/net").text == "lo")
                #expect(engine.run("exec", "hermit", "cat", "/etc/resolv.conf", "/etc/hosts").output == before)
                #expect(host.run("timeout 2 busybox wget -q -O - http://\(address)/hostname").status != 0)
                #expect(!host.run("cat \(engine.runFolder)/networks/*.names").output.contains("hermit"))
                // And once more, with what stayed of the first time.
                connect("first", "hermit")
                #expect(engine.run("exec", "hermit", "nslookup", "hermit").status == 0)
            }
        }
        host.run("ip link del first0")
    }

    @Test("a default route stays what it is, and the next network has it when its own goes")
    func routes() throws {
        try withNetworks(["near", "far"]) {
            try engine.withContainer(["--name", "walker", "--network", "near"]) { _ in
                func way() -> String {
                    engine.run("exec", "walker", "ip", "route").lines.filter { $0.hasPrefix("default") }.joined()
                }
                let before = way()
                #expect(before.contains("dev eth0"))
                connect("far", "walker")
                #expect(way() == before)
                disconnect("near", "walker")
                #expect(way().contains("dev eth1"), "\(way())")
                connect("near", "walker")
                #expect(way().contains("dev eth1"), "\(way())")
                #expect(engine.run("restart", "-t", "0", "walker").status == 0)
                #expect(way().contains("dev eth1"), "\(way())")
                #expect(networks("walker") == ["near", "far"])
            }
        }
    }

    @Test("published ports move to the next network, are given back with the last one and taken again with the first")
    func ports() throws {
        let host = try network()
        host.run("ip link add moved type bridge && ip addr add 192.0.2.65/24 dev moved && ip link set moved up")
        func get(_ place: String) -> String {
            host.run("timeout 5 busybox wget -q -O - http://\(place):8120/hostname").text
        }
        try withNetworks(["dock", "pier"]) {
            try engine.withContainer(["--name", "ship", "--network", "dock", "-p", "8120:80"], Self.server) { id in
                let short = String(id.prefix(12))
                connect("pier", "ship")
                for place in ["127.0.0.1", "192.0.2.65"] { #expect(get(place) == short) }
                disconnect("dock", "ship")
                for place in ["127.0.0.1", "[::1]", "192.0.2.65"] { #expect(get(place) == short, "\(place)") }
                #expect(engine.run("port", "ship").lines == ["80/tcp -> 0.0.0.0:8120", "80/tcp -> [::]:8120"])
                let moved = host.run("nft list table inet cfs").output
                #expect(moved.contains(address("ship", "pier")) && moved.contains("8120"))
                disconnect("pier", "ship")
                for place in ["127.0.0.1", "192.0.2.65"] { #expect(get(place).isEmpty) }
                #expect(engine.run("port", "ship").lines.isEmpty && !engine.run("ps").output.contains("8120"))
                #expect(!host.run("nft list table inet cfs").output.contains("8120"))
                // Somebody else may have it meanwhile: then it is taken again only when that has gone.
                try engine.withContainer(["--name", "boat", "--network", "dock", "-p", "8120:80"], Self.server) { _ in
                    let taken = engine.run("network", "connect", "pier", "ship")
                    #expect(
                        taken.status == 1 && taken.errors.contains("the container boat has it"), "\(taken.errors)")
                    #expect(networks("ship").isEmpty && members("pier").isEmpty)
                    #expect(engine.run("exec", "ship", "ls", "/sys/class/net").text == "lo")
                }
                connect("dock", "ship")
                for place in ["127.0.0.1", "192.0.2.65"] { #expect(get(place) == short, "\(place)") }
                #expect(engine.run("restart", "-t", "0", "ship").status == 0)
                #expect(eventually { get("127.0.0.1") == short })
            }
        }
        host.run("ip link del moved")
    }

    @Test("a port of an address whose family the next network lacks is given back, and waits for one that has it")
    func families() throws {
        let host = try network()
        host.run("ip link add six type bridge && ip addr add fd00:99::7/64 dev six nodad && ip link set six up")
        defer { host.run("ip link del six") }
        let asked = ["-p", "[fd00:99::7]:8130:80", "-p", "8131:80"]
        try withNetworks(["dual"], ["--subnet", "10.210.3.0/24", "--subnet", "fd00:211::/64"]) {
            try withNetworks(["four"], ["--subnet", "10.210.4.0/24"]) {
                let never = engine.run(["run", "--rm", "--network", "four"] + asked + ["BusyBox", "true"])
                #expect(
                    never.status == 125
                        && never.errors.contains(
                            "the port of fd00:99::7 cannot lead to the container: it has no address of that family on four"
                        ),
                    "\(never.status) \(never.errors)")
                try engine.withContainer(["--name", "ferry", "--network", "dual"] + asked, Self.server) { id in
                    func get(_ place: String) -> String {
                        host.run("timeout 5 busybox wget -q -O - http://\(place)/hostname").text
                    }
                    let short = String(id.prefix(12))
                    #expect(get("[fd00:99::7]:8130") == short)
                    connect("four", "ferry")
                    disconnect("dual", "ferry")
                    let lines = ["80/tcp -> 0.0.0.0:8131", "80/tcp -> [::]:8131"]
                    func hasOne() -> Bool { engine.run("port", "ferry").lines == lines }
                    #expect(hasOne() && get("127.0.0.1:8131") == short)
                    let again = engine.run("restart", "-t", "0", "ferry")
                    #expect(again.status == 0, "\(again.errors)")
                    #expect(hasOne() && eventually { get("127.0.0.1:8131") == short })
                    connect("dual", "ferry")
                    #expect(hasOne())
                    disconnect("four", "ferry")
                    for place in ["[fd00:99::7]:8130", "127.0.0.1:8131"] { #expect(get(place) == short, "\(place)") }
                    #expect(engine.run("port", "ferry").lines.count == 3)
                    #expect(engine.run("system", "recover").status == 0)
                    #expect(get("[fd00:99::7]:8130") == short)
                }
            }
        }
    }

    @Test("rates of the container hold on a new device too")
    func rates() throws {
        try withNetworks(["slow", "slower"]) {
            try engine.withContainer([
                "--name", "snail", "--network", "slow", "--network-rate", "8mbit", "--network-ingress-rate", "4mbit",
            ]) { id in
                connect("slower", "snail")
                let pid = try engine.pid(id)
                let inside = try network().run("nsenter --net=/proc/\(pid)/ns/net tc qdisc show dev eth1").output
                #expect(inside.contains("tbf") && inside.contains("8Mbit"), "\(inside)")
                let outside = try network().run("tc qdisc show").lines.filter { $0.contains("rate 4Mbit") }
                #expect(outside.count == 2, "\(outside)")
            }
        }
    }

    @Test("macvlan and ipvlan devices come and go", arguments: ["macvlan", "ipvlan"])
    func drivers(driver: String) throws {
        let host = try network()
        host.run("ip link add par-\(driver) type bridge && ip link set par-\(driver) up")
        let subnet = driver == "macvlan" ? "10.210.5.0/24" : "10.210.6.0/24"
        let options = ["--driver", driver, "--opt", "parent=par-\(driver)", "--subnet", subnet]
        let probe = host.run("ip link add probe link par-\(driver) type \(driver) && ip link del probe")
        guard probe.status == 0 else {
            // A kernel may lack the kind: that is said, and nothing is made.
            let refused = engine.run(["network", "create"] + options + ["lan-\(driver)"])
            #expect(
                refused.status != 0 && refused.errors.contains("the kernel has no \(driver) devices")
                    && refused.errors.contains("modprobe \(driver)"), "\(refused.errors)")
            #expect(engine.run("network", "inspect", "lan-\(driver)").status != 0)
            return
        }
        try withNetworks(["lan-\(driver)"], options) {
            try engine.withContainer(["--name", "on-\(driver)"]) { _ in
                connect("lan-\(driver)", "on-\(driver)")
                let address = self.address("on-\(driver)", "lan-\(driver)")
                let device = engine.run("exec", "on-\(driver)", "ip", "addr", "show", "eth0").output
                #expect(device.contains("\(address)/24"), "\(device)")
                disconnect("lan-\(driver)", "on-\(driver)")
                #expect(engine.run("exec", "on-\(driver)", "ls", "/sys/class/net").text == "lo")
                host.run("ip link set par-\(driver) down && ip link del par-\(driver)")
                let missing = engine.run("network", "connect", "lan-\(driver)", "on-\(driver)")
                #expect(missing.status == 1 && missing.errors.contains("par-\(driver)"), "\(missing.errors)")
                #expect(members("lan-\(driver)").isEmpty)
            }
        }
    }

    @Test("a device that the container has made is not in the way, and its resolvers and hosts are its own")
    func ownDevice() throws {
        try withNetworks(["own"]) {
            try engine.withContainer(["--name", "maker", "--cap-add", "NET_ADMIN"]) { _ in
                let made = engine.run(
                    "exec", "maker", "sh", "-c",
                    "ip link add eth0 type bridge; echo 10.0.0.9 mine >>/etc/hosts; echo nameserver 9.9.9.9 >/etc/resolv.conf"
                )
                #expect(made.status == 0, "\(made.errors)")
                connect("own", "maker")
                #expect(address("maker", "own", "Interface") == "eth1")
                let files = engine.run("exec", "maker", "cat", "/etc/hosts", "/etc/resolv.conf").output
                #expect(files.contains("10.0.0.9 mine") && files.contains(address("maker", "own")), "\(files)")
                #expect(files.contains("nameserver 9.9.9.9") && !files.contains("127.0.0.11"))
                // Renamed inside, it goes all the same.
                #expect(
                    engine.run("exec", "maker", "sh", "-c", "ip link set eth1 down && ip link set eth1 name x1").status
                        == 0)
                disconnect("own", "maker")
                let left = engine.run("exec", "maker", "ls", "/sys/class/net").lines
                #expect(left == ["eth0", "lo"])
            }
        }
    }

    @Test("ps finds who is on a network, by its name or its id, whether it runs or not")
    func filter() throws {
        func names(_ options: String...) -> [String] {
            let result = engine.run(["ps", "--format", "{{.Names}}"] + options)
            return result.status == 0 ? result.lines.sorted() : ["failed: \(result.errors)"]
        }
        try withNetworks(["pond", "lake"]) {
            try engine.withContainer(["--name", "duck", "--network", "pond"]) { _ in
                let made = engine.run("create", "--name", "egg", "--network", "pond", "BusyBox", "true")
                try #require(made.status == 0, "\(made.errors)")
                defer { engine.run("rm", "egg") }
                #expect(names("-f", "network=pond") == ["duck"])
                let id = engine.run("network", "inspect", "-f", "{{.Id}}", "pond").text
                for pond in ["pond", id, String(id.prefix(12))] {
                    #expect(names("-a", "-f", "network=\(pond)") == ["duck", "egg"], "\(pond)")
                }
                #expect(names("-a", "-f", "network=lake").isEmpty && names("-a", "-f", "network=sea").isEmpty)
                connect("lake", "egg")
                #expect(names("-a", "-f", "network=lake") == ["egg"])
                #expect(names("-a", "-f", "network=lake", "-f", "network=sea", "-f", "name=duck").isEmpty)
                disconnect("pond", "egg")
                #expect(names("-a", "-f", "network=pond", "-f", "network=lake") == ["duck", "egg"])
                #expect(names("-a", "-f", "network=pond") == ["duck"])
            }
        }
    }

    @Test("who shares its network has the device and the names too; with a network of others it is an error")
    func shared() throws {
        try withNetworks(["share"]) {
            try engine.withContainer(["--name", "owner"]) { _ in
                try engine.withContainer(["--name", "guest", "--network", "container:owner"]) { _ in
                    connect("share", "owner")
                    let address = self.address("owner", "share")
                    #expect(engine.run("exec", "guest", "ip", "addr").output.contains(address))
                    let files = engine.run("exec", "guest", "cat", "/etc/resolv.conf", "/etc/hosts").output
                    #expect(files.contains("nameserver 127.0.0.11") && files.contains(address), "\(files)")
                    #expect(engine.run("exec", "guest", "nslookup", "owner").status == 0)
                    let guest = engine.run("network", "connect", "share", "guest")
                    #expect(
                        guest.status == 1 && guest.errors.contains("shares the network of owner"), "\(guest.errors)")
                    disconnect("share", "owner")
                    #expect(!engine.run("exec", "guest", "cat", "/etc/hosts").output.contains(address))
                }
            }
            let hosts = engine.run("create", "--network", "host", "BusyBox", "true").text
            defer { engine.run("rm", hosts) }
            let refused = engine.run("network", "connect", "share", hosts)
            #expect(refused.status == 1 && refused.errors.contains("has the host's network"), "\(refused.errors)")
            #expect(members("share").isEmpty)
        }
    }
}
