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
            let root = try root(layer)
            next = try parent(of: root)
            switch try descend(path.components.dropLast(), from: root) {
            case .blocked: return nil
            case .missing: continue
            case .folder(let current, let isOpaque):
                if isOpaque { next = nil }
                if !LayerCalls.exists(last, at: current) { continue }
                return LayerCalls.isWhiteout(last, at: current) ? nil : (last, current)
            }
        }
        return nil
    }

    /// The names that are seen in a folder; none where there is no folder.
    func names(in path: LayerPath = .root) throws(CFSError) -> [FileName] {
        var found: [FileName] = []
        var known: Set<FileName> = []
        var next = nearest
        while let layer = next {
            let root = try root(layer)
            next = try parent(of: root)
            switch try descend(path.components[...], from: root) {
            case .blocked: return found
            case .missing: continue
            case .folder(let folder, let isOpaque):
                if isOpaque { next = nil }
                var names: [FileName] = []
                try Directory.forEachEntry(of: folder.raw) { name, _ in
                    names.append(FileName(UnsafeRawBufferPointer(start: name, count: strlen(name))))
                }
                for name in names where known.insert(name).inserted && !LayerCalls.isWhiteout(name, at: folder) {
                    found.append(name)
                }
            }
        }
        return found
    }

    private enum Descent {
        /// Nothing here hides a folder further below.
        case missing
        /// A file, a link or a whiteout hides what lies further below.
        case blocked
        /// Opaque when it, or one above it, hides what lies further below.
        case folder(SharedFD, isOpaque: Bool)
    }

    private func descend(_ names: ArraySlice<FileName>, from root: SharedFD) throws(CFSError) -> Descent {
        var current = root
        var isOpaque = false
        for name in names {
            let opened = LayerCalls.openFolder(name, at: current)
            if opened == -ErrorCode.notDirectory || opened == -ErrorCode.loop { return .blocked }
            // In an opaque folder the layers below have no say.
            if opened == -ErrorCode.notFound { return isOpaque ? .blocked : .missing }
            let path = LayerPath(components: names)
            current = SharedFD(OwnedFD(try checked(opened, "openat", .unpacking, path: path.printable)))
            if LayerCalls.isOpaque(current) { isOpaque = true }
        }
        return .folder(current, isOpaque: isOpaque)
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
