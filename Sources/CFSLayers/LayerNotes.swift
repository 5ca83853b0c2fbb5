import CFSModel

/// What can only be settled when everything in a layer is made: the times of folders, and which whiteouts stay.
struct LayerNotes {
    /// What a folder gets that no archive describes: the same layer always becomes the same files.
    static let unknownTime = ArchiveTime(seconds: 0)

    private let sizeLimit: Int
    private let countLimit: UInt64
    private var times: [[UInt8]: ArchiveTime] = [:]
    private var hidden: Set<[UInt8]> = []
    private var size = 0

    init(_ limits: ArchiveLimits) {
        sizeLimit = limits.folderNames
        countLimit = limits.entries
    }

    /// - Throws: `limitExceeded` for more names than are kept, and so do whiteouts.
    mutating func setTime(_ time: ArchiveTime, of folder: LayerPath) throws(CFSError) {
        let name = folder.bytes
        if times.updateValue(time, forKey: name) == nil { try count(name) }
    }

    mutating func addWhiteout(_ path: LayerPath) throws(CFSError) {
        let name = path.bytes
        if hidden.insert(name).inserted { try count(name) }
    }

    /// Folders before what lies in them.
    var folders: [(path: LayerPath, time: ArchiveTime)] {
        times.sorted { $0.key.lexicographicallyPrecedes($1.key) }.lazy.map { (LayerPath(bytes: $0.key), $0.value) }
    }

    var whiteouts: [LayerPath] {
        hidden.sorted { $0.lexicographicallyPrecedes($1) }.map { LayerPath(bytes: $0) }
    }

    private mutating func count(_ name: [UInt8]) throws(CFSError) {
        guard UInt64(times.count) <= countLimit else {
            throw CFSError(.limitExceeded, .unpacking, "the layer has more than \(countLimit) folders")
        }
        size += name.count
        guard size <= sizeLimit else {
            throw CFSError(
                .limitExceeded, .unpacking,
                "the names of the layer's folders have more than \(sizeLimit) bytes together")
        }
    }
}
