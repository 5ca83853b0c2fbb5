import CFSCore
import CFSLinux
import Glibc
import Logging
import NIOCore
import NIOExtras
import NIOPosix
import ServiceLifecycle

/// Where connections come from.
public enum ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// Numbers only: names are not looked up. Port 0 is any that is free.
    case tcp(host: String, port: Int)
    /// A socket file; one that nobody listens to any more is replaced.
    case unix(path: String)
    /// A socket that listens already, of the service manager (sd_listen_fds(3)).
    case inherited(descriptor: Int32)

    /// Whether a text is an address of IPv4 or IPv6 in numbers.
    public static func isNumeric(_ host: String) -> Bool {
        do { return try SocketAddress(ipAddress: host, port: 0).port == 0 } catch { return false }
    }

    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        case .inherited(let descriptor): "descriptor \(descriptor)"
        }
    }
}

/// Accepts connections at one address, until the daemon stops: then requests that are under way end, and idle connections
/// are closed.
final class Listener: Service {
    private let address: ListenAddress
    private let setup: RestChannel
    private let group: any EventLoopGroup
    private let logger: Logger
    private let opened: @Sendable (any Channel) -> Void

    /// - Parameter opened: called when connections are accepted.
    init(
        _ address: ListenAddress, _ setup: RestChannel, group: any EventLoopGroup, logger: Logger,
        opened: @escaping @Sendable (any Channel) -> Void
    ) {
        self.address = address
        self.setup = setup
        self.group = group
        self.logger = logger
        self.opened = opened
    }

    func run() async throws {
        let quiescing = ServerQuiescingHelper(group: group)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        quiescing.makeServerChannelHandler(channel: channel))
                }
            }
        let accepting = try await bind(bootstrap)
        opened(accepting.channel)
        let address = address
        await withGracefulShutdownHandler {
            await accept(accepting)
        } onGracefulShutdown: {
            // While it is ours for sure: as soon as nobody listens, the next daemon may put its own in this place.
            if case .unix(let path) = address { unlink(path) }
            quiescing.initiateShutdown(promise: nil)
        }
        // Another place could not be listened at: this one has been nobody else's.
        if case .unix(let path) = address, Task.isCancelled, !Task.isShuttingDownGracefully { unlink(path) }
    }

    private func bind(_ bootstrap: ServerBootstrap) async throws -> NIOAsyncChannel<RestChannel.Value, Never> {
        let (setup, logger) = (setup, logger)
        let prepare: @Sendable (any Channel) -> EventLoopFuture<RestChannel.Value> = {
            setup.setup(channel: $0, logger: logger)
        }
        do {
            switch address {
            case .tcp(let host, let port):
                return try await bootstrap.bind(
                    to: try SocketAddress(ipAddress: host, port: port), childChannelInitializer: prepare)
            case .unix(let path):
                return try await bootstrap.bind(try UnixSocketFile.listen(at: path), childChannelInitializer: prepare)
            case .inherited(let descriptor):
                return try await bootstrap.bind(descriptor, childChannelInitializer: prepare)
            }
        } catch let error as IOError {
            throw CFSError(
                .systemCallFailed, .starting, "cannot listen on \(address)", systemCall: "bind",
                errno: error.errnoCode,
                hint: error.errnoCode == EADDRINUSE ? "is another cfsd running? --listen takes another port" : nil)
        }
    }

    private func accept(_ accepting: NIOAsyncChannel<RestChannel.Value, Never>) async {
        let (setup, logger) = (setup, logger)
        await withDiscardingTaskGroup { tasks in
            do {
                try await accepting.executeThenClose { connections in
                    for try await connection in connections {
                        tasks.addTask { await setup.handle(value: connection, logger: logger) }
                    }
                }
            } catch is CancellationError {
                return
            } catch {
                logger.error("accepting connections has ended: \(error)")
            }
        }
    }
}
