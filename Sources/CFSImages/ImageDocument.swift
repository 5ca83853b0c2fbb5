import CFSModel

/// An image's configuration document (image-spec, config.md), read and written. It is hostile data: nothing in it but
/// what ``ImageRecord/Configuration`` holds goes any further than into the documents of images that are made of it.
struct ImageDocument: Hashable, Sendable {
    var architecture: String
    var system = "linux"
    var configuration = ImageRecord.Configuration()
    var diffIDs: [Digest]
    /// Nanoseconds since 1970; nil when the document does not say, as it must not when it is to be reproducible.
    var created: UInt64?
    var author = ""
    /// How each layer came about, as it stands; empty when nobody knows. Others believe it only with an entry for each layer.
    var history: [JSON] = []

    init(architecture: String, configuration: ImageRecord.Configuration, diffIDs: [Digest]) {
        self.architecture = architecture
        self.configuration = configuration
        self.diffIDs = diffIDs
    }

    init(parsing bytes: [UInt8]) throws(CFSError) {
        let fields = try DocumentFields(parsing: bytes, "the image's configuration")
        architecture = try fields.required("architecture", fields.string("architecture"))
        system = try fields.required("os", fields.string("os"))
        let root = try fields.required("rootfs", fields.fields("rootfs"))
        guard try root.string("type") == "layers" else {
            throw DocumentFields.invalid("the image's root file system does not consist of layers")
        }
        diffIDs = []
        for text in try root.required("diff_ids", root.strings("diff_ids")) {
            diffIDs.append(try DocumentFields.digest(text, "the image's diff_ids"))
        }
        created = try fields.string("created").flatMap { Timestamp.parse($0) }
        author = try fields.string("author") ?? ""
        history = fields.raw("history")?.array ?? []
        guard let run = try fields.fields("config") else { return }
        configuration.entrypoint = try run.strings("Entrypoint") ?? []
        configuration.command = try run.strings("Cmd") ?? []
        configuration.environment = try run.strings("Env") ?? []
        configuration.workingDirectory = try run.string("WorkingDir") ?? ""
        configuration.user = try run.string("User") ?? ""
        configuration.stopSignal = try run.string("StopSignal") ?? ""
        configuration.labels = try run.map("Labels") ?? [:]
        configuration.volumes = try run.object("Volumes")?.entries.map(\.key).sorted() ?? []
        configuration.exposedPorts = try run.object("ExposedPorts")?.entries.map(\.key).sorted() ?? []
        if let health = try run.fields("Healthcheck") { configuration.health = try Self.health(health) }
    }

    private static func health(_ fields: DocumentFields) throws(CFSError) -> ImageHealthCheck? {
        guard let test = try fields.strings("Test"), !test.isEmpty else { return nil }
        var health = ImageHealthCheck()
        health.test = test
        health.interval = try fields.unsigned("Interval") ?? 0
        health.timeout = try fields.unsigned("Timeout") ?? 0
        health.startPeriod = try fields.unsigned("StartPeriod") ?? 0
        health.startInterval = try fields.unsigned("StartInterval") ?? 0
        health.retries = try fields.unsigned("Retries") ?? 0
        return health
    }

    /// What the newest layer is, as Docker reads it.
    var comment: String { history.last?["comment"]?.string ?? "" }

    /// The history in the members that the image-spec has, where they are of its types.
    var knownHistory: [JSON] {
        history.map { entry -> JSON in
            var known = JSONObject()
            for key in ["created", "created_by", "author", "comment"] {
                known[key] = entry[key]?.string.map(JSON.string)
            }
            known["empty_layer"] = entry["empty_layer"]?.bool.map(JSON.bool)
            return .object(known)
        }
    }

    /// As stored: the same content always gives the same bytes.
    var bytes: [UInt8] {
        var document = JSONObject([
            ("architecture", .string(architecture)), ("os", .string(system)), ("config", configuration.json),
            ("rootfs", ["type": "layers", "diff_ids": JSON(diffIDs.map { "\($0)" })]),
        ])
        if let created { document["created"] = .string(Timestamp.text(created)) }
        if !author.isEmpty { document["author"] = .string(author) }
        if !history.isEmpty { document["history"] = .array(history) }
        return JSON.object(document).bytes()
    }
}

extension ImageRecord.Configuration {
    /// In the form of the image-spec; what is empty is left out.
    var json: JSON {
        var object = JSONObject()
        if !user.isEmpty { object["User"] = .string(user) }
        if !exposedPorts.isEmpty {
            object["ExposedPorts"] = .object(JSONObject(exposedPorts.map { ($0, .object(JSONObject())) }))
        }
        if !environment.isEmpty { object["Env"] = JSON(environment) }
        if !entrypoint.isEmpty { object["Entrypoint"] = JSON(entrypoint) }
        if !command.isEmpty { object["Cmd"] = JSON(command) }
        if !volumes.isEmpty {
            object["Volumes"] = .object(JSONObject(volumes.map { ($0, .object(JSONObject())) }))
        }
        if !workingDirectory.isEmpty { object["WorkingDir"] = .string(workingDirectory) }
        if !labels.isEmpty { object["Labels"] = JSON(labels) }
        if let health { object["Healthcheck"] = health.json }
        if !stopSignal.isEmpty { object["StopSignal"] = .string(stopSignal) }
        return .object(object)
    }
}
