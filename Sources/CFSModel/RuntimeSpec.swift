/// The OCI runtime configuration (runtime-spec 1.3.0, config.md and config-linux.md) for Linux. Property names are those
/// of the JSON; nil and empty mean that the document does not say.
public struct RuntimeSpec: Sendable, Hashable {
    public var ociVersion = "1.2.0"
    public var root: Root
    public var process: Process
    /// Whether the document has a `process`; without one a container can be created but not started.
    public var hasProcess = true
    public var hostname: String?
    public var domainname: String?
    public var mounts: [Mount] = []
    public var hooks = Hooks()
    public var annotations: [String: String] = [:]
    public var linux = Linux()

    public struct Root: Sendable, Hashable {
        public var path: String
        public var readonly: Bool
        public init(path: String, readonly: Bool) {
            self.path = path
            self.readonly = readonly
        }
    }

    public struct Mount: Sendable, Hashable {
        /// As it is written; a relative one means from the root.
        public var destination: String
        /// Empty when the document does not say.
        public var type: String
        /// Empty when the document does not say.
        public var source: String
        public var options: [String]
        /// How the owners of the mount are shown; both empty or both not.
        public var uidMappings: [IDRange] = []
        public var gidMappings: [IDRange] = []
        public init(destination: String, type: String, source: String, options: [String]) {
            self.destination = destination
            self.type = type
            self.source = source
            self.options = options
        }
    }

    public struct Linux: Sendable, Hashable {
        public var namespaces: [Namespace] = []
        public var uidMappings: [IDRange] = []
        public var gidMappings: [IDRange] = []
        public var timeOffsets: [String: TimeOffset] = [:]
        public var devices: [Device] = []
        /// Interfaces of the host that the container gets, in the order of the document.
        public var netDevices: [NetDevice] = []
        public var cgroupsPath: String?
        public var resources: Resources?
        public var sysctl: [String: String] = [:]
        /// The seccomp object as it stands (config-linux.md, seccomp).
        public var seccomp: JSON?
        /// `private`, `shared`, `slave` or `unbindable`, each also with an `r` in front.
        public var rootfsPropagation: String?
        public var maskedPaths: [String] = []
        public var readonlyPaths: [String] = []
        /// The SELinux label of the mounts.
        public var mountLabel: String?
        public var personality: Personality?
        /// The intelRdt object as it stands (config-linux.md, IntelRdt).
        public var intelRdt: JSON?
        public var memoryPolicy: MemoryPolicy?
        public init() {}
    }

    public struct Namespace: Sendable, Hashable {
        /// `pid`, `network`, `mount`, `ipc`, `uts`, `user`, `cgroup` or `time`.
        public var type: String
        public var path: String?
        public init(type: String, path: String? = nil) {
            self.type = type
            self.path = path
        }
    }

    public struct IDRange: Sendable, Hashable {
        public var containerID: UInt32
        public var hostID: UInt32
        public var size: UInt32
        public init(containerID: UInt32, hostID: UInt32, size: UInt32) {
            self.containerID = containerID
            self.hostID = hostID
            self.size = size
        }
    }

    public struct TimeOffset: Sendable, Hashable {
        public var secs: Int64
        public var nanosecs: UInt32
        public init(secs: Int64, nanosecs: UInt32) {
            self.secs = secs
            self.nanosecs = nanosecs
        }
    }

    public struct Device: Sendable, Hashable {
        /// `c`, `b`, `u` or `p`; a `p` (a pipe) has no numbers.
        public var type: String
        public var path: String
        public var major: UInt32
        public var minor: UInt32
        /// Permission bits, with or without the bits of the device's own type; 0666 by default.
        public var fileMode: UInt32?
        /// The owner inside of the container; 0 by default.
        public var uid: UInt32?
        public var gid: UInt32?
        public init(type: String, path: String, major: UInt32, minor: UInt32, fileMode: UInt32?) {
            self.type = type
            self.path = path
            self.major = major
            self.minor = minor
            self.fileMode = fileMode
        }
    }

    public struct NetDevice: Sendable, Hashable {
        /// The interface's name on the host.
        public var hostName: String
        /// Its name in the container; the same one by default.
        public var name: String?
        public init(hostName: String, name: String? = nil) {
            self.hostName = hostName
            self.name = name
        }
    }

    public struct Personality: Sendable, Hashable {
        /// `LINUX` or `LINUX32`.
        public var domain: String
        public var flags: [String]
        public init(domain: String, flags: [String] = []) {
            self.domain = domain
            self.flags = flags
        }
    }

    /// How memory is spread over NUMA nodes (set_mempolicy(2)).
    public struct MemoryPolicy: Sendable, Hashable {
        /// `MPOL_BIND`.
        public var mode: String
        /// A list such as `0-3,7`.
        public var nodes: String?
        /// `MPOL_F_STATIC_NODES`.
        public var flags: [String]
        public init(mode: String, nodes: String? = nil, flags: [String] = []) {
            self.mode = mode
            self.nodes = nodes
            self.flags = flags
        }
    }

    public init(root: Root, process: Process) {
        self.root = root
        self.process = process
    }
}
