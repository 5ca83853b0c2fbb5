import CFSLinux
import CFSModel
import Glibc

/// Settings below `/proc/sys/net` (ip-sysctl of the kernel's documentation) of the namespace that this thread is in.
package enum NetworkSysctl {
    /// - Parameter name: a path below `/proc/sys/net`, such as `ipv4/ip_forward`.
    /// - Returns: the value without its line's end; nil when the kernel has no such setting.
    package static func value(_ name: String) throws(CFSError) -> String? {
        do throws(CFSError) {
            let bytes = try File.readAll(at: path(name), limit: 1 << 16)
            return String(decoding: bytes.prefix { $0 != 0x0a }, as: UTF8.self)
        } catch {
            if error.errno == ENOENT { return nil }
            throw failure(error, name, "read")
        }
    }

    /// Keeps a device from IPv6. One whose packets are smaller than 1280 bytes has none (RFC 8200, section 5), and no settings.
    package static func turnOffIPv6(of device: String) throws(CFSError) {
        let setting = "ipv6/conf/\(device)/disable_ipv6"
        if try value(setting) != nil { try set(setting, "1") }
    }

    /// - Throws: `kernelUnsupported` when the kernel has no such setting.
    package static func set(_ name: String, _ value: String) throws(CFSError) {
        do throws(CFSError) {
            let file = try File.open(path(name), .write)
            try File.writeAll(file.raw, Array(value.utf8), path: path(name))
        } catch {
            throw failure(error, name, "set to \(value)")
        }
    }

    /// Turns IPv6 off for the devices that are there and for those to come. It is off where the kernel has none.
    package static func turnOffIPv6() throws(CFSError) {
        guard try hasIPv6() else { return }
        for part in ["all", "default"] { try set("ipv6/conf/\(part)/disable_ipv6", "1") }
    }

    /// Lets no router on the link say what addresses and routes there are: not for devices to come, nor for those
    /// named.
    ///
    /// The host's end of a network of containers needs this, too: whoever sends such an announcement becomes its way
    /// out.
    ///
    /// - Parameter devices: names of devices that are there.
    package static func ignoreRouterAnnouncements(devices: [String] = []) throws(CFSError) {
        guard try hasIPv6() else { return }
        // What `all` says, the kernel does not hand on to the devices.
        for name in ["all", "default"] + devices {
            try LinkName.check(name)
            try set("ipv6/conf/\(name)/accept_ra", "0")
        }
    }

    /// Whether the kernel has IPv6.
    package static func hasIPv6() throws(CFSError) -> Bool { try value("ipv6/conf/all/disable_ipv6") != nil }

    /// Whether a device of this namespace has an address of IPv6. Where that is turned off, not even loopback has one.
    package static func hasIPv6Address() throws(CFSError) -> Bool {
        let path = "/proc/thread-self/net/if_inet6"
        // A kernel without IPv6 has no such file.
        guard File.exists(path) else { return false }
        let file = try File.open(path, .read)
        return try !File.read(file.raw, atMost: 1, path: path).isEmpty
    }

    private static func path(_ name: String) -> String { "/proc/sys/net/\(name)" }

    private static func failure(_ error: CFSError, _ name: String, _ verb: String) -> CFSError {
        var error = error
        if error.errno == ENOENT { error.code = .kernelUnsupported }
        error.message = "the setting net/\(name) of the kernel cannot be \(verb)"
        return error
    }
}

/// Whether a host passes packets on between its devices.
package enum PacketForwarding {
    private static func name(_ family: IPAddress.Family) -> String {
        family == .ipv4 ? "ipv4/ip_forward" : "ipv6/conf/all/forwarding"
    }

    /// False, too, where the kernel lacks the family.
    package static func isOn(_ family: IPAddress.Family) throws(CFSError) -> Bool {
        try NetworkSysctl.value(name(family)).map { $0 != "0" } ?? false
    }

    /// Turns it on where it is off.
    ///
    /// A host that forwards IPv6 no longer listens to routers, and would lose the way out that it has from one: devices
    /// with such a route go on to listen (`accept_ra` 2), and no other.
    ///
    /// - Returns: whether it was off.
    @discardableResult
    package static func turnOn(_ family: IPAddress.Family) throws(CFSError) -> Bool {
        if try isOn(family) { return false }
        if family == .ipv6 { try keepListening() }
        try NetworkSysctl.set(name(family), "1")
        return true
    }

    /// Lets a device pass on what comes in there, where that is off. Of IPv6 the host's setting alone counts.
    ///
    /// - Returns: whether it was off.
    package static func turnOn(of device: String) throws(CFSError) -> Bool {
        let setting = "ipv4/conf/\(device)/forwarding"
        guard try NetworkSysctl.value(setting) == "0" else { return false }
        try NetworkSysctl.set(setting, "1")
        return true
    }

    private static func keepListening() throws(CFSError) {
        var socket = try RouteSocket()
        for route in try socket.routes() where route.isAnnounced {
            guard let index = route.device, let link = try socket.link(at: index) else { continue }
            let setting = "ipv6/conf/\(link.name)/accept_ra"
            if try NetworkSysctl.value(setting) == "1" { try NetworkSysctl.set(setting, "2") }
        }
    }
}
