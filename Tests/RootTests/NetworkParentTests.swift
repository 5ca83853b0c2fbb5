import EngineSupport
import TestSupport
import Testing

/// Containers on a network that was there before the engine, by a device of the host that is on it too.
@Suite("Networks on a device of the host", .needsHost, .serialized, .engineWithNetwork)
struct NetworkParentTests: EngineSuite {
    private func network() throws -> HostNetwork { try #require(engine.network) }

    /// A device `wan` with addresses while `body` runs; where the kernel lacks the driver, creating such a network says so.
    private func withParent(_ driver: String, _ body: (HostNetwork) throws -> Void) throws {
        let host = try network()
        let made = host.run(
            """
            ip link add wan type veth peer name far && ip addr add 10.214.1.2/24 dev wan && \
            ip addr add fd00:214::2/64 dev wan nodad && ip link set wan up && ip link set far up
            """)
        try #require(made.status == 0, "\(made.errors)")
        defer { host.run("ip link del wan") }
        guard host.run("ip link add probe link wan type \(driver) && ip link del probe").status == 0 else {
            // A kernel without the driver: that is what is told, and before any container is made.
            let refused = engine.run("network", "create", "--driver", driver, "--opt", "parent=wan", "x")
            #expect(refused.status != 0 && refused.errors.contains("modprobe \(driver)"), "\(refused.errors)")
            return
        }
        try body(host)
    }

    @Test(
        "the device's subnets may be asked for, whole or in part, and by no bridge", arguments: ["macvlan", "ipvlan"])
    func subnets(driver: String) throws {
        try withParent(driver) { _ in
            let parent = ["--driver", driver, "--opt", "parent=wan"]
            for subnets in [["10.214.1.0/24", "fd00:214::/64"], ["10.214.1.128/25"], ["fd00:214::/80"]] {
                try withNetwork("lan", parent + subnets.flatMap { ["--subnet", $0] }) {}
            }
            for subnet in ["10.214.1.0/24", "fd00:214::/80"] {
                let refused = engine.run("network", "create", "--subnet", subnet, "x")
                #expect(
                    refused.status != 0 && refused.errors.contains("which the host reaches already"),
                    "\(refused.errors)")
            }
        }
    }

    @Test("neither the first address nor the host's is handed out by itself", arguments: ["macvlan", "ipvlan"])
    func addresses(driver: String) throws {
        try withParent(driver) { _ in
            let options = [
                "--driver", driver, "--opt", "parent=wan", "--subnet", "10.214.1.0/24", "--subnet", "fd00:214::/64",
            ]
            try withNetwork("lan", options) {
                let shown = try engine.json("network", "inspect", "lan")[0]
                #expect(shown["IPAM"]["Config"].array.allSatisfy { $0["Gateway"] == .null })
                let show = ["BusyBox", "ip", "-o", "addr", "show", "eth0"]
                let chosen = engine.run(["run", "--rm", "--network", "lan"] + show)
                #expect(
                    chosen.output.contains("10.214.1.3/24") && chosen.output.contains("fd00:214::3/64"),
                    "\(chosen.output)\(chosen.errors)")
                let asked = engine.run(["run", "--rm", "--network", "lan,ip=10.214.1.1"] + show)
                #expect(asked.output.contains("10.214.1.1/24"), "\(asked.output)\(asked.errors)")
                let ofHost = engine.run(["run", "--rm", "--network", "lan,ip=10.214.1.2"] + show)
                #expect(ofHost.status == 125 && ofHost.errors.contains("is the address of the host on wan"))
                let port = engine.run("run", "--rm", "--network", "lan", "-p", "8140:80", "BusyBox", "true")
                #expect(port.status == 125 && port.errors.contains("no way in by the host"), "\(port.errors)")
            }
        }
    }

    @Test(
        "an address is given again at once, while the kernel has its last owner's device still",
        arguments: ["macvlan", "ipvlan"])
    func again(driver: String) throws {
        try withParent(driver) { _ in
            try withNetwork("lan", ["--driver", driver, "--opt", "parent=wan", "--subnet", "10.214.1.0/24"]) {
                for _ in 0..<10 {
                    let ran = engine.run("run", "--rm", "--network", "lan,ip=10.214.1.9", "BusyBox", "true")
                    #expect(ran.status == 0, "\(ran.errors)")
                }
                try engine.withContainer(["--name", "back", "--network", "lan"]) { _ in
                    for _ in 0..<5 {
                        let again = engine.run("restart", "-t", "0", "back")
                        #expect(again.status == 0, "\(again.errors)")
                    }
                }
            }
        }
    }

    @Test("a rate for what comes in, which nobody would keep there, is an error", arguments: ["macvlan", "ipvlan"])
    func ingress(driver: String) throws {
        try withParent(driver) { _ in
            let limited = ["--network-ingress-rate", "8mbit"]
            try withNetwork("lan", ["--driver", driver, "--opt", "parent=wan", "--subnet", "10.214.1.0/24"]) {
                let refused = engine.run(["run", "--rm", "--network", "lan"] + limited + ["BusyBox", "true"])
                #expect(refused.status == 125 && refused.errors.contains("no end on the host"), "\(refused.errors)")
                try withNetwork("plain") {
                    try engine.withContainer(["--name", "slow", "--network", "plain"] + limited) { _ in
                        // Beside one that keeps it, it is fine.
                        #expect(engine.run("network", "connect", "lan", "slow").status == 0)
                        for name in ["lan", "plain"] {
                            #expect(engine.run("network", "disconnect", name, "slow").status == 0)
                        }
                        let alone = engine.run("network", "connect", "lan", "slow")
                        #expect(alone.status != 0 && alone.errors.contains("no end on the host"), "\(alone.errors)")
                    }
                }
            }
        }
    }
}
