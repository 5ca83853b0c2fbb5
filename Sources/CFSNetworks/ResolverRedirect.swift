import CFSModel

/// Rules in a container's own network namespace that lead its questions to 127.0.0.11, port 53, to other ports there, where
/// the engine's resolver listens: so a program of the container can have port 53 of all addresses.
///
/// Answers come from 127.0.0.11, port 53, as far as the asking program sees: the kernel's connection tracking turns them back.
package enum ResolverRedirect {
    private static let table = NFTable(family: .ipv4, name: "cfs_resolver")
    static let comment = "cfs: questions to 127.0.0.11 go to its resolver"
    private static let address: [UInt8] = [127, 0, 0, 11]

    /// Puts the rules into the namespace that this thread is in, in place of earlier ones.
    ///
    /// - Parameters:
    ///   - udp: where the resolver listens with UDP on 127.0.0.11.
    ///   - tcp: and with TCP.
    /// - Throws: `kernelUnsupported` when the kernel has no nf_tables.
    package static func install(udp: UInt16, tcp: UInt16) throws(CFSError) {
        var netlink = try NetlinkSocket(.netfilter)
        try install(udp: udp, tcp: tcp, &netlink)
    }

    /// Puts the rules into the namespace of a socket of nfnetlink.
    package static func install(udp: UInt16, tcp: UInt16, _ netlink: inout NetlinkSocket) throws(CFSError) {
        do throws(CFSError) {
            do throws(CFSError) {
                // Of a batch that takes nothing away the kernel has nothing to free. For what one has, it waits until no
                // processor looks at it any more (an RCU grace period), in the close of the socket.
                try send(plan(udp: udp, tcp: tcp), &netlink)
            } catch {
                guard error.errno == 17 else { throw error }  // EEXIST
                try send(replacement(udp: udp, tcp: tcp), &netlink)
            }
        } catch {
            throw [2, 22, 95, 97].contains(error.errno) ? PacketFilter.unsupported(error.errno) : error
        }
    }

    private static func send(_ plan: [NetlinkMessage], _ netlink: inout NetlinkSocket) throws(CFSError) {
        var messages = [NFTable.begin(generation: nil)] + plan + [NFTable.end()]
        messages[messages.count - 2].flags.insert(.acknowledge)
        try netlink.batch(messages, "lead questions of names to the resolver")
    }

    /// The messages where there is no such table: refused where there is one.
    static func plan(udp: UInt16, tcp: UInt16) -> [NetlinkMessage] {
        var creation = table.creation(comment: comment)
        creation.flags.insert(.exclusive)
        let output = NFTable.Chain(name: "output", base: .init(type: "nat", hook: .output, priority: -100))
        return [creation, table.creation(of: output)]
            + [(PublishedPort.Transport.udp, udp), (.tcp, tcp)].map { table.creation(of: rule($0.0, $0.1)) }
    }

    /// The messages in place of a table that is there, or was a moment ago.
    static func replacement(udp: UInt16, tcp: UInt16) -> [NetlinkMessage] {
        // A table that is not there cannot be deleted, so it is made before.
        [table.creation(comment: comment), table.deletion()] + plan(udp: udp, tcp: tcp)
    }

    private static func rule(_ transport: PublishedPort.Transport, _ port: UInt16) -> NFTable.Rule {
        let (first, second) = (NFTExpression.Register(0), NFTExpression.Register(4))
        // redirect would lead to 127.0.0.1.
        return NFTable.Rule(
            "output",
            [
                .payload(.network, offset: 16, length: 4, first), .equal(first, address),
                .meta(.transport, first), .equal(first, [transport.rawValue]),
                .payload(.transport, offset: 2, length: 2, first), .equal(first, [0, 53]),
                .load(address, first), .load([UInt8(port >> 8), UInt8(port & 0xff)], second),
                .destinationNAT(.ipv4, address: first, port: second),
            ])
    }
}
