import CFSModel
import Glibc

extension RouteSocket {
    /// Whether the kernel can make devices of a kind, such as `bridge` or `veth`. It loads a module for that when it has to.
    ///
    /// Nothing is made: what is asked for has the hardware address of a group, which a device cannot have, and the kernel
    /// looks for the kind first.
    ///
    /// - Throws: `notPermitted` without CAP_NET_ADMIN.
    package mutating func canMake(_ kind: String) throws(CFSError) -> Bool {
        let name = "cfs-nothing"
        var message = NetlinkMessage(link: .new, [.create, .exclusive])
        message.append(LinkAttribute.name, name)
        message.append(LinkAttribute.hardwareAddress, [0x01, 0, 0, 0, 0, 0x01])
        message.append(nesting: LinkAttribute.info) { $0.append(LinkAttribute.infoKind, kind) }
        do throws(CFSError) {
            try make(message, "devices of the kind \(kind) cannot be asked for")
        } catch {
            switch error.errno {
            case EADDRNOTAVAIL, EINVAL: return true
            case EOPNOTSUPP: return false
            default: throw error
            }
        }
        // A kernel that takes any address.
        if let link = try link(named: name) { try delete(link.index) }
        return true
    }
}
