import CFSCgroups
import CFSLinux
import CFSModel
import CFSNamespaces
import Glibc

/// The folder of all containers (`--root`): one folder for each, by its id.
struct ContainerStore: Sendable {
    /// The default of `--root`.
    static let standard = "/run/cfs-runtime"

    let root: String

    /// Beside the containers: compiled system call filters. No id can be this.
    var filters: SeccompCache { SeccompCache(folder: "\(root)/.seccomp") }

    /// Letters, digits, `_`, `+`, `-` and `.`, at most 1,024, and no name that a folder has anyway.
    static func check(_ id: String) throws(CFSError) {
        let plain = id.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || [0x5f, 0x2b, 0x2d, 0x2e].contains(byte)
        }
        guard plain, !id.isEmpty, id.utf8.count <= 255, id != ".", id != "..", id != ".seccomp" else {
            throw CFSError(
                .invalidArgument, .parsing, "invalid container id \"\(id)\"",
                hint: "letters, digits, '_', '+', '-' and '.' make an id, at most 255")
        }
    }

    func folder(_ id: String) -> String { "\(root)/\(id)" }

    /// The ids of all containers, sorted.
    func ids() throws(CFSError) -> [String] {
        let opened = File.tryOpen(root, [.directory, .read])
        if opened == -ErrorCode.notFound { return [] }
        let folder = OwnedFD(try checked(opened, "open", .looking, path: root))
        return try Directory.entries(folder.raw).filter { $0.type == DT_DIR && $0.name != ".seccomp" }.map(\.name)
            .sorted()
    }

    /// The container with this id.
    ///
    /// - Throws: `containerNotFound`, with the words that callers look for.
    func load(_ id: String) throws(CFSError) -> RuntimeContainer {
        try Self.check(id)
        let opened = File.tryOpen("\(folder(id))/state.json", [.read, .noFollow])
        if opened == -ErrorCode.notFound { throw Self.missing(id) }
        let file = OwnedFD(try checked(opened, "open", .looking, path: "\(folder(id))/state.json"))
        let bytes = try File.readAll(file.raw)
        do throws(CFSError) {
            let json = try JSON(parsing: bytes, what: "state.json")
            return RuntimeContainer(store: self, document: try ContainerDocument(json: json))
        } catch {
            throw CFSError(
                .invalidState, .looking, "the state of container \"\(id)\" is damaged: \(error.message)",
                path: "\(folder(id))/state.json", hint: "cfs-runtime delete --force \(id) removes it")
        }
    }

    static func missing(_ id: String) -> CFSError {
        CFSError(.containerNotFound, .looking, "container \"\(id)\" does not exist")
    }
}

/// One container that was made, and what it is doing now.
struct RuntimeContainer {
    let store: ContainerStore
    var document: ContainerDocument

    var folder: String { store.folder(document.id) }
    var gatePath: String { "\(folder)/gate" }

    /// The configuration as it was when the container was made; without a seccomp profile that need not be read
    /// (``ConfigurationText``).
    func configuration() throws(CFSError) -> RuntimeSpec { try configurationWithProfile().spec }

    /// The same for who wants of it only what has one of these words: nil says that it has none, which is seen without reading it.
    func configuration(naming words: [StaticString]) throws(CFSError) -> RuntimeSpec? {
        let text = try configurationText()
        return text.mayName(words) ? try text.read(store.filters).0 : nil
    }

    func configurationWithProfile() throws(CFSError) -> (spec: RuntimeSpec, profile: ConfigurationText.Profile) {
        try configurationText().read(store.filters)
    }

    private func configurationText() throws(CFSError) -> ConfigurationText {
        let path = "\(folder)/config.json"
        return ConfigurationText(bytes: try File.readAll(at: path), path: path)
    }

    /// Its cgroup; nil when it has none, or no longer.
    func cgroup() throws(CFSError) -> Cgroup? {
        guard let hierarchy, document.unit.isEmpty || hasScope else { return nil }
        return try hierarchy.cgroup(document.cgroupName)
    }

    var hierarchy: CgroupHierarchy? {
        guard !document.cgroupMountPoint.isEmpty else { return nil }
        return CgroupHierarchy(mountPoint: document.cgroupMountPoint, folder: document.cgroupFolder)
    }

    /// Asked of the kernel: what a process has executed since it was cloned, it remembers.
    func status() throws(CFSError) -> RuntimeState.Status {
        guard document.pid > 0 else {
            // Somebody makes it at this moment, or was ended while at it.
            guard let lock = try FileLock(ifFree: "\(folder)/lock") else { return .creating }
            withExtendedLifetime(lock) {}
            return .stopped
        }
        guard let process = ProcessStatus(of: document.pid), process.startTime == document.startTime,
            !process.hasEnded
        else { return .stopped }
        let isFrozen = try inCgroup { cgroup throws(CFSError) in try cgroup.events().isFrozen }
        if isFrozen ?? false { return .paused }
        return process.hasExecuted || document.isRestored ? .running : .created
    }

    /// A handle on its first process; nil when that has ended.
    func process() throws(CFSError) -> OwnedFD? {
        guard document.pid > 0, let handle = try ProcessControl.open(pid: document.pid),
            ProcessControl.isRunning(document.pid, startTime: document.startTime)
        else { return nil }
        return handle
    }

    func state(_ status: RuntimeState.Status) -> RuntimeState { document.state(status, pid: document.pid) }

    /// Takes the lock that whoever makes, starts or removes the container holds.
    func lock() throws(CFSError) -> FileLock {
        do throws(CFSError) {
            return try FileLock("\(folder)/lock")
        } catch {
            guard error.errno == ENOENT else { throw error }
            throw ContainerStore.missing(document.id)
        }
    }

    func write() throws(CFSError) {
        try AtomicFile.write(document.json.bytes(), to: "\(folder)/state.json", durable: false, endsWithBoot: true)
    }

    /// Removes what belongs to the container: its cgroup with all that lives in it, and its folder.
    func removeTraces() throws(CFSError) {
        if let cgroup = try cgroup() { try cgroup.remove() }
        // A folder that a caller has chosen is the caller's.
        if let hierarchy, hierarchy.folder.hasSuffix("/\(CgroupPlace.defaultFolder(of: store))") {
            try hierarchy.removeFolderIfEmpty()
        }
        let opened = File.tryOpen(folder, [.directory, .read])
        if opened == -ErrorCode.notFound { return }
        let handle = OwnedFD(try checked(opened, "open", .removing, path: folder))
        // A removal that is killed can be done again as long as the state is there, and nobody makes a container of this id
        // as long as the lock is.
        for name in try Directory.names(handle.raw) where name != "state.json" && name != "lock" {
            _ = unlinkat(handle.raw, name, 0)
        }
        for name in ["state.json", "lock"] { _ = unlinkat(handle.raw, name, 0) }
        let removed = rmdir(folder) == 0 ? 0 : -Int(errno)
        // Somebody makes the next one of this id.
        if removed == -ErrorCode.notFound || removed == -ErrorCode.notEmpty { return }
        try checked(removed, "rmdir", .removing, path: folder)
    }
}
