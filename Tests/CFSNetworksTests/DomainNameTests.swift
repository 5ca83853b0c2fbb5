import Testing

@testable import CFSModel
@testable import CFSNetworks

@Suite("Names of the DNS")
struct DomainNameTests {
    @Test("a text becomes labels and comes back")
    func text() {
        #expect(DomainName("Web.example")?.wire == [3, 0x57, 0x65, 0x62, 7] + Array("example".utf8) + [0])
        #expect(DomainName("web.example.") == DomainName("web.example"))
        #expect(DomainName("my_app-1")?.description == "my_app-1" && DomainName.root.description == ".")
        #expect(DomainName(String(repeating: "a", count: 63)) != nil)
        let long = [String](repeating: String(repeating: "a", count: 63), count: 3).joined(separator: ".")
        #expect(DomainName(long + "." + String(repeating: "b", count: 61))?.wire.count == 255)
        #expect(DomainName(long + "." + String(repeating: "b", count: 62)) == nil)
    }

    @Test("what is no name is none", arguments: ["", ".", "..", "a..b", ".a", String(repeating: "a", count: 64)])
    func wrong(_ text: String) { #expect(DomainName(text) == nil) }

    @Test("what ends in cfs.internal is never asked of anybody else")
    func ours() {
        for name in ["cfs.internal", "host.cfs.internal", "HOST.Cfs.Internal.", "a.b.cfs.internal"] {
            #expect(DomainName(name)?.isOurs == true, "\(name)")
        }
        for name in ["internal", "mycfs.internal", "cfs.internal.org", "cfs-internal", "web"] {
            #expect(DomainName(name)?.isOurs == false, "\(name)")
        }
    }

    @Test("names are compared without case, and found below a domain")
    func compared() throws {
        let domain = try #require(DomainName("cfs.internal"))
        #expect(DomainName("WEB.Cfs.INTERNAL")?.folded.relative(to: domain) == DomainName("web"))
        #expect(DomainName("a.b.cfs.internal")?.relative(to: domain) == DomainName("a.b"))
        #expect(domain.relative(to: domain) == nil && DomainName("xcfs.internal")?.relative(to: domain) == nil)
        #expect(DomainName("internal")?.relative(to: domain) == nil)
    }

    @Test("an address is looked up backwards by its own name")
    func reversed() {
        #expect(DomainName("2.0.89.10.IN-ADDR.arpa")?.reversed == [10, 89, 0, 2])
        let six = [String](repeating: "0", count: 31).joined(separator: ".")
        #expect(DomainName("1.\(six).ip6.arpa")?.reversed == [UInt8](repeating: 0, count: 15) + [1])
        #expect(DomainName("f.\(six).ip6.arpa")?.reversed?.last == 15)
    }

    @Test(
        "what only looks like it is not",
        arguments: [
            "arpa", "in-addr.arpa", "1.2.3.in-addr.arpa", "256.2.3.4.in-addr.arpa", "01.2.3.4.in-addr.arpa",
            "+1.2.3.4.in-addr.arpa", "1.2.3.4.5.in-addr.arpa", "1.2.3.4.in-addr.com", "1.0.ip6.arpa", "1.2.3.4",
        ])
    func notReversed(_ text: String) { #expect(DomainName(text)?.reversed == nil) }
}
