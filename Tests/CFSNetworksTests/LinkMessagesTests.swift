import CFSModel
import Testing

@testable import CFSNetworks

/// The bytes were made by a C program with the structures and macros of the kernel's headers (6.1), on a machine that
/// is little endian: `struct nlmsghdr` with number 1, then the structure that each test names, then `struct rtattr`.
@Suite("Messages of rtnetlink")
struct LinkMessagesTests {
    private static func sent(_ message: NetlinkMessage) -> [UInt8] {
        var message = message
        message.flags.formUnion([.request, .acknowledge])
        return message.bytes(sequence: 1)
    }

    private static let macAddress: [UInt8] = [2, 0, 0, 0, 0, 7]

    @Test("a device is asked for, switched on and off, moved and put into a bridge (ifinfomsg)")
    func changes() {
        #expect(
            Self.sent(.getLink(named: "eth0"))
                == LinkFixture.bytes(
                    """
                    2c000000 12000500 01000000 00000000 00000000 00000000 00000000 00000000 09000300 65746830 00000000
                    """))
        #expect(
            Self.sent(NetlinkMessage(link: .set, index: 7, isUp: true))
                == LinkFixture.bytes("20000000 13000500 01000000 00000000 00000000 07000000 01000000 01000000"))
        #expect(
            Self.sent(NetlinkMessage(link: .set, index: 7, isUp: false))
                == LinkFixture.bytes("20000000 13000500 01000000 00000000 00000000 07000000 00000000 01000000"))
        #expect(
            Self.sent(.move(7, toNamespace: 9, as: "eth0"))
                == LinkFixture.bytes(
                    """
                    34000000 13000500 01000000 00000000 00000000 07000000 00000000 00000000 08001c00 09000000 09000300
                    65746830 00000000
                    """))
        #expect(
            Self.sent(.setMaster(7, 3))
                == LinkFixture.bytes(
                    "28000000 13000500 01000000 00000000 00000000 07000000 00000000 00000000 08000a00 03000000"))
    }

    @Test("the number of a process's namespace is asked for (rtgenmsg, NETNSA_PID)")
    func namespaceNumber() {
        #expect(
            Self.sent(.getNamespaceNumber(of: 4711))
                == LinkFixture.bytes("1c000000 5a000500 01000000 00000000 00000000 08000200 67120000"))
    }

    @Test("a bridge has neither spanning tree nor delay, nor looks into multicast (ifinfomsg, IFLA_BR_*)")
    func bridge() {
        #expect(
            Self.sent(.newBridge("br0", mtu: 1400, hardwareAddress: Self.macAddress))
                == LinkFixture.bytes(
                    """
                    68000000 10000506 01000000 00000000 00000000 00000000 00000000 00000000 08000300 62723000 08000400
                    78050000 0a000100 02000000 00070000 2c001280 0b000100 62726964 67650000 1c000280 08000100 00000000
                    08000500 00000000 05001700 00000000
                    """))
    }

    @Test(
        "a pair is one message: the far end lies inside of it (ifinfomsg, VETH_INFO_PEER with an ifinfomsg of its own)")
    func veth() {
        let peer = VethPeer(name: "eth0", hardwareAddress: Self.macAddress, namespace: 9)
        #expect(
            Self.sent(.newVeth("v0", master: 7, mtu: 1400, peer: peer))
                == LinkFixture.bytes(
                    """
                    a8000000 10000506 01000000 00000000 00000000 00000000 01000000 01000000 07000300 76300000 08000400
                    78050000 08001f00 01000000 08002000 01000000 08000a00 07000000 60001280 09000100 76657468 00000000
                    50000280 4c000180 00000000 00000000 00000000 00000000 09000300 65746830 00000000 08000400 78050000
                    0a000100 02000000 00070000 08001f00 01000000 08002000 01000000 08001c00 09000000
                    """))
    }

    @Test("macvlan and ipvlan name the device below them, their mode and their namespace (ifinfomsg)")
    func stacked() {
        let macvlan = NetlinkMessage.newMacvlan(
            "eth0", parent: 3, mode: .bridge, mtu: nil, hardwareAddress: Self.macAddress, namespace: 9)
        #expect(
            Self.sent(macvlan)
                == LinkFixture.bytes(
                    """
                    64000000 10000506 01000000 00000000 00000000 00000000 00000000 00000000 09000300 65746830 00000000
                    0a000100 02000000 00070000 08000500 03000000 08001c00 09000000 1c001280 0c000100 6d616376 6c616e00
                    0c000280 08000100 04000000
                    """))
        #expect(
            Self.sent(.newIPVlan("eth0", parent: 3, mode: .l3s, mtu: 1400, namespace: 9))
                == LinkFixture.bytes(
                    """
                    60000000 10000506 01000000 00000000 00000000 00000000 00000000 00000000 09000300 65746830 00000000
                    08000400 78050000 08000500 03000000 08001c00 09000000 1c001280 0b000100 6970766c 616e0000 0c000280
                    06000100 02000000
                    """))
    }

    @Test("what a bridge does for a port lies in the port's own data (ifinfomsg, IFLA_INFO_SLAVE_DATA)")
    func port() {
        #expect(
            Self.sent(.setPort(7, hairpin: true))
                == LinkFixture.bytes(
                    """
                    3c000000 10000500 01000000 00000000 00000000 07000000 00000000 00000000 1c001280 0b000400 62726964
                    67650000 0c000580 05000400 01000000
                    """))
        #expect(
            Self.sent(.closePort(7))
                == LinkFixture.bytes(
                    """
                    30000000 13000500 01000000 00000000 07000000 07000000 00000000 00000000 10000c80 05000100 00000000
                    04001800
                    """))
    }

    @Test("an address of IPv4 has a broadcast address, one of IPv6 works at once (ifaddrmsg)")
    func addresses() throws {
        let four = try DeviceAddress(#require(IPAddress("10.7.0.1")), prefix: 24, of: 7)
        #expect(
            Self.sent(four.adding)
                == LinkFixture.bytes(
                    """
                    30000000 14000506 01000000 00000000 02180000 07000000 08000200 0a070001 08000100 0a070001 08000400
                    0a0700ff
                    """))
        #expect(
            Self.sent(four.removing)
                == LinkFixture.bytes(
                    "28000000 15000500 01000000 00000000 02180000 07000000 08000200 0a070001 08000100 0a070001"))
        let six = try DeviceAddress(#require(IPAddress("fd00:7::1")), prefix: 64, of: 7)
        #expect(
            Self.sent(six.adding)
                == LinkFixture.bytes(
                    """
                    48000000 14000506 01000000 00000000 0a400000 07000000 14000200 fd000007 00000000 00000000 00000001
                    14000100 fd000007 00000000 00000000 00000001 08000800 02000000
                    """))
    }

    @Test("a route goes through a gateway, or straight to its subnet (rtmsg)")
    func routes() throws {
        func route(_ subnet: String, _ gateway: String?) throws -> [UInt8] {
            let destination = try #require(IPSubnet(subnet))
            let route = Route(destination: destination, gateway: gateway.flatMap { IPAddress($0) }, device: 7)
            return Self.sent(route.adding(to: 7))
        }
        #expect(
            try route("0.0.0.0/0", "10.7.0.254")
                == LinkFixture.bytes(
                    """
                    2c000000 18000506 01000000 00000000 02000000 fe040001 00000000 08000500 0a0700fe 08000400 07000000
                    """))
        #expect(
            try route("10.9.0.0/16", nil)
                == LinkFixture.bytes(
                    """
                    2c000000 18000506 01000000 00000000 02100000 fe04fd01 00000000 08000100 0a090000 08000400 07000000
                    """))
        #expect(
            try route("fd01::/48", "fd00:7::9")
                == LinkFixture.bytes(
                    """
                    4c000000 18000506 01000000 00000000 0a300000 fe040001 00000000 14000100 fd010000 00000000 00000000
                    00000000 14000500 fd000007 00000000 00000000 00000009 08000400 07000000
                    """))
    }

    @Test("a rate is a token bucket; above 4 GB in a second it has a number of 64 bits (tcmsg, tc_tbf_qopt)")
    func rates() throws {
        let slow = try TokenBucket(bitsPerSecond: 100_000_000, burst: 65_536, packet: 1518)
        #expect(
            Self.sent(.setRate(7, slow))
                == LinkFixture.bytes(
                    """
                    60000000 24000505 01000000 00000000 00000000 07000000 00000000 ffffffff 00000000 08000100 74626600
                    34000280 28000100 00010000 00000000 20bcbe00 00000000 00000000 00000000 68890a00 00400100 00000000
                    08000600 00000100
                    """))
        let fast = try TokenBucket(bitsPerSecond: 40_000_000_000, burst: 65_536, packet: 1518)
        #expect(
            Self.sent(.setRate(7, fast))
                == LinkFixture.bytes(
                    """
                    6c000000 24000505 01000000 00000000 00000000 07000000 00000000 ffffffff 00000000 08000100 74626600
                    40000280 28000100 00010000 00000000 ffffffff 00000000 00000000 00000000 80b2e70e cc000000 00000000
                    0c000400 00f2052a 01000000 08000600 00000100
                    """))
    }

    @Test("a bucket of no size of its own holds 10 ms, and at least 16 KiB and a packet; no number overflows")
    func buckets() throws {
        func bucket(_ rate: UInt64, _ burst: UInt32? = nil, packet: UInt32 = 1518) throws -> TokenBucket {
            try TokenBucket(bitsPerSecond: rate, burst: burst, packet: packet)
        }
        #expect(try bucket(1_000_000_000).burst == 1_250_000)
        #expect(try bucket(1_000_000_000).limit == 1_250_000 + 6_250_000)
        #expect(try bucket(64_000).burst == 16_384)
        #expect(try bucket(64_000).limit == 32_768)
        #expect(try bucket(64_000, packet: 65_554).burst == 65_554)
        #expect(try bucket(.max).burst == .max)
        #expect(try bucket(.max).parameters.count == 36)
        #expect(try bucket(8, .max).parameters.count == 36)
        for rate in 0..<UInt64(8) {
            #expect(throws: CFSError.self) { try bucket(rate) }
        }
    }

    @Test("names that the kernel does not take, or takes for a template, are refused; the longest has 15 bytes")
    func names() {
        for name in ["lo", "eth0", "a", "fifteen-letters", "eth0.7", "\u{fc}ber", "eth0@x"] {
            #expect(LinkName.isValid(name) && LinkName.isValid(name, isTemplate: true), "\(name)")
        }
        let bad = [
            "", "sixteen-letters-", "a b", "a/b", "a:b", ".", "..", "a\tb", "a\n", "\u{7f}", "\0", "a\0b", "\u{e0}",
            "%d", "e%dx",
            "e%", "100%",
        ]
        for name in bad {
            #expect(!LinkName.isValid(name), "\(name)")
            let error = LinkFixture.error { try LinkName.check(name) }
            #expect(error?.code == .invalidArgument && error?.message.contains("\"\(name)\"") == true, "\(name)")
        }
        for name in ["%d", "e%dx"] { #expect(LinkName.isValid(name, isTemplate: true)) }
        for name in ["%", "%s", "%d%d", "a%%d", "fourteen-let%d--"] {
            #expect(!LinkName.isValid(name, isTemplate: true), "\(name)")
        }
    }

    @Test("hardware addresses are six bytes that one device can have")
    func hardwareAddresses() {
        #expect(LinkFixture.error { try HardwareAddress.check(nil) } == nil)
        #expect(LinkFixture.error { try HardwareAddress.check(Self.macAddress) } == nil)
        for bytes: [UInt8] in [[], [2, 0, 0, 0, 7], [3, 0, 0, 0, 0, 7], [0, 0, 0, 0, 0, 0], [2, 0, 0, 0, 0, 0, 7]] {
            #expect(LinkFixture.error { try HardwareAddress.check(bytes) }?.code == .invalidArgument, "\(bytes)")
        }
    }
}
