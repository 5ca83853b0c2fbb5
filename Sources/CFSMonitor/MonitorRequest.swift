import CFSModel

/// A container as its monitor gets it: the OCI configuration and what that has no field for. It lies in the container's
/// folder as `config.json`.
public struct MonitorRequest: Sendable {
    public var id: ContainerID
    public var spec: RuntimeSpec
    /// The folders of the layers, from the topmost down.
    public var layers: [String]
    /// An overlay that need not survive a power cut: its container is removed when it ends.
    public var isVolatile = false
    /// `user[:group]` to look up inside.
    public var user = ""
    /// Groups besides those of the user, to look up inside.
    public var groups: [String] = []
    public var initProcess = false
    public var autoRemove = false
    /// Whether standard input is kept open for a client.
    public var interactive = false
    /// The file of the compiled seccomp filter, or nil for none.
    public var seccompFilter: String?
    /// Where the container's cgroup is made: the folder below the cgroup v2 mount; nil without cgroup v2.
    public var cgroupMountPoint: String?
    public var cgroupFolder: String?
    /// Whether the configuration's `pids.limit` is the engine's own: a host that cannot keep it is no error then.
    public var pidsLimitIsDefault = false
    public var stopSignal: Int32 = 15
    /// Seconds; nil when nobody asked for any.
    public var stopTimeout: Int?
    /// What is kept of its output.
    public var log = LogPolicy()
    /// The container's name and image, and the journal, for events.
    public var name = ""
    public var image = ""
    /// What only the registry needs, for a registry that has lost it.
    public var registered: Registered?
    public var journalPath: String?
    public var restart = RestartPolicy.no
    public var health: HealthCheck?
    /// Namespaces of other containers that it shares: looked up at every start.
    public var joins: [Join] = []
    /// Nil for a container that is on no network.
    public var network: NetworkSettings?

    /// See ``MonitorRequest/registered``.
    public struct Registered: Sendable {
        /// Of the image's manifest.
        public var imageDigest: String
        /// A JSON object of texts; nil for none.
        public var labels: JSON?
        /// Nanoseconds since 1970.
        public var createdAt: UInt64

        public init(imageDigest: String, labels: JSON?, createdAt: UInt64) {
            self.imageDigest = imageDigest
            self.labels = labels
            self.createdAt = createdAt
        }

        init?(json: JSON) {
            guard let imageDigest = json["imageDigest"]?.string, let createdAt = json["createdAt"]?.unsigned else {
                return nil
            }
            self.init(imageDigest: imageDigest, labels: json["labels"], createdAt: createdAt)
        }

        var json: JSON {
            var object = JSONObject([
                ("imageDigest", .string(imageDigest)), ("createdAt", JSON(unsigned: createdAt)),
            ])
            object["labels"] = labels
            return .object(object)
        }
    }

    /// A namespace of another container.
    public struct Join: Sendable, Hashable {
        /// As in the OCI configuration.
        public var kind: String
        public var container: ContainerID

        public init(kind: String, container: ContainerID) {
            self.kind = kind
            self.container = container
        }
    }

    public init(id: ContainerID, spec: RuntimeSpec, layers: [String]) {
        self.id = id
        self.spec = spec
        self.layers = layers
    }

    public init(json: JSON) throws(CFSError) {
        func missing(_ key: String) -> CFSError {
            CFSError(.invalidConfiguration, .parsing, "the container's configuration lacks \(key)")
        }
        guard let id = json["id"]?.string.flatMap({ ContainerID($0) }) else { throw missing("id") }
        guard let spec = json["oci"] else { throw missing("oci") }
        guard let engine = json["engine"], let layers = engine["layers"]?.strings else {
            throw missing("engine.layers")
        }
        self.init(id: id, spec: try RuntimeSpec(json: spec), layers: layers)
        isVolatile = engine["volatile"]?.bool ?? false
        user = engine["user"]?.string ?? ""
        groups = engine["groups"]?.strings ?? []
        initProcess = engine["init"]?.bool ?? false
        autoRemove = engine["autoRemove"]?.bool ?? false
        interactive = engine["interactive"]?.bool ?? false
        seccompFilter = engine["seccompFilter"]?.string
        cgroupMountPoint = engine["cgroupMountPoint"]?.string
        cgroupFolder = engine["cgroupFolder"]?.string
        pidsLimitIsDefault = engine["pidsLimitIsDefault"]?.bool ?? false
        stopSignal = Int32(clamping: engine["stopSignal"]?.integer ?? 15)
        stopTimeout = engine["stopTimeout"]?.integer.flatMap { Int(exactly: $0) }
        if let asked = stopTimeout, !ContainerSpec.stopTimeouts.contains(asked) { stopTimeout = nil }
        if let log = engine["log"] { self.log = LogPolicy(json: log) }
        name = engine["name"]?.string ?? ""
        image = engine["image"]?.string ?? ""
        registered = engine["registered"].flatMap { Registered(json: $0) }
        journalPath = engine["journal"]?.string
        restart = try RestartPolicy(engine["restart"]?.string ?? "no")
        health = engine["health"].flatMap { HealthCheck(json: $0) }
        network = try engine["network"].map { json throws(CFSError) in try NetworkSettings(json: json) }
        for (kind, value) in engine["joins"]?.object?.entries ?? [] {
            guard let container = value.string.flatMap({ ContainerID($0) }) else { continue }
            joins.append(Join(kind: kind, container: container))
        }
    }

    public var json: JSON {
        var engine = JSONObject()
        engine["layers"] = JSON(layers)
        engine["volatile"] = .bool(isVolatile)
        engine["user"] = .string(user)
        if !groups.isEmpty { engine["groups"] = JSON(groups) }
        engine["init"] = .bool(initProcess)
        engine["autoRemove"] = .bool(autoRemove)
        engine["interactive"] = .bool(interactive)
        engine["seccompFilter"] = seccompFilter.map(JSON.string)
        engine["cgroupMountPoint"] = cgroupMountPoint.map(JSON.string)
        engine["cgroupFolder"] = cgroupFolder.map(JSON.string)
        engine["pidsLimitIsDefault"] = .bool(pidsLimitIsDefault)
        engine["stopSignal"] = .integer(Int64(stopSignal))
        engine["stopTimeout"] = stopTimeout.map { .integer(Int64($0)) }
        if log != LogPolicy() { engine["log"] = log.json }
        engine["name"] = .string(name)
        engine["image"] = .string(image)
        engine["registered"] = registered?.json
        engine["journal"] = journalPath.map(JSON.string)
        if restart != .no { engine["restart"] = .string(restart.text) }
        engine["health"] = health?.json
        engine["network"] = network?.json
        if !joins.isEmpty {
            engine["joins"] = .object(JSONObject(joins.map { ($0.kind, .string($0.container.text)) }))
        }
        return ["id": .string(id.text), "oci": spec.json, "engine": .object(engine)]
    }
}

extension LogPolicy {
    /// Values that no policy has become the nearest that one may have.
    init(json: JSON) {
        self.init()
        isKept = json["kept"]?.bool ?? isKept
        fileSize = json["fileSize"]?.unsigned ?? fileSize
        if let count = json["fileCount"]?.integer { fileCount = min(max(1, Int(clamping: count)), Self.mostFiles) }
    }

    var json: JSON {
        [
            "kept": .bool(isKept), "fileSize": JSON(unsigned: fileSize), "fileCount": .integer(Int64(fileCount)),
        ]
    }
}
