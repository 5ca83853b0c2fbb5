import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSNetworks

@Suite("Network devices in namespaces of their own", .needsOwnNetwork)
struct RouteSocketTests {
    private static let macAddress: [UInt8] = [2, 0, 0, 0, 0, 7]

    @Test("a bridge is there as ip shows it: no spanning tree, no delay, no looking into multicast, its own address")
    func bridge() throws {
        let (index, shown, link) = try LinkFixture.inOwnNetwork {
            var socket = try RouteSocket()
            let index = try socket.createBridge("br0", mtu: 1400, hardwareAddress: Self.macAddress)
            return (index, try LinkFixture.show("br0"), try socket.link(named: "br0"))
        }
        let data = try #require(shown["linkinfo"]?["info_data"])
        #expect(shown["linkinfo"]?["info_kind"]?.string == "bridge" && shown["mtu"]?.integer == 1400)
        #expect(data["stp_state"]?.integer == 0 && data["forward_delay"]?.integer == 0)
        #expect(data["mcast_snooping"]?.integer == 0)
        #expect(shown["address"]?.string == "02:00:00:00:00:07" && shown["ifindex"]?.integer == Int64(index))
        let bridge = try #require(link)
        #expect(bridge.index == index && bridge.kind == "bridge" && bridge.mtu == 1400 && bridge.isBound)
        #expect(bridge.hardwareAddress == Self.macAddress && !bridge.isUp && bridge.master == nil)
    }

