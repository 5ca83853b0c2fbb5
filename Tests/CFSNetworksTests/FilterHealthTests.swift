import Glibc
import TestSupport
import Testing

@testable import CFSNetworks

@Suite("What stands in the way of containers")
struct FilterHealthTests {
    private func chain(_ family: UInt8, _ table: String, hook: UInt32 = 2, drops: Bool = true) -> BaseChain {
        BaseChain(
            family: family, table: table, name: "FORWARD", type: "filter", hook: hook, priority: 0, dropsByPolicy: drops
        )
    }

    @Test("chains of others at the hook forward that drop by policy are named, with the families they concern")
    func findings() {
        let found = FilterHealth.findings(in: [
            chain(2, "filter"), chain(10, "filter"), chain(1, "fw"), chain(1, "open", drops: false),
            chain(2, "filter", hook: 1), chain(7, "bridge"), chain(1, "cfs"), chain(2, "cfs"),
        ])
        #expect(
            found.map(\.description) == [
                "chain FORWARD of table ip filter", "chain FORWARD of table ip6 filter",
                "chain FORWARD of table inet fw",
                "chain FORWARD of table ip cfs",
            ])
        #expect(found.map(\.families) == [[.ipv4], [.ipv6], [.ipv4, .ipv6], [.ipv4]])
        #expect(found[0].hint.contains("nft insert rule ip filter FORWARD iifname"))
        #expect(FilterHealth.findings(in: []).isEmpty)
    }

    private enum Told { case nothing, may, drops }

    /// What is told of a chain with these rules, beside others of its table.
    private func told(
        _ rules: [ChainRule], drops: Bool = true, beside chains: [String: [ChainRule]] = [:],
        _ bridges: [String] = ["cfs0", "cfs-1"]
    ) -> Told {
        var forward = chain(2, "filter", drops: drops)
        forward.rules = chains
        forward.rules["FORWARD"] = rules
        let bridges = bridges.map { ChainRule.Device($0) }
        let found = FilterHealth.findings(in: [forward], bridges: bridges, others: [ChainRule.Device("eth0", 2)])
        guard let first = found.first else { return .nothing }
        return first.isCertain ? .drops : .may
    }

    private func input(_ subject: ChainRule.DeviceMatch.Subject, excluded: Bool = false) -> ChainRule.Condition {
        .input(ChainRule.DeviceMatch(subject: subject, isExcluded: excluded))
    }

    private func output(_ subject: ChainRule.DeviceMatch.Subject, excluded: Bool = false) -> ChainRule.Condition {
        .output(ChainRule.DeviceMatch(subject: subject, isExcluded: excluded))
    }

    @Test("a chain whose rules plainly accept what comes from bridges and goes to them is in nobody's way")
    func rules() {
        let incoming = ChainRule([input(.beginning("cfs"))], .accept)
        let outgoing = ChainRule([output(.beginning("cfs"))], .accept)
        #expect(told([ChainRule([], .accept)]) == .nothing && told([incoming, outgoing]) == .nothing)
        #expect(told([incoming, outgoing], []) == .nothing)
        #expect(told([]) == .drops && told([ChainRule([.other], .accept)]) == .may)
        #expect(told([incoming]) == .may && told([outgoing]) == .may)
        #expect(told([ChainRule([], .return), incoming, outgoing]) == .drops)
        #expect(told([ChainRule([.other], .unknown)]) == .may && told([ChainRule([], .proceed)]) == .drops)
        let one = [ChainRule([input(.name("cfs0"))], .accept), ChainRule([output(.name("cfs0"))], .accept)]
        #expect(told(one) == .may && told(one, ["cfs0"]) == .nothing)
        #expect(told([ChainRule([input(.beginning("cfs")), output(.beginning("cfs"))], .accept)]) == .drops)
        // What is dropped before it could be accepted.
        #expect(told([ChainRule([input(.name("eth0"))], .drop), incoming, outgoing]) == .may)
    }

    @Test("a chain that accepts by its policy is told of where a rule drops what is containers', not what is others'")
    func dropping() {
        func told(_ conditions: [ChainRule.Condition], _ verdict: ChainRule.Verdict = .drop) -> Told {
            self.told([ChainRule(conditions, verdict)], drops: false)
        }
        #expect(self.told([], drops: false) == .nothing && told([.other], .accept) == .nothing)
        #expect(told([]) == .drops && told([.other]) == .may && told([.other], .unknown) == .may)
        #expect(told([input(.name("eth0"))]) == .may && told([input(.number(2))]) == .may)
        #expect(told([input(.name("docker0"))]) == .nothing && told([output(.number(9))]) == .nothing)
        // As Docker, libvirt and firewalld have it.
        #expect(told([input(.name("docker0"), excluded: true), output(.name("docker0"))]) == .nothing)
        #expect(told([input(.name("cfs0"), excluded: true), output(.name("cfs0"))]) == .may)
        #expect(told([input(.name("lo"), excluded: true)]) == .drops)
    }

    @Test("jumps and gotos are followed, and what comes back from them goes on")
    func jumps() {
        func told(_ verdicts: [ChainRule.Verdict], _ chains: [String: [ChainRule]]) -> Told {
            self.told(verdicts.map { ChainRule([], $0) }, drops: false, beside: chains)
        }
        let (drop, accept, back) = (ChainRule([], .drop), ChainRule([], .accept), ChainRule([], .return))
        #expect(told([.jump("a")], [:]) == .nothing && told([.jump("a")], ["a": [accept]]) == .nothing)
        #expect(told([.jump("a")], ["a": [drop]]) == .drops && told([.goto("a")], ["a": [drop]]) == .drops)
        #expect(told([.jump("a")], ["a": [back, drop]]) == .nothing)
        #expect(
            told([.jump("a"), .drop], ["a": [back]]) == .drops && told([.goto("a"), .drop], ["a": []]) == .nothing)
        #expect(told([.jump("a"), .drop], ["a": [accept]]) == .nothing)
        #expect(told([.jump("a"), .drop], ["a": [ChainRule([], .goto("b"))], "b": [back]]) == .drops)
        #expect(told([.jump("a")], ["a": [ChainRule([], .jump("b"))], "b": [ChainRule([.other], .drop)]]) == .may)
        // No kernel has it; here it ends all the same.
        #expect(told([.jump("a")], ["a": [ChainRule([], .jump("b"))], "b": [ChainRule([], .jump("a"))]]) == .may)
    }

    @Test("they are found in the kernel, and do drop", .enabled(if: geteuid() == 0, "it makes network namespaces"))
    func real() throws {
        try withPrivateNetwork {
            let lab = NetworkLab(isIPv6: false, filtersBridged: false)
            var filter = try PacketFilter()
            try filter.ensure()
            #expect(lab.outside.call("tcp", lab.addresses.container(1, 2), 80) != nil)
            let none = FilterHealth.findings(in: try filter.baseChains())
            #expect(none.isEmpty)
            lab.run(
                lab.host,
                "nft 'add table ip fw; add chain ip fw f { type filter hook forward priority 5; policy drop; }'")
            lab.run(lab.host, "nft 'add chain ip fw i { type filter hook input priority 5; policy accept; }'")
            let found = FilterHealth.findings(in: try filter.baseChains())
            #expect(found.map(\.description) == ["chain f of table ip fw"] && found.allSatisfy(\.isCertain))
            #expect(lab.outside.isCutOff(from: lab.addresses.container(1, 2)))
            func rule(_ words: String) { lab.run(lab.host, "nft 'add rule ip fw f \(words)'") }
            rule("ct state established accept; add rule ip fw f iifname \"cfs*\" counter accept")
            let some = FilterHealth.findings(in: try filter.baseChains())
            #expect(some.map(\.isCertain) == [false])
            rule("oifname \"cfs*\" accept")
            let accepted = FilterHealth.findings(in: try filter.baseChains())
            #expect(accepted.isEmpty)
            try Self.expectFollowed(lab, &filter)
        }
    }

    /// Whether iptables writes into tables that nf_tables shows.
    private static var hasIPTables: Bool {
        geteuid() == 0
            && RunningCommand(["/usr/sbin/iptables", "-V"], environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
                .finish()
                .output.contains("nf_tables")
    }

    @Test("rules of iptables are read", .enabled(if: hasIPTables, "iptables is there, by nf_tables, and this is root"))
    func extensions() throws {
        try withPrivateNetwork {
            let lab = NetworkLab(isIPv6: false, filtersBridged: false)
            var filter = try PacketFilter()
            try filter.ensure()
            try Self.expectExtensionsRead(lab, &filter)
        }
    }

    private static func expectExtensionsRead(_ lab: NetworkLab, _ filter: inout PacketFilter) throws {
        lab.run(lab.host, "iptables -A FORWARD -m conntrack --ctstate INVALID -j DROP")
        let none = FilterHealth.findings(in: try filter.baseChains())
        #expect(none.isEmpty, "\(none)")
        for match in ["--ctstate INVALID,NEW", "--ctstate NEW", "! --ctstate INVALID"] {
            lab.run(lab.host, "iptables -A FORWARD -m conntrack \(match) -j DROP")
            let some = FilterHealth.findings(in: try filter.baseChains())
            #expect(some.map(\.description) == ["chain FORWARD of table ip filter"], "\(match)")
            #expect(some.map(\.isCertain) == [false], "\(match)")
            lab.run(lab.host, "iptables -D FORWARD -m conntrack \(match) -j DROP")
        }
        lab.run(lab.host, "nft delete table ip filter")
    }

    /// A chain that accepts by its policy, and others of its table.
    private static func expectFollowed(_ lab: NetworkLab, _ filter: inout PacketFilter) throws {
        lab.run(
            lab.host,
            "nft 'add chain ip fw g { type filter hook forward priority 6; policy accept; }; add chain ip fw one; "
                + "add chain ip fw two; add rule ip fw g iifname != \"docker0\" oifname \"docker0\" drop; "
                + "add rule ip fw g iif lo drop; add rule ip fw g ct state invalid drop; add rule ip fw g jump one'")
        let none = FilterHealth.findings(in: try filter.baseChains())
        #expect(none.isEmpty, "\(none)")
        lab.run(lab.host, "nft 'add rule ip fw one ip protocol vmap { udp : drop }'")
        let mapped = FilterHealth.findings(in: try filter.baseChains())
        #expect(mapped.map(\.description) == ["chain g of table ip fw"] && !mapped.contains(where: \.isCertain))
        lab.run(lab.host, "nft 'flush chain ip fw one; add rule ip fw one counter goto two; add rule ip fw two drop'")
        let dropped = FilterHealth.findings(in: try filter.baseChains())
        #expect(dropped.map(\.description) == ["chain g of table ip fw"] && dropped.allSatisfy(\.isCertain))
        #expect(lab.outside.isCutOff(from: lab.addresses.container(1, 2)))
    }
}
