/// Numbers of `linux/if_link.h`.
enum LinkAttribute {
    static let hardwareAddress: UInt16 = 1  // IFLA_ADDRESS
    static let name: UInt16 = 3  // IFLA_IFNAME
    static let mtu: UInt16 = 4  // IFLA_MTU
    static let link: UInt16 = 5  // IFLA_LINK
    static let master: UInt16 = 10  // IFLA_MASTER
    static let info: UInt16 = 18  // IFLA_LINKINFO
    static let statistics: UInt16 = 23  // IFLA_STATS64
    static let namespace: UInt16 = 28  // IFLA_NET_NS_FD
    static let sendingQueues: UInt16 = 31  // IFLA_NUM_TX_QUEUES
    static let receivingQueues: UInt16 = 32  // IFLA_NUM_RX_QUEUES
    static let peerNamespace: UInt16 = 37  // IFLA_LINK_NETNSID
    static let bound: UInt16 = 67  // IFLA_NETNS_IMMUTABLE (Linux 6.15)

    static let infoKind: UInt16 = 1  // IFLA_INFO_KIND
    static let infoData: UInt16 = 2  // IFLA_INFO_DATA
    static let portKind: UInt16 = 4  // IFLA_INFO_SLAVE_KIND
    static let portData: UInt16 = 5  // IFLA_INFO_SLAVE_DATA
}

/// The end of a pair of devices that lies in another namespace.
package struct VethPeer: Sendable, Hashable {
    package var name: String
    /// Six bytes; nil for one that the kernel draws.
    package var hardwareAddress: [UInt8]?
    /// A descriptor of its network namespace.
    package var namespace: Int32

    package init(name: String, hardwareAddress: [UInt8]?, namespace: Int32) {
        self.name = name
        self.hardwareAddress = hardwareAddress
        self.namespace = namespace
    }
}

/// What devices that share the hardware of another one tell each other (`enum macvlan_mode`).
package enum MacvlanMode: UInt32, Sendable, Hashable {
    /// Nothing.
    case isolated = 1
    /// What the switch outside sends back (802.1Qbg).
    case vepa = 2
    /// All.
    case bridge = 4
    /// There is only one, and it takes over.
    case passthrough = 8
}

/// At which layer packets of such devices part (`enum ipvlan_mode`).
package enum IPVlanMode: UInt16, Sendable, Hashable {
    case l2 = 0
    case l3 = 1
    /// As `l3`, and the host's packet filter sees them.
    case l3s = 2
}

/// Messages about devices. Pure.
extension NetlinkMessage {
    enum LinkKind: UInt16 {
        case new = 16  // RTM_NEWLINK
        case delete = 17  // RTM_DELLINK
        case get = 18  // RTM_GETLINK
        case set = 19  // RTM_SETLINK
    }

    /// With `struct ifinfomsg`.
    init(link kind: LinkKind, _ flags: Flags = [], index: Int32 = 0, isUp: Bool? = nil) {
        self.init(kind.rawValue, flags)
        append(linkHeader: index, isUp: isUp)
    }

    /// `struct ifinfomsg`: up, down, or as it is.
    private mutating func append(linkHeader index: Int32, family: UInt8 = 0, isUp: Bool?) {
        append(UInt32(family))  // ifi_family, ifi_type
        append(index)
        append(UInt32(isUp == true ? 1 : 0))  // IFF_UP
        append(UInt32(isUp == nil ? 0 : 1))  // ifi_change
    }

    private mutating func append(link name: String, mtu: UInt32?, hardwareAddress: [UInt8]?) {
        append(LinkAttribute.name, name)
        if let mtu { append(LinkAttribute.mtu, mtu) }
        if let hardwareAddress { append(LinkAttribute.hardwareAddress, hardwareAddress) }
    }

    private mutating func append(info kind: String, _ data: (inout NetlinkMessage) -> Void) {
        append(nesting: LinkAttribute.info) {
            $0.append(LinkAttribute.infoKind, kind)
            $0.append(nesting: LinkAttribute.infoData, data)
        }
    }

    static func getLink(named name: String) -> NetlinkMessage {
        var message = NetlinkMessage(link: .get)
        message.append(LinkAttribute.name, name)
        return message
    }

    /// A bridge whose ports forward at once: no spanning tree, no delay. It does not look into multicast: that costs
    /// timers for each port, and what IPv6 asks its neighbours would wait for reports when it begins.
    static func newBridge(_ name: String, mtu: UInt32?, hardwareAddress: [UInt8]?) -> NetlinkMessage {
        var message = NetlinkMessage(link: .new, [.create, .exclusive])
        message.append(link: name, mtu: mtu, hardwareAddress: hardwareAddress)
        message.append(info: "bridge") {
            $0.append(1, UInt32(0))  // IFLA_BR_FORWARD_DELAY
            $0.append(5, UInt32(0))  // IFLA_BR_STP_STATE
            $0.append(23, UInt8(0))  // IFLA_BR_MCAST_SNOOPING
        }
        return message
    }