    @Test("a pair lies in two namespaces from the start: one end up in the bridge, the other with its name and address")
    func veth() throws {
        let far = try LinkFixture.newNetwork()
        let (pair, bridge, near, shownNear, shownFar, farLink) = try LinkFixture.inOwnNetwork {
            var socket = try RouteSocket()
            let bridge = try socket.createBridge("br0", mtu: 1400)
            try socket.setUp(bridge)
            let peer = VethPeer(name: "eth0", hardwareAddress: Self.macAddress, namespace: far.raw)
            let pair = try socket.createVeth("v0", master: bridge, mtu: 1400, peer: peer)
            var inside = try RouteSocket(in: far.raw)
            try inside.setUp(pair.peer)
            return (
                pair, bridge, try socket.link(at: pair.index), try LinkFixture.show("v0"),
                try LinkFixture.show("eth0", in: far), try inside.link(at: pair.peer)
            )
        }
        #expect(shownNear["master"]?.string == "br0" && shownNear["linkinfo"]?["info_kind"]?.string == "veth")
        #expect(shownNear["flags"]?.strings?.contains("UP") == true && shownNear["operstate"]?.string == "UP")
        #expect(shownNear["linkinfo"]?["info_slave_data"]?["state"]?.string == "forwarding")
        #expect(shownFar["address"]?.string == "02:00:00:00:00:07" && shownFar["mtu"]?.integer == 1400)
        #expect(shownFar["flags"]?.strings?.contains("UP") == true)
        #expect(shownFar["ifindex"]?.integer == Int64(pair.peer))
        let (nearLink, other) = (try #require(near), try #require(farLink))
        #expect(nearLink.master == bridge && nearLink.peer == pair.peer && nearLink.isUp && nearLink.isRunning)
        #expect(other.name == "eth0" && other.peer == pair.index && other.hardwareAddress == Self.macAddress)
    }

    @Test("the other end of a pair is found by its process: the namespace has one number in the list and by itself")
    func namespaceNumber() throws {
        let agent = NetworkAgent()
        let (number, own, gone, links) = try LinkFixture.inOwnNetwork {
            var socket = try RouteSocket()
            let far = try File.open("/proc/\(agent.pid)/ns/net", .read)
            _ = try socket.createVeth(
                "v0", master: nil, mtu: nil, peer: VethPeer(name: "eth0", hardwareAddress: nil, namespace: far.raw))
            let here = try File.open("/proc/thread-self/ns/net", .read)
            _ = try socket.createVeth(
                "w0", master: nil, mtu: nil, peer: VethPeer(name: "w1", hardwareAddress: nil, namespace: here.raw))
            let links = try socket.links()
            return (
                try socket.namespaceNumber(of: agent.pid), try socket.namespaceNumber(of: getpid()),
                try socket.namespaceNumber(of: .max), links
            )
        }
        let found = try #require(number)
        #expect(links.filter { $0.peerNamespace == found }.map(\.name) == ["v0"])
        #expect(links.filter { $0.peerNamespace == nil }.map(\.name).sorted() == ["lo", "w0", "w1"])
        #expect(own == nil && gone == nil)
    }

    @Test("a pair of which one end cannot be is not there at all, and the error has names and number")
    func halfPair() throws {
        let far = try LinkFixture.newNetwork()
        let (errors, left) = try LinkFixture.inOwnNetwork {
            var socket = try RouteSocket()
            let peer = VethPeer(name: "eth0", hardwareAddress: nil, namespace: far.raw)
            let first = try socket.createVeth("v0", master: nil, mtu: nil, peer: peer)
            var errors: [CFSError?] = []
            func failing(_ name: String, _ master: Int32?, _ peer: VethPeer) {
                var error: CFSError?
                do throws(CFSError) {
                    _ = try socket.createVeth(name, master: master, mtu: nil, peer: peer)
                } catch let thrown {
                    error = thrown
                }
                errors.append(error)
            }
            failing("v1", nil, peer)
            failing("v0", nil, VethPeer(name: "eth1", hardwareAddress: nil, namespace: far.raw))
            failing("v2", 4096, VethPeer(name: "eth1", hardwareAddress: nil, namespace: far.raw))
            failing("v3", first.index, VethPeer(name: "eth1", hardwareAddress: nil, namespace: far.raw))
            failing("v4", nil, VethPeer(name: "eth1", hardwareAddress: nil, namespace: 4096))
            var inside = try RouteSocket(in: far.raw)
            return (errors, try socket.links().map(\.name) + inside.links().map(\.name))
        }
        #expect(left == ["lo", "v0", "lo", "eth0"])
        #expect(errors[0]?.code == .conflict && errors[0]?.errno == EEXIST)
        #expect(errors[0]?.message.contains("v1 and eth0 cannot be made") == true, "\(errors)")
        #expect(errors[1]?.code == .conflict && errors[1]?.message.contains("v0 and eth1") == true, "\(errors)")
        #expect(errors[2] != nil && errors[3] != nil && errors[4] != nil, "\(errors)")
    }

    @Test("a bridge with 1,023 ports says so, and nothing is left of the next pair")
    func fullBridge() throws {
        let far = try LinkFixture.newNetwork()
        let (error, moved, count) = try LinkFixture.inOwnNetwork {
            var socket = try RouteSocket()
            let bridge = try socket.createBridge("br0")
            // Both ends of a pair are ports: half as many pairs.
            for number in 0..<512 {
                let here = try File.open("/proc/thread-self/ns/net", .read)
                let peer = VethPeer(name: "w\(number)", hardwareAddress: nil, namespace: here.raw)
                let pair = try socket.createVeth("v\(number)", master: bridge, mtu: nil, peer: peer)
                if number < 511 { try socket.setMaster(pair.peer, bridge) }
            }
            let peer = VethPeer(name: "eth0", hardwareAddress: nil, namespace: far.raw)
            var failures: [CFSError] = []
            do throws(CFSError) {
                _ = try socket.createVeth("last", master: bridge, mtu: nil, peer: peer)
            } catch {
                failures.append(error)
            }
            let spare = try #require(try socket.link(named: "w511"))
            do throws(CFSError) {
                try socket.setMaster(spare.index, bridge)
            } catch {
                failures.append(error)
            }
            var inside = try RouteSocket(in: far.raw)
            return (failures.first, failures.last, try socket.links().count + inside.links().count)
        }
        #expect(error?.code == .limitExceeded && error?.errno == EXFULL, "\(String(describing: error))")
        #expect(error?.message.contains("the device br0 has 1,023 ports") == true, "\(String(describing: error))")
        #expect(moved?.code == .limitExceeded && moved?.message.contains("the device w511") == true)
        #expect(count == 3 + 1024)
    }

    @Test("a device is switched, renamed, moved, and removed; one that is gone is removed without an error")
    func changes() throws {
        let far = try LinkFixture.newNetwork()
        let (states, names, inside, left) = try LinkFixture.inOwnNetwork {
            var socket = try RouteSocket()
            var other = try RouteSocket(in: far.raw)
            let here = try File.open("/proc/thread-self/ns/net", .read)
            let peer = VethPeer(name: "w0", hardwareAddress: nil, namespace: here.raw)
            let pair = try socket.createVeth("v0", master: nil, mtu: nil, peer: peer)
            var states = [try socket.link(at: pair.peer)?.isUp]
            try socket.setUp(pair.peer)
            states.append(try socket.link(at: pair.peer)?.isUp)
            try socket.setDown(pair.peer)
            states.append(try socket.link(at: pair.peer)?.isUp)
            try socket.rename(pair.peer, to: "fifteen-letters")
            let names = try socket.links().map(\.name)
            try socket.move(pair.peer, toNamespace: far.raw, as: "eth7")
            let inside = try other.link(named: "eth7")
            try socket.delete(pair.index)
            try socket.delete(pair.index)
            return (states, names, inside, try socket.links().map(\.name) + other.links().map(\.name))
        }
        #expect(states == [false, true, false])
        #expect(Set(names) == ["lo", "v0", "fifteen-letters"])
        #expect(inside?.name == "eth7" && inside?.kind == "veth")
        #expect(left == ["lo", "lo"])
    }

    @Test("a port has its flags as ip shows them, and leaves its bridge")
    func ports() throws {
        let (on, off, free) = try LinkFixture.inOwnNetwork {
            var socket = try RouteSocket()
            let bridge = try socket.createBridge("br0")
            let here = try File.open("/proc/thread-self/ns/net", .read)
            let peer = VethPeer(name: "w0", hardwareAddress: nil, namespace: here.raw)
            let port = try socket.createVeth("v0", master: bridge, mtu: nil, peer: peer).index
            try socket.setHairpin(port, true)
            let on = try LinkFixture.show("v0")["linkinfo"]?["info_slave_data"]
            try socket.setHairpin(port, false)
            let off = try LinkFixture.show("v0")["linkinfo"]?["info_slave_data"]
            try socket.setMaster(port, nil)
            return (on, off, try socket.link(at: port)?.master)
        }
        #expect(on?["hairpin"]?.bool == true && off?["hairpin"]?.bool == false && free == nil)
    }

    @Test(
        "a port that is closed passes nothing any more, its bridge forgets its neighbours, and one that is gone is fine"
    )
    func closedPort() throws {
        let (before, after, known, forgotten) = try LinkFixture.inOwnNetwork {
            var socket = try RouteSocket()
            let bridge = try socket.createBridge("br0")
            try socket.setUp(bridge)
            let here = try File.open("/proc/thread-self/ns/net", .read)
            let peer = VethPeer(name: "w0", hardwareAddress: nil, namespace: here.raw)
            let port = try socket.createVeth("v0", master: bridge, mtu: nil, peer: peer).index
            if let other = try socket.link(named: "w0") { try socket.setUp(other.index) }
            // A neighbour is one that has sent something.
            let made = try LinkFixture.run("bridge fdb add 02:00:00:00:00:99 dev v0 master dynamic")
            #expect(made.status == 0, "\(made.errors)")
            func isKnown() throws -> Bool {
                try LinkFixture.run("bridge fdb show br br0").output.contains("02:00:00:00:00:99")
            }
            let known = try isKnown()
            let before = try LinkFixture.show("v0")["linkinfo"]?["info_slave_data"]?["state"]?.string
            try socket.closePort(port)
            let after = try LinkFixture.show("v0")["linkinfo"]?["info_slave_data"]?["state"]?.string
            let forgotten = try !isKnown()
            try socket.delete(port)
            try socket.closePort(port)
            return (before, after, known, forgotten)
        }
        #expect(before == "forwarding" && after == "disabled")
        #expect(known && forgotten)
    }

    @Test("a device on another one is made inside of a namespace; a kind that the kernel lacks is said so")
    func stacked() throws {
        let far = try LinkFixture.newNetwork()
        let (shown, failure, error) = try LinkFixture.inOwnNetwork {
            var socket = try RouteSocket()
            let here = try File.open("/proc/thread-self/ns/net", .read)
            let pairs = try ["v0", "v1"].map { name in
                let peer = VethPeer(name: "w\(name)", hardwareAddress: nil, namespace: here.raw)
                return try socket.createVeth(name, master: nil, mtu: nil, peer: peer).index
            }
            try socket.createMacvlan(
                "eth0", parent: pairs[0], mode: .bridge, mtu: 1400, hardwareAddress: Self.macAddress, namespace: far.raw
            )
            var failure: CFSError?
            do throws(CFSError) {
                try socket.createMacvlan("eth0", parent: pairs[1], mode: .vepa, namespace: far.raw)
            } catch {
                failure = error
            }
            var error: CFSError?
            do throws(CFSError) {
                try socket.createIPVlan("eth1", parent: pairs[1], mode: .l3, namespace: far.raw)
            } catch let thrown {
                error = thrown
            }
            return (try LinkFixture.json("ip -j -d link show", in: far), failure, error)
        }
        let macvlan = shown.first { $0["ifname"]?.string == "eth0" }
        #expect(macvlan?["linkinfo"]?["info_kind"]?.string == "macvlan" && macvlan?["mtu"]?.integer == 1400)
        #expect(macvlan?["linkinfo"]?["info_data"]?["mode"]?.string == "bridge")
        #expect(macvlan?["address"]?.string == "02:00:00:00:00:07")
        #expect(failure?.code == .conflict && failure?.message.contains("the device v1 ") == true)
        if let error {
            #expect(
                error.code == .kernelUnsupported && error.message.contains("the device v1 cannot carry"), "\(error)")
        } else {
            let ipvlan = shown.first { $0["ifname"]?.string == "eth1" }
            #expect(ipvlan?["linkinfo"]?["info_data"]?["mode"]?.string == "l3")
        }
    }

