/// What is known of a container: one row of the registry, seen together with its monitor.
public struct ContainerRecord: Sendable, Hashable {
    public enum State: Sendable, Hashable {
        case created
        /// The process number of the container's first process, as the host sees it.
        case running(pid: Int32)
        /// Running, and standing still until somebody lets it go on.
        case paused(pid: Int32)
        /// Running, and asked to end.
        case stopping(pid: Int32)
        /// The exit status by the shell's convention, and why the engine ended it where it did.
        case exited(status: Int32, reason: String?)
        /// Its removal was begun, and has not come to its end: nothing but removing it is possible.
        case dead

        public var name: String {
            switch self {
            case .created: "created"
            case .running: "running"
            case .paused: "paused"
            case .stopping: "stopping"
            case .exited: "exited"
            case .dead: "dead"
            }
        }

        /// The first process of one that runs, paused or not.
        public var pid: Int32? {
            switch self {
            case .running(let pid), .paused(let pid), .stopping(let pid): pid
            case .created, .exited, .dead: nil
            }
        }
    }

    public var id: ContainerID
    public var name: String
    /// The image's name as the caller gave it, and the digest of its manifest.
    public var image: String
    public var imageDigest: String
    /// The command with its arguments.
    public var command: [String]
    public var labels: [String: String]
    public var state: State
    /// Nanoseconds since 1970 (CLOCK_REALTIME).
    public var createdAt: UInt64
    public var startedAt: UInt64?
    public var finishedAt: UInt64?
    public var autoRemove: Bool
    /// When its restart policy starts it again, in nanoseconds since 1970, while it waits for that.
    public var restartsAt: UInt64?
    /// How often its restart policy has started it again.
    public var restarts = 0
    /// Whether it is well; nil without a health check, and when it does not run.
    public var health: Health?
    /// The ports of the host that lead to it while it runs, one for each address.
    public var ports: [PortMapping] = []
    /// The names of the networks that it is on.
    public var networks: [String] = []
    /// Which files of it are damaged: one sentence each.
    public var damage: [String] = []
    /// The first of the container's 65,536 host ids, or nil without a user namespace of its own.
    public var idBase: UInt32?

    public init(
        id: ContainerID, name: String, image: String, imageDigest: String, command: [String], labels: [String: String],
        state: State, createdAt: UInt64, startedAt: UInt64?, finishedAt: UInt64?, autoRemove: Bool, idBase: UInt32?
    ) {
        self.id = id
        self.name = name
        self.image = image
        self.imageDigest = imageDigest
        self.command = command
        self.labels = labels
        self.state = state
        self.createdAt = createdAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.autoRemove = autoRemove
        self.idBase = idBase
    }
}
