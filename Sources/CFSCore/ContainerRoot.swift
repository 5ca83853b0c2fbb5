import CFSLayers
import CFSLinux
import CFSModel
import CFSMonitor
import Glibc

/// The root file system of a container, held by a descriptor: whatever is done with its files is done below that. One that
/// does not run is kept from starting and from being removed as long as this value lives.
final class ContainerRoot {
    enum View {
        /// With all that is mounted in it while it runs.
        case mounted
        /// Without: the image's files and the container's own.
        case own
    }

    let root: SharedFD
    let isRunning: Bool
    let request: MonitorRequest
    private let hold: Hold?

    /// What keeps it from starting.
    enum Hold {
        case lock(ContainerHold)
        /// The connection to a monitor that waits for its next run.
        case monitor(SharedFD)
    }

    init(_ root: SharedFD, isRunning: Bool, _ request: MonitorRequest, _ hold: Hold?) {
        self.root = root
        self.isRunning = isRunning
        self.request = request
        self.hold = hold
    }

    var owners: OwnerMap { OwnerMap(request) }
}

extension OwnerMap {
    init(_ request: MonitorRequest) {
        self.init(uids: request.spec.linux.uidMappings, gids: request.spec.linux.gidMappings)
    }
}

/// The lock of a container that does not run.
final class ContainerHold {
    private let lock: RunLock
    /// Whether there was no run folder before: it goes again.
    private let isNew: Bool

    /// Nil when somebody else has it.
    init?(_ folder: ContainerFolder) throws(CFSError) {
        isNew = !File.exists(folder.run)
        if RunLock.exists(folder) {
            guard let lock = try RunLock(ifFree: folder) else { return nil }
            self.lock = lock
        } else {
            lock = try RunLock(folder)
        }
    }

    deinit { if isNew { Engine.regardless { () throws(CFSError) in try lock.release() } } }
}

extension Container {
    /// Opens the container's root.
    ///
    /// - Throws: `containerNotFound`; `conflict` while somebody else starts or removes it.
    func openRoot(_ view: ContainerRoot.View) throws(CFSError) -> ContainerRoot {
        try engine.requirePrivilege("reaching a container's files")
        let row = try row()
        // What starts or ends at this moment is waited for: ten seconds at most.
        for _ in 0..<1000 {
            let request = try request()
            if let live = try engine.live(row, folder), ProcessControl.isRunning(live.pid, startTime: live.startTime) {
                if let root = try runningRoot(live, view, request) {
                    return ContainerRoot(root, isRunning: true, request, nil)
                }
            } else if let hold = try ContainerHold(folder) {
                // Asked again, now that nobody can change it.
                guard File.exists(folder.configPath) else { throw gone }
                return ContainerRoot(try mountedRoot(nil, request), isRunning: false, request, .lock(hold))
            } else if try folder.readState() == nil, let hold = try holdNextRun() {
                return ContainerRoot(try mountedRoot(nil, request), isRunning: false, request, .monitor(hold))
            }
            // Without a descriptor none of that can be found out.
            _ = OwnedFD(try checked(File.tryOpen("/proc", .path), "open", .looking, path: "/proc"))
            _ = poll(nil, 0, 10)
        }
        throw CFSError(
            .conflict, .looking, "somebody starts or removes the container \(row.name) at this moment",
            hint: "try again")
    }

    /// Has the monitor of a container that waits for its next run put that off, as long as the connection lasts; nil when it
    /// does not wait, or no more.
    func holdNextRun() throws(CFSError) -> SharedFD? {
        let agreed: (connection: SharedFD, agrees: Bool?)
        do throws(CFSError) {
            agreed = try askMonitor(.hold, within: 10_000)
        } catch {
            guard PendingStop.meansEnded(error) else { throw error }
            return nil
        }
        guard let agrees = agreed.agrees else {
            throw CFSError(
                .monitorFailed, .looking,
                "the monitor of the container \(try row().name), which waits for its next run, does not answer",
                hint: "was it stopped? Let it go on: pkill -CONT -f 'cfs-runtime monitor .*\(id.text)'")
        }
        return agrees ? agreed.connection : nil
    }

    /// Asks the monitor for something that lasts as long as the connection does.
    ///
    /// - Parameter deadline: how long it may say nothing, in milliseconds.
    /// - Returns: whether it agrees; nil when it does not answer.
    func askMonitor(
        _ message: MonitorMessage, descriptors: [Int32] = [], within deadline: Int32
    ) throws(CFSError) -> (connection: SharedFD, agrees: Bool?) {
        let monitor = try folder.connect()
        try monitor.send(message.bytes, descriptors: descriptors)
        let connection = SharedFD(try monitor.fd.duplicate())
        let answers = try EventPoll()
        try answers.add(monitor.fd.raw, .readable, token: 0)
        while try !answers.wait(milliseconds: deadline).isEmpty {
            guard let (bytes, _) = try monitor.receive() else { return (connection, false) }
            switch try MonitorMessage(parsing: bytes) {
            case .changed: return (connection, true)
            case .refused: return (connection, false)
            default: continue
            }
        }
        return (connection, nil)
    }

    /// Nil when it has ended meanwhile.
    private func runningRoot(
        _ live: LiveState, _ view: ContainerRoot.View, _ request: MonitorRequest
    ) throws(CFSError) -> SharedFD? {
        let name = view == .own ? "ns/mnt" : "root"
        let opened = File.tryOpen("/proc/\(live.pid)/\(name)", view == .own ? .read : [.path, .directory])
        // Only now is it certain whose it is: the number may be another process's already.
        guard ProcessControl.isRunning(live.pid, startTime: live.startTime) else {
            if opened >= 0 { _ = OwnedFD(opened) }
            return nil
        }
        // A process that is ending has no root any more before it has ended.
        if opened == -ErrorCode.notFound || opened == -Int(ESRCH) { return nil }
        let file = SharedFD(OwnedFD(try checked(opened, "open", .looking, path: "/proc/\(live.pid)/\(name)")))
        return view == .own ? try mountedRoot(file.raw, request) : file
    }

    /// Lets a process of its own mount the root: see ``RootMain``.
    ///
    /// - Parameter namespace: the mount namespace of a container that runs, or nil.
    private func mountedRoot(_ namespace: Int32?, _ request: MonitorRequest) throws(CFSError) -> SharedFD {
        let runtime = try RuntimeExecutable(engine.options, sealed: request.spec.linux.uidMappings.isEmpty)
        let pair = try SocketPair()
        let pid = try Streams.none.spawn(
            runtime, ["cfs-runtime", "root", folder.container], socket: pair.theirs, lock: nil)
        let helper = try Helper(pid: pid)
        pair.closeTheirs()
        defer { helper.waitForEnd() }
        try MessageSocket.send(pair.ours, [0], descriptors: namespace.map { [$0] } ?? [])
        guard let (bytes, descriptors) = try MessageSocket.receive(pair.ours) else {
            throw CFSError(
                .monitorFailed, .mounting, "cfs-runtime ended before it had mounted the container's files",
                hint: "is it of the same version as cfs? Compare `cfs version` and `cfs-runtime --version`")
        }
        let files = descriptors.map { SharedFD(OwnedFD($0)) }
        if case .failed(let error) = try MonitorMessage(parsing: bytes) { throw error }
        guard let root = files.first else {
            throw CFSError(.monitorFailed, .mounting, "the answer of cfs-runtime is not understood")
        }
        return root
    }
}
