import CFSModel
import CFSRegistry

/// How many containers were made of each name of an image. An image with several names is used by those that containers were
/// made with: the others can go, and it stays.
struct ImageUsers {
    private var counts: [String: Int] = [:]

    /// Each container counts once: for the name that it was made with, and where that is an id, is gone or names another image
    /// by now, for the first name that its image has. One whose image has no name counts for none.
    ///
    /// - Parameter images: all of them.
    init(_ rows: [ContainerRow], of images: [ImageRecord]) {
        let names = Dictionary(grouping: images, by: \.digest).mapValues { $0.map(\.name).sorted() }
        for row in rows {
            guard let names = names[row.imageDigest], let first = names.first else { continue }
            let own = Self.name(row.image)
            counts[names.first { $0 == own } ?? first, default: 0] += 1
        }
    }

    subscript(name: String) -> Int { counts[name] ?? 0 }

    private static func name(_ reference: String) -> String? {
        do {
            return try ImageReference(reference).name
        } catch {
            // Images can be asked for by what is no name: an id.
            return nil
        }
    }
}
