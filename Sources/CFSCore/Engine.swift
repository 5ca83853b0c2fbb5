import CFSCgroups
import CFSImages
import CFSLinux
import CFSModel
import CFSMonitor
import CFSNamespaces
import CFSRegistry
import Glibc
import Synchronization

/// A container engine: images by name, and containers made of them.
///
/// Nothing of it runs in the background. Its state lies in two folders, and any number of engines, in any number of
/// processes, may use the same folders at once. Most calls need root: see `cfs doctor`.
///
///     let engine = try Engine()
///     let run = try await engine.run(ContainerSpec(image: "BusyBox", command: ["echo", "hello"]))
///     for try await piece in run.output { print(piece.text, terminator: "") }
///     let status = try await run.exitStatus()
///
/// Calls that are not `async` block for as long as the work takes: microseconds for look-ups, milliseconds for a start.
public final class Engine: Sendable {
    /// The version of the engine, as `cfs version` prints it.
    public static let version = CFSVersion.text

    public let options: EngineOptions
    let registry: Registry
    private let hierarchy: KnownHierarchy

    private final class KnownHierarchy: Sendable {
        let found = Mutex<CgroupHierarchy?>(nil)
    }

    /// - Throws: `invalidArgument` for a folder that is no absolute path.
    public init(_ options: EngineOptions = EngineOptions()) throws(CFSError) {
        var options = options
        options.root = try Self.plain(options.root, "root")
        options.run = try Self.plain(options.run, "run")
        self.options = options
        registry = Registry(path: "\(options.root)/registry.db")
        hierarchy = KnownHierarchy()
    }

    private init(_ other: Engine, user: UInt32) {
        var options = other.options
        options.user = user
        self.options = options
        registry = other.registry
        hierarchy = other.hierarchy
    }

    /// The same engine, whose history names this user (``EngineOptions/user``).
    public func acting(for user: UInt32) -> Engine {
        user == options.user ?? getuid() ? self : Engine(self, user: user)
    }

    private static func plain(_ path: String, _ what: String) throws(CFSError) -> String {
        guard path.isAbsolutePath, !path.utf8.contains(0) else {
            throw CFSError(
                .invalidArgument, .parsing, "the \(what) folder \"\(path)\" is not an absolute path",
                hint: "write it from / on, for example /var/lib/cfs")
        }
        // Options of an overlay mount and of id files split at these.
        guard !path.utf8.contains(0x0a) else {
            throw CFSError(.invalidArgument, .parsing, "the \(what) folder must not contain a line feed")
        }
        let parts = path.pathNames.filter { $0 != "." }
        guard !parts.contains("..") else {
            throw CFSError(.invalidArgument, .parsing, "the \(what) folder \"\(path)\" must not contain ..")
        }
        return "/" + parts.text(separator: "/")
    }

    var store: ImageStore {
        ImageStore(root: options.root, names: ReservedNames(registry: registry, reserve: reserve))
    }

    /// Throws unless this process may make containers.
    ///
    /// - Parameter work: what needs the privilege, as the beginning of a sentence.
    func requirePrivilege(_ work: String = "making containers") throws(CFSError) {
        guard geteuid() == 0 else { throw Self.needsRoot(work) }
    }

    private static func needsRoot(_ work: String) -> CFSError {
        CFSError(
            .notPermitted, .preparing, "\(work) needs root, and this is user \(geteuid())",
            hint: "run it as root, for example with sudo")
    }

    /// Makes the folders that everything else lies in.
    ///
    /// - Parameter withRun: whether the run folder is made, too: who looks for what is there needs none.
    /// - Throws: also `conflict` when containers of this root run that another run folder knows of.
    func makeFolders(withRun: Bool = true) throws(CFSError) {
        for folder in ["containers", "events"] { try make("\(options.root)/\(folder)", in: options.root, "--root") }
        let mark = RunMark(options)
        // Before a wrong run folder is made, which would stay.
        let isDue = try mark.isDue()
        guard withRun else { return }
        try make(options.run, in: options.run, "--run")
        if isDue { try mark.write() }
    }

    private func make(_ folder: String, in place: String, _ option: String) throws(CFSError) {
        do throws(CFSError) {
            // The last part exists nearly always, and asking costs as much as making.
            try Directory.makeAll(folder)
        } catch {
            if geteuid() != 0, error.errno == EACCES || error.errno == EPERM {
                throw Self.needsRoot("reading \(place)")
            }
            throw CFSError(
                error.code, .preparing, "the engine's folder \(place) cannot be made", systemCall: error.systemCall,
                path: error.path, errno: error.errno, hint: "\(option) names a place that can be written to")
        }
    }

    func folder(_ id: ContainerID) -> ContainerFolder {
        ContainerFolder(container: "\(options.root)/containers/\(id.text)", run: "\(options.run)/\(id.text)")
    }

    /// The folder of this engine's cgroups; nil where the host has no cgroup v2.
    func cgroups() throws(CFSError) -> CgroupHierarchy? {
        try hierarchy.found.withLock { known throws(CFSError) in
            if let known { return known }
            // Two engines with different roots must not tidy up each other's.
            let name = options.root == "/var/lib/cfs" ? "cfs" : "cfs-\(PathHash.hex(options.root))"
            known = try CgroupHierarchy.find(name: name)
            return known
        }
    }

    /// Where a container's cgroup goes that wants another parent.
    func cgroups(below parent: String?) throws(CFSError) -> CgroupHierarchy? {
        guard let parent else { return try cgroups() }
        return try cgroups()?.below(parent: parent)
    }

    var seccompCache: SeccompCache { SeccompCache(folder: "\(options.root)/seccomp") }
}

/// A short name for a path (FNV-1a, 64 bits): for folders that other programs see, not for security.
enum PathHash {
    static func hex(_ path: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }
}
