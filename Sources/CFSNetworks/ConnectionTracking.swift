import CFSModel
import Glibc

/// The connections that the kernel remembers (nf_conntrack) in a network namespace: where packets of each go on to, whatever
/// the rules say by now. Numbers are those of linux/netfilter/nfnetlink_conntrack.h.
package struct ConnectionTable: ~Copyable {
    private var netlink: NetlinkSocket

    /// That of the namespace that this thread is in.
    package init() throws(CFSError) { netlink = try NetlinkSocket(.netfilter) }

    private enum Kind: UInt16 {
        case get = 1, delete  // IPCTNL_MSG_CT_*
        case statistics = 5
    }

    /// A field of one direction that the kernel compares (CTA_FILTER_F_CTA_*).
    private struct Fields: OptionSet {
        let rawValue: UInt32
        static let source = Fields(rawValue: 1 << 0)  // IP_SRC
        static let transport = Fields(rawValue: 1 << 3)  // PROTO_NUM
        static let destinationPort = Fields(rawValue: 1 << 5)  // PROTO_DST_PORT
    }

    /// How many connections the namespace has; 0 also when the kernel remembers none. That is told at once, while every list
    /// goes through the table of all namespaces: milliseconds, also where it is empty.
    package mutating func count() throws(CFSError) -> Int {
        let what = "count the connections that the kernel remembers"
        do throws(CFSError) {
            let answers = try netlink.request(Self.message(.statistics, nil), what)
            // CTA_STATS_GLOBAL_ENTRIES
            let number = answers.first.flatMap { NetlinkAttributes($0.body.dropFirst(4)).number(1, UInt32.self) }
            return number.map { Int(UInt32(bigEndian: $0)) } ?? 0
        } catch {
            if Self.meansNone(error) { return 0 }
            throw error
        }
    }

    /// Up to so many connections for each address all are read and compared here, which is one way through the table; the
    /// kernel, which picks those of one direction of one address only, goes two for each.
    package static let readable = 4096

    /// Forgets what addresses have sent and got, also by way of published ports.
    ///
    /// - Parameter readable: see ``readable``.
    /// - Returns: how many connections that were.
    @discardableResult
    package mutating func forget(
        addresses: [IPAddress], readable: Int = Self.readable
    ) throws(CFSError) -> Int {
        let known = try count()
        guard known > 0, !addresses.isEmpty else { return 0 }
        // Of IPv6 the kernel picks the others: its comparison is the wrong way round (ctnetlink_filter_match_tuple, since 5.8).
        let picked = known > readable * addresses.count ? addresses.filter { $0.family == .ipv4 } : []
        var count = picked.isEmpty ? 0 : try forgetPicked(picked)
        let sought = Set(addresses).subtracting(picked)
        guard !sought.isEmpty else { return count }
        let found = try list(Self.message(.get, nil)) { connection in
            Self.sources(connection).contains { sought.contains($0) }
        }
        for connection in found {
            guard let family = connection.first.flatMap({ IPAddress.Family(rawValue: $0) }) else { continue }
            count += try delete(connection, family)
        }
        return count
    }

    private mutating func forgetPicked(_ addresses: [IPAddress]) throws(CFSError) -> Int {
        var count = 0
        for address in addresses {
            // Whom it called, and who called it: then it is the source of what comes back.
            for direction in [Self.original, Self.reply] {
                let found = try list(address.family, direction, .source) { message in
                    message.append(nesting: 1) { Self.append(address, 1, to: &$0) }  // CTA_TUPLE_IP
                }
                for connection in found { count += try delete(connection, address.family) }
            }
        }
        return count
    }

    /// Forgets what has come to ports of the host by UDP: without a beginning or an end, a stream of packets goes where its
    /// first one went.
    ///
    /// - Parameter isLocal: whether an address is one of the host: others may have the same port.
    /// - Returns: how many connections that were.
    @discardableResult
    package mutating func forget(
        ports: [PublishedPort], isLocal: (IPAddress) -> Bool
    ) throws(CFSError) -> Int {
        var count = 0
        guard ports.contains(where: { $0.transport == .udp }), try self.count() > 0 else { return 0 }
        for port in ports where port.transport == .udp {
            let family = port.container.family
            let found = try list(family, Self.original, [.transport, .destinationPort]) { message in
                message.append(nesting: 2) { part in  // CTA_TUPLE_PROTO
                    part.append(1, PublishedPort.Transport.udp.rawValue)  // CTA_PROTO_NUM
                    part.append(3, networkOrder: port.hostPort)  // CTA_PROTO_DST_PORT
                }
            }
            for connection in found {
                guard let destination = Self.destination(connection) else { continue }
                if let host = port.hostAddress, host != destination { continue }
                if isLocal(destination) { count += try delete(connection, family) }
            }
        }
        return count
    }

    private static let original: UInt16 = 1  // CTA_TUPLE_ORIG
    private static let reply: UInt16 = 2  // CTA_TUPLE_REPLY

    /// - Parameter family: nil for all.
    private static func message(_ kind: Kind, _ family: IPAddress.Family?) -> NetlinkMessage {
        var message = NetlinkMessage(1 << 8 | kind.rawValue)  // NFNL_SUBSYS_CTNETLINK
        message.append(family?.rawValue ?? 0)  // struct nfgenmsg; AF_UNSPEC
        message.append(UInt8(0))
        message.append(UInt16(0))
        return message
    }

    private static func append(_ address: IPAddress, _ place: UInt16, to message: inout NetlinkMessage) {
        // CTA_IP_V4_SRC and CTA_IP_V4_DST; those of IPv6 come behind.
        message.append(address.family == .ipv4 ? place : place + 2, address.bytes)
    }

    /// The connections that match in some fields of one direction: the kernel picks them (CTA_FILTER, Linux 5.8).
    private mutating func list(
        _ family: IPAddress.Family, _ direction: UInt16, _ fields: Fields, _ fill: (inout NetlinkMessage) -> Void
    ) throws(CFSError) -> [ArraySlice<UInt8>] {
        var message = Self.message(.get, family)
        message.append(nesting: direction, fill)
        message.append(nesting: 25) { filter in  // CTA_FILTER
            filter.append(direction, fields.rawValue)  // CTA_FILTER_ORIG_FLAGS, CTA_FILTER_REPLY_FLAGS
        }
        return try list(message) { _ in true }
    }

    /// - Parameter matches: which ones are wanted: a table may have hundreds of thousands, of which few are.
    private mutating func list(
        _ message: NetlinkMessage, where matches: (ArraySlice<UInt8>) -> Bool
    ) throws(CFSError) -> [ArraySlice<UInt8>] {
        do throws(CFSError) {
            return try netlink.list(message, "list the connections that the kernel remembers") { answer in
                matches(answer.body) ? ArraySlice(Array(answer.body)) : nil
            }
        } catch {
            if Self.meansNone(error) { return [] }
            throw error
        }
    }

    /// A kernel without them: nfnetlink says EINVAL of a part that it does not have.
    private static func meansNone(_ error: CFSError) -> Bool { error.errno == EINVAL || error.errno == EOPNOTSUPP }

    /// Who sends in one direction, and who in the other.
    private static func sources(_ connection: ArraySlice<UInt8>) -> [IPAddress] {
        let attributes = NetlinkAttributes(connection.dropFirst(4))
        return [original, reply].compactMap { direction in
            let addresses = attributes.nested(direction)?.nested(1)  // CTA_TUPLE_IP
            return (addresses?[1] ?? addresses?[3]).flatMap { IPAddress(bytes: Array($0)) }
        }
    }

    /// Where the first packet went, before any translation.
    private static func destination(_ connection: ArraySlice<UInt8>) -> IPAddress? {
        let addresses = NetlinkAttributes(connection.dropFirst(4)).nested(original)?.nested(1)
        return (addresses?[2] ?? addresses?[4]).flatMap { IPAddress(bytes: Array($0)) }
    }

    /// - Returns: 1, or 0 when it went by itself.
    private mutating func delete(
        _ connection: ArraySlice<UInt8>, _ family: IPAddress.Family
    ) throws(CFSError) -> Int {
        let attributes = NetlinkAttributes(connection.dropFirst(4))
        guard let tuple = attributes[Self.original] else { return 0 }
        var message = Self.message(.delete, family)
        message.append(Self.original | NetlinkMessage.nested, Array(tuple))
        // Its number too: another one may have its place by now. CTA_ZONE, for those who have several tables.
        for attribute: UInt16 in [12, 18] {  // CTA_ID, CTA_ZONE
            if let value = attributes[attribute] { message.append(attribute, Array(value)) }
        }
        do throws(CFSError) {
            try netlink.request(message, "forget a connection")
            return 1
        } catch {
            if error.errno == ENOENT { return 0 }
            throw error
        }
    }
}
