import CFSModel
import TestSupport
import Testing

@testable import CFSMonitor
@testable import CFSNetworks

@Suite("A packet filter that was found whole")
struct VerifiedRulesTests {
    private let folder = TemporaryDirectory()
    private var verified: VerifiedRules { VerifiedRules(folder("")) }
    private let mark = RulesMark(namespace: 7, generation: 40)

    private func network(_ bridge: String, _ subnet: String, isInternal: Bool = false) throws -> FilteredNetwork {
        FilteredNetwork(
            bridge: bridge, subnets: [try #require(IPSubnet(subnet))], isInternal: isInternal, masquerades: true)
    }

    @Test("holds for these rules of this namespace and for these networks, and for nothing else")
    func only() throws {
        let (one, two) = (try network("one", "10.1.0.0/24"), try network("two", "10.2.0.0/24"))
        #expect(!verified.has(nil, at: mark) && !verified.has(one, at: mark))
        verified.note([one, two], at: mark)
        #expect(verified.has(nil, at: mark) && verified.has(one, at: mark) && verified.has(two, at: mark))
        #expect(!verified.has(try network("one", "10.1.0.0/25"), at: mark))
        #expect(!verified.has(try network("one", "10.1.0.0/24", isInternal: true), at: mark))
        #expect(!verified.has(try network("on", "10.1.0.0/24"), at: mark))
        for other in [RulesMark(namespace: 7, generation: 41), RulesMark(namespace: 8, generation: 40)] {
            #expect(!verified.has(nil, at: other) && !verified.has(one, at: other))
        }
        #expect(!verified.has(nil, at: nil))
        verified.note([two], at: RulesMark(namespace: 7, generation: 41))
        #expect(!verified.has(nil, at: mark))
        #expect(!verified.has(one, at: RulesMark(namespace: 7, generation: 41)))
    }

    @Test("a file that was cut off anywhere says nothing that is not so")
    func damaged() throws {
        let one = try network("one", "10.1.0.0/24")
        verified.note([one], at: mark)
        let text = try #require(textOfFile(folder("verified")))
        for length in 0..<text.utf8.count - 1 {
            folder.write(String(text.prefix(length)), to: "verified")
            #expect(!verified.has(one, at: mark), "\(length)")
        }
        folder.write("\u{0}\n\n", to: "verified")
        #expect(!verified.has(one, at: mark))
    }
}
