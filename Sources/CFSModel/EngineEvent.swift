/// Something that happened to a container, an image or a network: one line of the engine's journal.
public struct EngineEvent: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable { case container, image, network }

    /// Every ``action`` that there is; behind `health_status` stands a colon and the status.
    public static let actions = [
        "create", "start", "die", "stop", "kill", "pause", "unpause", "oom", "restart", "rename", "update", "destroy",
        "attach", "exec_start", "exec_die", "export", "copy", "commit", "network connect", "network disconnect",
        "health_status",
        "import", "fetch", "untag",
    ]

    /// One more thing to know: the exit status, for example.
    public struct Attribute: Sendable, Hashable {
        public var key: String
        public var value: String

        public init(_ key: String, _ value: String) {
            self.key = key
            self.value = value
        }
    }

    /// Nanoseconds since 1970.
    public var time: UInt64
    public var kind: Kind
    /// In the words of Docker: `create`, `start`, `die`, `stop`, `kill`, `pause`, `unpause`, `oom`, `restart`, `rename`,
    /// `update`, `destroy`, `attach`, `exec_start`, `exec_die`, `export`, `copy`, `commit`, `network connect`, `network disconnect`,
    /// `health_status` of containers; `import`, `fetch`, `untag` of images; `create`, `destroy` of networks.
    public var action: String
    /// The container's or the network's id, or the image's digest.
    public var id: String
    public var name: String
    /// The image of a container; empty otherwise.
    public var image: String
    /// In the order in which they were written: `exitCode` and `reason` of `die`, `signal` of `kill`, `restarts` (how many
    /// there were) of a `start` and a `die` of the policy's, the options of `update`, ...
    public var attributes: [Attribute]

    public init(
        time: UInt64, kind: Kind = .container, action: String, id: String, name: String, image: String = "",
        attributes: [Attribute] = []
    ) {
        self.time = time
        self.kind = kind
        self.action = action
        self.id = id
        self.name = name
        self.image = image
        self.attributes = attributes
    }

    /// The value of an attribute; nil when the event has no such.
    public subscript(attribute key: String) -> String? { attributes.first { $0.key == key }?.value }

    public init?(json: JSON) {
        guard let time = json["time"]?.unsigned, let kind = json["kind"]?.string.flatMap({ Kind(rawValue: $0) }),
            let action = json["action"]?.string, let id = json["id"]?.string
        else { return nil }
        var attributes: [Attribute] = []
        for (key, value) in json["attributes"]?.object?.entries ?? [] {
            guard let value = value.string else { continue }
            attributes.append(Attribute(key, value))
        }
        self.init(
            time: time, kind: kind, action: action, id: id, name: json["name"]?.string ?? "",
            image: json["image"]?.string ?? "", attributes: attributes)
    }

    public var json: JSON {
        [
            "time": JSON(unsigned: time), "kind": .string(kind.rawValue), "action": .string(action), "id": .string(id),
            "name": .string(name), "image": .string(image),
            "attributes": .object(JSONObject(attributes.map { ($0.key, .string($0.value)) })),
        ]
    }
}
