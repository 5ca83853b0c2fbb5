import CFSLinux
import CFSModel
import CFSMonitor
import CFSNetworks
import Glibc

/// What went through one network device of a container since the device was made, which is with each start, as the container sees
/// it: received is what came to it.
///
/// On a bridge the host's end of the device counts (`struct rtnl_link_stats64` of rtnetlink(7)), so that nothing inside can change
/// the numbers.
public struct NetworkUse: Sendable, Hashable {
    /// The device inside: `eth0`.
    public var interface: String
    /// The name of its network.
    public var network: String
    public var received: Direction
    public var sent: Direction

    /// One way.
    public struct Direction: Sendable, Hashable {
        /// Whole packets, with their headers of Ethernet.
        public var bytes: UInt64
        public var packets: UInt64
        public var errors: UInt64
        /// Packets that the device itself has lost; what found no room in the queue of a limit is counted there.
        public var dropped: UInt64
        /// Nil where the kernel keeps no rate.
        public var limit: Limit?
    }

    /// A rate that is kept, and what its queue did (tc-tbf(8)).
    public struct Limit: Sendable, Hashable {
        public var bitsPerSecond: UInt64
        /// Packets that found no room in the queue.
        public var dropped: UInt64
        /// How often something had to wait.
        public var delayed: UInt64
        /// Bytes that wait now.
        public var waitingBytes: UInt64
    }
}

extension NetworkUse.Direction {
    init(_ statistics: LinkStatistics.Direction) {
        self.init(
            bytes: statistics.bytes, packets: statistics.packets, errors: statistics.errors,
            dropped: statistics.dropped)
    }
}

extension NetworkUse.Limit {
    init?(_ queue: QueueStatistics?) {
        guard let queue, let rate = queue.bytesPerSecond else { return nil }
        self.init(
            bitsPerSecond: rate.multipliedReportingOverflow(by: 8).overflow ? .max : rate * 8,
            dropped: UInt64(queue.drops), delayed: UInt64(queue.overlimits), waitingBytes: UInt64(queue.backlog))
    }
}

/// Reads what went through the devices of containers: one list of the host's devices tells of all that are on bridges. A container
/// that has a rate for what it sends, or a device that has no end on the host, is asked for that in its own namespace.
struct NetworkStatisticsReader {
    /// What is kept of a container from one reading to the next.
    private struct Place {
        var pid: Int32
        var file: FileMark?
        /// That tells the networks: of the container, or of the one whose namespace it shares.
        var path: String
        /// Nil for a namespace that is not its own: the host's, or one behind a path.
        var settings: NetworkSettings?
        /// Of its namespace, as the host knows it.
        var number: Int32?
    }

    /// Whether a file that is only ever replaced is still the same.
    private struct FileMark: Hashable {
        var inode: UInt64
        var seconds: Int64
        var nanoseconds: Int64

        init?(_ path: String) {
            guard let status = File.statusIfThere(path) else { return nil }
            (inode, seconds, nanoseconds) = (status.inode, status.mtime_seconds, status.mtime_nanoseconds)
        }
    }

    private let engine: Engine
    private var places: [ContainerID: Place] = [:]

    init(_ engine: Engine) { self.engine = engine }

    /// - Parameter running: containers with their first processes.
    /// - Returns: for each container that has a namespace of its own, or one of another container, its devices in their order:
    ///   none for `--network none`. Others are left out, and while devices come and go faster than they can be listed, all are.
    mutating func read(_ running: [(id: ContainerID, pid: Int32)]) throws(CFSError) -> [ContainerID: [NetworkUse]] {
        let known = Set(running.map(\.id))
        for id in places.keys where !known.contains(id) { places[id] = nil }
        for (id, pid) in running { look(id, pid) }
        var host = HostDevices()
        let settings = places.values.compactMap(\.settings)
        if settings.contains(where: { $0.endpoints.contains { $0.network.driver == .bridge } }) {
            do throws(CFSError) {
                host = try HostDevices(queues: settings.contains { $0.rates.ingress != nil })
                try findNumbers()
            } catch {
                guard error.code == .conflict else { throw error }
                return [:]
            }
        }
        var all: [ContainerID: [NetworkUse]] = [:]
        for (id, place) in places {
            guard let settings = place.settings else { continue }
            all[id] = try Self.devices(place, settings, host)
        }
        return all
    }

    /// Finds out about a container that is new, has started again, or was put on another network.
    private mutating func look(_ id: ContainerID, _ pid: Int32) {
        if let place = places[id], place.pid == pid, FileMark(place.path) == place.file { return }
        var path = engine.folder(id).configPath
        var file = FileMark(path)
        var request = Engine.request(of: engine.folder(id))
        var seen: Set<ContainerID> = [id]
        // Whose namespace it is may be shared in turn.
        while let owner = request?.joins.first(where: { $0.kind == "network" })?.container, seen.insert(owner).inserted
        {
            path = engine.folder(owner).configPath
            file = FileMark(path)
            request = Engine.request(of: engine.folder(owner))
        }
        let number = places[id].flatMap { $0.pid == pid ? $0.number : nil }
        places[id] = Place(
            pid: pid, file: file, path: path, settings: request.flatMap(Self.settings), number: number)
    }

