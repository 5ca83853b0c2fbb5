import CFSLinux
import CFSModel
import CFSNetworks

/// All that will happen to start one container, as data: computed before anything is touched, compared by tests, printed
/// by `cfs explain`, and then carried out by ``Launcher``.
public struct LaunchPlan: Sendable, Hashable {
    /// A namespace that exists already and is entered by the launcher before the clone.
    public struct Join: Sendable, Hashable {
        public var namespace: NamespaceFlags
        public var path: String
    }

    /// Namespaces that the clone makes new. The cgroup namespace is not among them: see ``unsharesCgroup``.
    public var newNamespaces: NamespaceFlags = []
    /// A new cgroup namespace is made by the child itself: the clone would root it at the *parent's* cgroup.
    public var unsharesCgroup = false
    public var joins: [Join] = []
    /// A user namespace to enter; the others that are new then belong to it.
    public var userNamespacePath: String?
    public var uidMappings: [IDMapping] = []
    public var gidMappings: [IDMapping] = []
    /// Offsets of the time namespace: clock name (`monotonic`, `boottime`), seconds, nanoseconds (time_namespaces(7)).
    public var timeOffsets: [TimeOffset] = []
    public var hostname: String?
    public var domainname: String?
    public var root: RootPlan
    public var mounts: [MountPlan] = []
    public var sysctls: [Sysctl] = []
    /// In their order; the launcher moves them last, when little is left that can fail.
    package var networkDevices: [NetworkDeviceMove] = []
    public var maskedPaths: [String] = []
    public var readOnlyPaths: [String] = []
    public var process: ProcessPlan
    /// How the propagation of the root mount is set in the end (runtime-spec, config-linux.md, rootfsPropagation).
    public var rootPropagation: Mounting.Propagation?
    /// Nodes that lie elsewhere than in a file system that is made for `/dev`.
    public var looseDevices: [LooseDevice] = []
    /// Whether `/dev` of the root itself gets the links that programs expect.
    public var linksDevices = false
    /// Whether the root is changed by pivot_root(2); else by a move and chroot(2), for a root in an initramfs.
    public var pivots = true
    /// Where the start stops on its way, if it does.
    public var held: HeldStart?
    /// Whether the networks are made while the child makes its mounts, and the child waits for them before its command. Else
    /// they are there before the child goes on from its clone.
    public var waitsForNetworks = false

    public struct TimeOffset: Sendable, Hashable {
        public var clock: String
        public var seconds: Int64
        public var nanoseconds: UInt32
    }

    public struct Sysctl: Sendable, Hashable {
        /// With dots, e.g. `net.core.somaxconn`.
        public var name: String
        public var value: String
    }

    public init(root: RootPlan, process: ProcessPlan) {
        self.root = root
        self.process = process
    }

    /// Whether the container has a user namespace other than the launcher's.
    public var hasUserNamespace: Bool { newNamespaces.contains(.user) || userNamespacePath != nil }
}

/// Where the root file system comes from.
public struct RootPlan: Sendable, Hashable {
    public enum Source: Sendable, Hashable {
        /// An overlay: read-only layers from the topmost down, and the container's own `upper` and `work`.
        case overlay(lowers: [String], upper: String, work: String, volatile: Bool)
        /// A folder as it is (an OCI bundle's `root.path`).
        case folder(String)
    }
    public var source: Source
    public var readOnly: Bool

    public init(source: Source, readOnly: Bool) {
        self.source = source
        self.readOnly = readOnly
    }
}

/// One mount, in the order in which they are put into place.
public struct MountPlan: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case proc(options: [String])
        case sysfs
        case devpts(options: [String])
        case mqueue
        case cgroup
        case tmpfs(options: [String])
        /// A file system in memory with device nodes and the links that programs expect.
        case devices([DeviceNode], options: [String])
        case bind(source: String, recursive: Bool)
        /// Any other file system of the kernel.
        case other(type: String, source: String, options: [String])
    }

    public enum Maker: Sendable { case launcher, child }

    public var kind: Kind
    /// An absolute path inside.
    public var target: String
    public var set: Mounting.Attributes
    public var clear: Mounting.Attributes
    /// Whether `set` and `clear` hold for mounts below too (`rro` and its like).
    public var recursiveAttributes: Bool
    /// What holds for the mount and those below it, where that is not the same as what holds for itself.
    public var setBelow: Mounting.Attributes = []
    public var clearBelow: Mounting.Attributes = []
    public var propagation: Mounting.Propagation?
    public var idMapped: Bool
    /// Maps of the mount's own; empty for those of the container.
    public var uidMappings: [IDMapping] = []
    public var gidMappings: [IDMapping] = []
    /// Whether a new file system begins with a copy of what lies under it.
    public var copiesUp = false
    /// What the kernel shows as the source of a new file system (proc_pid_mountinfo(5)); empty for `none`.
    public var sourceName = ""
    public var maker: Maker

    public init(
        kind: Kind, target: String, set: Mounting.Attributes = [], clear: Mounting.Attributes = [],
        recursiveAttributes: Bool = false, propagation: Mounting.Propagation? = nil, idMapped: Bool = false,
        maker: Maker
    ) {
        self.kind = kind
        self.target = target
        self.set = set
        self.clear = clear
        self.recursiveAttributes = recursiveAttributes
        self.propagation = propagation
        self.idMapped = idMapped
        self.maker = maker
    }
}

