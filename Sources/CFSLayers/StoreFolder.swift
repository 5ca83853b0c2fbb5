import CFSLinux
import CFSModel

/// A folder whose content is named by digest; every other name in it is of something unfinished.
struct StoreFolder: Sendable {
    let path: String

    func path(of digest: Digest) -> String { "\(path)/\(digest.hex)" }

    /// A new name for something unfinished.
    func temporaryName() -> String { "\(path)/.\(ContainerID()).partial" }

    func make() throws(CFSError) { try Directory.makeAll(path) }

    /// Sorted.
    func digests() throws(CFSError) -> [Digest] {
        try names().compactMap { Digest(hex: $0) }.sorted { $0.hex < $1.hex }
    }

    /// - Returns: how much that was.
    func removeUnfinished() throws(CFSError) -> Int {
        let unfinished = try names().filter { Digest(hex: $0) == nil }
        for name in unfinished { try Directory.removeTree("\(path)/\(name)") }
        return unfinished.count
    }

    /// Makes new names in it survive a power cut.
    func synchronize() throws(CFSError) {
        let folder = try Directory.open(path)
        try Directory.synchronize(folder.raw)
    }

    private func names() throws(CFSError) -> [String] {
        guard File.exists(path) else { return [] }
        let folder = try Directory.open(path)
        return try Directory.names(folder.raw)
    }
}