    @Test("lo is no device of Ethernet, and what it cannot carry is told with what can")
    func stackedOnLoopback() throws {
        let (kinds, failure) = try LinkFixture.inOwnNetwork {
            var socket = try RouteSocket()
            let here = try File.open("/proc/thread-self/ns/net", .read)
            let bridge = try socket.createBridge("b0")
            let kinds = [try socket.link(at: 1)?.isEthernet, try socket.link(at: bridge)?.isEthernet]
            let failure = LinkFixture.error(&socket) { socket in
                try socket.createMacvlan("eth0", parent: 1, mode: .bridge, namespace: here.raw)
            }
            return (kinds, failure)
        }
        #expect(kinds == [false, true])
        #expect(failure?.message.hasPrefix("the device lo cannot carry the macvlan device eth0") == true)
        #expect(failure?.errno == EINVAL)
        #expect(
            failure?.hint
                == "it must be of Ethernet, be no port of a bridge, carry devices of one kind only, and have at least the MTU "
                + "that is asked for: ip -d link")
    }

    @Test("what went through a device is counted as ip counts it")
    func statistics() throws {
        let (link, shown) = try LinkFixture.inOwnNetwork {
            var socket = try RouteSocket()
            let loopback = try #require(try socket.link(named: "lo"))
            try socket.setUp(loopback.index)
            // An answer from a port without a listener: two packets each way, and nothing after them.
            let sender = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = UInt16(9).bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            let length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(sender, $0, length) }
            }
            close(sender)
            #expect(result == -1)
            return (try socket.link(named: "lo"), try LinkFixture.show("lo"))
        }
        let statistics = try #require(link?.statistics)
        let (received, sent) = (shown["stats64"]?["rx"], shown["stats64"]?["tx"])
        #expect(statistics.received.packets > 0 && statistics.sent.bytes > 0)
        #expect(received?["bytes"]?.unsigned == statistics.received.bytes)
        #expect(received?["packets"]?.unsigned == statistics.received.packets)
        #expect(sent?["bytes"]?.unsigned == statistics.sent.bytes)
        #expect(sent?["packets"]?.unsigned == statistics.sent.packets)
    }

    @Test("a name that cannot be is refused before the kernel is asked, and a device that is not there is nil")
    func names() throws {
        let (codes, nothing, count) = try LinkFixture.inOwnNetwork {
            var socket = try RouteSocket()
            var codes: [CFSError.Code?] = []
            func failing(_ body: (inout RouteSocket) throws(CFSError) -> Void) {
                var code: CFSError.Code?
                do throws(CFSError) { try body(&socket) } catch { code = error.code }
                codes.append(code)
            }
            for name in ["", "sixteen-letters-", "a b", "a/b", "a:b", "e%d"] {
                let peer = VethPeer(name: "eth0", hardwareAddress: nil, namespace: 0)
                let badPeer = VethPeer(name: name, hardwareAddress: nil, namespace: 0)
                failing { (socket) throws(CFSError) in _ = try socket.link(named: name) }
                failing { (socket) throws(CFSError) in _ = try socket.createBridge(name) }
                failing { (socket) throws(CFSError) in
                    _ = try socket.createVeth(name, master: nil, mtu: nil, peer: peer)
                }
                failing { (socket) throws(CFSError) in
                    _ = try socket.createVeth("v0", master: nil, mtu: nil, peer: badPeer)
                }
                failing { (socket) throws(CFSError) in
                    try socket.createMacvlan(name, parent: 1, mode: .bridge, namespace: 0)
                }
                failing { (socket) throws(CFSError) in
                    try socket.createIPVlan(name, parent: 1, mode: .l2, namespace: 0)
                }
                failing { (socket) throws(CFSError) in try socket.rename(1, to: name) }
                failing { (socket) throws(CFSError) in try socket.move(1, toNamespace: 0, as: name) }
            }
            return (codes, try socket.link(named: "eth0"), try socket.links().count)
        }
        #expect(codes.count == 48 && codes.allSatisfy { $0 == .invalidArgument }, "\(codes)")
        #expect(nothing == nil && count == 1)
    }
}
