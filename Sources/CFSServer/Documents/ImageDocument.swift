import CFSCore

/// What is told of images.
enum ImageDocument {
    /// - Parameter uses: of the layers of all images.
    static func json(_ image: ImageRecord, _ uses: [LayerUse]) -> JSON {
        [
            "name": .string(image.name), "digest": .string("\(image.digest)"), "source": .string(image.source.rawValue),
            "architecture": .string(image.architecture), "size": JSON(unsigned: image.size),
            "createdAt": .string(Timestamp.text(image.createdAt)),
            "layers": .array(
                image.layers.map { layer in
                    let users = uses.first { $0.chainID == layer.chainID }?.images ?? [image.name]
                    return [
                        "chainID": .string("\(layer.chainID)"), "diffID": .string("\(layer.diffID)"),
                        "size": JSON(unsigned: layer.size), "images": JSON(users),
                    ]
                }),
        ]
    }

    static func item(_ item: CatalogueItem) -> JSON {
        [
            "name": .string(item.name), "description": .string(item.description), "isPresent": .bool(item.isPresent),
            "hasUpstream": .bool(item.hasUpstream),
        ]
    }

    static func removal(_ removal: ImageRemoval, _ name: String) -> JSON {
        [
            "untagged": .string(removal.names.first ?? name), "layers": JSON(removal.layers.map { "\($0)" }),
            "blobs": JSON(removal.blobs.map { "\($0)" }), "bytes": JSON(unsigned: removal.bytes),
        ]
    }
}
