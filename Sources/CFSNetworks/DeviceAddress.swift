import CFSModel

/// An address of a network device, as the kernel tells and takes it (`struct ifaddrmsg` of rtnetlink(7)).
package struct DeviceAddress: Sendable, Hashable {
    /// The device's number.
    package var index: Int32
    package var address: IPAddress
    /// Bits that it has in common with what the device reaches.
    package var prefix: Int
    /// The other end of a line between two (IFA_ADDRESS beside IFA_LOCAL).
    package var peer: IPAddress?
    package var broadcast: IPAddress?
    /// 0 for everywhere, 253 for its link, 254 for its host (RT_SCOPE_UNIVERSE, RT_SCOPE_LINK, RT_SCOPE_HOST).
    package var scope: UInt8
    /// IFA_F_*.
    package var flags: UInt32
    /// IPv4: the device's name, maybe with a colon and more behind it.
    package var label: String?
    /// Of its route; lower ones come first.
    package var metric: UInt32?

    /// Whether it stays until somebody takes it away (IFA_F_PERMANENT).
    package var isPermanent: Bool { flags & 0x80 != 0 }

    /// An address that works at once: IPv6 does not ask first whether another host has it. IPv4 has the broadcast
    /// address of its subnet, if that has one.
    ///
    /// - Throws: `invalidArgument` for a prefix that is longer than the address.
    init(_ address: IPAddress, prefix: Int, of index: Int32) throws(CFSError) {
        guard let subnet = IPSubnet(containing: address, prefix: prefix) else {
            throw CFSError(
                .invalidArgument, .preparing,
                "\(address)/\(prefix) is no address: its prefix has 0 to \(address.family.width) bits")
        }
        self.index = index
        self.address = address
        self.prefix = prefix
        broadcast = address.family == .ipv4 && prefix < 31 ? subnet.last : nil
        scope = address.isLoopback ? 254 : 0
        flags = address.family == .ipv6 ? 0x02 : 0  // IFA_F_NODAD
    }

    /// Reads what lies behind the header of an RTM_NEWADDR. Nil when it is none of IPv4 or IPv6.
    init?(_ body: ArraySlice<UInt8>) {
        let attributes = NetlinkAttributes(body.dropFirst(8))
        guard let family = body.number(at: 0, UInt8.self), let length = body.number(at: 1, UInt8.self),
            let shortFlags = body.number(at: 2, UInt8.self), let scope = body.number(at: 3, UInt8.self),
            let index = body.number(at: 4, Int32.self)
        else { return nil }
        let far = attributes[Self.far].flatMap { IPAddress(bytes: Array($0)) }
        let near = attributes[Self.near].flatMap { IPAddress(bytes: Array($0)) }
        guard let address = near ?? far, address.family.rawValue == family else { return nil }
        self.index = index
        self.address = address
        prefix = Int(length)
        peer = far == address ? nil : far
        broadcast = attributes[Self.broadcast].flatMap { IPAddress(bytes: Array($0)) }
        self.scope = scope
        flags = attributes.number(Self.longFlags, UInt32.self) ?? UInt32(shortFlags)
        label = attributes.text(Self.label)
        metric = attributes.number(Self.metric, UInt32.self)
    }

    /// The same address for another device, or for the same one elsewhere: without what tells of its state
    /// (IFA_F_SECONDARY, IFA_F_DADFAILED, IFA_F_DEPRECATED, IFA_F_TENTATIVE, IFA_F_PERMANENT).
    func moved(to index: Int32, keepsLabel: Bool) -> DeviceAddress {
        var copy = self
        copy.index = index
        copy.flags &= ~(0x01 | 0x08 | 0x20 | 0x40 | 0x80)
        if !keepsLabel { copy.label = nil }
        return copy
    }

    private static let far: UInt16 = 1  // IFA_ADDRESS
    private static let near: UInt16 = 2  // IFA_LOCAL
    private static let label: UInt16 = 3  // IFA_LABEL
    private static let broadcast: UInt16 = 4  // IFA_BROADCAST
    private static let longFlags: UInt16 = 8  // IFA_FLAGS
    private static let metric: UInt16 = 9  // IFA_RT_PRIORITY

    /// RTM_NEWADDR: an error when it is there.
    var adding: NetlinkMessage {
        var message = message(20, [.create, .exclusive])
        if let broadcast { message.append(Self.broadcast, broadcast.bytes) }
        if let label { message.append(Self.label, label) }
        if let metric { message.append(Self.metric, metric) }
        if flags != 0 { message.append(Self.longFlags, flags) }
        return message
    }

    /// RTM_DELADDR.
    var removing: NetlinkMessage { message(21) }

    private func message(_ kind: UInt16, _ flags: NetlinkMessage.Flags = []) -> NetlinkMessage {
        var message = NetlinkMessage(kind, flags)
        message.append(header: [address.family.rawValue, UInt8(clamping: prefix), 0, scope])
        message.append(index)
        message.append(Self.near, address.bytes)
        message.append(Self.far, (peer ?? address).bytes)
        return message
    }

    /// RTM_GETADDR: all of a device (0: of all devices) and of both families.
    static func list(of index: Int32) -> NetlinkMessage {
        var message = NetlinkMessage(22)
        message.append(header: [0, 0, 0, 0])
        message.append(index)
        return message
    }
}

extension RouteSocket {
    /// The addresses of a device, or of all.
    package mutating func addresses(of index: Int32? = nil) throws(CFSError) -> [DeviceAddress] {
        let what = "the addresses of network devices cannot be listed"
        // Kernels before 5.0 list those of all devices whatever was asked for.
        return try list(DeviceAddress.list(of: index ?? 0), what).compactMap { DeviceAddress($0) }
            .filter { index == nil || $0.index == index }
    }

    /// Gives a device an address that works at once, and a route to its subnet when the device is up.
    ///
    /// - Throws: `conflict` when the device has it, `invalidArgument` for a prefix that is longer than the address.
    package mutating func add(address: IPAddress, prefix: Int, to index: Int32) throws(CFSError) {
        try add(try DeviceAddress(address, prefix: prefix, of: index))
    }

    mutating func add(_ address: DeviceAddress) throws(CFSError) {
        try ask(address.index, address.adding, "cannot have the address \(address.address)/\(address.prefix)")
    }

    /// Takes an address from a device. One that it does not have is an error (EADDRNOTAVAIL).
    package mutating func removeAddress(_ address: IPAddress, prefix: Int, from index: Int32) throws(CFSError) {
        let address = try DeviceAddress(address, prefix: prefix, of: index)
        try ask(index, address.removing, "does not give away its address \(address.address)/\(prefix)")
    }
}
