/// What a caller asks for: one container, before the image's own configuration and the engine's defaults are added.
///
/// Every property has the default of `cfs run`. Nothing here was checked against a kernel or an image yet.
public struct ContainerSpec: Sendable, Hashable {
    /// The image, by name or id.
    public var image: String
    /// Replaces the image's command; empty keeps it.
    public var command: [String]
    /// Replaces the image's entry point; nil keeps it, an empty array removes it.
    public var entrypoint: [String]?
    /// A unique name; nil makes one up.
    public var name: String?
    public var hostname: String?
    /// `KEY=VALUE`, over those of the image.
    public var environment: [String] = []
    /// An absolute path inside; nil is the image's, else `/`.
    public var workingDirectory: String?
    /// `user[:group]`, names or numbers; nil is the image's, else root.
    public var user: String?
    /// Groups besides those of the user, also of whatever `exec` runs: names of the image's /etc/group, or numbers.
    public var additionalGroups: [String] = []
    /// Gives the command a terminal.
    public var terminal = false
    /// Keeps standard input open for the caller.
    public var interactive = false
    /// What is kept of its output.
    public var log = LogPolicy()
    /// Removes the container when it has ended.
    public var autoRemove = false
    public var readOnlyRoot = false
    public var mounts: [MountRequest] = []
    /// The size of `/dev/shm`, at least one byte; nil is 64 MiB. Not with a mount of the caller's own there.
    public var sharedMemorySize: ByteCount?
    public var capabilitiesToAdd: [String] = []
    public var capabilitiesToDrop: [String] = []
    public var seccomp: SeccompChoice = .default
    /// nil: on, unless the caller needs set-uid programs and says false.
    public var noNewPrivileges: Bool?
    /// Removes every protection but the namespaces themselves.
    public var privileged = false
    public var namespaces = NamespaceChoices()
    /// Networks that it is on, besides loopback; only with a network namespace of its own.
    public var networks: [NetworkRequest] = []
    /// Ports of the host that lead to it; only with a network.
    public var ports: [PortMapping] = []
    /// Ports that it offers, besides those of the image.
    public var exposedPorts: [ContainerPort] = []
    /// Gives every port that it offers a free port of the host.
    public var publishesExposedPorts = false
    public var resolver = ResolverChoices()
    public var networkRates = NetworkRates()
    public var limits: [ResourceLimit] = []
    public var devices: [DeviceRequest] = []
    /// What the container may use at most, as the OCI configuration says it; what is nil is not limited. `pids` is 4,096
    /// when nil, where the host can limit it, and swap as much as memory when only memory is given. Device rules here
    /// come after those of ``devices``.
    public var resources = RuntimeSpec.Resources()
    /// The cgroup to make the container's cgroup in: from `/` on below the cgroup v2 mount, else beside the engine's own.
    public var cgroupParent: String?
    public var sysctls: [String: String] = [:]
    /// Runs a small reaping init as process 1.
    public var initProcess = false
    public var labels: [String: String] = [:]
    /// The signal of `stop`, as a number; nil is the image's, else SIGTERM.
    public var stopSignal: Int32?
    /// Seconds that `stop` and `restart` wait before SIGKILL when they are not told themselves, 0 to 86,400; nil is 10.
    public var stopTimeout: Int?
    /// The file creation mask; nil is 022.
    public var umask: UInt32?
    /// -1000 to 1000 (proc_pid_oom_score_adj(5)); nil leaves it.
    public var oomScoreAdjustment: Int?
    /// The size of the terminal at the start.
    public var windowSize: (rows: UInt16, columns: UInt16)? {
        get { rows.flatMap { rows in columns.map { (rows, $0) } } }
        set { (rows, columns) = (newValue?.rows, newValue?.columns) }
    }
    /// When it is started again after its end; not together with `autoRemove`.
    public var restart = RestartPolicy.no
    /// How it is found out whether the container is well; nil takes what the image says, with ``healthChanges``.
    public var health: HealthCheck?
    /// What differs from the image's health check; without effect beside ``health``.
    public var healthChanges = HealthChanges()
    /// Runs no health check, not even the image's.
    public var ignoresHealth = false
    private var rows: UInt16?
    private var columns: UInt16?

