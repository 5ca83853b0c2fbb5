import CFSModel
import Testing

@testable import CFSNetworks

/// The answers were recorded from Linux 6.18, behind their `struct nlmsghdr`, on a machine that is little endian.
@Suite("Answers of rtnetlink")
struct LinkTests {
    /// A port of a bridge (`struct ifinfomsg`), without the attributes that nobody reads.
    private static let port = LinkFixture.bytes(
        """
        00000100040000004310010000000000070003007630000005001000060000000500430000000000080004007805000008000a00
        020000000a0001000200000000070000cc001700010000000000000003000000000000005a000000000000001201000000000000
        \(String(repeating: "0", count: 336))
        1c0012000900010076657468000000000b00040062726964676500000800050003000000
        """)

    @Test("a device has its number, name, kind, master, peer, address, flags and statistics")
    func link() throws {
        let link = try #require(Link(Self.port[...]))
        #expect(link.index == 4 && link.name == "v0" && link.master == 2 && link.mtu == 1400)
        #expect(link.hardwareAddress == [2, 0, 0, 0, 0, 7] && link.isUp && link.isRunning && !link.isBound)
        let statistics = try #require(link.statistics)
        #expect(statistics.received == .init(bytes: 90, packets: 1, errors: 0, dropped: 0))
        #expect(statistics.sent == .init(bytes: 274, packets: 3, errors: 0, dropped: 0))
    }

    @Test("an answer that is cut off anywhere is never read past its end")
    func cut() {
        for count in 0..<Self.port.count {
            let link = Link(Self.port[..<count])
            #expect(count >= 23 || link == nil, "\(count)")
        }
        for count in 0..<Self.addresses[0].count { _ = DeviceAddress(Self.addresses[0][..<count]) }
        for count in 0..<Self.routes[0].count { _ = Route(Self.routes[0][..<count]) }
        for count in 0..<Self.queue.count { #expect(QueueStatistics(Self.queue[..<count]) == nil, "\(count)") }
    }

    /// `struct ifaddrmsg`: a plain one, a line between two, and one of IPv6.
    private static let addresses = [
        """
        0218800002000000080001000a070001080002000a070001080004000a0700ff0800030062723000080008008000000014000600
        ffffffffffffffff1e8968001e896800
        """,
        """
        0220800002000000080001000a080002080002000a08000108000300627230000800080080000000
        """,
        """
        0a4082000200000014000100fd0000070000000000000000000000010800080082000000
        """,
    ].map(LinkFixture.bytes)

    @Test("an address has its device, prefix, broadcast, label, scope and flags; the far end of a line is another one")
    func address() throws {
        let plain = try #require(DeviceAddress(Self.addresses[0][...]))
        #expect(plain.address == IPAddress("10.7.0.1") && plain.prefix == 24 && plain.index == 2)
        #expect(plain.broadcast == IPAddress("10.7.0.255") && plain.label == "br0" && plain.peer == nil)
        #expect(plain.isPermanent && plain.scope == 0 && plain.metric == nil)
        let line = try #require(DeviceAddress(Self.addresses[1][...]))
        #expect(line.address == IPAddress("10.8.0.1") && line.peer == IPAddress("10.8.0.2") && line.prefix == 32)
        let six = try #require(DeviceAddress(Self.addresses[2][...]))
        #expect(six.address == IPAddress("fd00:7::1") && six.peer == nil && six.flags == 0x82)
        let moved = six.moved(to: 5, keepsLabel: true)
        #expect(moved.index == 5 && moved.flags == 0x02)
        #expect(plain.moved(to: 5, keepsLabel: false).label == nil)
    }

    /// `struct rtmsg`: in table 7, a default route, a subnet on its link, a local address, one of IPv6.
    private static let routes = [
        "02000000fe0300010000000008000f00fe000000080005000a0700fe0800040002000000",
        "02000000070300010000000008000f0007000000080005000a0700030800040002000000",
        "02180000fe02fd010000000008000f00fe000000080001000a070000080007000a0700010800040002000000",
        "02200000ff02fe020000000008000f00ff000000080001000a070001080007000a0700010800040002000000",
        """
        0a300000fe0300010000000008000f00fe00000014000100fd010000000000000000000000000000080006000004000014000500
        fd0000070000000000000000000000090800040002000000
        """,
    ].map(LinkFixture.bytes)

    @Test("a route has its destination, gateway and device; other tables are left out")
    func route() throws {
        let routes = Self.routes.map { Route($0[...]) }
        let everywhere = try #require(IPSubnet("0.0.0.0/0"))
        #expect(routes[0] == Route(destination: everywhere, gateway: IPAddress("10.7.0.254"), device: 2))
        #expect(routes[1] == nil && routes[3] == nil)
        #expect(routes[2] == IPSubnet("10.7.0.0/24").map { Route(destination: $0, gateway: nil, device: 2) })
        let gateway = IPAddress("fd00:7::9")
        #expect(
            routes[4] == IPSubnet("fd01::/48").map { Route(destination: $0, gateway: gateway, device: 2, metric: 1024) }
        )
    }

    /// `struct tcmsg`: a token bucket.
    private static let queue = LinkFixture.bytes(
        """
        000000000400000000000280ffffffff0300000008000100746266003c0007001400010001000000000000000200000000000000
        1800030003000000040000000500000006000000070000000c00080009000000000000 00
        """)

    /// The same with `struct tc_tbf_qopt`, and with a rate that has more than 32 bits.
    private static let rates = [
        "2c000200 28000100 00010000 00000000 40420f00 00000000 00000000 00000000 00000000 00000000 00000000",
        "38000200 28000100 00010000 00000000 ffffffff 00000000 00000000 00000000 00000000 00000000 00000000"
            + "0c000400 00e40b54 02000000",
    ].map(LinkFixture.bytes)

    @Test("a queue has its rate, also one of more than 32 bits")
    func rate() {
        let rates = Self.rates.map { QueueStatistics((Self.queue + $0)[...])?.bytesPerSecond }
        #expect(rates == [1_000_000, 10_000_000_000])
        for count in 0..<Self.rates[1].count {
            let cut = QueueStatistics((Self.queue + Self.rates[1].prefix(count))[...])
            #expect(cut?.drops == 5 && cut?.bytesPerSecond == nil, "\(count)")
        }
    }

    @Test("the number of a namespace is there or not")
    func namespaceNumber() {
        let answers = ["00000000 08000100 03000000", "00000000 08000100 ffffffff", "00000000", ""].map(
            LinkFixture.bytes)
        #expect(answers.map { NetlinkMessage.namespaceNumber(in: $0[...]) } == [3, nil, nil, nil])
    }

    @Test("a queue has what it sent, dropped and holds")
    func statistics() throws {
        #expect(
            QueueStatistics(Self.queue[...])
                == QueueStatistics(bytes: 1, packets: 9, drops: 5, overlimits: 7, backlog: 4))
    }
}
