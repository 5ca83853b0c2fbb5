import CFSLinux
import CFSModel
import CFSNamespaces
import Glibc

/// `create` and `start`: the two halves of a start, and `run`, which is both.
enum CreateCommand {
    static let options: [RuntimeOption] = [
        .value("bundle", "b", placeholder: "DIR", help: "folder of the bundle (default: the current one)"),
        .value("console-socket", placeholder: "FILE", help: "Unix socket that takes the container's terminal"),
        .value("pidfd-socket", placeholder: "FILE", help: "Unix socket that takes a pidfd of the container's process"),
        .value("pid-file", placeholder: "FILE", help: "write the number of the container's process there"),
        .value("preserve-fds", placeholder: "N", help: "how many descriptors from 3 on the container gets"),
        .flag("no-pivot", help: "change the root by a move and chroot: for a root in an initramfs"),
        .flag("no-new-keyring", help: "keep the caller's session keyring"),
        .flag("no-subreaper", help: "taken for its callers' sake: nothing is reaped here"),
    ]

    static let create = RuntimeCommand(
        names: ["create"], usage: "CONTAINER", summary: "make a container of a bundle, up to its command",
        options: options
    ) { arguments, context throws(CFSError) in
        let id = try arguments.container()
        let options = try making(arguments, context)
        let making = try ContainerMaking(
            context.store, id: id, bundle: arguments["bundle"] ?? "", options: options, log: context.log)
        let (_, process) = try making.make()
        try sendHandle(process.pidfd, arguments)
        return 0
    }

    static let start = RuntimeCommand(
        names: ["start"], usage: "CONTAINER", summary: "run the command of a container that was created", options: []
    ) { arguments, context throws(CFSError) in
        let container = try context.store.load(try arguments.container())
        let lock = try container.lock()
        defer { withExtendedLifetime(lock) {} }
        switch try container.status() {
        case .created: break
        case .paused:
            throw CFSError(.invalidState, .starting, "cannot start a container in the paused state: resume it first")
        case .running:
            throw CFSError(.containerRunning, .starting, "cannot start an already running container")
        default: throw CFSError(.containerNotRunning, .starting, "cannot start a container that has stopped")
        }
        let spec = try container.configuration(naming: ["listenerPath", "poststart"])
        let agent = try spec.flatMap { spec throws(CFSError) in try Seccomp.agent(spec, container.state(.created)) }
        try Gate.open(container, agent)
        try confirm(container)
        if let spec { try runPoststartHooks(container, spec, context.log) }
        return 0
    }

    /// The container's socket closes also when it ends before its command runs.
    private static func confirm(_ container: RuntimeContainer) throws(CFSError) {
        guard let status = ProcessStatus(of: container.document.pid),
            status.startTime == container.document.startTime, status.hasEnded, !status.hasExecuted
        else { return }
        throw CFSError(.conflict, .starting, "the container's process ended before its command ran")
    }

    /// What the two commands that make a container have in common.
    static func making(
        _ arguments: RuntimeArguments, _ context: RuntimeContext
    ) throws(CFSError) -> ContainerMaking.Options {
        var options = ContainerMaking.Options()
        options.pidFile = try absolute(arguments["pid-file"])
        options.consoleSocket = try absolute(arguments["console-socket"])
        options.preservedDescriptors = try PreservedDescriptors.count(arguments)
        options.pivots = !arguments.has("no-pivot")
        options.ownsKeyring = !arguments.has("no-new-keyring")
        options.isSystemd = context.isSystemd
        return options
    }

    static func absolute(_ path: String?) throws(CFSError) -> String? {
        guard let path, !path.isEmpty else { return nil }
        return try HostPath.absolute(path)
    }

    static func sendHandle(_ pidfd: Int32, _ arguments: RuntimeArguments) throws(CFSError) {
        guard let path = try absolute(arguments["pidfd-socket"]) else { return }
        try ConsoleSocket.send(descriptor: pidfd, name: "pidfd", to: path)
    }

    /// Of a configuration before version 1.2.1 a failure is a warning, since then the end of the container (runtime.md,
    /// Lifecycle, step 9).
    static func runPoststartHooks(
        _ container: RuntimeContainer, _ spec: RuntimeSpec, _ log: RuntimeLog
    ) throws(CFSError) {
        let state = container.state(.running).json.bytes()
        for hook in spec.hooks.poststart {
            do throws(CFSError) {
                try HookPlan(hook).run(state: state, point: "poststart")
            } catch {
                guard isStrict(spec.ociVersion) else {
                    log.warning(error.description)
                    continue
                }
                if let process = try container.process() { try ProcessControl.signal(process.raw, SIGKILL) }
                throw error
            }
        }
    }

    private static func isStrict(_ version: String) -> Bool {
        let numbers = version.prefix { $0 != "-" && $0 != "+" }.split(separator: ".").map { Int($0) ?? 0 }
        return !numbers.lexicographicallyPrecedes([1, 2, 1])
    }
}

/// Descriptors from 3 on that a caller gives to the container (`--preserve-fds`).
enum PreservedDescriptors {
    /// - Throws: when one of them is not open: another file of ours would be given in its place.
    static func count(_ arguments: RuntimeArguments) throws(CFSError) -> Int32 {
        let asked = try arguments.number("preserve-fds", Int32.self) ?? 0
        guard asked >= 0, asked < 1 << 20 else {
            throw RuntimeArguments.fault("invalid value \"\(asked)\" for -preserve-fds")
        }
        for number in 3..<3 + asked where fcntl(number, F_GETFD) == -1 {
            throw CFSError(
                .invalidArgument, .parsing, "--preserve-fds=\(asked): the descriptor \(number) is not open",
                errno: EBADF)
        }
        return asked
    }
}
