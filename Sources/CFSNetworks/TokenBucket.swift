import CFSModel

/// A limit of what leaves a device: a bucket of tokens, and a queue of 50 ms behind it (tc-tbf(8)). Pure.
struct TokenBucket: Sendable, Hashable {
    let bytesPerSecond: UInt64
    /// Bytes that may leave at once after a pause.
    let burst: UInt32

    /// - Parameters:
    ///   - burst: nil for what leaves in 10 ms, 16 KiB and a packet at least.
    ///   - packet: the bytes of a full one, with its header.
    /// - Throws: `invalidArgument` below one byte in a second.
    init(bitsPerSecond: UInt64, burst: UInt32?, packet: UInt32) throws(CFSError) {
        guard bitsPerSecond >= 8 else {
            throw CFSError(.invalidArgument, .preparing, "a rate has 8 bits per second at least, not \(bitsPerSecond)")
        }
        bytesPerSecond = bitsPerSecond / 8
        // The kernel looks again after some milliseconds at most; ten packets let slow lines flow, too.
        self.burst = burst ?? max(UInt32(clamping: max(16 << 10, bytesPerSecond / 100)), packet)
    }

    /// Bytes that may wait: what leaves in 50 ms, behind a burst.
    var limit: UInt32 { UInt32(clamping: UInt64(burst) + max(16 << 10, bytesPerSecond / 20)) }

    /// `struct tc_tbf_qopt`.
    ///
    /// There is no table of times beside it (TCA_TBF_RTAB): a kernel that is told the link layer reckons by itself.
    var parameters: [UInt8] {
        var message = NetlinkMessage(0)
        message.append(header: [0, 1, 0, 0])  // cell_log; TC_LINKLAYER_ETHERNET; overhead
        message.append(UInt32(0))  // cell_align; mpu
        message.append(UInt32(clamping: bytesPerSecond))
        message.append(header: [UInt8](repeating: 0, count: 12))  // no peak rate
        message.append(limit)
        // How long the burst takes, in units of 64 ns (PSCHED_SHIFT), for what does not know TCA_TBF_BURST.
        message.append(UInt32(clamping: UInt64(burst) * 15_625_000 / bytesPerSecond))
        message.append(UInt32(0))
        return message.body
    }
}

/// What the queue of a device with a rate has done and holds (`struct gnet_stats_basic` and `struct gnet_stats_queue`).
package struct QueueStatistics: Sendable, Hashable {
    /// Sent.
    package var bytes: UInt64
    /// Sent.
    package var packets: UInt64
    /// Packets that found no room.
    package var drops: UInt32
    /// How often something had to wait.
    package var overlimits: UInt32
    /// Bytes that wait now.
    package var backlog: UInt32
    /// The rate that it keeps, as the kernel has it.
    package var bytesPerSecond: UInt64?
}

/// Numbers of `linux/pkt_sched.h` and `linux/gen_stats.h`.
private enum QueueAttribute {
    static let kind: UInt16 = 1  // TCA_KIND
    static let options: UInt16 = 2  // TCA_OPTIONS
    static let statistics: UInt16 = 7  // TCA_STATS2

    static let parameters: UInt16 = 1  // TCA_TBF_PARMS
    static let longRate: UInt16 = 4  // TCA_TBF_RATE64
}

extension QueueStatistics {
    /// Reads what lies behind the header of an RTM_NEWQDISC: `struct tcmsg` and attributes. Nil when it is no token
    /// bucket.
    init?(_ body: ArraySlice<UInt8>) {
        let attributes = NetlinkAttributes(body.dropFirst(20))
        guard attributes.text(QueueAttribute.kind) == "tbf",
            let statistics = attributes.nested(QueueAttribute.statistics),
            let basic = statistics[1],  // TCA_STATS_BASIC
            let queue = statistics[3],  // TCA_STATS_QUEUE
            let bytes = basic.number(at: 0, UInt64.self), let packets = basic.number(at: 8, UInt32.self),
            let backlog = queue.number(at: 4, UInt32.self), let drops = queue.number(at: 8, UInt32.self),
            let overlimits = queue.number(at: 16, UInt32.self)
        else { return nil }
        self.bytes = bytes
        self.packets = statistics.number(8, UInt64.self) ?? UInt64(packets)  // TCA_STATS_PKT64
        self.drops = drops
        self.overlimits = overlimits
        self.backlog = backlog
        let options = attributes.nested(QueueAttribute.options)
        // `struct tc_ratespec`, whose last number is all ones where the rate has more than 32 bits.
        let short = options?[QueueAttribute.parameters]?.number(at: 8, UInt32.self).map { UInt64($0) }
        bytesPerSecond = options?.number(QueueAttribute.longRate, UInt64.self) ?? short
    }
}

