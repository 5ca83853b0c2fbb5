import EngineSupport
import TestSupport
import Testing

@Suite("`explain` of networks, and what is said of one that is in use", .needsHost, .engineWithNetwork, .serialized)
struct NetworkExplanationTests: EngineSuite {
    /// What the kernel has of networks.
    private func kernel() throws -> String {
        let host = try #require(engine.network)
        return host.run("ip -o link | wc -l; ip -4 addr | wc -l; ip route").output
    }

    @Test("the steps of a network come between the clone and the command, and nothing is made or reserved")
    func steps() throws {
        try withNetwork("plan", ["--subnet", "10.213.1.0/24"]) {
            let before = try kernel() + engine.run("network", "inspect", "plan").output
            let explained = engine.run(
                "explain", "--network", "plan,ip=10.213.1.7", "-p", "8085:80", "--network-rate", "20mbit", "BusyBox",
                "true")
            #expect(explained.status == 0, "\(explained.errors)")
            let lines = explained.lines
            let order = [
                "cfs: reserve 10.213.1.7/24 on plan", "monitor: clone3", "monitor: overlay",
                "monitor: take port 8085/tcp of every address of the host for 80/tcp", "monitor: make the bridge cfs-",
                "monitor: make the device eth0", "monitor: eth0 gets 10.213.1.7/24",
                "monitor: eth0 sends at most 20000000",
                "monitor: default route via 10.213.1.1 by eth0", "monitor: sockets of the resolver",
                "monitor: the packet filter leads port 8085/tcp", "monitor: tell plan the names",
                "child: attach the root", "child: wait until the monitor has made the networks", "child: execve true",
            ]
            let places = try order.map { start in
                try #require(lines.firstIndex { $0.hasPrefix(start) }, "\(start) is missing in \(explained.output)")
            }
            #expect(places == places.sorted(), "\(explained.output)")
            let after = try kernel() + engine.run("network", "inspect", "plan").output
            #expect(after == before)
            let chosen = engine.run("explain", "--network", "plan", "BusyBox", "true")
            #expect(chosen.lines.contains("monitor: eth0 gets an address of 10.213.1.0/24, and is up"))
            for (wrong, status) in [("plan,ip=10.213.1.1", 64), ("plan,ip=10.9.9.9", 64), ("plna", 1)]
                as [(String, Int32)]
            {
                let refused = engine.run("explain", "--network", wrong, "BusyBox", "true")
                #expect(refused.status == status && refused.output.isEmpty, "\(wrong): \(refused.status)")
                #expect(refused.errors == engine.run("run", "--rm", "--network", wrong, "BusyBox", "true").errors)
            }
        }
    }

    @Test("the default network is made with its first container, and not by asking what that would be")
    func defaultNetwork() {
        for _ in 0..<2 {
            let explained = engine.run("explain", "--network", "cfs0", "-p", "80", "BusyBox", "true")
            #expect(explained.status == 0, "\(explained.errors)")
            #expect(explained.lines.first?.hasPrefix("cfs: make the network cfs0 of 10.176.") == true)
            #expect(explained.lines.contains { $0.hasPrefix("monitor: make the bridge of the network cfs0: ") })
        }
    }

    @Test("a bridge that is there is used, and an address that another has is refused as by a start")
    func used() throws {
        try withNetwork("taken") {
            try engine.withContainer(["--name", "first", "--network", "taken"]) { _ in
                let address = try #require(
                    try engine.inspect("first")["NetworkSettings"]["Networks"]["taken"]["IPAddress"].text)
                let explained = engine.run("explain", "--network", "taken", "BusyBox", "true")
                #expect(
                    explained.lines.contains { $0.hasPrefix("monitor: use the bridge cfs-") }, "\(explained.output)")
                let refused = engine.run("explain", "--network", "taken,ip=\(address)", "BusyBox", "true")
                #expect(refused.errors.contains("is taken: first has it"), "\(refused.errors)")
            }
        }
    }

    @Test("a network that is in use is not removed, and each of the two ways out that are told works")
    func inUse() throws {
        try withNetwork("busy") {
            for way in ["network disconnect busy one", "rm -f one"] {
                try engine.withContainer(["--name", "one", "--network", "busy"]) { _ in
                    let refused = engine.run("network", "rm", "busy")
                    let cfs = engine.typed
                    #expect(
                        refused.errors == """
                            cfs: the network busy has a container: one
                              hint: take it off first: \(cfs) network disconnect busy one, or remove it: \(cfs) rm -f one

                            """, "\(refused.errors)")
                    #expect(engine.run(way.split(separator: " ").map(String.init)).status == 0)
                    #expect(engine.run("network", "rm", "busy").status == 0)
                    #expect(engine.run("network", "create", "busy").status == 0)
                }
            }
            let made = engine.run("create", "--name", "two", "--network", "busy", "BusyBox", "true")
            defer { engine.run("rm", "-f", "two") }
            #expect(made.status == 0, "\(made.errors)")
            #expect(engine.run("network", "rm", "busy").errors.hasSuffix(" or remove it: \(engine.typed) rm two\n"))
        }
    }
}
