import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSNetworks

@Suite("Addresses, routes and rates in namespaces of their own", .needsOwnNetwork)
struct RouteSocketAddressTests {
    /// A pair whose both ends lie in this thread's namespace, up.
    private static func pair(_ socket: inout RouteSocket) throws(CFSError) -> (index: Int32, peer: Int32) {
        let here = try File.open("/proc/thread-self/ns/net", .read)
        let peer = VethPeer(name: "w0", hardwareAddress: nil, namespace: here.raw)
        let pair = try socket.createVeth("v0", master: nil, mtu: nil, peer: peer)
        try socket.setUp(pair.peer)
        return pair
    }

    private static func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    @Test("addresses are there as ip shows them: with a broadcast address, and usable at once")
    func addresses() throws {
        let (shown, ours, twice, left) = try LinkFixture.inOwnNetwork {
            var socket = try RouteSocket()
            let index = try Self.pair(&socket).index
            let texts = [("10.7.0.1", 24), ("10.7.1.2", 31), ("10.7.2.2", 32), ("fd00:7::1", 64), ("fd00:8::1", 128)]
            for (text, prefix) in texts { try socket.add(address: Self.address(text), prefix: prefix, to: index) }
            let shown = try LinkFixture.json("ip -j -d addr show dev v0")
            let ours = try socket.addresses(of: index).filter { $0.scope == 0 }
            let twice = LinkFixture.error(&socket) {
                try $0.add(address: Self.address("10.7.0.1"), prefix: 24, to: index)
            }
            for (text, prefix) in texts {
                try socket.removeAddress(Self.address(text), prefix: prefix, from: index)
            }
            return (shown, ours, twice, try socket.addresses(of: index).filter { $0.scope == 0 })
        }
        let list = try #require(shown.first?["addr_info"]?.array).filter { $0["scope"]?.string == "global" }
        func text(_ address: IPAddress?) -> String { address.map { "\($0)" } ?? "-" }
        let theirs = list.map { entry in
            let (local, length) = (entry["local"]?.string ?? "-", entry["prefixlen"]?.integer ?? -1)
            return "\(local)/\(length) \(entry["broadcast"]?.string ?? "-") \(entry["tentative"]?.bool ?? false)"
        }
        #expect(
            theirs == [
                "10.7.0.1/24 10.7.0.255 false", "10.7.1.2/31 - false", "10.7.2.2/32 - false", "fd00:8::1/128 - false",
                "fd00:7::1/64 - false",
            ])
        let lines = ours.map { "\($0.address)/\($0.prefix) \(text($0.broadcast)) \($0.flags & 0x40 != 0)" }
        #expect(lines == theirs)
        #expect(ours.allSatisfy { $0.isPermanent })
        #expect(twice?.code == .conflict && twice?.message.contains("the device v0 ") == true)
        #expect(left.isEmpty)
    }

    @Test("a prefix that is longer than its address is refused, and a device that is not there has no addresses")
    func badAddresses() throws {
        let errors = try LinkFixture.inOwnNetwork {
            var socket = try RouteSocket()
            let texts = [("10.7.0.1", 33), ("10.7.0.1", -1), ("fd00::1", 129), ("10.7.0.1", 24)]
            var errors: [CFSError?] = []
            for (text, prefix) in texts {
                let address = try Self.address(text)
                errors.append(LinkFixture.error(&socket) { try $0.add(address: address, prefix: prefix, to: 4096) })
            }
            return errors
        }
        #expect(errors.prefix(3).allSatisfy { $0?.code == .invalidArgument } && errors.count == 4)
        #expect(errors.last??.errno == ENODEV && errors.last??.message.contains("number 4096") == true)
    }

    @Test("routes are there as ip shows them, and only those of the main table that lead somewhere are listed")
    func routes() throws {
        let (four, six, ours) = try LinkFixture.inOwnNetwork {
            var socket = try RouteSocket()
            let index = try Self.pair(&socket).index
            try socket.add(address: Self.address("10.7.0.1"), prefix: 24, to: index)
            try socket.add(address: Self.address("fd00:7::1"), prefix: 64, to: index)
            try socket.addRoute(to: nil, via: Self.address("10.7.0.254"), device: index)
            try socket.addRoute(to: nil, via: Self.address("fd00:7::fe"), device: index)
            try socket.addRoute(to: IPSubnet("10.9.0.0/16"), via: nil, device: index)
            try socket.addRoute(to: IPSubnet("fd01::/48"), via: Self.address("fd00:7::fe"), device: index)
            for route in ["default via 10.7.0.253 table 7", "blackhole 10.11.0.0/16"] {
                #expect(try LinkFixture.run("ip route add \(route)").status == 0)
            }
            let listed = try socket.routes()
            return (
                try LinkFixture.json("ip -j -d route show"), try LinkFixture.json("ip -j -d -6 route show"),
                listed.filter { $0.device == index && $0.destination.base.bytes.first != 0xfe }
            )
        }
        func text(_ route: JSON) -> String {
            let destination = route["dst"]?.string ?? "-"
            return "\(destination) \(route["gateway"]?.string ?? "-") \(route["scope"]?.string ?? "-")"
        }
        #expect(
            Set(four.map(text)) == [
                "default 10.7.0.254 global", "10.7.0.0/24 - link", "10.9.0.0/16 - link", "10.11.0.0/16 - global",
            ])
        #expect(Set(six.map(text)).isSuperset(of: ["default fd00:7::fe global", "fd01::/48 fd00:7::fe global"]))
        let lines = ours.map { "\($0.destination) \($0.gateway.map { "\($0)" } ?? "-")" }
        #expect(
            Set(lines) == [
                "0.0.0.0/0 10.7.0.254", "10.7.0.0/24 -", "10.9.0.0/16 -", "::/0 fd00:7::fe", "fd00:7::/64 -",
                "fd01::/48 fd00:7::fe",
            ])
        #expect(lines.count == 6)
    }

    @Test("a route of two families, of neither end, twice, or through a stranger is an error")
    func badRoutes() throws {
        let errors = try LinkFixture.inOwnNetwork {
            var socket = try RouteSocket()
            let index = try Self.pair(&socket).index
            try socket.add(address: Self.address("10.7.0.1"), prefix: 24, to: index)
            try socket.addRoute(to: IPSubnet("10.9.0.0/16"), via: nil, device: index)
            let routes: [(String?, String?)] = [
                (nil, nil), ("10.9.0.0/16", "fd00::1"), ("10.9.0.0/16", nil), ("10.10.0.0/16", "10.8.0.1"),
            ]
            var errors: [CFSError?] = []
            for (subnet, gateway) in routes {
                let (to, via) = (subnet.flatMap { IPSubnet($0) }, gateway.flatMap { IPAddress($0) })
                errors.append(LinkFixture.error(&socket) { try $0.addRoute(to: to, via: via, device: index) })
            }
            return errors
        }
        try #require(errors.count == 4)
        #expect(errors[0]?.code == .invalidArgument && errors[1]?.code == .invalidArgument)
        #expect(errors[2]?.code == .conflict && errors[2]?.message.contains("the device v0 ") == true, "\(errors)")
        #expect(errors[3]?.errno == ENETUNREACH && errors[3]?.message.contains("10.8.0.1") == true, "\(errors)")
    }

    @Test("a rate is the token bucket that tc shows; another one takes its place, and it goes again")
    func rates() throws {
        let (shown, statistics, again, fast, none) = try LinkFixture.inOwnNetwork {
            var socket = try RouteSocket()
            let index = try Self.pair(&socket).index
            let before = try socket.queueStatistics(index)
            try socket.setRate(index, bitsPerSecond: 100_000_000, burst: 65_536)
            let shown = try LinkFixture.json("tc -s -j qdisc show dev v0")
            let statistics = try socket.queueStatistics(index)
            try socket.setRate(index, bitsPerSecond: 8_000_000)
            let again = try LinkFixture.json("tc -s -j qdisc show dev v0")
            try socket.setRate(index, bitsPerSecond: 80_000_000_000, burst: 20_000_000)
            let fast = try LinkFixture.json("tc -s -j qdisc show dev v0")
            try socket.removeRate(index)
            try socket.removeRate(index)
            return (shown, statistics, again, fast, [before, try socket.queueStatistics(index)])
        }
        try #require(shown.count == 1 && again.count == 1 && fast.count == 1)
        #expect(shown[0]["kind"]?.string == "tbf" && shown[0]["root"]?.bool == true)
        #expect(shown[0]["options"]?["rate"]?.unsigned == 12_500_000)
        // The kernel keeps the time that a burst takes, in whole units of 64 ns.
        #expect(shown[0]["options"]?["burst"]?.unsigned.map { (65_500...65_536).contains($0) } == true, "\(shown)")
        #expect(shown[0]["options"]?["lat"]?.unsigned.map { (49_900...50_100).contains($0) } == true, "\(shown)")
        #expect(again[0]["handle"] == shown[0]["handle"] && again[0]["options"]?["rate"]?.unsigned == 1_000_000)
        #expect(again[0]["options"]?["burst"]?.unsigned.map { (16_380...16_384).contains($0) } == true, "\(again)")
        #expect(fast[0]["options"]?["rate"]?.unsigned == 10_000_000_000, "\(fast)")
        let counted = try #require(statistics)
        #expect(counted.drops == 0 && shown[0]["drops"]?.integer == 0)
        #expect(counted.bytes >= shown[0]["bytes"]?.unsigned ?? 0)
        #expect(none == [nil, nil])
    }

    @Test("a burst that no packet fits into is refused, and what does not fit into the queue is counted as dropped")
    func drops() throws {
        let (error, statistics, shown) = try LinkFixture.inOwnNetwork {
            var socket = try RouteSocket()
            let index = try Self.pair(&socket).index
            try socket.add(address: Self.address("10.7.0.1"), prefix: 24, to: index)
            let error = LinkFixture.error(&socket) { try $0.setRate(index, bitsPerSecond: 1_000_000, burst: 1000) }
            // 64 bits in a second: the burst goes, the queue fills, the rest is dropped.
            try socket.setRate(index, bitsPerSecond: 64, burst: 1600)
            // Nobody is there; so that nobody is asked for:
            #expect(
                try LinkFixture.run("ip neigh add 10.7.0.9 lladdr 02:00:00:00:00:09 dev v0 nud permanent").status == 0)
            let sender = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = UInt16(9).bigEndian
            address.sin_addr.s_addr = UInt32(0x0a07_0009).bigEndian
            let length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let bytes = [UInt8](repeating: 0, count: 1400)
            for _ in 0..<64 {
                _ = withUnsafePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        sendto(sender, bytes, bytes.count, Int32(MSG_DONTWAIT), $0, length)
                    }
                }
            }
            close(sender)
            let statistics = try socket.queueStatistics(index)
            return (error, statistics, try LinkFixture.json("tc -s -j qdisc show dev v0"))
        }
        #expect(error?.code == .invalidArgument && error?.message.contains("v0") == true)
        let counted = try #require(statistics)
        #expect(counted.drops > 40 && counted.backlog > 15_000 && counted.overlimits > 0, "\(counted)")
        #expect(shown.first?["drops"]?.integer.map { $0 >= Int64(counted.drops) } == true)
    }
}
