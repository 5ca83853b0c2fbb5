import CFSLinux
import CFSModel
import Glibc

/// The two folders of a container: what lasts (`containers/<id>`) and what ends with its monitor (`/run/cfs/<id>`).
public struct ContainerFolder: Sendable {
    public let container: String
    public let run: String

    public init(container: String, run: String) {
        self.container = container
        self.run = run
    }

    public var configPath: String { "\(container)/config.json" }
    public var logPath: String { "\(container)/log" }
    /// A file of a log by its age: 0 is the one that grows, 1 the one before it. See ``LogWriter``.
    public static func logPath(_ path: String, age: Int) -> String { age == 0 ? path : "\(path).\(age)" }
    public var exitPath: String { "\(container)/exit.json" }
    public var upperPath: String { "\(container)/upper" }
    public var workPath: String { "\(container)/work" }
    public var socketPath: String { "\(run)/socket" }
    public var statePath: String { "\(run)/state" }
    public var lockPath: String { "\(run)/lock" }
    /// Locked by whoever lets the container stand still for what he does himself.
    public var standstillPath: String { "\(run)/standstill" }
    /// What it is called since it was renamed during this run: its monitor has the configuration of the start.
    private var namePath: String { "\(run)/name" }
    private var keptExitPath: String { "\(run)/exit.json" }
    /// That of the engine, whose folder is two above the container's.
    var reserve: DiskReserve { DiskReserve(root: container.parentFolder.parentFolder) }

    public func readRequest() throws(CFSError) -> MonitorRequest {
        try MonitorRequest(json: try JSON(parsing: try File.readAll(at: configPath), what: configPath))
    }

    /// What the monitor wrote down at the start; nil before that, when there is no such container running, and when the
    /// file is damaged: then nothing is known to run.
    public func readState() throws(CFSError) -> LiveState? {
        guard let bytes = try Self.readIfThere(statePath) else { return nil }
        return Self.document(bytes, statePath).flatMap { LiveState(json: $0) }
    }

    /// Whether what the monitor wrote down is there and cannot be understood. It appears whole, so that is damage.
    public func hasDamagedState() throws(CFSError) -> Bool {
        guard let bytes = try Self.readIfThere(statePath) else { return false }
        return Self.document(bytes, statePath).flatMap { LiveState(json: $0) } == nil
    }

    /// How the container ended; nil when it has not. Of the record in its own folder and one that was kept, that of the later
    /// run; of one run the one that was kept, which was written last. A file that is damaged says at least that it did.
    public func readExit() throws(CFSError) -> ExitRecord? {
        let kept = try readKeptExit()
        guard let bytes = try Self.readIfThere(exitPath) else { return kept }
        guard let record = Self.document(bytes, exitPath).flatMap({ ExitRecord(json: $0) }) else {
            return kept ?? .damaged
        }
        if let kept, kept.startedAt >= record.startedAt { return kept }
        return record
    }

    /// How the container ended, where that could not be written into its own folder; nil otherwise.
    public func readKeptExit() throws(CFSError) -> ExitRecord? {
        try Self.readIfThere(keptExitPath).flatMap { Self.document($0, keptExitPath) }.flatMap { ExitRecord(json: $0) }
    }

    private static func document(_ bytes: [UInt8], _ path: String) -> JSON? {
        do throws(CFSError) {
            return try JSON(parsing: bytes, what: path)
        } catch {
            // The reader says what a damaged document means.
            return nil
        }
    }

    /// What stands there and is no file, a folder or a pipe, is as good as a damaged one: it reads as nothing. A socket cannot
    /// even be opened.
    private static func readIfThere(_ path: String) throws(CFSError) -> [UInt8]? {
        let result = File.tryOpen(path, [.read, .nonBlocking])
        if result == -ErrorCode.notFound { return nil }
        if result == -Int(ENXIO) || result == -ErrorCode.loop { return [] }
        let fd = OwnedFD(try checked(result, "open", .looking, path: path))
        guard try File.status(at: fd.raw).isRegular else { return [] }
        return try File.readAll(fd.raw, path: path)
    }

    /// Waits until the container's configuration and the names of its folders have reached the disk (fsync(2)).
    public func sync() throws(CFSError) {
        let parent = String(container.prefix(upTo: container.lastSlash ?? container.startIndex))
        for path in [configPath, container, parent] {
            let file = try File.open(path, [.read])
            try checked(fsync(file.raw) == 0 ? 0 : -Int(errno), "fsync", .recording, path: path)
        }
    }

    /// The folders that every container has, made while its starter still looks things up: on a disk each takes as long as
    /// a mount. The starter makes what is missing, and says what cannot be made.
    ///
    /// - Returns: whether the container's folder was not there before.
    func makeFolders() -> Bool {
        guard mkdir(container, 0o700) == 0 else { return false }
        _ = mkdir(upperPath, 0o755)
        _ = mkdir(workPath, 0o700)
        return true
    }