    /// Both ends of a pair: the near one up and a port of its master, the far one in its namespace, where it cannot be
    /// up before there is a near one.
    static func newVeth(_ name: String, master: Int32?, mtu: UInt32?, peer: VethPeer) -> NetlinkMessage {
        var message = NetlinkMessage(link: .new, [.create, .exclusive], isUp: true)
        message.append(link: name, mtu: mtu, hardwareAddress: nil)
        message.appendOneQueue()
        if let master { message.append(LinkAttribute.master, master) }
        message.append(info: "veth") {
            $0.append(nesting: 1) {  // VETH_INFO_PEER
                $0.append(linkHeader: 0, isUp: nil)
                $0.append(link: peer.name, mtu: mtu, hardwareAddress: peer.hardwareAddress)
                $0.appendOneQueue()
                $0.append(LinkAttribute.namespace, peer.namespace)
            }
        }
        return message
    }

    /// By itself such a device has two queues for each processor, and each of them a folder in sysfs: that takes time.
    /// Nobody waits for the lock of the one: these devices send without.
    private mutating func appendOneQueue() {
        append(LinkAttribute.sendingQueues, UInt32(1))
        append(LinkAttribute.receivingQueues, UInt32(1))
    }

    static func newMacvlan(
        _ name: String, parent: Int32, mode: MacvlanMode, mtu: UInt32?, hardwareAddress: [UInt8]?, namespace: Int32
    ) -> NetlinkMessage {
        var message = NetlinkMessage(link: .new, [.create, .exclusive])
        message.append(link: name, mtu: mtu, hardwareAddress: hardwareAddress)
        message.append(LinkAttribute.link, parent)
        message.append(LinkAttribute.namespace, namespace)
        message.append(info: "macvlan") { $0.append(1, mode.rawValue) }  // IFLA_MACVLAN_MODE
        return message
    }

    static func newIPVlan(
        _ name: String, parent: Int32, mode: IPVlanMode, mtu: UInt32?, namespace: Int32
    ) -> NetlinkMessage {
        var message = NetlinkMessage(link: .new, [.create, .exclusive])
        message.append(link: name, mtu: mtu, hardwareAddress: nil)
        message.append(LinkAttribute.link, parent)
        message.append(LinkAttribute.namespace, namespace)
        message.append(info: "ipvlan") { $0.append(1, mode.rawValue) }  // IFLA_IPVLAN_MODE
        return message
    }

    static func rename(_ index: Int32, to name: String) -> NetlinkMessage {
        var message = NetlinkMessage(link: .set, index: index)
        message.append(LinkAttribute.name, name)
        return message
    }

    static func move(_ index: Int32, toNamespace namespace: Int32, as name: String) -> NetlinkMessage {
        var message = NetlinkMessage(link: .set, index: index)
        message.append(LinkAttribute.namespace, namespace)
        message.append(LinkAttribute.name, name)
        return message
    }

    static func setMaster(_ index: Int32, _ master: Int32?) -> NetlinkMessage {
        var message = NetlinkMessage(link: .set, index: index)
        message.append(LinkAttribute.master, master ?? 0)
        return message
    }

    /// Whether a bridge sends back through a port what came from it.
    static func setPort(_ index: Int32, hairpin: Bool) -> NetlinkMessage {
        var message = NetlinkMessage(link: .new, index: index)
        message.append(nesting: LinkAttribute.info) {
            $0.append(LinkAttribute.portKind, "bridge")
            $0.append(nesting: LinkAttribute.portData) { $0.append(4, UInt8(hairpin ? 1 : 0)) }  // IFLA_BRPORT_MODE
        }
        return message
    }

    /// Nothing passes a port any more, and its bridge forgets who was behind it. By the bridge's own family: behind a change of a
    /// device the bridge would open the port again.
    static func closePort(_ index: Int32) -> NetlinkMessage {
        var message = NetlinkMessage(LinkKind.set.rawValue, [])
        message.append(linkHeader: index, family: 7, isUp: nil)  // AF_BRIDGE
        message.append(nesting: 12) {  // IFLA_PROTINFO
            $0.append(1, UInt8(0))  // IFLA_BRPORT_STATE, BR_STATE_DISABLED
            $0.append(24, [UInt8]())  // IFLA_BRPORT_FLUSH
        }
        return message
    }

    /// With `struct rtgenmsg`.
    static func getNamespaceNumber(of pid: Int32) -> NetlinkMessage {
        var message = NetlinkMessage(90)  // RTM_GETNSID
        message.append(header: [0])
        message.append(2, pid)  // NETNSA_PID
        return message
    }

    /// Reads what lies behind the header of an RTM_NEWNSID. Nil when there is no number (NETNSA_NSID_NOT_ASSIGNED).
    static func namespaceNumber(in body: ArraySlice<UInt8>) -> Int32? {
        // NETNSA_NSID
        NetlinkAttributes(body.dropFirst(4)).number(1, Int32.self).flatMap { $0 < 0 ? nil : $0 }
    }
}
