import CFSLinux
import CFSModel
import Glibc

/// A network device of the host that a container gets (runtime-spec 1.3.0, config-linux.md, Network Devices).
package struct NetworkDeviceMove: Sendable, Hashable {
    /// On the host.
    package var name: String
    /// In the container; with `%d` in it the first number that makes a free name.
    package var newName: String

    package init(name: String, newName: String) {
        self.name = name
        self.newName = newName
    }

    /// Whether the kernel takes the text as a device's name.
    ///
    /// - Parameter isTemplate: whether one `%d` may stand for a number.
    package static func isName(_ text: String, isTemplate: Bool = false) -> Bool {
        LinkName.isValid(text, isTemplate: isTemplate)
    }

    /// Moves all devices from this thread's namespace, or none: what can be known before is asked for all of them
    /// first, and when one fails nevertheless the others are given back.
    ///
    /// A device keeps its settings and those of its addresses that are permanent and hold everywhere, and is up at the
    /// end. Its routes it loses, but for those of its addresses.
    ///
    /// - Parameter namespace: a descriptor of the container's network namespace.
    /// - Throws: `invalidConfiguration`, which names the device.
    package static func carryOut(_ moves: [NetworkDeviceMove], into namespace: Int32) throws(CFSError) {
        if moves.isEmpty { return }
        let ours = try File.open("/proc/thread-self/ns/net", .read, phase: .entering)
        var host = try RouteSocket()
        var inside = try RouteSocket(in: namespace)
        var devices: [Device] = []
        for move in moves { devices.append(try move.device(&host, &inside)) }
        for place in devices.indices {
            do throws(CFSError) {
                try devices[place].carryOut(&host, &inside, namespace)
            } catch {
                var failure = error
                for device in devices[...place] {
                    do throws(CFSError) {
                        try device.giveBack(&inside, &host, ours.raw)
                    } catch {
                        failure.message += "; \(error.message)"
                    }
                }
                throw failure
            }
        }
    }

    private var isTemplate: Bool { newName.contains("%") }

    private func device(_ host: inout RouteSocket, _ inside: inout RouteSocket) throws(CFSError) -> Device {
        guard Self.isName(name) else { throw fault("this is not a name of a device") }
        guard Self.isName(newName, isTemplate: true) else {
            throw fault("\"\(newName)\" cannot be the name of a device")
        }
        guard let link = try host.link(named: name) else { throw fault("the host has no such device", ENODEV) }
        if link.isBound {
            throw fault("it cannot be moved into the container: it belongs to the host for ever", EINVAL)
        }
        if !isTemplate, try inside.link(named: newName) != nil { throw taken }
        let addresses = try host.addresses(of: link.index).filter { $0.isPermanent && $0.scope == 0 }
        return Device(move: self, link: link, addresses: addresses)
    }

    fileprivate func freeName(_ inside: inout RouteSocket) throws(CFSError) -> String {
        guard isTemplate else { return newName }
        let parts = newName.split(separator: "%", omittingEmptySubsequences: false)
        for number in 0..<4096 {
            let name = "\(parts[0])\(number)\(parts[1].dropFirst())"
            guard Self.isName(name) else { break }
            if try inside.link(named: name) == nil { return name }
        }
        throw taken
    }

    private var taken: CFSError {
        fault("the container's network namespace has a device \(newName) already", EEXIST)
    }

    fileprivate func fault(_ what: String, _ number: Int32? = nil) -> CFSError {
        CFSError(.invalidConfiguration, .preparing, "linux.netDevices.\(name): \(what)", errno: number)
    }
}

/// A device on its way.
private struct Device {
    let move: NetworkDeviceMove
    /// On the host.
    let link: Link
    let addresses: [DeviceAddress]
    /// In the container, once it is there.
    var newName: String?

    mutating func carryOut(
        _ host: inout RouteSocket, _ inside: inout RouteSocket, _ namespace: Int32
    ) throws(CFSError) {
        let name = try move.freeName(&inside)
        do throws(CFSError) {
            try host.move(link.index, toNamespace: namespace, as: name)
            newName = name
            try settle(&inside, name, isUp: true)
        } catch {
            let what = newName == nil ? "it cannot be moved into the container" : "it cannot be set up in the container"
            throw move.fault("\(what): \(error.message)", error.errno)
        }
    }

    /// Moves it back, when it went, as it was on the host.
    func giveBack(_ inside: inout RouteSocket, _ host: inout RouteSocket, _ namespace: Int32) throws(CFSError) {
        // The kernel may have moved it and then found its new name taken.
        guard try host.link(at: link.index)?.name != link.name else { return }
        guard let moved = try inside.link(named: newName ?? link.name) else { return }
        try inside.move(moved.index, toNamespace: namespace, as: link.name)
        try settle(&host, link.name, isUp: link.isUp)
    }

    private func settle(_ socket: inout RouteSocket, _ name: String, isUp: Bool) throws(CFSError) {
        guard let moved = try socket.link(named: name) else {
            throw CFSError(
                .systemCallFailed, .preparing, "the device \(name) was moved and is not there", errno: ENODEV)
        }
        for address in addresses {
            try socket.add(address.moved(to: moved.index, keepsLabel: name == link.name))
        }
        if isUp { try socket.setUp(moved.index) }
    }
}
