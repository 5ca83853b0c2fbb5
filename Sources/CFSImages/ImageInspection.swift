import CFSModel

extension ImageStore {
    /// What is known of an image, with the members that users of Docker look for, and where it came from.
    public func inspect(_ reference: String) throws(CFSError) -> JSON {
        guard let image = try existing(reference) else { throw try notFound(reference) }
        let layers = image.layers.map { layer -> JSON in
            [
                "DiffID": .string("\(layer.diffID)"), "ChainID": .string("\(layer.chainID)"),
                "Size": JSON(unsigned: layer.size), "Path": .string(self.layers.path(of: layer.chainID)),
            ]
        }
        var object = JSONObject([
            ("Id", .string("\(image.digest)")), ("Name", .string(image.name)),
            ("Source", .string(image.source.rawValue)), ("Architecture", .string(image.architecture)), ("Os", "linux"),
            ("Created", .string(Timestamp.text(image.createdAt))), ("Size", JSON(unsigned: image.size)),
            ("Config", image.configuration.json),
            ("RootFS", ["Type": "layers", "Layers": JSON(image.layers.map { "\($0.diffID)" })]),
            ("Layers", .array(layers)),
        ])
        let document = readableDocument(of: image)
        object["Author"] = document.map { .string($0.author) } ?? .null
        object["Comment"] = document.map { .string($0.comment) } ?? .null
        object["History"] = document.map { .array($0.knownHistory) } ?? .null
        if let entry = try catalogue.entry(named: image.name) { object["Description"] = .string(entry.description) }
        return .object(object)
    }

    /// Nil for one that is damaged: all that runs need is known without it, and can be told.
    private func readableDocument(of image: ImageRecord) -> ImageDocument? {
        do throws(CFSError) { return try documents(of: image.digest).document } catch { return nil }
    }
}
