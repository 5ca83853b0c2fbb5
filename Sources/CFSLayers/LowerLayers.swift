import CFSLinux
import CFSModel
import CLinux
import Glibc

/// The layers below one that is unpacked, as the kernel is going to merge them.
struct LowerLayers {
    /// Where each layer notes the one below it: its chain ID alone, a digest, does not tell.
    static let parentAttribute = "trusted.cfs.parent"

    let store: StoreFolder
    /// The chain ID of the nearest; nil when there is none.
    let nearest: Digest?

    var isEmpty: Bool { nearest == nil }

    /// What is seen here, in the nearest layer that has it: its name in its folder; nil when nothing is.
    func find(_ path: LayerPath) throws(CFSError) -> (name: FileName, folder: SharedFD)? {
        guard let last = path.name else { return nil }
        var next = nearest
        while let layer = next {
            var current = try root(layer)
            next = try parent(of: current)
            var isMissing = false
            for name in path.components.dropLast() {
                let opened = LayerCalls.openFolder(name, at: current)
                // A file, a link or a whiteout hides what lies further below.
                if opened == -ErrorCode.notDirectory || opened == -ErrorCode.loop { return nil }
                isMissing = opened == -ErrorCode.notFound
                if isMissing { break }
                current = SharedFD(OwnedFD(try checked(opened, "openat", .unpacking, path: path.printable)))
                if LayerCalls.isOpaque(current) { next = nil }
            }
            if isMissing || !LayerCalls.exists(last, at: current) { continue }
            return LayerCalls.isWhiteout(last, at: current) ? nil : (last, current)
        }
        return nil
    }

    /// The names that are seen in the root.
    func names() throws(CFSError) -> [FileName] {
        var found: [FileName] = []
        var known: Set<FileName> = []
        var next = nearest
        while let layer = next {
            let root = try root(layer)
            next = try parent(of: root)
            var names: [FileName] = []
            try Directory.forEachEntry(of: root.raw) { name, _ in
                names.append(FileName(UnsafeRawBufferPointer(start: name, count: strlen(name))))
            }
            for name in names where known.insert(name).inserted && !LayerCalls.isWhiteout(name, at: root) {
                found.append(name)
            }
        }
        return found
    }

    private func root(_ layer: Digest) throws(CFSError) -> SharedFD {
        SharedFD(try Directory.open(store.path(of: layer)))
    }

    private func parent(of root: SharedFD) throws(CFSError) -> Digest? {
        let buffer = RawBuffer(64)
        let count = ExtraSystemCalls.getAttribute(root.raw, Self.parentAttribute, into: buffer.all)
        if count == -ErrorCode.noData || count == -ErrorCode.notSupported { return nil }
        try checked(count, "fgetxattr", .unpacking)
        return Digest(hex: String(decoding: buffer.slice(0..<count), as: UTF8.self))
    }
}