    /// What ``stopTimeout`` may be: a day at most.
    public static let stopTimeouts = 0...86_400

    public init(image: String, command: [String] = []) {
        self.image = image
        self.command = command
    }
}

/// Which system calls the container may make.
public enum SeccompChoice: Sendable, Hashable {
    /// The engine's own allow-list.
    case `default`
    /// No filter.
    case unconfined
    /// A profile in the OCI JSON form (runtime-spec, config-linux.md, seccomp), as its text.
    case profile(String)
}

/// Where one namespace comes from.
public enum NamespaceChoice: Sendable, Hashable {
    /// A new one.
    case `private`
    /// That of the engine's caller.
    case host
    /// That of another container, by id or name.
    case container(String)
    /// The one behind a path such as `/proc/1/ns/net`.
    case path(String)

    /// Reads `private`, `host`, `container:ID` or an absolute path.
    public init(_ text: String, flag: String) throws(CFSError) {
        let prefix = "container:"
        if text == "private" {
            self = .private
        } else if text == "host" {
            self = .host
        } else if text.hasPrefix(prefix), text.count > prefix.count {
            self = .container(String(text.dropFirst(prefix.count)))
        } else if text.hasPrefix("/") {
            self = .path(text)
        } else {
            throw CFSError(
                .invalidArgument, .parsing, "--\(flag) does not know \"\(text)\"",
                hint: "use private, host, container:ID or the path of a namespace")
        }
    }
}

/// The choice for each of the eight kinds (namespaces(7)).
public struct NamespaceChoices: Sendable, Hashable {
    public var pid = NamespaceChoice.private
    public var network = NamespaceChoice.private
    public var uts = NamespaceChoice.private
    public var ipc = NamespaceChoice.private
    public var user = NamespaceChoice.private
    public var cgroup = NamespaceChoice.private
    public var time = NamespaceChoice.private
    public init() {}

    /// Each choice with the kind's name in the OCI configuration.
    public var byKind: [(kind: String, choice: NamespaceChoice)] {
        [
            ("user", user), ("pid", pid), ("network", network), ("ipc", ipc), ("uts", uts), ("cgroup", cgroup),
            ("time", time),
        ]
    }
}

/// Something to mount into the container.
public struct MountRequest: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// A file or folder of the host, by absolute path.
        case bind(source: String)
        /// An empty file system in memory; the size in bytes, or the kernel's default of half the memory.
        case tmpfs(size: ByteCount?, mode: UInt32)
    }
    public var kind: Kind
    /// An absolute path inside.
    public var target: String
    public var readOnly = false
    /// Set-uid bits and devices have no effect unless the caller says so; programs can be executed.
    public var noSetUID = true
    public var noDevices = true
    public var noExecute = false
    /// `rprivate` when nil.
    public var propagation: String?
    /// Shows the source's owners through the container's id map: host root is container root.
    public var idMapped = false
    public var recursive = true

    public init(kind: Kind, target: String) {
        self.kind = kind
        self.target = target
    }
}

/// One limit of getrlimit(2). Nil values mean unlimited.
public struct ResourceLimit: Sendable, Hashable {
    /// Without `RLIMIT_`, lower case: `nofile`.
    public var name: String
    public var soft: UInt64?
    public var hard: UInt64?
    public init(name: String, soft: UInt64?, hard: UInt64?) {
        self.name = name
        self.soft = soft
        self.hard = hard
    }
}

/// A device of the host given to the container.
public struct DeviceRequest: Sendable, Hashable {
    public var source: String
    public var target: String
    /// A subset of `rwm`.
    public var access: String
    public init(source: String, target: String, access: String = "rwm") {
        self.source = source
        self.target = target
        self.access = access
    }
}
