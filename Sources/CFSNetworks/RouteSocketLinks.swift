import CFSModel
import Glibc

/// Making, changing and removing devices.
extension RouteSocket {
    /// Makes a bridge, switched off.
    ///
    /// - Parameters:
    ///   - mtu: in bytes; nil for 1,500.
    ///   - hardwareAddress: one that stays. By itself a bridge takes the lowest of its ports, so it changes with them.
    /// - Returns: its number.
    package mutating func createBridge(
        _ name: String, mtu: UInt32? = nil, hardwareAddress: [UInt8]? = nil
    ) throws(CFSError) -> Int32 {
        try LinkName.check(name)
        try HardwareAddress.check(hardwareAddress)
        try make(.newBridge(name, mtu: mtu, hardwareAddress: hardwareAddress), "the bridge \(name) cannot be made")
        return try made(name).index
    }

    /// Makes a pair of devices with one message, so there is both or nothing: this end up and a port of `master`, the
    /// other one in its own namespace from its first moment, switched off.
    ///
    /// - Parameter mtu: of both, in bytes; nil for 1,500.
    /// - Returns: the numbers of both, each in its namespace.
    /// - Throws: `limitExceeded` when the bridge has 1,023 ports already.
    package mutating func createVeth(
        _ name: String, master: Int32?, mtu: UInt32?, peer: VethPeer
    ) throws(CFSError) -> (index: Int32, peer: Int32) {
        try LinkName.check(name)
        try LinkName.check(peer.name)
        try HardwareAddress.check(peer.hardwareAddress)
        do throws(CFSError) {
            try make(
                .newVeth(name, master: master, mtu: mtu, peer: peer),
                "the devices \(name) and \(peer.name) cannot be made")
        } catch {
            throw try withFullBridge(error, master)
        }
        let link = try made(name)
        guard let other = link.peer else { throw Self.vanished(name) }
        return (link.index, other)
    }

    /// Makes a device with a hardware address of its own on another one, inside of a namespace, switched off.
    ///
    /// - Parameters:
    ///   - parent: the number of the other one.
    ///   - mtu: in bytes; nil for the parent's.
    ///   - hardwareAddress: nil for one that the kernel draws.
    ///   - namespace: a descriptor.
    package mutating func createMacvlan(
        _ name: String, parent: Int32, mode: MacvlanMode, mtu: UInt32? = nil, hardwareAddress: [UInt8]? = nil,
        namespace: Int32
    ) throws(CFSError) {
        try LinkName.check(name)
        try HardwareAddress.check(hardwareAddress)
        let message = NetlinkMessage.newMacvlan(
            name, parent: parent, mode: mode, mtu: mtu, hardwareAddress: hardwareAddress, namespace: namespace)
        try stack(message, on: parent, "cannot carry the macvlan device \(name)")
    }

    /// Makes a device that shares the hardware address of another one, inside of a namespace, switched off.
    ///
    /// - Parameters: as of ``createMacvlan(_:parent:mode:mtu:hardwareAddress:namespace:)``.
    package mutating func createIPVlan(
        _ name: String, parent: Int32, mode: IPVlanMode, mtu: UInt32? = nil, namespace: Int32
    ) throws(CFSError) {
        try LinkName.check(name)
        let message = NetlinkMessage.newIPVlan(name, parent: parent, mode: mode, mtu: mtu, namespace: namespace)
        try stack(message, on: parent, "cannot carry the ipvlan device \(name)")
    }

    /// The kernel says EINVAL for a device of the wrong kind or with too small an MTU, and EBUSY for one that is in use otherwise
    /// (macvlan_port_create, ipvlan_port_create; Linux 6.1).
    private mutating func stack(_ message: NetlinkMessage, on parent: Int32, _ what: String) throws(CFSError) {
        do throws(CFSError) {
            try ask(parent, message, what)
        } catch {
            guard [EINVAL, EBUSY].contains(error.errno) else { throw error }
            throw error.hinting(
                "it must be of Ethernet, be no port of a bridge, carry devices of one kind only, and have at least the MTU "
                    + "that is asked for: ip -d link")
        }
    }

    private mutating func made(_ name: String) throws(CFSError) -> Link {
        guard let link = try link(named: name) else { throw Self.vanished(name) }
        return link
    }

    private static func vanished(_ name: String) -> CFSError {
        CFSError(.systemCallFailed, .preparing, "the device \(name) was made and is not there", errno: ENODEV)
    }

    private mutating func withFullBridge(_ error: CFSError, _ master: Int32?) throws(CFSError) -> CFSError {
        guard error.code == .limitExceeded, let master else { return error }
        var full = error
        full.message += ": \(try name(of: master)) has 1,023 ports, which is all that a bridge can have"
        return full
    }

    // MARK: - Changes

    package mutating func setUp(_ index: Int32) throws(CFSError) {
        try ask(index, NetlinkMessage(link: .set, index: index, isUp: true), "cannot be switched on")
    }

    package mutating func setDown(_ index: Int32) throws(CFSError) {
        try ask(index, NetlinkMessage(link: .set, index: index, isUp: false), "cannot be switched off")
    }

    package mutating func rename(_ index: Int32, to name: String) throws(CFSError) {
        try LinkName.check(name)
        try ask(index, .rename(index, to: name), "cannot be renamed to \(name)")
    }

    /// Moves a device into the namespace behind a descriptor, under a name that is free there. It is down then, has no
    /// addresses, and another number when its own is not free.
    package mutating func move(_ index: Int32, toNamespace namespace: Int32, as name: String) throws(CFSError) {
        try LinkName.check(name)
        try ask(index, .move(index, toNamespace: namespace, as: name), "cannot be moved to be \(name)")
    }

    /// Makes a device a port of a bridge, or, with nil, of none.
    ///
    /// - Throws: `limitExceeded` when the bridge has 1,023 ports already.
    package mutating func setMaster(_ index: Int32, _ master: Int32?) throws(CFSError) {
        do throws(CFSError) {
            try ask(index, .setMaster(index, master), "cannot be \(master == nil ? "taken from" : "put into") a bridge")
        } catch {
            throw try withFullBridge(error, master)
        }
    }

    /// Whether a bridge sends back through a port what came from it.
    package mutating func setHairpin(_ index: Int32, _ isOn: Bool) throws(CFSError) {
        try ask(index, .setPort(index, hairpin: isOn), "cannot have its hairpin mode changed")
    }

    /// Closes a port of a bridge at once: nothing passes it any more, and whoever was behind it is forgotten. Removing the device
    /// would wait until no processor looks at it any more. One that is gone already is fine.
    package mutating func closePort(_ index: Int32) throws(CFSError) {
        do throws(CFSError) {
            try ask(index, .closePort(index), "cannot be closed")
        } catch {
            if error.errno != ENODEV { throw error }
        }
    }

    /// Removes a device, a pair with both its ends. One that is gone already is fine.
    package mutating func delete(_ index: Int32) throws(CFSError) {
        do throws(CFSError) {
            try ask(index, NetlinkMessage(link: .delete, index: index), "cannot be removed")
        } catch {
            if error.errno != ENODEV { throw error }
        }
    }
}
