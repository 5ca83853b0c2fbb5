/// What a runtime says of a container (runtime-spec 1.3.0, runtime.md, State): the output of `state` and what a hook
/// reads. Property names are those of the JSON.
public struct RuntimeState: Sendable, Hashable {
    /// A runtime may have others beside those of the specification.
    public struct Status: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        public static let creating = Status(rawValue: "creating")
        public static let created = Status(rawValue: "created")
        public static let running = Status(rawValue: "running")
        public static let stopped = Status(rawValue: "stopped")
        /// As runc and crun call a frozen container.
        public static let paused = Status(rawValue: "paused")
    }

    public var ociVersion: String
    public var id: String
    public var status: Status
    /// Of the container's first process, as the host counts. Needed while `created` and `running`.
    public var pid: Int?
    /// The absolute path of the bundle.
    public var bundle: String
    public var annotations: [String: String]

    public init(
        ociVersion: String, id: String, status: Status, pid: Int? = nil, bundle: String,
        annotations: [String: String] = [:]
    ) {
        self.ociVersion = ociVersion
        self.id = id
        self.status = status
        self.pid = pid
        self.bundle = bundle
        self.annotations = annotations
    }

    /// Reads the document; unknown members are ignored (config.md, Extensibility).
    ///
    /// - Throws: `.invalidConfiguration` with the name of the member that is missing, of another type or of a wrong
    ///   value.
    public init(json: JSON) throws(CFSError) {
        self = try JSONFields.read(json, what: "state", reading: .extensible, isDocument: true, Self.init)
    }

    private init(_ fields: inout JSONFields) throws(CFSError) {
        self.init(
            ociVersion: try fields.version("ociVersion"), id: try fields.needed(try fields.string("id"), "id"),
            status: Status(rawValue: try fields.needed(try fields.string("status"), "status")),
            pid: try fields.take("pid", "a whole number, at least 0") { $0.unsigned.flatMap { Int(exactly: $0) } },
            bundle: try fields.needed(try fields.string("bundle"), "bundle"), annotations: try fields.annotations())
    }

    public var json: JSON {
        var out = JSONBuilder()
        out.set("ociVersion", ociVersion)
        out.set("id", id)
        out.set("status", status.rawValue)
        out.set("pid", pid)
        out.set("bundle", bundle)
        out.set("annotations", annotations)
        return out.json
    }
}
