import CFSCore

/// What lies on the disk, as `cfs system df` prints it.
struct DiskReport {
    let use: DiskUse
    /// Nanoseconds since 1970.
    let now: UInt64

    private var summaries: [(name: String, summary: DiskUse.Summary)] {
        [
            ("Images", use.imageSummary), ("Containers", use.containerSummary), ("Layers", use.layerSummary),
            ("Blobs", use.blobSummary),
        ]
    }

    var table: String {
        var table = Table(["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"])
        for (name, summary) in summaries {
            let share = summary.size == 0 ? 0 : Int(Double(summary.reclaimable) / Double(summary.size) * 100)
            table.add([
                name, "\(summary.total)", "\(summary.active)", "\(ByteCount(summary.size))",
                "\(ByteCount(summary.reclaimable)) (\(share)%)",
            ])
        }
        return table.text
    }

    /// A table of each kind.
    var lists: String {
        var images = Table(["IMAGE", "ID", "CREATED", "SIZE", "SHARED", "UNIQUE", "CONTAINERS"])
        for image in use.images {
            images.add([
                image.image.name, image.image.digest.short, Elapsed.ago(image.image.createdAt, now: now),
                "\(ByteCount(image.size))", "\(ByteCount(image.shared))", "\(ByteCount(image.size - image.shared))",
                "\(image.containers)",
            ])
        }
        var containers = Table(["CONTAINER ID", "IMAGE", "SIZE", "CREATED", "STATUS", "NAMES"])
        let list = ContainerList([], now: now, isFull: false)
        for container in use.containers {
            let record = container.record
            containers.add([
                record.id.short, record.image, "\(ByteCount(container.size))",
                Elapsed.ago(record.createdAt, now: now), list.status(record), record.name,
            ])
        }
        return "Images:\n\n\(images.text)\nContainers:\n\n\(containers.text)\nLayers:\n\n"
            + stored("LAYER", use.layers) + "\nBlobs:\n\n" + stored("BLOB", use.blobs)
    }

    private func stored(_ title: String, _ items: [DiskUse.StoredUse]) -> String {
        var table = Table([title, "SIZE", "IMAGES", "CONTAINERS"])
        for item in items {
            table.add([
                item.digest.short, "\(ByteCount(item.size))",
                item.images.isEmpty ? "-" : item.images.joined(separator: ","), "\(item.containers)",
            ])
        }
        return table.text
    }

    /// An array of objects; sizes in bytes.
    var json: JSON {
        .array(
            summaries.map { name, summary in
                [
                    "Type": .string(name), "TotalCount": .integer(Int64(summary.total)),
                    "Active": .integer(Int64(summary.active)), "Size": JSON(unsigned: summary.size),
                    "Reclaimable": JSON(unsigned: summary.reclaimable),
                ]
            })
    }

    /// An object with an array of each kind.
    var everything: JSON {
        let images = use.images.map { image -> JSON in
            [
                "Name": .string(image.image.name), "ID": .string("\(image.image.digest)"),
                "CreatedAt": .string(Timestamp.text(image.image.createdAt)), "Size": JSON(unsigned: image.size),
                "SharedSize": JSON(unsigned: image.shared), "UniqueSize": JSON(unsigned: image.size - image.shared),
                "Containers": .integer(Int64(image.containers)),
            ]
        }
        let containers = use.containers.map { container -> JSON in
            [
                "ID": .string(container.record.id.text), "Names": .string(container.record.name),
                "Image": .string(container.record.image), "State": .string(container.record.statusName),
                "CreatedAt": .string(Timestamp.text(container.record.createdAt)),
                "Size": JSON(unsigned: container.size),
            ]
        }
        return [
            "Images": .array(images), "Containers": .array(containers), "Layers": Self.json(use.layers),
            "Blobs": Self.json(use.blobs),
        ]
    }

    private static func json(_ items: [DiskUse.StoredUse]) -> JSON {
        .array(
            items.map { item in
                [
                    "Digest": .string("\(item.digest)"), "Size": JSON(unsigned: item.size), "Images": JSON(item.images),
                    "Containers": .integer(Int64(item.containers)),
                ]
            })
    }
}
