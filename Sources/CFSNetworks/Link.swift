/// A network device, as the kernel describes it (RTM_NEWLINK of rtnetlink(7)).
package struct Link: Sendable, Hashable {
    /// Its number in its namespace, from 1.
    package var index: Int32
    package var name: String
    /// `bridge`, `veth`, `macvlan`, ...; nil for hardware and `lo`.
    package var kind: String?
    /// The number of the bridge (or its like) that it is a port of.
    package var master: Int32?
    /// Whether its packets are those of Ethernet (ARPHRD_ETHER of `<linux/if_arp.h>`): not those of `lo`, of a tunnel or of a
    /// tun device. Others carry no macvlan and no ipvlan.
    package var isEthernet: Bool
    /// Six bytes on Ethernet.
    package var hardwareAddress: [UInt8]
    /// The largest packet, in bytes, without the header of Ethernet.
    package var mtu: UInt32
    /// Whether it was switched on (IFF_UP).
    package var isUp: Bool
    /// Whether it can send, too: it has a carrier (IFF_RUNNING).
    package var isRunning: Bool
    /// Whether it stays in its namespace for ever, such as `lo` and bridges.
    package var isBound: Bool
    /// The number of the other end of a pair, or of the device below it; often in another namespace.
    package var peer: Int32?
    /// By which number this namespace knows that of `peer`, where it is another one: see
    /// ``RouteSocket/namespaceNumber(of:)``.
    package var peerNamespace: Int32?
    package var statistics: LinkStatistics?
}

/// What went through a device since it was made (`struct rtnl_link_stats64`).
package struct LinkStatistics: Sendable, Hashable {
    package struct Direction: Sendable, Hashable {
        package var bytes: UInt64
        package var packets: UInt64
        package var errors: UInt64
        package var dropped: UInt64
    }
    package var received: Direction
    package var sent: Direction
}

extension Link {
    /// Reads what lies behind the header of an RTM_NEWLINK: `struct ifinfomsg` and attributes. Nil when it is none.
    init?(_ body: ArraySlice<UInt8>) {
        let attributes = NetlinkAttributes(body.dropFirst(16))
        guard let hardware = body.number(at: 2, UInt16.self), let index = body.number(at: 4, Int32.self),
            let flags = body.number(at: 8, UInt32.self),
            let name = attributes.text(LinkAttribute.name)
        else { return nil }
        self.index = index
        isEthernet = hardware == 1
        self.name = name
        let info = attributes.nested(LinkAttribute.info)
        kind = info?.text(LinkAttribute.infoKind)
        master = attributes.number(LinkAttribute.master, Int32.self).flatMap { $0 == 0 ? nil : $0 }
        hardwareAddress = attributes[LinkAttribute.hardwareAddress].map { Array($0) } ?? []
        mtu = attributes.number(LinkAttribute.mtu, UInt32.self) ?? 0
        isUp = flags & 0x1 != 0
        isRunning = flags & 0x40 != 0
        // IFF_LOOPBACK; what older kernels do not tell: a bridge never moves.
        let isBoundByKind = flags & 0x8 != 0 || kind == "bridge"
        isBound = isBoundByKind || attributes.number(LinkAttribute.bound, UInt8.self) == 1
        peer = attributes.number(LinkAttribute.link, Int32.self).flatMap { $0 == 0 ? nil : $0 }
        peerNamespace = attributes.number(LinkAttribute.peerNamespace, Int32.self).flatMap { $0 < 0 ? nil : $0 }
        statistics = attributes[LinkAttribute.statistics].flatMap { LinkStatistics($0) }
    }
}

extension LinkStatistics {
    /// Reads the first eight numbers of `struct rtnl_link_stats64`.
    init?(_ bytes: ArraySlice<UInt8>) {
        let numbers = (0..<8).compactMap { bytes.number(at: $0 * 8, UInt64.self) }
        guard numbers.count == 8 else { return nil }
        received = Direction(bytes: numbers[2], packets: numbers[0], errors: numbers[4], dropped: numbers[6])
        sent = Direction(bytes: numbers[3], packets: numbers[1], errors: numbers[5], dropped: numbers[7])
    }
}
