import CFSCore
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle
import Synchronization

/// The REST interface as a service: it listens until it is told to stop, and then lets requests end.
public final class RestServer: Service {
    /// Where it listens, and who is let in there.
    public enum Place: Sendable {
        /// Whoever the kernel says is root or of the group: for loopback only.
        case loopback(ListenAddress)
        /// The same by the credentials of a Unix socket.
        case unix(ListenAddress)
        /// Whoever has a certificate; `hosts` are the names under which it is reached.
        case certificates(ListenAddress, TransportSecurity, hosts: [String])

        var address: ListenAddress {
            switch self {
            case .loopback(let address), .unix(let address), .certificates(let address, _, _): address
            }
        }
    }

    private let service: RestService
    private let places: [Place]
    private let logger: Logger
    private let load: ConnectionLoad
    private let ready: @Sendable ([String]) -> Void
    private let contexts = Mutex<[CurrentContext]>([])

    /// - Parameters:
    ///   - places: at least one.
    ///   - metrics: what `GET /metrics` tells beside the containers; the program's own, once it is swift-metrics' factory.
    ///   - ready: called once connections are accepted everywhere, with the addresses as they became.
    public init(
        _ engine: Engine, places: [Place], metrics: MetricsRegistry, logger: Logger,
        ready: @escaping @Sendable ([String]) -> Void
    ) throws(CFSError) {
        load = ConnectionLoad()
        service = try RestService(engine, load: load, metrics: metrics, logger: logger)
        self.places = places
        self.logger = logger
        self.ready = ready
    }

    public func run() async throws {
        let (service, logger) = (service, logger)
        try await service.work.long {
            try service.keys.tidy()
            try Spool.tidy(service.engine)
        }
        let group = MultiThreadedEventLoopGroup.singleton
        let opened = OpenedPlaces(count: places.count, ready)
        let members = CallerGroup()
        let grounds = try service.engine.cgroupPlace()
        let containers = ContainerGrounds(mountPoint: grounds?.mountPoint, folder: grounds?.folder)
        var listeners: [Listener] = []
        for place in places {
            let (door, tls): (any Door, CurrentContext?) =
                switch place {
                case .loopback: (LoopbackDoor(members: members, containers: containers), nil)
                case .unix: (UnixDoor(members: members, containers: containers), nil)
                case .certificates(_, let security, let hosts):
                    (CertificateDoor(hosts: hosts), try context(security))
                }
            let channel = RestChannel(door: door, limits: ConnectionLimits(), load: load, tls: tls) {
                await service.respond(to: $0, from: $1, until: $2)
            }
            let name: @Sendable (any Channel) -> String = { Self.name(place.address, $0) }
            listeners.append(
                Listener(place.address, channel, group: group, logger: logger) { opened.add(name($0)) })
        }
        let services = listeners
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await service.hub.run(service.engine, logger) }
            for listener in services { tasks.addTask { try await listener.run() } }
            // Whichever ends first ends all: by an error, or because the daemon stops.
            do {
                for try await _ in tasks {}
            } catch {
                tasks.cancelAll()
                throw error
            }
        }
        try await service.work.stop()
    }

    private func context(_ security: TransportSecurity) throws(CFSError) -> CurrentContext {
        let context = CurrentContext(try security.context())
        contexts.withLock { $0.append(context) }
        return context
    }

    /// Gives new connections new certificates.
    ///
    /// - Throws: `invalidConfiguration`; the old ones stay then.
    public func renewCertificates(_ security: TransportSecurity?) throws(CFSError) {
        let all = contexts.withLock { $0 }
        guard let security, !all.isEmpty else { return }
        let renewed = try security.context()
        for context in all { context.renew(renewed) }
    }

    private static func name(_ address: ListenAddress, _ channel: any Channel) -> String {
        guard let local = channel.localAddress else { return "\(address)" }
        if let path = local.pathname { return "unix:\(path)" }
        guard let host = local.ipAddress, let port = local.port else { return "\(address)" }
        return "\(ListenAddress.tcp(host: host, port: port))"
    }
}

/// Gathers where connections are accepted, and tells when all are there.
private final class OpenedPlaces: Sendable {
    private let names = Mutex<[String]>([])
    private let count: Int
    private let ready: @Sendable ([String]) -> Void

    init(count: Int, _ ready: @escaping @Sendable ([String]) -> Void) {
        self.count = count
        self.ready = ready
    }

    func add(_ name: String) {
        let all = names.withLock { names in
            names.append(name)
            return names
        }
        if all.count == count { ready(all) }
    }
}