    private static func settings(_ request: MonitorRequest) -> NetworkSettings? {
        guard let namespace = request.spec.linux.namespaces.first(where: { $0.type == "network" }),
            namespace.path == nil
        else { return nil }
        return request.network ?? NetworkSettings()
    }

    /// The list of devices has given a number to each namespace that has an end of one.
    private mutating func findNumbers() throws(CFSError) {
        let new = places.filter { $0.value.number == nil && $0.value.settings?.endpoints.isEmpty == false }
        guard !new.isEmpty else { return }
        var socket = try RouteSocket()
        for (id, place) in new { places[id]?.number = try socket.namespaceNumber(of: place.pid) }
    }

    /// The devices of the host's namespace.
    private struct HostDevices {
        private struct End: Hashable {
            var master: Int32
            var namespace: Int32
        }

        private var bridges: [String: Int32] = [:]
        private var ends: [End: Link] = [:]
        private var queues: [Int32: QueueStatistics] = [:]

        init() {}

        init(queues isWanted: Bool) throws(CFSError) {
            var socket = try RouteSocket()
            for link in try socket.links() {
                if link.kind == "bridge" { bridges[link.name] = link.index }
                guard link.kind == "veth", let master = link.master, let namespace = link.peerNamespace else {
                    continue
                }
                ends[End(master: master, namespace: namespace)] = link
            }
            if isWanted { queues = try socket.queueStatistics() }
        }

        /// The end of the device that a container has on a network: it has one there at most.
        func end(of namespace: Int32?, on network: NetworkRecord) -> Link? {
            guard let namespace, let bridge = bridges[network.device] else { return nil }
            return ends[End(master: bridge, namespace: namespace)]
        }

        func limit(_ link: Link) -> NetworkUse.Limit? { NetworkUse.Limit(queues[link.index]) }
    }

    private static func devices(
        _ place: Place, _ settings: NetworkSettings, _ host: HostDevices
    ) throws(CFSError) -> [NetworkUse] {
        var inside = Inside(pid: place.pid)
        var devices: [NetworkUse] = []
        for endpoint in settings.endpoints {
            switch endpoint.network.driver {
            case .bridge:
                guard let link = host.end(of: place.number, on: endpoint.network), let counted = link.statistics else {
                    continue
                }
                // What the host's end sends is what the container receives.
                var use = NetworkUse(
                    interface: endpoint.interface, network: endpoint.network.name, received: .init(counted.sent),
                    sent: .init(counted.received))
                use.received.limit = host.limit(link)
                if settings.rates.egress != nil, let peer = link.peer { use.sent.limit = try inside.limit(peer) }
                devices.append(use)
            case .macvlan, .ipvlan:
                guard let link = try inside.link(endpoint.interface, endpoint.network.driver.rawValue),
                    let counted = link.statistics
                else { continue }
                var use = NetworkUse(
                    interface: endpoint.interface, network: endpoint.network.name, received: .init(counted.received),
                    sent: .init(counted.sent))
                if settings.rates.egress != nil { use.sent.limit = try inside.limit(link.index) }
                devices.append(use)
            }
        }
        return devices
    }

    /// A container's own namespace, entered for what is known only there. What has gone meanwhile is nil.
    private struct Inside: ~Copyable {
        private let pid: Int32
        private var socket: RouteSocket?

        init(pid: Int32) {
            self.pid = pid
            socket = nil
        }

        mutating func limit(_ index: Int32) throws(CFSError) -> NetworkUse.Limit? {
            NetworkUse.Limit(try ask { socket throws(CFSError) in try socket.queueStatistics(index) })
        }

        mutating func link(_ name: String, _ kind: String) throws(CFSError) -> Link? {
            let link = try ask { socket throws(CFSError) in try socket.link(named: name) }
            return link.flatMap { $0.kind == kind ? $0 : nil }
        }

        private mutating func ask<Value>(
            _ body: (inout RouteSocket) throws(CFSError) -> Value?
        ) throws(CFSError) -> Value? {
            do throws(CFSError) {
                var opened: RouteSocket
                if let socket = socket.take() {
                    opened = socket
                } else {
                    let namespace = try File.open("/proc/\(pid)/ns/net", .read, phase: .looking)
                    opened = try RouteSocket(in: namespace.raw)
                }
                let value = try body(&opened)
                socket = consume opened
                return value
            } catch {
                guard [ENOENT, ESRCH, ENODEV].contains(error.errno) else { throw error }
                return nil
            }
        }
    }
}
