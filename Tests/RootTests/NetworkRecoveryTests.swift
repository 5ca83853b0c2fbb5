import EngineSupport
import Glibc
import TestSupport
import Testing

/// What happens to all networks of a host: one test after the other, with an engine and a host's network of their own.
@Suite("What stays of networks, and what goes", .needsHost, .serialized, .engineWithNetwork)
struct NetworkRecoveryTests: EngineSuite {
    private func network() throws -> HostNetwork { try #require(engine.network) }

    private static let server = ["httpd", "-f", "-v", "-p", "80", "-h", "/etc"]

    @Test("nothing of a container stays on the host: no device, rule or name, also when its monitor was killed")
    func leftovers() throws {
        let host = try network()
        try withNetwork("left-behind") {
            try engine.withContainer(["--name", "calm", "--network", "left-behind", "-p", "8090:80"], Self.server) {
                _ in
                #expect(host.run("ip -o link").output.contains("cfsv"))
                #expect(host.run("nft list table inet cfs").output.contains("8090"))
            }
            func isClean() -> Bool {
                !host.run("ip -o link").output.contains("cfsv")
                    && !host.run("nft list table inet cfs").output.contains("8090")
                    && !host.run("cat \(engine.runFolder)/networks/*.names").output.contains("calm")
            }
            #expect(eventually { isClean() })
            let started = engine.run(
                ["run", "-d", "--name", "calm", "--network", "left-behind", "-p", "8090:80", "BusyBox"] + Self.server)
            #expect(started.status == 0, "\(started.errors)")
            kill(try engine.monitor("calm"), SIGKILL)
            #expect(eventually { engine.run("ps", "-q").text.isEmpty })
            let recovered = engine.run("system", "recover")
            #expect(recovered.status == 0 && recovered.output.contains("of networks put right"), "\(recovered.output)")
            #expect(eventually { isClean() })
            // And it starts again where it was.
            #expect(engine.run("start", "calm").status == 0)
            #expect(host.run("timeout 5 busybox wget -q -O - http://127.0.0.1:8090/hostname").status == 0)
            engine.run("rm", "-f", "calm")
        }
    }

    @Test(
        "a device of a container whose monitor was killed does not stay with who shares its namespace",
        arguments: [["system", "recover"], ["start", "owner"], ["rm", "-f", "owner"]])
    func sharedRemains(verb: [String]) throws {
        let made = engine.run("network", "create", "--subnet", "10.200.29.0/24", "shared")
        #expect(made.status == 0, "\(made.errors)")
        defer { engine.run("network", "rm", "shared") }
        let host = try #require(engine.network)
        let bridge = "cfs-\(try #require(engine.json("network", "inspect", "shared")[0]["Id"].text).prefix(8))"
        func ports() -> Int { host.run("ip -o link show master \(bridge) type veth").lines.count }
        engine.run("run", "-d", "--name", "owner", "--network", "shared", "BusyBox", "sleep", "1000")
        engine.run("run", "-d", "--name", "sharer", "--network", "container:owner", "BusyBox", "sleep", "1000")
        defer { engine.run("rm", "-f", "owner", "sharer") }
        #expect(ports() == 1)
        kill(try engine.monitor("owner"), SIGKILL)
        let done = engine.run(verb)
        #expect(done.status == 0, "\(done.errors)")
        #expect(ports() == (verb[0] == "start" ? 1 : 0))
        #expect(!engine.run("exec", "sharer", "ip", "-o", "link").output.contains("eth0"))
        #expect(engine.run("rm", "-f", "owner", "sharer").status == (verb[0] == "rm" ? 1 : 0))
    }

    @Test("a network of small packets works: its devices have no IPv6, nor settings of it")
    func smallPackets() throws {
        for size in [68, 1279] {
            let made = engine.run("network", "create", "--opt", "mtu=\(size)", "small")
            #expect(made.status == 0, "\(made.errors)")
            let seen = engine.run("run", "--rm", "--network", "small", "BusyBox", "ip", "link", "show", "eth0")
            #expect(seen.status == 0 && seen.output.contains("mtu \(size) "), "\(seen.errors)")
            #expect(engine.run("network", "rm", "small").status == 0)
        }
    }

    @Test("what a killed monitor has left is not for whoever gets its address next")
    func nextOwner() throws {
        let host = try network()
        try withNetwork("inherit") {
            let first = engine.run(
                ["run", "-d", "--name", "first", "--network", "inherit", "-p", "8092:80", "BusyBox"] + Self.server)
            #expect(first.status == 0, "\(first.errors)")
            kill(try engine.monitor("first"), SIGKILL)
            #expect(eventually { engine.run("ps", "-q").text.isEmpty })
            #expect(engine.run("rm", "-f", "first").status == 0)
            try engine.withContainer(["--name", "second", "--network", "inherit"], Self.server) { _ in
                let table = host.run("nft list table inet cfs").output
                #expect(table.contains("bridges") && !table.contains("8092"), "\(table)")
                let names = host.run("cat \(engine.runFolder)/networks/*.names").output
                #expect(names.contains("second") && !names.contains("first"), "\(names)")
            }
        }
    }

    @Test(
        "connections of a container whose monitor was killed are forgotten by recover, or for its address's next owner",
        .enabled(if: access("/proc/net/nf_conntrack", R_OK) == 0, "the kernel shows its connections"),
        arguments: [true, false])
    func connections(recovers: Bool) throws {
        let host = try network()
        func isRemembered() -> Bool { host.run("cat /proc/net/nf_conntrack").output.contains("=10.200.21.9 ") }
        try withNetwork("echoes", ["--subnet", "10.200.21.0/24"]) {
            let options = ["--network", "echoes,ip=10.200.21.9"]
            let first = engine.run(["run", "-d", "--name", "first"] + options + ["BusyBox"] + Self.server)
            #expect(first.status == 0, "\(first.errors)")
            #expect(host.run("timeout 5 busybox wget -q -O - http://10.200.21.9/hostname").status == 0)
            #expect(isRemembered())
            kill(try engine.monitor("first"), SIGKILL)
            #expect(eventually { engine.run("ps", "-q").text.isEmpty })
            #expect(isRemembered())
            if recovers { #expect(engine.run("system", "recover").status == 0 && !isRemembered()) }
            #expect(engine.run("rm", "-f", "first").status == 0)
            try engine.withContainer(["--name", "second"] + options) { _ in #expect(!isRemembered()) }
        }
    }

    @Test("a network whose bridge somebody has removed leaves nothing in the way of the next one")
    func lostBridge() throws {
        let host = try network()
        let made = engine.run("network", "create", "--subnet", "10.200.20.0/24", "lost")
        #expect(made.status == 0, "\(made.errors)")
        #expect(engine.run("run", "--rm", "--network", "lost", "BusyBox", "true").status == 0)
        let device = engine.run("network", "inspect", "-f", "{{.Device}}", "lost").text
        #expect(host.run("ip link del \(device)").status == 0)
        #expect(engine.run("network", "rm", "lost").status == 0)
        #expect(engine.run("network", "create", "--subnet", "10.200.20.0/24", "next").status == 0)
        let next = engine.run("run", "--rm", "--network", "next", "BusyBox", "true")
        #expect(next.status == 0, "\(next.errors)")
        #expect(engine.run("network", "rm", "next").status == 0)
    }

    @Test("rules that somebody flushed are made again")
    func flushed() throws {
        let host = try network()
        host.run("ip link add out type bridge && ip addr add 192.0.2.7/24 dev out && ip link set out up")
        try withNetwork("flushed") {
            try engine.withContainer(["--name", "plain", "--network", "flushed", "-p", "8091:80"], Self.server) { id in
                host.run("nft flush ruleset")
                #expect(engine.run("system", "recover").status == 0)
                #expect(host.run("nft list table inet cfs").output.contains("8091"))
                let back = engine.run(
                    "run", "--rm", "--network", "flushed", "BusyBox", "timeout", "5", "wget", "-q", "-O", "-",
                    "http://192.0.2.7:8091/hostname")
                #expect(back.text == String(id.prefix(12)), "\(back.errors)")
            }
        }
        host.run("ip link del out")
    }

    @Test(
        "a bridge that lost its addresses, and forwarding, are put right by recover, and addresses by the next start too"
    )
    func lostAddresses() throws {
        let host = try network()
        try withNetwork("dry", ["--subnet", "10.200.22.0/24", "--subnet", "fd00:c822::/64"]) {
            try engine.withContainer(["--network", "dry"]) { _ in
                let device = engine.run("network", "inspect", "-f", "{{.Device}}", "dry").text
                func addresses() -> [String] {
                    host.run("ip -o addr show \(device)").lines.map { String($0.split(separator: " ")[3]) }
                }
                func routes() -> [String] {
                    ["-4", "-6"].flatMap { family in
                        host.run("ip \(family) route show dev \(device)").lines.map {
                            $0.split(separator: " ").filter { $0 != "linkdown" }.joined(separator: " ")
                        }
                    }
                    .filter { !$0.hasPrefix("fe80::/64") && !$0.hasPrefix("ff") }
                }
                let wanted = addresses()
                let ofLink = try #require(wanted.first { $0.hasPrefix("fe80::") })
                #expect(wanted.sorted() == ["10.200.22.1/24", "fd00:c822::1/64", ofLink].sorted())
                let ways = ["10.200.22.0/24", "fd00:c822::/64"]
                let whole = routes()
                #expect(whole.map { $0.prefix { $0 != " " } } == ways.map { $0[...] })
                for flush in [
                    "ip addr flush dev \(device)", "ip -6 addr flush dev \(device)",
                    "ip addr del \(ofLink) dev \(device)",
                    "ip route del \(ways[0]) dev \(device)", "ip -6 route del \(ways[1]) dev \(device)",
                ] {
                    host.run(flush)
                    let found = engine.run("doctor", "network")
                    #expect(found.status == 1 && found.output.contains("network dry: cfs"), "\(found.output)")
                    let recovered = engine.run("system", "recover")
                    #expect(recovered.output.contains("of networks put right"), "\(recovered.output)")
                    #expect(addresses().sorted() == wanted.sorted() && routes() == whole, "\(flush): \(routes())")
                    let after = engine.run("doctor", "network").output
                    #expect(!after.contains("network dry: cfs"), "\(flush): \(after)")
                }
                // Somebody's own route is not taken away.
                host.run("ip route replace \(ways[0]) dev lo")
                let found = engine.run("doctor", "network").output
                #expect(found.contains("ip route del \(ways[0]) dev lo && "), "\(found)")
                let kept = engine.run("system", "recover")
                #expect(kept.status == 1 && kept.errors.contains("another route of the host has the place"))
                #expect(routes() == [whole[1]])
                host.run("ip route del \(ways[0]) dev lo")
                #expect(engine.run("system", "recover").status == 0 && routes() == whole)
                host.run("ip addr flush dev \(device)")
                let ran = engine.run("run", "--rm", "--network", "dry", "BusyBox", "true")
                #expect(ran.status == 0 && addresses().sorted() == wanted.sorted(), "\(ran.errors)")
                for setting in ["ip_forward", "conf/\(device)/forwarding"] {
                    host.run("echo 0 > /proc/sys/net/ipv4/\(setting)")
                    let recovered = engine.run("system", "recover")
                    #expect(recovered.output.contains("1 part of networks put right"), "\(recovered.output)")
                    #expect(host.run("cat /proc/sys/net/ipv4/\(setting)").text == "1")
                }
            }
        }
    }

    @Test("prune removes what no container is on, with its bridge, and nothing else")
    func prune() throws {
        let host = try #require(engine.network)
        for name in ["used", "unused", "never"] { #expect(engine.run("network", "create", name).status == 0) }
        #expect(engine.run("run", "--rm", "--network", "unused", "BusyBox", "true").status == 0)
        #expect(host.run("ip -o link show type bridge").lines.count == 1)
        let kept = engine.run("create", "--network", "used", "--network", "cfs0", "BusyBox", "true").text
        let pruned = engine.run("network", "prune", "-f")
        #expect(pruned.status == 0 && pruned.lines == ["never", "unused"], "\(pruned.output)\(pruned.errors)")
        #expect(host.run("ip -o link show type bridge").lines.isEmpty)
        #expect(engine.run("network", "ls", "--format", "{{.Name}}").lines == ["cfs0", "used"])
        #expect(engine.run("start", "-a", kept).status == 0)
        #expect(engine.run("rm", kept).status == 0)
        #expect(engine.run("network", "rm", "used").status == 0)
    }
}
