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

    @Test("a chain whose rules plainly accept what comes from bridges and goes to them is in nobody's way")
    func rules() {
        func isFound(_ rules: [ChainRule], _ bridges: [String] = ["cfs0", "cfs-1"]) -> Bool {
            var dropping = chain(2, "filter")
            dropping.rules = rules
            return !FilterHealth.findings(in: [dropping], bridges: bridges).isEmpty
        }
        func name(_ text: String, isWhole: Bool = false) -> ChainRule.DeviceName {
            ChainRule.DeviceName(text: text, isWhole: isWhole)
        }
        let input = ChainRule([.input(name("cfs"))], .accept)
        let output = ChainRule([.output(name("cfs"))], .accept)
        #expect(!isFound([ChainRule([], .accept)]) && !isFound([input, output]) && !isFound([input, output], []))
        #expect(isFound([]) && isFound([input]) && isFound([output]) && isFound([ChainRule([.other], .accept)]))
        #expect(isFound([ChainRule([], .end), input, output]) && isFound([ChainRule([.other], .other)]))
        let one = [
            ChainRule([.input(name("cfs0", isWhole: true))], .accept),
            ChainRule([.output(name("cfs0", isWhole: true))], .accept),
        ]
        #expect(isFound(one) && !isFound(one, ["cfs0"]))
        #expect(isFound([ChainRule([.input(name("cfs")), .output(name("cfs"))], .accept)]))
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
        }
    }
}
