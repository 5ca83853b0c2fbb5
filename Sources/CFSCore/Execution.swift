import CFSLinux
import CFSModel
import CFSMonitor
import CFSNamespaces
import CFSRegistry
import Glibc

/// One more command in a running container.
public struct ExecutionRequest: Sendable, Hashable {
    public var command: [String]
    /// `KEY=VALUE`, over those of the container.
    public var environment: [String] = []
    /// An absolute path inside; nil is the container's.
    public var workingDirectory: String?
    /// `user[:group]`; nil is the container's.
    public var user: String?
    public var terminal = false
    /// Keeps standard input open for the caller.
    public var interactive = false
    /// All capabilities, no system call filter.
    public var privileged = false
    /// The size of the terminal at the start.
    public var windowSize: WindowSize?

    public init(command: [String]) { self.command = command }
}

extension Container {
    /// Runs one more command in the container; returns once it runs.
    ///
    /// - Parameters:
    ///   - interruption: how to end the start while it hangs.
    ///   - warn: told, before the start, what the caller should know: limits that had to be lowered. One sentence each.
    /// - Throws: `containerNotRunning`, `commandNotFound`, `commandNotExecutable` and others.
    public func execute(
        _ request: ExecutionRequest, _ streams: Streams = .inherited, interruption: StartInterruption? = nil,
        warn: (String) -> Void = { _ in }
    ) throws(CFSError) -> Session {
        try engine.requirePrivilege("running a command in a container")
        let record = try record()
        guard record.state.pid != nil else { throw Self.notRunning(record) }
        if case .paused = record.state { throw paused(record) }
        if !record.damage.isEmpty { try engine.mendState(row(), folder) }
        let container = try self.request()
        for warning in try LimitWarnings.of(container.spec.process.rlimits) { warn(warning) }
        var entry = MonitorMessage.EntryRequest(
            process: try process(request, container.spec).json, user: request.user ?? container.user,
            privileged: request.privileged, interactive: request.interactive,
            seccompFilter: request.privileged ? nil : container.seccompFilter)
        entry.endsWithReader = streams.endWithReader
        let runtime = try RuntimeExecutable(engine.options, sealed: container.spec.linux.uidMappings.isEmpty)
        let pair = try SocketPair()
        let pid = try streams.spawn(
            runtime, ["cfs-runtime", "enter", folder.container], socket: pair.theirs, lock: nil)
        let helper = try Helper(pid: pid)
        pair.closeTheirs()
        // Before it runs: its end must not be told before its beginning.
        let process = ProcessClaim(ofHelper: pid)
        remember(request.command, process)
        do throws(CFSError) {
            try MonitorMessage.enter(container: folder.container, run: folder.run, process: entry).send(to: pair.ours)
            try waitUnlessPaused(pair.ours, interruption)
            let started = try Self.awaitStart(pair.ours, interruption)
            engine.turnJournal()
            return Session(pid: started, socket: SharedFD(try pair.takeOurs()), helper: helper) {}
        } catch {
            // One that has entered a container which was paused meanwhile stands still as well.
            if [.interrupted, .conflict, .containerNotFound].contains(error.code) { helper.kill() }
            let told = explained(error, record)
            forget(process, told)
            throw told
        }
    }

    private static func notRunning(_ record: ContainerRecord) -> CFSError {
        CFSError(.containerNotRunning, .entering, "the container \(record.name) is not running")
    }

    /// - Parameter record: as it was when the command was asked for.
    private func explained(_ failure: CFSError, _ record: ContainerRecord) -> CFSError {
        switch failure.code {
        case .containerNotRunning, .containerNotFound: return Self.notRunning(record)
        case .systemCallFailed, .monitorFailed:
            // It has ended while its namespaces were entered: that is what the caller should hear.
            do throws(CFSError) {
                return try self.record().state.pid == nil ? Self.notRunning(record) : failure
            } catch {
                return error.code == .containerNotFound ? Self.notRunning(record) : failure
            }
        case .commandNotFound where failure.hint != nil:
            var told = failure
            told.hint =
                failure.isOfShell ? nil : "the container has no such command; try: cfs exec -it \(record.name) sh"
            return told
        default: return engine.explainingCommand(failure, of: record.image, record.imageDigest)
        }
    }

    private func paused(_ record: ContainerRecord) -> CFSError {
        pausedError(record, .entering, "a command in it would stand still too")
    }

    /// Waits until a command that is being started has something to say. While it enters a container that somebody pauses, nothing
    /// comes.
    private func waitUnlessPaused(_ socket: Int32, _ interruption: StartInterruption?) throws(CFSError) {
        while true {
            var answer = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            if poll(&answer, 1, 200) > 0 { return }
            try interruption?.look()
            let record = try record()
            if case .paused = record.state, poll(&answer, 1, 0) == 0 { throw paused(record) }
        }
    }

    private func remember(_ command: [String], _ process: ProcessClaim) {
        Engine.regardless { () throws(CFSError) in
            try engine.registry.remember(engine.historyEntry("exec", try row(), command: command, process: process))
        }
    }

    /// Remembers that it came to nothing: its helper does not tell.
    private func forget(_ process: ProcessClaim, _ error: CFSError) {
        Engine.regardless { () throws(CFSError) in
            try engine.registry.closeEntry(
                HistoryEnd(
                    container: id.text, time: SystemClock.realtime, status: error.exitStatus, reason: error.message,
                    process: process))
        }
    }

    private func process(_ request: ExecutionRequest, _ spec: RuntimeSpec) throws(CFSError) -> RuntimeSpec.Process {
        guard let first = request.command.first, !first.isEmpty else {
            throw CFSError(.invalidArgument, .parsing, "there is no command to run", hint: "cfs exec CONTAINER COMMAND")
        }
        var process = spec.process
        process.args = request.command
        process.terminal = request.terminal
        process.consoleSize = request.windowSize.map { RuntimeSpec.ConsoleSize(height: $0.rows, width: $0.columns) }
        var environment = EnvironmentList(spec.process.env)
        if request.terminal { environment.set("TERM=xterm") }
        for variable in request.environment { environment.set(variable) }
        process.env = environment.entries
        if let folder = request.workingDirectory {
            guard folder.isAbsolutePath else {
                throw CFSError(
                    .invalidArgument, .parsing, "the working directory \"\(folder)\" is not an absolute path",
                    path: folder)
            }
            process.cwd = folder
        }
        if request.privileged {
            let all = Capability.names(of: spec.linux.uidMappings.isEmpty ? try Capability.effective() : Capability.all)
            var sets = RuntimeSpec.Capabilities()
            (sets.bounding, sets.effective, sets.permitted) = (all, all, all)
            process.capabilities = sets
            process.noNewPrivileges = false
        }
        return process
    }
}
