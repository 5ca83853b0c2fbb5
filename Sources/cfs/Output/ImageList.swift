import CFSCore

/// Images as `cfs images` prints them.
struct ImageList {
    private let images: [ImageRecord]
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