/// Messages about what a device sends in which order. Pure.
extension NetlinkMessage {
    enum QueueKind: UInt16 {
        case new = 36  // RTM_NEWQDISC
        case delete = 37  // RTM_DELQDISC
        case get = 38  // RTM_GETQDISC
    }

    /// With `struct tcmsg`: the root of a device (TC_H_ROOT).
    init(queue kind: QueueKind, _ flags: Flags = [], index: Int32) {
        self.init(kind.rawValue, flags)
        append(UInt32(0))
        append(index)
        append(UInt32(0))  // The kernel finds a handle.
        append(UInt32.max)
        append(UInt32(0))
    }

    static func setRate(_ index: Int32, _ bucket: TokenBucket) -> NetlinkMessage {
        var message = NetlinkMessage(queue: .new, [.create, .replace], index: index)
        message.append(QueueAttribute.kind, "tbf")
        message.append(nesting: QueueAttribute.options) {
            $0.append(QueueAttribute.parameters, bucket.parameters)
            if bucket.bytesPerSecond > UInt64(UInt32.max) {
                $0.append(QueueAttribute.longRate, bucket.bytesPerSecond)
            }
            $0.append(6, bucket.burst)  // TCA_TBF_BURST
        }
        return message
    }
}

extension RouteSocket {
    /// Limits what a device sends: at the host's end of a pair, what comes to the container; at the container's, what
    /// it sends. Another rate takes the place of the one before.
    ///
    /// - Parameters:
    ///   - burst: bytes that may leave at once after a pause; nil for what passes in 10 ms, 16 KiB at least.
    /// - Throws: `invalidArgument` for a burst that is smaller than a packet of the device, or a rate of nothing.
    package mutating func setRate(_ index: Int32, bitsPerSecond: UInt64, burst: UInt32? = nil) throws(CFSError) {
        let link = try link(at: index)
        let packet = (link?.mtu ?? 1500) &+ 18  // The header of Ethernet, with a tag.
        let bucket = try TokenBucket(bitsPerSecond: bitsPerSecond, burst: burst, packet: packet)
        if let link, bucket.burst < packet {
            throw CFSError(
                .invalidArgument, .preparing,
                "a burst of \(bucket.burst) bytes is less than a packet of the device \(link.name), which has \(packet)"
            )
        }
        try ask(index, .setRate(index, bucket), "cannot have a rate of \(bitsPerSecond) bits per second")
    }

    /// Takes the limit away. There may be none.
    package mutating func removeRate(_ index: Int32) throws(CFSError) {
        guard try queueStatistics(index) != nil else { return }
        try ask(index, NetlinkMessage(queue: .delete, index: index), "cannot be without a rate")
    }

    /// What the limit of a device did; nil when it has none.
    package mutating func queueStatistics(_ index: Int32) throws(CFSError) -> QueueStatistics? {
        // The kernel answers as if others were told of a change, so only with `echo`.
        let message = NetlinkMessage(queue: .get, .echo, index: index)
        return try ask(index, message, "cannot be asked for its queue").lazy.compactMap { QueueStatistics($0) }.first
    }

    /// What the limits of all devices of the namespace did, by the devices' numbers; those without one are left out.
    package mutating func queueStatistics() throws(CFSError) -> [Int32: QueueStatistics] {
        var all: [Int32: QueueStatistics] = [:]
        for body in try list(
            NetlinkMessage(queue: .get, index: 0), "the queues of the network devices cannot be listed")
        {
            // `struct tcmsg`: the device, and whose part it is.
            guard let index = body.number(at: 4, Int32.self), body.number(at: 12, UInt32.self) == .max else { continue }
            if let queue = QueueStatistics(body) { all[index] = queue }
        }
        return all
    }
}
