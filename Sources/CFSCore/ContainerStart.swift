import CFSLinux
import CFSModel
import CFSMonitor
import CFSNamespaces
import Glibc

extension Container {
    /// Starts a container that was created and has not run: returns once its command runs.
    ///
    /// - Parameters:
    ///   - streams: what the command's standard streams are connected to.
    ///   - interruption: how to end the start while it hangs.
    /// - Throws: whatever kept it from running: `commandNotFound`, `commandNotExecutable`, `mountFailed`,
    ///   `kernelUnsupported`, `interrupted`, ... A container that removes itself is gone then.
    public func start(
        _ streams: Streams = .none, interruption: StartInterruption? = nil
    ) throws(CFSError) -> Session {
        try engine.requirePrivilege()
        let row = try row()
        let lock: RunLock
        if let held {
            lock = held
        } else {
            lock = try RunLock(folder)
            let configuration = try folder.readRequest().spec
            try GeneratedFiles(configuration).write(
                to: folder.run, owner: configuration.linux.uidMappings.first { $0.containerID == 0 }?.hostID ?? 0)
        }
        let record = try engine.record(of: row)
        guard record?.state == .created else {
            let isRunning = record?.state.pid != nil
            throw CFSError(
                isRunning ? .containerRunning : .invalidState, .starting,
                isRunning
                    ? "the container \(row.name) is running already" : "the container \(row.name) has run and ended",
                hint: isRunning ? nil : "make a new one with `cfs run`")
        }
        do throws(CFSError) {
            let helper = try StartingHelper(engine, folder, lock, streams, sealed: row.slot == nil, interruption)
            var trace = trace
            trace.mark("spawn")
            return try start(helper, trace, removes: row.autoRemove)
        } catch {
            if row.autoRemove {
                engine.discard(id, folder)
            } else {
                Engine.regardless { () throws(CFSError) in try lock.release() }
            }
            throw error
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
