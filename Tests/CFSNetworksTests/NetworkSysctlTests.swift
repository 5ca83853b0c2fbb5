import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSNetworks

@Suite("Settings of the kernel for a network", .needsOwnNetwork)
struct NetworkSysctlTests {
    /// A pair whose both ends lie in this thread's namespace.
    private static func pair() throws {
        let here = try File.open("/proc/thread-self/ns/net", .read)
        var socket = try RouteSocket()
        let peer = VethPeer(name: "w0", hardwareAddress: nil, namespace: here.raw)
        let pair = try socket.createVeth("v0", master: nil, mtu: nil, peer: peer)
        try socket.setUp(pair.peer)
    }

    @Test("without IPv6 no device has an address of it, also none that comes later")
    func ipv6() throws {
        let (has, shown) = try LinkFixture.inOwnNetwork {
            try NetworkSysctl.turnOffIPv6()
            try Self.pair()
            return (try NetworkSysctl.hasIPv6(), try LinkFixture.json("ip -j -6 addr show"))
        }
        #expect(has && shown.isEmpty, "\(shown)")
        let with = try LinkFixture.inOwnNetwork {
            try Self.pair()
            return try LinkFixture.json("ip -j -6 addr show")
        }
        #expect(!with.isEmpty)
    }

    @Test("a host has an address of IPv6 as soon as loopback is up, and none where IPv6 is turned off")
    func addressOfIPv6() throws {
        let seen = try LinkFixture.inOwnNetwork {
            let before = try NetworkSysctl.hasIPv6Address()
            try LinkFixture.run("ip link set lo up")
            let between = try NetworkSysctl.hasIPv6Address()
            try NetworkSysctl.turnOffIPv6()
            return [before, between, try NetworkSysctl.hasIPv6Address()]
        }
        #expect(seen == [false, true, false])
    }

    @Test("routers are not listened to, neither by the devices named nor by those that come")
    func routers() throws {
        let values = try LinkFixture.inOwnNetwork {
            try NetworkSysctl.ignoreRouterAnnouncements(devices: ["lo"])
            try Self.pair()
            return try ["all", "default", "lo", "v0"].map { try NetworkSysctl.value("ipv6/conf/\($0)/accept_ra") }
        }
        #expect(values == ["0", "0", "0", "0"])
        let error = try LinkFixture.inOwnNetwork {
            LinkFixture.error { try NetworkSysctl.ignoreRouterAnnouncements(devices: ["../all"]) }
        }
        #expect(error?.code == .invalidArgument)
    }

    @Test(
        "forwarding is turned on for one family, and only a device with a router's route goes on to listen to routers")
    func forwarding() throws {
        let (states, listening) = try LinkFixture.inOwnNetwork {
            try NetworkSysctl.set("ipv4/ip_forward", "0")
            try NetworkSysctl.set("ipv6/conf/all/forwarding", "0")
            try Self.pair()
            for name in ["v0", "w0"] { try NetworkSysctl.set("ipv6/conf/\(name)/accept_ra", "1") }
            let route = try LinkFixture.run("ip -6 route add default via fe80::1 dev v0 proto ra")
            #expect(route.status == 0, "\(route)")
            func states() throws -> [Bool] { try IPAddress.Family.allCases.map { try PacketForwarding.isOn($0) } }
            let before = try states()
            try PacketForwarding.turnOn(.ipv4)
            let between = try states()
            func listening() throws -> [String?] {
                try ["v0", "w0"].map { try NetworkSysctl.value("ipv6/conf/\($0)/accept_ra") }
            }
            let untouched = try listening()
            try PacketForwarding.turnOn(.ipv6)
            try PacketForwarding.turnOn(.ipv6)
            return ([before, between, try states()], [untouched, try listening()])
        }
        #expect(states == [[false, false], [true, false], [true, true]])
        #expect(listening == [["1", "1"], ["2", "1"]])
    }

    @Test("a setting that the kernel lacks, or a value that it does not take, is an error that names it")
    func faults() throws {
        let (missing, read, bad) = try LinkFixture.inOwnNetwork {
            (
                LinkFixture.error { try NetworkSysctl.set("ipv4/absent", "1") },
                try NetworkSysctl.value("ipv4/absent"),
                LinkFixture.error { try NetworkSysctl.set("ipv4/ip_forward", "x") }
            )
        }
        #expect(missing?.code == .kernelUnsupported && missing?.message.contains("net/ipv4/absent") == true)
        #expect(read == nil)
        #expect(bad?.errno == EINVAL && bad?.message.contains("net/ipv4/ip_forward") == true)
    }
}