    /// Has the events of the run under way tell a new name; without a run there is nobody to tell.
    public func tell(name: String) throws(CFSError) {
        guard File.exists(run) else { return }
        try AtomicFile.write(Array(name.utf8), to: namePath, durable: false)
    }

    /// What it was told to be called since the start; nil for what it was called then.
    func toldName() -> String? {
        do throws(CFSError) {
            return try Self.readIfThere(namePath).map { String(decoding: $0, as: UTF8.self) }
        } catch {
            return nil
        }
    }

    func listen() throws(CFSError) -> OwnedFD {
        try withShortPath { path throws(CFSError) in try MessageSocket.listen(at: path) }
    }

    /// A connection to the monitor; fails with `.containerNotRunning` when nobody listens.
    public func connect() throws(CFSError) -> MessageSocket {
        do {
            return try MessageSocket(
                OwnedFD(
                    withShortPath { path throws(CFSError) in
                        let socket = try MessageSocket.connect(to: path)
                        return try socket.fd.duplicate().release()
                    }))
        } catch {
            guard error.errno == ENOENT || error.errno == ECONNREFUSED else { throw error }
            throw CFSError(.containerNotRunning, .looking, "the container is not running")
        }
    }

    /// A socket's address holds 107 bytes; a longer path is reached through a descriptor of its folder.
    private func withShortPath<Result: ~Copyable>(
        _ body: (String) throws(CFSError) -> Result
    ) throws(CFSError) -> Result {
        if socketPath.utf8.count < 108 { return try body(socketPath) }
        let folder = try File.open(run, [.path, .directory])
        return try body("/proc/self/fd/\(folder.raw)/socket")
    }

    /// Writes down what runs; for its monitor, and for whoever finds that file damaged.
    public func writeState(_ state: LiveState) throws(CFSError) {
        try Self.write(state.json.bytes(), to: statePath, durable: false)
    }

    /// Writes down how the container ended, safe from a power cut; for its monitor, and for whoever finds that the monitor
    /// is gone.
    public func writeExit(_ record: ExitRecord) throws(CFSError) {
        try Self.write(record.json.bytes(), to: exitPath, durable: true)
    }

    private static func write(_ bytes: [UInt8], to path: String, durable: Bool) throws(CFSError) {
        do throws(CFSError) {
            try AtomicFile.write(bytes, to: path, durable: durable)
        } catch {
            // A folder stands in its place, which is damage, and no file replaces that.
            guard error.errno == EISDIR else { throw error }
            try Directory.removeTree(path)
            try AtomicFile.write(bytes, to: path, durable: durable)
        }
    }

    /// Keeps the record of a container whose folder cannot be written (a full disk) in the run folder, which stays, with
    /// its lock, until recover() can put the record where it belongs.
    func keepExit(_ record: ExitRecord) throws(CFSError) {
        // The run folder may lie on the same disk.
        try reserve.lend(.part) { () throws(CFSError) in
            try AtomicFile.write(record.json.bytes(), to: keptExitPath, durable: false)
        }
        removeGeneratedFiles()
        for path in [socketPath, statePath, standstillPath] { _ = unlink(path) }
    }

    /// The command has ended, and is going to be started again.
    func removeState() { _ = unlink(statePath) }

    private func removeGeneratedFiles() {
        for name in ["hosts", "hostname", "resolv.conf", "name"] { _ = unlink("\(run)/\(name)") }
    }

    /// Removes what ends with the monitor. The lock goes last: while it is there and held, nobody else tidies up.
    public func removeRun() throws(CFSError) {
        removeGeneratedFiles()
        for path in [socketPath, statePath, standstillPath, lockPath] { _ = unlink(path) }
        if rmdir(run) != 0, errno != ENOENT { try Directory.removeTree(run) }
    }

    /// Removes the container's folder. What every container has is removed by name, which for a container that wrote
    /// nothing is all; whatever is left then is looked for.
    public func removeContainer() throws(CFSError) {
        for name in ["config.json", "log", "log.1", "exit.json"] {
            _ = unlink("\(container)/\(name)")
        }
        // What an overlay makes in its working folder, the inner before the outer.
        let incompatible = "work/work/incompat"
        _ = unlink("\(container)/\(incompatible)/volatile/dirty")
        for name in ["\(incompatible)/volatile", incompatible, "work/work", "work", "upper"] {
            _ = rmdir("\(container)/\(name)")
        }
        if rmdir(container) != 0, errno != ENOENT { try Directory.removeTree(container) }
    }
}
