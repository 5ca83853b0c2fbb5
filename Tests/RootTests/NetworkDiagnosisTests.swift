import EngineSupport
import TestSupport
import Testing

/// What is broken here, in a host's network of the suite's own, doctor has to find; and what it says mends it has to.
@Suite("`doctor network`", .needsHost, .serialized, .engineWithNetwork)
struct NetworkDiagnosisTests: EngineSuite {
    func network() throws -> HostNetwork { try #require(engine.network) }

    /// A finding's verdict and hint.
    struct Found: Equatable {
        var verdict: String
        var detail: String
        var hint: String
    }

    func diagnose() throws -> (status: Int32, findings: [(name: String, found: Found)]) {
        let result = engine.run("doctor", "network", "--format", "json")
        let findings = try JSONValue(parsing: result.bytes).array.map { finding in
            (
                finding["Name"].text ?? "",
                Found(
                    verdict: finding["Verdict"].text ?? "", detail: finding["Detail"].text ?? "",
                    hint: finding["Hint"].text ?? "")
            )
        }
        return (result.status, findings)
    }

    func bad() throws -> [String] {
        try diagnose().findings.filter { $0.found.verdict != "good" }.map { "\($0.name): \($0.found.detail)" }
    }

    /// Carries out what a finding's hint says.
    func mend(_ hint: String) throws {
        // Of two commands the second is cfs.
        let own = " && cfs system recover"
        let isMixed = hint.hasSuffix(own)
        if !hint.hasPrefix("cfs ") {
            let result = try network().run(isMixed ? String(hint.dropLast(own.count)) : hint)
            #expect(result.status == 0, "\(hint): \(result.errors)")
        }
        if isMixed || hint.hasPrefix("cfs ") {
            let words = (isMixed ? String(own.dropFirst(4)) : hint).split(separator: " ").map(String.init)
            let result = engine.run(Array(words.dropFirst()))
            #expect(result.status == 0, "\(hint): \(result.errors)")
        }
    }

    /// A network `ill` with a container `patient`, on a host with a way out; nothing is wrong.
    func withPatient(_ body: (_ bridge: String) throws -> Void) throws {
        let host = try network()
        host.run("ip link add out type bridge && ip addr add 192.0.2.1/24 dev out && ip link set out up")
        host.run("ip route add default via 192.0.2.254")
        host.run("ip -6 addr add 2001:db8::1/64 dev out nodad; ip -6 route add default via 2001:db8::fe dev out")
        defer { host.run("ip link del out") }
        let made = engine.run("network", "create", "--ipv6", "ill")
        try #require(made.status == 0, "\(made.errors)")
        defer { engine.run("network", "rm", "ill") }
        try engine.withContainer(["--name", "patient", "--network", "ill", "-p", "8070:80"]) { _ in
            let bridge = engine.run("network", "inspect", "-f", "{{.Device}}", "ill").text
            let before = try bad()
            #expect(before.isEmpty, "\(before)")
            #expect(engine.run("doctor", "network").status == 0)
            try body(bridge)
        }
    }

    /// Breaks something, and expects one finding for it, which its hint mends.
    func expect(
        _ name: String, _ verdict: String, after script: String, location: SourceLocation = #_sourceLocation
    ) throws {
        let broken = try network().run(script)
        #expect(broken.status == 0, "\(script): \(broken.errors)", sourceLocation: location)
        let (status, findings) = try diagnose()
        let found = findings.filter { $0.found.verdict != "good" }
        #expect(found.map(\.name) == [name], "\(script): \(found)", sourceLocation: location)
        guard let first = found.first else { return }
        #expect(first.found.verdict == verdict, "\(first)", sourceLocation: location)
        #expect(status == (verdict == "missing" ? 1 : 0), sourceLocation: location)
        try mend(first.found.hint)
        let after = try bad()
        #expect(after.isEmpty, "\(first.found.hint): \(after)", sourceLocation: location)
    }

    @Test("what is switched off is found, and the command that it tells switches it on")
    func settings() throws {
        try withPatient { bridge in
            try expect("forwarding of IPv4", "missing", after: "echo 0 > /proc/sys/net/ipv4/ip_forward")
            try expect("forwarding of IPv6", "missing", after: "echo 0 > /proc/sys/net/ipv6/conf/all/forwarding")
            for device in [bridge, "out"] {
                let setting = "/proc/sys/net/ipv4/conf/\(device)/forwarding"
                try expect("forwarding of \(device)", "missing", after: "echo 0 > \(setting)")
            }
            let localnet = "/proc/sys/net/ipv4/conf/\(bridge)/route_localnet"
            try expect("route_localnet of \(bridge)", "warning", after: "echo 1 > \(localnet)")
            try expect("network ill", "missing", after: "ip link set \(bridge) down")
        }
    }

    @Test("rules that are gone are found, all of them, some, and those of one port, and recover makes them again")
    func rules() throws {
        try withPatient { _ in
            try expect("packet filter", "missing", after: "nft flush table inet cfs")
            try expect("packet filter", "missing", after: "nft flush chain inet cfs bridged")
            try expect("packet filter", "missing", after: "nft delete table inet cfs")
            try expect(
                "packet filter", "missing",
                after: "nft delete table inet cfs && nft 'add table inet cfs { comment \"x\"; }'")
            try expect("network ill", "missing", after: "nft flush map inet cfs ports4")
        }
    }

    @Test("a single element that is gone is found, of every set, and recover puts it back")
    func elements() throws {
        try withPatient { bridge in
            for script in [
                "nft flush set inet cfs bridges", "nft flush set inet cfs pairs", "nft flush map inet cfs sources4",
                "nft flush map inet cfs sources6", "nft flush map inet cfs ports6",
                "nft 'delete element inet cfs pairs { \"\(bridge)\" . \"\(bridge)\" }'",
                "nft 'add element inet cfs internal { \"\(bridge)\" }'",
            ] {
                try expect("network ill", "missing", after: script)
            }
        }
    }

    @Test("rules of ports that no container has are found, and recover takes them away")
    func strays() throws {
        try withPatient { _ in
            let address = try #require(
                try engine.inspect("patient")["NetworkSettings"]["Networks"]["ill"]["IPAddress"].text)
            try expect(
                "network ill", "warning", after: "nft 'add element inet cfs ports4 { tcp . 8071 : \(address) . 80 }'")
            try expect(
                "network ill", "warning",
                after: "nft 'add element inet cfs addresses4 { udp . 192.0.2.1 . 53 : \(address) . 53 }'")
            #expect(try network().run("nft list map inet cfs ports4").output.contains("8070"))
        }
    }

