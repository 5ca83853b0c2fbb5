import CFSCore

/// Images as `cfs images` prints them.
struct ImageList {
    private var images: [ImageRecord]
    private let now: UInt64
    private let isFull: Bool
    /// The sizes of layers that more than one image has.
    private let shared: [Digest: UInt64]
    /// Images of the catalogue that are not here yet.
    var absent: [CatalogueItem] = []

    /// - Parameters:
    ///   - now: nanoseconds since 1970.
    ///   - isFull: whether nothing may be shortened.
    init(_ images: [ImageRecord], layers: [LayerUse], now: UInt64, isFull: Bool) {
        self.images = images
        self.now = now
        self.isFull = isFull
        shared = Dictionary(layers.filter { $0.images.count > 1 }.map { ($0.chainID, $0.size) }) { first, _ in first }
    }

    /// Leaves away those of other names. A name without a tag is that of all tags.
    mutating func narrow(to asked: String) {
        let (repository, tag) = Self.parts(asked)
        let isAnyTag = asked == repository
        func isNamed(_ name: String) -> Bool {
            let parts = Self.parts(name)
            return parts.repository == repository && (isAnyTag || parts.tag == tag)
        }
        images.removeAll { !isNamed($0.name) }
        absent.removeAll { !isNamed($0.name) }
    }

    private func id(_ image: ImageRecord) -> String { isFull ? "\(image.digest)" : image.digest.short }

    /// Bytes of an image's layers that other images have too.
    private func sharedSize(_ image: ImageRecord) -> UInt64 {
        image.layers.reduce(0) { $0 + (shared[$1.chainID] ?? 0) }
    }

    /// One id a line.
    var ids: String { images.map { id($0) + "\n" }.joined() }

    var table: String {
        var table = Table(["NAME", "ID", "SOURCE", "ARCH", "SIZE", "SHARED", "CREATED"])
        for image in images {
            table.add([
                image.name, id(image), image.source.rawValue, image.architecture, "\(ByteCount(image.size))",
                "\(ByteCount(sharedSize(image)))", Elapsed.ago(image.createdAt, now: now),
            ])
        }
        for item in absent { table.add([item.name, "-", "catalogue", "-", "-", "-", "-"]) }
        return table.text
    }

    /// The fields of templates, each a text: Docker's, and those of the table.
    var templates: TemplateList {
        var list = TemplateList(titles: [
            ("ID", "IMAGE ID"), ("Name", "NAME"), ("Repository", "REPOSITORY"), ("Tag", "TAG"), ("Digest", "DIGEST"),
            ("CreatedAt", "CREATED AT"), ("CreatedSince", "CREATED"), ("Size", "SIZE"), ("SharedSize", "SHARED"),
            ("Source", "SOURCE"), ("Architecture", "ARCH"),
        ])
        list.rows = images.map { image in
            let (repository, tag) = Self.parts(image.name)
            let values = JSONObject([
                ("ID", .string(id(image))), ("Name", .string(image.name)), ("Repository", .string(repository)),
                ("Tag", .string(tag)), ("Digest", .string("\(image.digest)")),
                ("CreatedAt", .string(Timestamp.text(image.createdAt))),
                ("CreatedSince", .string(Elapsed.ago(image.createdAt, now: now))),
                ("Size", .string("\(ByteCount(image.size))")),
                ("SharedSize", .string("\(ByteCount(sharedSize(image)))")), ("Source", .string(image.source.rawValue)),
                ("Architecture", .string(image.architecture)),
            ])
            return TemplateList.Row(values: values, labels: image.configuration.labels)
        }
        list.rows += absent.map { item in
            let (repository, tag) = Self.parts(item.name)
            let known = ["Name": item.name, "Repository": repository, "Tag": tag, "Source": "catalogue"]
            let values = list.titles.map { ($0.field, JSON.string(known[$0.field] ?? "-")) }
            return TemplateList.Row(values: JSONObject(values), labels: [:])
        }
        return list
    }

    /// The name without its tag, and the tag: `latest` where none is written. A colon before a slash is that of a port.
    private static func parts(_ name: String) -> (repository: String, tag: String) {
        guard let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") else { return (name, "latest") }
        return (String(name[..<colon]), String(name[name.index(after: colon)...]))
    }

    /// An array of objects.
    var json: JSON {
        let present = images.map { image -> JSON in
            [
                "Name": .string(image.name), "ID": .string("\(image.digest)"), "Source": .string(image.source.rawValue),
                "Architecture": .string(image.architecture), "Size": JSON(unsigned: image.size),
                "SharedSize": JSON(unsigned: sharedSize(image)), "CreatedAt": .string(Timestamp.text(image.createdAt)),
                "Present": true,
            ]
        }
        let others = absent.map { item -> JSON in
            [
                "Name": .string(item.name), "Description": .string(item.description), "Present": false,
                "HasUpstream": .bool(item.hasUpstream),
            ]
        }
        return .array(present + others)
    }
}
