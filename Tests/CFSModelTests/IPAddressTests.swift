import Testing

@testable import CFSModel

@Suite("IP addresses and subnets")
struct IPAddressTests {
    @Test(
        "an address is read and written in its canonical form (RFC 5952, 4 and 5)",
        arguments: [
            ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("10.89.0.1", "10.89.0.1"),
            ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:0DB8::0001", "2001:db8::1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("fe80:0:0:0:0:0:0:0", "fe80::"),
            ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
        ])
    func canonical(_ text: String, _ expected: String) throws {
        #expect(try #require(IPAddress(text)).description == expected)
    }

    @Test(
        "what is no address is none",
        arguments: [
            "", ".", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "+1.2.3.4", "1.2.3.x",
            "1..3.4",
            ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::1:2:3:4:5:6:7:8", "12345::", "g::",
            "::1%eth0",
            "[::1]", "::1/64", "1.2.3.4::", "::1.2.3", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "1.2.3.4\u{0}", "١.2.3.4",
        ])
    func refused(_ text: String) { #expect(IPAddress(text) == nil) }

    @Test("addresses are counted up over bytes, and not past the last")
    func advanced() throws {
        let address = try #require(IPAddress("10.0.0.255"))
        #expect(address.advanced(by: 1)?.description == "10.0.1.0")
        #expect(address.advanced(by: 0) == address)
        #expect(IPAddress("255.255.255.254")?.advanced(by: 1)?.description == "255.255.255.255")
        #expect(IPAddress("255.255.255.255")?.advanced(by: 1) == nil)
        #expect(IPAddress("fd00::ffff:ffff:ffff:ffff")?.advanced(by: 1)?.description == "fd00:0:0:1::")
        #expect(IPAddress("::ffff")?.advanced(by: UInt64.max)?.description == "::1:0:0:0:fffe")
    }

    @Test("a subnet has no bit after its prefix; which addresses hosts can have, is known")
    func subnets() throws {
        let subnet = try #require(IPSubnet("10.89.0.0/30"))
        #expect(subnet.description == "10.89.0.0/30" && subnet.hostCount == 2)
        #expect(subnet.last.description == "10.89.0.3")
        let hosts = (0..<5).map { subnet.base.advanced(by: $0).map { subnet.isForHosts($0) } }
        #expect(hosts == [false, true, true, false, false])
        for text in [
            "10.89.0.1/24", "10.89.0.0/33", "10.89.0.0", "10.89.0.0/", "10.89.0.0/024", "fd00::/129", "/8",
            "10.0.0.0/8/8",
        ] {
            #expect(IPSubnet(text) == nil, "\(text)")
        }
        #expect(IPSubnet("10.0.0.0/31")?.hostCount == 2 && IPSubnet("0.0.0.0/0")?.hostCount == (1 << 32) - 2)
        #expect(IPSubnet("fd00:1::/64")?.hostCount == .max && IPSubnet("fd00::/127")?.hostCount == 2)
        let six = try #require(IPSubnet("fd00:1::/64"))
        #expect(six.isForHosts(six.last) && !six.isForHosts(six.base))
    }

    @Test("subnets that share an address overlap, in whichever order, and those of two families never")
    func overlap() throws {
        let (wide, narrow, other) = (IPSubnet("10.0.0.0/8")!, IPSubnet("10.89.1.0/24")!, IPSubnet("10.89.2.0/24")!)
        #expect(wide.overlaps(narrow) && narrow.overlaps(wide) && !narrow.overlaps(other))
        #expect(!IPSubnet("0.0.0.0/0")!.overlaps(IPSubnet("::/0")!))
        #expect(narrow.contains(IPAddress("10.89.1.255")!) && !narrow.contains(IPAddress("10.89.2.0")!))
    }
}
