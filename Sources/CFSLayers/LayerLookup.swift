import CFSLinux
import CFSModel
import CLinux
import Glibc

/// Follows a path in what a container's own folder and the layers below it are merged to.
struct LayerLookup {
    let upper: SharedFD
    let lower: LowerLayers

    /// Where a path leads to, links followed as inside; what is not there counts as a plain name. Nil for a path that ends
    /// in a circle of links.
    func resolve(_ path: String) throws(CFSError) -> LayerPath? {
        var pending = Self.components(Array(path.utf8))
        var trail: [FileName] = []
        var links = 0
        while let name = pending.popLast() {
            if name.bytes == [0x2e] { continue }
            if name.bytes == [0x2e, 0x2e] {
                _ = trail.popLast()
                continue
            }
            guard let target = try link(LayerPath(components: trail + [name])) else {
                trail.append(name)
                continue
            }
            links += 1
            guard links <= 40 else { return nil }
            if target.first == 0x2f { trail = [] }
            pending += Self.components(target)
        }
        return LayerPath(components: trail)
    }

    /// The next one last.
    private static func components(_ path: [UInt8]) -> [FileName] {
        path.split(separator: 0x2f).map { FileName($0) }.reversed()
    }

    /// The target of a symbolic link; nil for everything else.
    private func link(_ path: LayerPath) throws(CFSError) -> [UInt8]? {
        guard let name = path.name else { return nil }
        var folder = upper
        for component in path.components.dropLast() {
            let opened = LayerCalls.openFolder(component, at: folder)
            guard opened >= 0 else { return try lowerLink(path) }
            folder = SharedFD(OwnedFD(opened))
        }
        return LayerCalls.exists(name, at: folder) ? Self.target(name, folder) : try lowerLink(path)
    }

    private func lowerLink(_ path: LayerPath) throws(CFSError) -> [UInt8]? {
        guard let (name, folder) = try lower.find(path) else { return nil }
        return Self.target(name, folder)
    }

    private static func target(_ name: FileName, _ folder: SharedFD) -> [UInt8]? {
        let buffer = RawBuffer(4096)
        let count = readlinkat(
            folder.raw, name.cString, buffer.start.assumingMemoryBound(to: CChar.self), buffer.count)
        return count >= 0 ? Array(buffer.slice(0..<count)) : nil
    }
}
