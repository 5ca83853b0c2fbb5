import CFSModel

extension Registry: ImageNames {
    public func image(named name: String) throws(CFSError) -> ImageRecord? {
        try read { database throws(CFSError) in
            let statement = try database.statement("SELECT record FROM images WHERE name = ?").bind(name)
            defer { statement.reset() }
            return try statement.step() ? try ImageRecord(stored: statement.text(0), path: path) : nil
        }
    }

    /// All, sorted by name.
    public func images() throws(CFSError) -> [ImageRecord] {
        try read { database throws(CFSError) in
            let statement = try database.statement("SELECT record FROM images ORDER BY name")
            defer { statement.reset() }
            var images: [ImageRecord] = []
            while try statement.step() { images.append(try ImageRecord(stored: statement.text(0), path: path)) }
            return images
        }
    }

    /// Adds an image, or replaces the one of that name.
    public func put(_ image: ImageRecord) throws(CFSError) {
        try write { database throws(CFSError) in
            try database.statement("INSERT OR REPLACE INTO images (name, digest, record) VALUES (?, ?, ?)")
                .bind(image.name).bind("\(image.digest)").bind(image.stored.text()).run()
        }
    }

    public func removeImage(named name: String) throws(CFSError) {
        try write { database throws(CFSError) in
            try database.statement("DELETE FROM images WHERE name = ?").bind(name).run()
        }
    }
}

extension ImageRecord {
    init(stored text: String, path: String) throws(CFSError) {
        let json = try SQLiteDatabase.document(text, "an image", path)
        guard let record = Self.read(json) else { throw SQLiteDatabase.damaged("an image is not understood", path) }
        self = record
    }

    private static func read(_ json: JSON) -> ImageRecord? {
        guard let name = json["name"]?.string, let digest = json["digest"]?.string.flatMap(Self.digest),
            let source = json["source"]?.string.flatMap({ Source(rawValue: $0) }),
            let architecture = json["architecture"]?.string, let createdAt = json["createdAt"]?.unsigned,
            let stored = json["layers"]?.array, let run = json["run"]
        else { return nil }
        var layers: [Layer] = []
        for layer in stored {
            guard let diffID = layer["diffID"]?.string.flatMap(Self.digest), let size = layer["size"]?.unsigned,
                let chainID = layer["chainID"]?.string.flatMap(Self.digest)
            else { return nil }
            layers.append(Layer(diffID: diffID, chainID: chainID, size: size))
        }
        var configuration = Configuration()
        configuration.entrypoint = run["entrypoint"]?.strings ?? []
        configuration.command = run["command"]?.strings ?? []
        configuration.environment = run["environment"]?.strings ?? []
        configuration.workingDirectory = run["workingDirectory"]?.string ?? ""
        configuration.user = run["user"]?.string ?? ""
        configuration.stopSignal = run["stopSignal"]?.string ?? ""
        // The first dictionary in a process makes the runtime search every conformance of the executable.
        if let labels = run["labels"], labels.object?.isEmpty == false {
            configuration.labels = labels.stringMap ?? [:]
        }
        configuration.volumes = run["volumes"]?.strings ?? []
        configuration.exposedPorts = run["exposedPorts"]?.strings ?? []
        configuration.health = run["health"].flatMap { ImageHealthCheck(json: $0) }
        return ImageRecord(
            name: name, digest: digest, source: source, architecture: architecture, layers: layers,
            configuration: configuration, createdAt: createdAt)
    }

    private static func digest(_ text: String) -> Digest? {
        text.hasPrefix("sha256:") ? Digest(hex: String(text.dropFirst("sha256:".count))) : nil
    }

    fileprivate var stored: JSON {
        let layers = layers.map { layer -> JSON in
            [
                "diffID": .string("\(layer.diffID)"), "chainID": .string("\(layer.chainID)"),
                "size": JSON(unsigned: layer.size),
            ]
        }
        var run = JSONObject([
            ("entrypoint", JSON(configuration.entrypoint)), ("command", JSON(configuration.command)),
            ("environment", JSON(configuration.environment)),
            ("workingDirectory", .string(configuration.workingDirectory)), ("user", .string(configuration.user)),
            ("stopSignal", .string(configuration.stopSignal)), ("labels", JSON(configuration.labels)),
            ("volumes", JSON(configuration.volumes)), ("exposedPorts", JSON(configuration.exposedPorts)),
        ])
        run["health"] = configuration.health?.json
        return [
            "name": .string(name), "digest": .string("\(digest)"), "source": .string(source.rawValue),
            "architecture": .string(architecture), "createdAt": JSON(unsigned: createdAt), "layers": .array(layers),
            "run": .object(run),
        ]
    }
}
