import CFSCore
import CFSLinux
import CFSOptions
import CFSServer
import CLinux
import Dispatch
import Glibc
import Logging
import Metrics
import ServiceLifecycle
import Synchronization
import UnixSignals

/// The whole program: arguments in, exit status out.
enum Daemon {
    /// EX_USAGE of sysexits.h.
    private static let usageStatus: Int32 = 64

    static func run(_ arguments: [String]) -> Int32 {
        do throws(CFSError) {
            var words = arguments[...]
            let checks = words.first == "check-config"
            if checks { words.removeFirst() }
            if words.first == "--version" || words.first == "-v" {
                print("cfsd version \(Engine.version)")
                return 0
            }
            let flags = try CanonicalArguments(
                words, DaemonOption.optionNames, optionsEndAtFirstWord: false, verb: "server")
            if flags.asksForHelp {
                print(Help.text, terminator: "")
                return 0
            }
            if let word = flags.words.first {
                throw CFSError(
                    .invalidArgument, .parsing, "unexpected argument \"\(word)\"", hint: "see cfsd --help")
            }
            let settings = try read(flags)
            if checks {
                try settings.security?.check()
                _ = try settings.places(inherited: [])
                print("the configuration is fine")
                return 0
            }
            try start(settings, flags)
            return 0
        } catch {
            var text = "cfsd: \(error)\n"
            if let hint = error.hint { text += "  hint: \(hint)\n" }
            text.withCString { bytes in _ = write(2, bytes, strlen(bytes)) }
            return error.phase == .parsing ? usageStatus : 1
        }
    }

    private static func read(_ flags: CanonicalArguments) throws(CFSError) -> Settings {
        try Settings(flags, variable: ServiceManager.variable) { path throws(CFSError) in
            guard File.exists(path) else { return nil }
            return try File.readAll(at: path, limit: 1 << 20)
        }
    }

    private static func start(_ settings: Settings, _ flags: CanonicalArguments) throws(CFSError) {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        raiseFileLimit()
        let hasJournal = getenv("JOURNAL_STREAM") != nil
        DaemonLog.level.withLock { $0 = settings.logLevel }
        LoggingSystem.bootstrap { _ in DaemonLog(hasJournal: hasJournal) }
        let logger = Logger(label: "cfsd")
        let engine = try Engine(settings.engine)
        let places = try settings.places(inherited: try ServiceManager.takeSockets())
        try restore(engine, settings, logger)
        let metrics = MetricsRegistry()
        MetricsSystem.bootstrap(metrics)
        let server = try RestServer(engine, places: places, metrics: metrics, logger: logger) { addresses in
            for address in addresses { print("listening on \(address)") }
            fflush(nil)
            ServiceManager.tell("READY=1", "STATUS=listening on \(addresses.joined(separator: ", "))")
        }
        var configuration = ServiceGroupConfiguration(
            services: [server, Reloading(settings, server, logger) { () throws(CFSError) in try read(flags) }],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(20)
        let group = ServiceGroup(configuration: configuration)
        // Not an asynchronous main: that ends the main thread, which costs a static executable 50 ms.
        let failure = Mutex<CFSError?>(nil)
        let end = DispatchSemaphore(value: 0)
        Task.detached {
            do {
                try await group.run()
            } catch let error as CFSError {
                failure.withLock { $0 = error }
            } catch {
                failure.withLock { $0 = CFSError(.systemCallFailed, .running, "\(error)") }
            }
            end.signal()
        }
        end.wait()
        if let failure = failure.withLock({ $0 }) { throw failure }
    }

    /// Puts right what was left, and starts what should run.
    private static func restore(_ engine: Engine, _ settings: Settings, _ logger: Logger) throws(CFSError) {
        func warn(_ failure: CFSError?) {
            guard let failure else { return }
            logger.warning("a part of networks could not be put right", metadata: ["error": "\(failure)"])
        }
        guard settings.restores else { return warn(try engine.recover().networkFailure) }
        let restoration = try engine.restore()
        warn(restoration.networkFailure)
        for id in restoration.started { logger.info("started a container", metadata: ["id": "\(id)"]) }
        for failure in restoration.failures {
            logger.error(
                "a container that should run could not be started",
                metadata: ["name": "\(failure.name)", "error": "\(failure.error)"])
        }
    }

    /// As many descriptors as this process may have: each connection takes one.
    private static func raiseFileLimit() {
        var (soft, hard): (UInt64, UInt64) = (0, 0)
        let limit = Int32(7)  // RLIMIT_NOFILE
        guard cfs_getrlimit(limit, &soft, &hard) == 0, soft < hard else { return }
        _ = cfs_setrlimit(limit, hard, hard)
    }
}