    @Test("a bridge that is gone is found, and recover makes it again and puts its containers back")
    func bridge() throws {
        try withPatient { bridge in
            try expect("network ill", "missing", after: "ip link del \(bridge)")
            let host = try network()
            #expect(host.run("ip -o link show master \(bridge) type veth").lines.count == 1)
            let way = engine.run("exec", "--privileged", "patient", "ping", "-c", "1", "-W", "5", "host.cfs.internal")
            #expect(way.status == 0, "\(way.output)\(way.errors)")
        }
    }

    /// The host's end of the only device in a bridge.
    private func end(in bridge: String) throws -> String {
        let line = try network().run("ip -o link show master \(bridge) type veth").lines.first ?? ""
        return String(line.split(separator: " ").dropFirst().first?.prefix { $0 != "@" } ?? "")
    }

    @Test("a container's device that somebody has put into another bridge is told with that, and nobody takes it out")
    func strayed() throws {
        try withPatient { bridge in
            let host = try network()
            let device = try end(in: bridge)
            #expect(host.run("ip link add theirs type bridge && ip link set \(device) master theirs").status == 0)
            defer { host.run("ip link del theirs") }
            for _ in 1...2 {
                let found = try diagnose().findings.filter { $0.found.verdict != "good" }
                #expect(
                    found.map(\.found) == [
                        Found(
                            verdict: "missing", detail: "the device \(device) of patient is in the bridge theirs",
                            hint: "ip link set \(device) nomaster && cfs system recover")
                    ])
                #expect(engine.run("system", "recover").status == 0)
            }
            #expect(host.run("ip link set \(device) nomaster").status == 0)
            #expect(engine.run("system", "recover").status == 0)
            let (after, back) = (try bad(), try end(in: bridge))
            #expect(after.isEmpty && back == device, "\(after)")
        }
    }

    @Test("a container's device that is switched off on the host comes back by recover, one that is gone by a restart")
    func devices() throws {
        try withPatient { bridge in
            let host = try network()
            func expectReached() {
                let reached = engine.run(
                    "exec", "--privileged", "patient", "ping", "-c", "1", "-W", "5", "host.cfs.internal")
                #expect(reached.status == 0, "\(reached.output)\(reached.errors)")
            }
            let device = try end(in: bridge)
            try expect("network ill", "missing", after: "ip link set \(device) down")
            expectReached()
            #expect(host.run("ip link del \(device)").status == 0)
            let found = try diagnose().findings.filter { $0.found.verdict != "good" }
            #expect(
                found.map(\.found) == [
                    Found(verdict: "missing", detail: "the device of patient is gone", hint: "cfs restart patient")
                ])
            #expect(engine.run("restart", "-t", "0", "patient").status == 0)
            let after = try bad()
            #expect(after.isEmpty, "\(after)")
            expectReached()
            // So does another one mend it.
            let second = try end(in: bridge)
            #expect(host.run("ip link del \(second)").status == 0)
            #expect(engine.run("network", "disconnect", "ill", "patient").status == 0)
            #expect(engine.run("network", "connect", "ill", "patient").status == 0)
            let connected = try bad()
            #expect(connected.isEmpty, "\(connected)")
            expectReached()
        }
    }

    @Test("containers whose bridge somebody else has made again are found to be cut off, and recover puts them back")
    func cutOff() throws {
        try withPatient { bridge in
            let host = try network()
            #expect(host.run("ip link del \(bridge)").status == 0)
            try engine.withContainer(["--name", "other", "--network", "ill"]) { _ in
                let found = try diagnose().findings.filter { $0.found.verdict != "good" }
                #expect(
                    found.map(\.found) == [
                        Found(
                            verdict: "missing", detail: "1 of its containers is cut off from its bridge",
                            hint: "cfs system recover")
                    ])
                #expect(
                    engine.run("exec", "--privileged", "other", "ping", "-c", "1", "-W", "1", "patient").status != 0)
                #expect(engine.run("system", "recover").status == 0)
                let ping = engine.run("exec", "--privileged", "other", "ping", "-c", "1", "-W", "5", "patient")
                #expect(ping.status == 0, "\(ping.output)\(ping.errors)")
                let after = try bad()
                #expect(after.isEmpty, "\(after)")
            }
        }
    }

    @Test(
        "of a container that has lost several bridges each device comes back to its own, also under a name of its own")
    func several() throws {
        let host = try network()
        try withPatient { bridge in
            try withNetwork("sick", ["--subnet", "10.212.7.0/24"]) {
                #expect(engine.run("network", "connect", "--ip", "10.212.7.7", "sick", "patient").status == 0)
                let other = engine.run("network", "inspect", "-f", "{{.Device}}", "sick").text
                func ports(_ bridge: String) -> [String] {
                    host.run("ip -o link show master \(bridge) type veth").lines.map {
                        String($0.split(separator: " ")[1].prefix { $0 != "@" })
                    }
                }
                let before = [bridge, other].map(ports)
                #expect(before.map(\.count) == [1, 1] && before[0] != before[1])
                let renamed = engine.run(
                    "exec", "--privileged", "patient", "sh", "-c",
                    "ip link set eth1 down; ip link set eth1 name own0; ip link set own0 up")
                #expect(renamed.status == 0, "\(renamed.errors)")
                #expect(host.run("ip link del \(bridge) && ip link del \(other)").status == 0)
                #expect(engine.run("system", "recover").status == 0)
                #expect([bridge, other].map(ports) == before)
                #expect(host.run("busybox ping -c 1 -W 5 10.212.7.7").status == 0)
                #expect(engine.run("network", "disconnect", "sick", "patient").status == 0)
            }
        }
    }

    @Test("an address of a bridge that is gone is found, and comes back by the command that it tells")
    func address() throws {
        try withPatient { bridge in
            try expect("network ill", "missing", after: "ip -4 addr flush dev \(bridge)")
            let (_, findings) = try diagnose()
            #expect(findings.contains { $0.name == "network ill" && $0.found.detail == "1 container on \(bridge)" })
            try expect(
                "network ill", "missing", after: "echo 1 > /proc/sys/net/ipv6/conf/\(bridge)/disable_ipv6")
        }
    }

    @Test("what others have put in the way is found: chains that drop, routes into a subnet, no way out")
    func others() throws {
        try withPatient { _ in
            let host = try network()
            host.run(
                "nft 'add table ip fw; add chain ip fw gate { type filter hook forward priority 5; policy drop; }'")
            let (status, findings) = try diagnose()
            let chain = try #require(findings.first { $0.name == "filters of others" }?.found)
            #expect(status == 0 && chain.verdict == "warning", "\(chain)")
            #expect(chain.detail.hasPrefix("chain gate of table ip fw drops what is forwarded"))
            try mend(chain.hint)
            #expect(host.run("nft list chain ip fw gate").output.contains("oifname \"cfs*\" accept"))
            let mended = try bad()
            #expect(mended.isEmpty, "\(mended)")
            host.run("nft flush chain ip fw gate; nft add rule ip fw gate ct state established accept")
            let unsure = try #require(try diagnose().findings.first { $0.name == "filters of others" }?.found)
            #expect(unsure.detail.hasPrefix("chain gate of table ip fw may drop what is forwarded"), "\(unsure)")
            host.run("nft add rule ip fw gate accept")
            let open = try bad()
            #expect(open.isEmpty, "\(open)")
            host.run("nft delete table ip fw")
            try expectFollowed(host)
            let subnet = try #require(
                try engine.json("network", "inspect", "ill")[0]["IPAM"]["Config"][0]["Subnet"].text)
            let base = try #require(subnet.split(separator: "/").first)
            host.run("ip route add \(base)/24 dev out")
            let route = try #require(try diagnose().findings.first { $0.name == "subnet of ill" }?.found)
            #expect(route.detail == "the host's route to \(base)/24 by out takes a part of \(subnet) away")
            #expect(route.verdict == "missing")
            try mend(route.hint)
            let restored = try bad()
            #expect(restored.isEmpty, "\(restored)")
            try expectWayOut(host)
        }
    }

    /// A chain that accepts by its policy, and leads to one that drops.
    private func expectFollowed(_ host: HostNetwork) throws {
        let made = host.run(
            """
            nft 'add table ip fw; add chain ip fw gate { type filter hook forward priority 5; policy accept; }
            add chain ip fw check; add rule ip fw gate jump check; add rule ip fw check iifname "other" drop'
            """)
        #expect(made.status == 0, "\(made.errors)")
        let passing = try bad()
        #expect(passing.isEmpty, "\(passing)")
        host.run("nft 'add rule ip fw check iifname \"out\" drop'")
        let chain = try #require(try diagnose().findings.first { $0.name == "filters of others" }?.found)
        #expect(chain.detail.hasPrefix("chain gate of table ip fw may drop what is forwarded"), "\(chain)")
        try mend(chain.hint)
        let mended = try bad()
        #expect(mended.isEmpty, "\(mended)")
        host.run("nft delete table ip fw")
    }

    private func expectWayOut(_ host: HostNetwork) throws {
        host.run("ip route del default")
        let none = try #require(try diagnose().findings.first { $0.name == "default route of IPv4" }?.found)
        #expect(none.verdict == "warning" && none.hint == "ip route add default via ROUTER", "\(none)")
        #expect(none.detail == "none: containers reach no further than the host's neighbours")
        host.run("ip route add default via 192.0.2.254")
    }

    @Test("a host without networks has nothing to complain of but its missing way out, and nothing is made")
    func untouched() throws {
        let host = try network()
        let before = host.run("ip -o link; nft list ruleset").output
        let (status, findings) = try diagnose()
        #expect(status == 0 && findings.allSatisfy { $0.found.verdict != "missing" }, "\(findings)")
        #expect(host.run("ip -o link; nft list ruleset").output == before)
        let wrong = engine.run("doctor", "nets")
        #expect(wrong.status == 64 && wrong.errors.contains("\(engine.typed) doctor network"), "\(wrong.errors)")
    }
}
