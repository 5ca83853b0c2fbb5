import CFSLinux
import CFSModel
import CFSMonitor
import CFSNamespaces
import CFSRegistry
import Glibc

extension Container {
    /// Starts a container that was created, or that has ended: returns once its command runs. What it wrote before is
    /// still there, and its log goes on. What a killed monitor has left of it is put right first.
    ///
    /// - Parameters:
    ///   - streams: what the command's standard streams are connected to.
    ///   - interruption: how to end the start while it hangs.
    /// - Throws: `containerRunning`; `conflict` when somebody else starts, stops or removes it; and whatever kept it from
    ///   running: `commandNotFound`, `commandNotExecutable`, `mountFailed`, `kernelUnsupported`, `interrupted`, ... It is
    ///   then as it was before; one that removes itself is gone.
    public func start(
        _ streams: Streams = .none, interruption: StartInterruption? = nil
    ) throws(CFSError) -> Session {
        try start(streams, interruption: interruption, verb: "start")
    }

    /// What its command's streams are, as it was made: whether they are a terminal, and whether it reads an input.
    public func streamsInFront() throws(CFSError) -> (terminal: Bool, interactive: Bool) {
        let request = try request()
        return (request.spec.process.terminal, request.interactive)
    }

    func start(_ streams: Streams, interruption: StartInterruption?, verb: String) throws(CFSError) -> Session {
        try engine.requirePrivilege()
        try engine.recoverIfLost(id, lends: false)
        guard let claimed = try engine.claim(id, for: .start, history: verb) else { throw gone }
        let row = claimed.row
        let session: Session
        do throws(CFSError) {
            session = try start(row, streams, interruption)
        } catch {
            let ports = Engine.request(of: folder)?.network?.ports ?? []
            let error = engine.explainingCommand(
                engine.namingOwner(error, of: ports), of: row.image, "\(row.imageDigest)")
            engine.rememberFailure(of: id, error)
            if row.autoRemove {
                engine.discard(id, folder)
            } else {
                Engine.regardless { () throws(CFSError) in try engine.withdraw(claimed) }
            }
            throw error
        }
        // It runs, whatever becomes of the row: a reader believes the process.
        Engine.regardless { () throws(CFSError) in try engine.settle(claimed, .running) }
        return session
    }

    private func start(
        _ row: ContainerRow, _ streams: Streams, _ interruption: StartInterruption?
    ) throws(CFSError) -> Session {
        let hadLock = RunLock.exists(folder)
        // Waits for a monitor that has written down the end and is about to go.
        let lock = try RunLock(folder)
        do throws(CFSError) {
            var request = try request()
            // Renamed since it was made: its monitor tells the journal who it is.
            let isMoved = request.moveGeneratedFiles(to: folder.run)
            if isMoved { request.network?.folder = engine.networkFolder }
            if isMoved || request.name != row.name {
                request.name = row.name
                try AtomicFile.write(request.json.bytes(), to: folder.configPath, durable: false)
            }
            try engine.rejoin(&request, folder)
            try GeneratedFiles(request, joined: engine.joinedNetwork(request.joins)).write(
                to: folder.run, owner: request.spec.linux.uidMappings.first { $0.containerID == 0 }?.hostID ?? 0)
            var trace = Timeline()
            trace.mark("begin")
            let helper = try StartingHelper(engine, folder, lock, streams, sealed: row.slot == nil, interruption)
            trace.mark("spawn")
            let session = try start(helper, trace, removes: row.autoRemove)
            extendLifetime(lock)
            return session
        } catch {
            // A monitor that was killed has taken nothing back.
            engine.removeNetworkRemains(id, folder)
            // By the lock recover() knows one that was not made to its end.
            if !hadLock || File.exists(folder.configPath) {
                Engine.regardless { () throws(CFSError) in try lock.release() }
            }
            throw error
        }
    }

    /// The start of a new container has come to its end: it runs, whatever becomes of the row.
    func confirmStart() {
        Engine.regardless { () throws(CFSError) in
            try engine.registry.change(id) { row throws(CFSError) in
                guard row.decision.phase == .starting, row.decision.claim == nil else { return nil }
                return ContainerDecision(phase: .running, startedAt: row.decision.startedAt)
            }
        }
    }

    func start(_ helper: StartingHelper, _ trace: Timeline, removes: Bool) throws(CFSError) -> Session {
        try helper.send(
            .start(
                container: folder.container, run: folder.run, endsWithReader: helper.streams.endWithReader,
                keepsInput: helper.streams == .none, trace: trace.marks))
        let (engine, id) = (engine, id)
        do throws(CFSError) {
            return try helper.session {
                // The monitor removes the folders; the row is for whoever sees the end, else for recover().
                if removes { engine.forget(id) }
            }
        } catch {
            if error.code == .interrupted { helper.kill(try engine.cgroups()?.cgroup(id.text)) }
            throw error
        }
    }

    /// The command's process number; throws what the helper says went wrong.
    static func awaitStart(_ socket: Int32, _ interruption: StartInterruption?) throws(CFSError) -> Int32 {
        try interruption?.wait(for: socket)
        guard let (bytes, _) = try MessageSocket.receive(socket) else {
            throw CFSError(
                .monitorFailed, .starting, "cfs-runtime ended before the command ran",
                hint: "is it of the same version as cfs? Compare `cfs version` and `cfs-runtime --version`")
        }
        switch try MonitorMessage(parsing: bytes) {
        case .started(let pid): return pid
        case .failed(let error): throw error
        default: throw CFSError(.monitorFailed, .starting, "the answer of cfs-runtime is not understood")
        }
    }
}

extension MonitorRequest {
    /// Binds the files of `/etc` out of another run folder than the one the container was made with: a root may be used with
    /// another one after a start of the machine.
    ///
    /// - Returns: whether anything was changed.
    fileprivate mutating func moveGeneratedFiles(to folder: String) -> Bool {
        var hasMoved = false
        for index in spec.mounts.indices {
            for name in GeneratedFiles.names where spec.mounts[index].destination == "/etc/\(name)" {
                let source = spec.mounts[index].source
                guard source.hasSuffix("/\(id.text)/\(name)"), source != "\(folder)/\(name)" else { continue }
                spec.mounts[index].source = "\(folder)/\(name)"
                hasMoved = true
            }
        }
        return hasMoved
    }
}

extension Engine {
    /// Removes the row of a container whose folders are gone.
    func forget(_ id: ContainerID) {
        do throws(CFSError) {
            try registry.removeContainer(id)
        } catch {
            // The row is harmless, and recover() removes it as well.
            return
        }
    }
}