/// One node of `/dev` (mknod(2)).
public struct DeviceNode: Sendable, Hashable {
    /// Below `/dev`, without it: `null`, `net/tun`.
    public var name: String
    public var isBlock: Bool
    public var major: UInt32
    public var minor: UInt32
    /// Permission bits.
    public var mode: UInt32
    /// A named pipe, which has no numbers.
    public var isPipe = false
    /// The owner, as the container sees it.
    public var uid: UInt32 = 0
    public var gid: UInt32 = 0

    public init(name: String, isBlock: Bool = false, major: UInt32, minor: UInt32, mode: UInt32 = 0o666) {
        self.name = name
        self.isBlock = isBlock
        self.major = major
        self.minor = minor
        self.mode = mode
    }

    /// The nodes every container has (runtime-spec, config-linux.md, default devices).
    public static let standard = [
        DeviceNode(name: "null", major: 1, minor: 3), DeviceNode(name: "zero", major: 1, minor: 5),
        DeviceNode(name: "full", major: 1, minor: 7), DeviceNode(name: "random", major: 1, minor: 8),
        DeviceNode(name: "urandom", major: 1, minor: 9), DeviceNode(name: "tty", major: 5, minor: 0),
    ]

    /// The links beside them: target and name.
    static let links = [
        ("/proc/self/fd", "fd"), ("/proc/self/fd/0", "stdin"), ("/proc/self/fd/1", "stdout"),
        ("/proc/self/fd/2", "stderr"), ("pts/ptmx", "ptmx"),
    ]
}

/// A node outside of a file system that is made for `/dev`: it is made apart and bound into place.
public struct LooseDevice: Sendable, Hashable {
    /// An absolute path inside.
    public var path: String
    public var node: DeviceNode
}

/// The process that the container starts with, or one more (`exec`).
public struct ProcessPlan: Sendable, Hashable {
    /// Who it runs as.
    public enum User: Sendable, Hashable {
        /// `user[:group]`, and groups besides, looked up in the container's own files once its root exists.
        case named(String, groups: [String] = [])
        case ids(uid: UInt32, gid: UInt32, groups: [UInt32])
    }

    public var arguments: [String]
    public var environment: [String]
    public var workingDirectory: String
    public var user: User
    public var capabilities: CapabilitySets
    public var noNewPrivileges: Bool
    /// Which system calls it may make, or nil for all.
    public var seccomp: SeccompFilter?
    public var limits: [Limit] = []
    public var oomScoreAdjustment: Int?
    public var umask: UInt32 = 0o022
    public var terminal = false
    public var windowSize: WindowSize?
    /// A small reaping init runs as process 1 and starts the command as its child.
    public var initProcess = false
    public var attributes = ProcessAttributes()
    /// How many descriptors from 3 on stay open.
    public var preservedDescriptors: Int32 = 0
    /// Whether it ends with the process that started it.
    public var diesWithLauncher = true
    /// Whether it gets a session keyring of its own.
    public var ownsKeyring = true
    /// Whether HOME is looked up when the environment does not say: the home of the user in the container's own files.
    public var looksUpHome = false
    /// Whether an empty capability set of a user other than root follows from the user (Docker's rule).
    public var dropsCapabilitiesForOrdinaryUser = false

    public struct Limit: Sendable, Hashable {
        public var resource: Int32
        public var soft: UInt64
        public var hard: UInt64

        /// Whether a start might not get to its end under this limit: then the process lowers it last, by itself.
        var hindersStart: Bool {
            switch ResourceLimitNames.name(resource) {
            case "nofile": soft < 1024
            case "as", "data", "stack": true
            default: false
            }
        }
    }

    public init(
        arguments: [String], environment: [String], workingDirectory: String, user: User, capabilities: CapabilitySets,
        noNewPrivileges: Bool
    ) {
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.user = user
        self.capabilities = capabilities
        self.noNewPrivileges = noNewPrivileges
    }
}
