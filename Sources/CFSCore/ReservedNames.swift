import CFSLinux
import CFSModel
import CFSRegistry

extension Engine {
    /// What verbs that make room, or tell of an end, may fall back on; no other does.
    var reserve: DiskReserve { DiskReserve(root: options.root) }
}

/// The names of images as the registry has them: one can be removed on a full disk, and what adds one makes the reserve for that.
struct ReservedNames: ImageNames {
    let registry: Registry
    let reserve: DiskReserve

    func image(named name: String) throws(CFSError) -> ImageRecord? { try registry.image(named: name) }

    func images() throws(CFSError) -> [ImageRecord] { try registry.images() }

    func put(_ image: ImageRecord) throws(CFSError) {
        try registry.put(image)
        // Every store comes to its first image here.
        reserve.make()
    }

    func removeImage(named name: String) throws(CFSError) {
        try reserve.lend { () throws(CFSError) in try registry.removeImage(named: name) }
    }
}
