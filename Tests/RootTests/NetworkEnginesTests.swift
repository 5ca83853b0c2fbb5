import EngineSupport
import TestSupport
import Testing

/// Engines with roots of their own, and others, that make devices and rules in the same place.
@Suite("Engines that share a network namespace", .needsHost, .serialized, .engineWithNetwork)
struct NetworkEnginesTests: EngineSuite {
    private func network() throws -> HostNetwork { try #require(engine.network) }

    private func device(_ engine: EngineFixture, _ network: String) -> String {
        engine.run("network", "inspect", "-f", "{{.Device}}", network).text
    }

    @Test("the default network of each root has a device of its own, also where the environment says the root")
    func defaultNetwork() throws {
        let host = try network()
        let other = EngineFixture(network: host)
        func told(_ arguments: String) -> CommandResult {
            engine.host("CFS_ROOT=\(other.root) CFS_RUN=\(other.runFolder) \(engine.binary) \(arguments)")
        }
        try engine.withContainer(["--network", "cfs0"]) { _ in
            let own = device(engine, "cfs0")
            let theirs = told("network inspect -f '{{.Device}}' cfs0").text
            #expect(own.hasPrefix("cfs-") && theirs.hasPrefix("cfs-") && own != theirs, "\(own) \(theirs)")
            let ran = told("run --rm --network cfs0 BusyBox true")
            #expect(ran.status == 0, "\(ran.errors)")
            let removed = told("network rm cfs0")
            #expect(removed.status == 0, "\(removed.errors)")
            #expect(host.run("ip -o link show \(theirs)").status != 0)
            #expect(host.run("ip -o link show master \(own)").lines.count == 1)
        }
        other.expectNothingLeft()
    }

    @Test("a subnet of another engine's network is not chosen, also where the host has no address of it")
    func subnets() throws {
        let other = EngineFixture(network: try network())
        func subnet(_ engine: EngineFixture) throws -> String {
            let shown = try engine.json("network", "inspect", "shut")[0]
            return try #require(shown["IPAM"]["Config"][0]["Subnet"].text)
        }
        try withNetwork("shut", ["--internal"]) {
            try engine.withContainer(["--network", "shut"]) { _ in
                let made = other.run("network", "create", "--internal", "shut")
                try #require(made.status == 0, "\(made.errors)")
                let (own, theirs) = (try subnet(engine), try subnet(other))
                #expect(own != theirs)
                let ran = other.run("run", "--rm", "--network", "shut", "BusyBox", "true")
                #expect(ran.status == 0, "\(ran.errors)")
                #expect(other.run("network", "rm", "shut").status == 0)
            }
        }
        other.expectNothingLeft()
    }

    @Test("a start that fails for another engine's subnet leaves no bridge")
    func sameSubnet() throws {
        let host = try network()
        let other = EngineFixture(network: host)
        // Both before either has a bridge.
        let made = other.run("network", "create", "--internal", "--subnet", "10.200.23.0/24", "second")
        try #require(made.status == 0, "\(made.errors)")
        try withNetwork("first", ["--internal", "--subnet", "10.200.23.0/24"]) {
            try engine.withContainer(["--network", "first"]) { _ in
                let refused = other.run("run", "--rm", "--network", "second", "BusyBox", "true")
                #expect(refused.status == 125 && refused.errors.contains("another engine"), "\(refused.errors)")
                #expect(host.run("ip -o link show \(device(other, "second"))").status != 0)
            }
        }
        #expect(other.run("network", "rm", "second").status == 0)
        other.expectNothingLeft()
    }

    @Test("a bridge with a device of somebody else is not removed, and goes when that has gone")
    func strangers() throws {
        let host = try network()
        let other = EngineFixture(network: host)
        let made = other.run("network", "create", "theirs")
        try #require(made.status == 0, "\(made.errors)")
        let ran = other.run("run", "--rm", "--network", "theirs", "BusyBox", "true")
        #expect(ran.status == 0, "\(ran.errors)")
        let bridge = device(other, "theirs")
        func expectRefusal(naming name: String) {
            let refused = other.run("network", "rm", "theirs")
            #expect(
                refused.status == 1 && refused.errors.contains("that is of none of its containers: \(name)"),
                "\(refused.status) \(refused.errors)")
            #expect(other.run("network", "prune", "-f").text.isEmpty)
            #expect(device(other, "theirs") == bridge)
        }
        host.run("ip link add stranger type veth peer name far && ip link set stranger master \(bridge)")
        expectRefusal(naming: "stranger")
        host.run("ip link del stranger")
        // As it was when both had the same bridge.
        try withNetwork("mine") {
            try engine.withContainer(["--network", "mine"]) { _ in
                let own = device(engine, "mine")
                // 7: cfsv01234567@if2: <BROADCAST,...
                let words = host.run("ip -o link show master \(own)").text.split { ": @".contains($0) }
                let end = String(try #require(words.dropFirst().first))
                host.run("ip link set \(end) master \(bridge)")
                expectRefusal(naming: end)
                host.run("ip link set \(end) master \(own)")
                let removed = other.run("network", "rm", "theirs")
                #expect(removed.status == 0, "\(removed.errors)")
            }
        }
        #expect(host.run("ip -o link show \(bridge)").status != 0)
        other.expectNothingLeft()
    }
}
