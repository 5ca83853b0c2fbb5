import CFSCore
import CFSLinux
import CFSServer
import Logging
import ServiceLifecycle
import UnixSignals

/// Reads the configuration again at SIGHUP. A log level and certificates hold at once; what else has changed is told, and holds
/// from the next start on. A configuration that is wrong changes nothing.
struct Reloading: Service {
    private let settings: Settings
    private let server: RestServer
    private let logger: Logger
    private let read: @Sendable () throws(CFSError) -> Settings

    init(
        _ settings: Settings, _ server: RestServer, _ logger: Logger,
        read: @escaping @Sendable () throws(CFSError) -> Settings
    ) {
        self.settings = settings
        self.server = server
        self.logger = logger
        self.read = read
    }

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() { reload() }
        ServiceManager.tell("STOPPING=1")
    }

    private func reload() {
        ServiceManager.tell("RELOADING=1", "MONOTONIC_USEC=\(SystemClock.monotonic / 1000)")
        defer { ServiceManager.tell("READY=1") }
        do throws(CFSError) {
            var changed = try read()
            try server.renewCertificates(changed.security)
            DaemonLog.level.withLock { $0 = changed.logLevel }
            (changed.logLevel, changed.security) = (settings.logLevel, settings.security)
            logger.notice("the configuration was read again")
            if changed != settings {
                logger.warning("addresses, folders and names that have changed hold from the next start on")
            }
        } catch {
            logger.error("the configuration is wrong, and changes nothing", metadata: ["error": "\(error)"])
        }
    }
}
