import CFSCore

/// What a prune did.
struct PruneReport {
    let pruned: Pruned

    /// Everything that is gone, under headings, then how much came free.
    var text: String {
        let lists = [
            ("Deleted Containers:", pruned.containers.map(\.text)), ("Deleted Images:", pruned.images),
            ("Deleted Layers:", pruned.layers.map { "\($0)" }), ("Deleted Blobs:", pruned.blobs.map { "\($0)" }),
        ]
        let parts = lists.filter { !$0.1.isEmpty }.map { heading, items in
            heading + "\n" + items.map { Printable.text($0) + "\n" }.joined() + "\n"
        }
        return parts.joined() + "Total reclaimed space: \(ByteCount(pruned.bytes))\n"
    }

    var json: JSON {
        [
            "Containers": JSON(pruned.containers.map(\.text)), "Images": JSON(pruned.images),
            "Layers": JSON(pruned.layers.map { "\($0)" }), "Blobs": JSON(pruned.blobs.map { "\($0)" }),
            "SpaceReclaimed": JSON(unsigned: pruned.bytes),
        ]
    }
}
