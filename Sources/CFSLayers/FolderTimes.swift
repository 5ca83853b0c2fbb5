import CFSModel

/// The times that folders get when everything in them is made.
struct FolderTimes {
    /// What a folder gets that no archive describes: the same layer always becomes the same files.
    static let unknown = ArchiveTime(seconds: 0)

    private let limit: Int
    private var times: [[UInt8]: ArchiveTime] = [:]
    private var size = 0

    /// - Parameter limit: bytes of all names together.
    init(limit: Int) { self.limit = limit }

    /// - Throws: `limitExceeded` for more names than are kept.
    mutating func set(_ path: LayerPath, _ time: ArchiveTime) throws(CFSError) {
        let name = path.bytes
        guard times.updateValue(time, forKey: name) == nil else { return }
        size += name.count
        guard size <= limit else {
            throw CFSError(
                .limitExceeded, .unpacking, "the names of the layer's folders have more than \(limit) bytes together")
        }
    }

    /// Folders before what lies in them.
    var sorted: [(name: [UInt8], time: ArchiveTime)] {
        times.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { ($0.key, $0.value) }
    }
}
