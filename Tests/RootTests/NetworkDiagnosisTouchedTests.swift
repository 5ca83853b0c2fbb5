import EngineSupport
import TestSupport
import Testing

/// What somebody adds, where before something was taken away.
extension NetworkDiagnosisTests {
    @Test("what somebody has added to the rules or changed is found, and recover makes them as they were")
    func alteredRules() throws {
        try withPatient { bridge in
            for script in [
                "nft insert rule inet cfs forward drop", "nft 'add table inet cfs { flags dormant; }'",
                "nft 'add chain inet cfs forward { policy drop; }'",
                "nft 'add element inet cfs pairs { \"\(bridge)\" . \"other\" }'",
            ] {
                try expect("packet filter", "missing", after: script)
            }
        }
    }

    @Test("elements of no network are found in every set, and recover takes them away; another engine's stay")
    func foreignElements() throws {
        try withPatient { bridge in
            let host = try network()
            let other =
                "nft 'add element inet cfs bridges { \"cfs-0other\" }; "
                + "add element inet cfs pairs { \"cfs-0other\" . \"cfs-0other\" }; "
                + "add element inet cfs sources4 { 198.51.100.0/24 comment \"cfs-0other\" : jump masquerading }; "
                + "add element inet cfs ports4 { tcp . 8077 : 198.51.100.9 . 80 }'"
            #expect(host.run(other).status == 0)
            #expect(try bad().isEmpty)
            for element in [
                "addresses4 { tcp . 192.0.2.1 . 8070 : 192.0.2.254 . 80 }", "ports6 { tcp . 22 : 2001:db8::fe . 80 }",
                "internal { \"out\" }", "bridges { \"out\" }", "sources4 { 192.0.2.0/24 : drop }",
                "pairs { \"out\" . \"out\" }",
            ] {
                try expect("packet filter", "missing", after: "nft 'add element inet cfs \(element)'")
            }
            let kept = host.run("nft list table inet cfs").output
            #expect(kept.contains("198.51.100.9 . 80") && kept.contains("cfs-0other\" . \"cfs-0other"), "\(kept)")
            host.run("nft flush map inet cfs ports4; nft delete element inet cfs bridges '{ \"cfs-0other\" }'")
            host.run("nft delete element inet cfs pairs '{ \"cfs-0other\" . \"cfs-0other\" }'")
            host.run("nft delete element inet cfs sources4 '{ 198.51.100.0/24 }'")
            #expect(engine.run("system", "recover").status == 0)
        }
    }

    @Test("an address of a container that the host has itself is found with its device, and the command takes it away")
    func ownAddress() throws {
        try withPatient { _ in
            let address = try #require(
                try engine.inspect("patient")["NetworkSettings"]["Networks"]["ill"]["IPAddress"].text)
            try expect("network ill", "missing", after: "ip address add \(address)/32 dev out")
        }
    }

    @Test(
        "a route of the host that hides a network's subnet or a part of it, and leads nowhere, is found with what removes it"
    )
    func deadEnds() throws {
        try withPatient { bridge in
            let host = try network()
            let routes =
                host.run("ip route show dev \(bridge)").lines + host.run("ip -6 route show dev \(bridge)").lines
            let subnets = routes.compactMap { $0.split(separator: " ").first.map(String.init) }
            let four = try #require(subnets.first { $0.contains(".") })
            let six = try #require(subnets.first { $0.hasPrefix("fd") })
            for kind in ["blackhole", "unreachable", "prohibit"] {
                try expect(
                    "network ill", "missing", after: "ip route del \(four) && ip route add \(kind) \(four)")
            }
            // In their place recover cannot help, and says so.
            #expect(host.run("ip route del \(four) && ip route add blackhole \(four)").status == 0)
            let recovered = engine.run("system", "recover")
            #expect(recovered.status == 1 && recovered.errors.contains("another route of the host has the place of"))
            #expect(recovered.errors.contains("\(engine.typed) doctor network"), "\(recovered.errors)")
            #expect(host.run("ip route del blackhole \(four)").status == 0)
            #expect(engine.run("system", "recover").status == 0)
            let base = four.split(separator: "/").first ?? ""
            try expect("network ill", "missing", after: "ip route add blackhole \(base)/30")
            let base6 = six.split(separator: "/").first ?? ""
            try expect("network ill", "missing", after: "ip -6 route add unreachable \(base6)/112")
            // One that is wider hides nothing.
            for half in ["0.0.0.0/1", "128.0.0.0/1"] { host.run("ip route add blackhole \(half)") }
            #expect(try bad().isEmpty)
            for half in ["0.0.0.0/1", "128.0.0.0/1"] { host.run("ip route del blackhole \(half)") }
        }
    }
}
