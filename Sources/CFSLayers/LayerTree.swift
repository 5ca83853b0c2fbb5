import CFSLinux
import CFSModel
import CLinux
import Glibc

/// The files of one layer on disk, reached by descriptors only: one for each folder from the root to the one that is
/// worked in, each opened in the one before without following a link. So nothing is ever written outside.
///
/// This file has the folders; `LayerFiles.swift` has what lies in them.
final class LayerTree {
    private let root: SharedFD
    private let lower: LowerLayers
    private var isRootHidden = false
    private var way: [(name: FileName, folder: SharedFD)] = []
    private var notes: LayerNotes
    /// Whether something was replaced: then what was counted is no longer what is there.
    private(set) var hasReplaced = false

    /// - Parameter root: an empty folder.
    init(_ root: SharedFD, over lower: LowerLayers, limits: ArchiveLimits) throws(CFSError) {
        self.root = root
        self.lower = lower
        notes = LayerNotes(limits)
        try LayerCalls.setOwner(self.root.raw, 0, 0, mode: 0o755, .root)
        try notes.setTime(LayerNotes.unknownTime, of: .root)
    }

    /// A folder. Those that are missing on the way to it are made: as the layers below have them, or 0755, of root.
    ///
    /// - Parameter described: whether an entry is going to say what the folder is like. Then something else at its place
    ///   is removed; on the way it never is.
    /// - Throws: `unsafeLayer` when a link, or anything but a folder, is in the way.
    @discardableResult
    func folder(_ path: LayerPath, described: Bool = false) throws(CFSError) -> SharedFD {
        var current = goBack(towards: path)
        while way.count < path.components.count {
            let name = path.components[way.count]
            let place = LayerPath(components: path.components[...way.count])
            let isLast = way.count == path.components.count - 1
            let opened = LayerCalls.openFolder(name, at: current)
            switch opened {
            case -ErrorCode.notFound:
                let model = try described && isLast ? nil : modelFolder(place)
                current = try addFolder(name, at: current, place, like: model)
            case -ErrorCode.notDirectory, -ErrorCode.loop:
                guard described && isLast || LayerCalls.isWhiteout(name, at: current) else {
                    throw Self.blocked(place)
                }
                // What is replaced has hidden the lower folder of this name, which must not come back.
                try remove(name, at: current, place)
                current = try addFolder(name, at: current, place, like: nil)
                if !lower.isEmpty { try LayerCalls.setOpaque(current, place) }
            default:
                current = SharedFD(OwnedFD(try checked(opened, "openat", .unpacking, path: place.printable)))
            }
            way.append((name, current))
        }
        return current
    }

    /// A folder that is there; nil when there is none, or something else.
    func existingFolder(_ path: LayerPath) throws(CFSError) -> SharedFD? {
        var current = goBack(towards: path)
        while way.count < path.components.count {
            let name = path.components[way.count]
            let opened = LayerCalls.openFolder(name, at: current)
            if [-ErrorCode.notFound, -ErrorCode.notDirectory, -ErrorCode.loop].contains(opened) { return nil }
            current = SharedFD(OwnedFD(try checked(opened, "openat", .unpacking, path: path.printable)))
            way.append((name, current))
        }
        return current
    }

    /// Makes a folder as an entry describes it, or gives one that is there these attributes.
    func makeFolder(_ path: LayerPath, _ entry: ArchiveEntry) throws(CFSError) {
        let attributes = try AttributePolicy.kept(of: entry)
        let folder = try folder(path, described: true)
        try LayerCalls.setOwner(folder.raw, entry.uid, entry.gid, mode: entry.mode, path)
        try LayerCalls.setAttributes(folder.raw, attributes, path)
        try notes.setTime(entry.modified, of: path)
    }

    /// Settles, at the end, what everything else has a say in.
    func finish() throws(CFSError) {
        for path in notes.whiteouts { try removeUseless(path) }
        // Whatever is made in a folder changes its time, so that comes last.
        for (path, time) in notes.folders {
            if let folder = try existingFolder(path) { try LayerCalls.setTime(folder.raw, time, path) }
        }
    }

    // MARK: Whiteouts

    /// Hides what lower layers have here (the kernel's overlayfs.rst, "whiteouts and opaque directories"). What this
    /// layer itself has of that name stays, wherever in the archive it stands.
    func hide(_ path: LayerPath) throws(CFSError) {
        // The kernel would list a whiteout as a device in a folder that is not merged with a lower one.
        guard let name = path.name, try lower.find(path) != nil else { return }
        let parent = try folder(path.parent)
        let result = LayerCalls.makeNode(name, at: parent, S_IFCHR, device: 0)
        guard result == -ErrorCode.exists else {
            try checked(result, "mknodat", .unpacking, path: path.printable)
            return try notes.addWhiteout(path)
        }
        // A folder of this layer would be merged with the lower one.
        if let folder = try existingFolder(path) { try LayerCalls.setOpaque(folder, path) }
    }

    /// Hides everything that lower layers have in a folder.
    func hideContent(_ path: LayerPath) throws(CFSError) {
        guard !lower.isEmpty else { return }
        guard path.components.isEmpty else { return try LayerCalls.setOpaque(try folder(path), path) }
        // The kernel does not look for the mark at the root of a layer: everything there is hidden one by one.
        if isRootHidden { return }
        isRootHidden = true
        for name in try lower.names() { try hide(LayerPath(components: [name])) }
    }

    /// Removes a whiteout in a folder that has become opaque, and so is not merged either.
    private func removeUseless(_ path: LayerPath) throws(CFSError) {
        guard let name = path.name, let parent = try existingFolder(path.parent), isInOpaqueFolder,
            LayerCalls.isWhiteout(name, at: parent)
        else { return }
        try Directory.removeTree(name.cString, at: parent.raw)
    }

    /// Of the folder that is worked in.
    private var isInOpaqueFolder: Bool { way.contains { LayerCalls.isOpaque($0.folder) } }

    // MARK: Steps

    /// Removes a name with all that is below it.
    func remove(_ name: FileName, at parent: SharedFD, _ path: LayerPath) throws(CFSError) {
        hasReplaced = true
        // Descriptors of what goes must not be taken for what comes.
        _ = goBack(towards: path.parent)
        try Directory.removeTree(name.cString, at: parent.raw)
    }

    /// Leaves the folders that are not on the way to this one.
    private func goBack(towards path: LayerPath) -> SharedFD {
        var common = 0
        while common < way.count, common < path.components.count, way[common].name == path.components[common] {
            common += 1
        }
        way.removeLast(way.count - common)
        return way.last?.folder ?? root
    }

    private func addFolder(
        _ name: FileName, at parent: SharedFD, _ path: LayerPath, like model: SharedFD?
    ) throws(CFSError) -> SharedFD {
        try checked(LayerCalls.makeFolder(name, at: parent), "mkdirat", .unpacking, path: path.printable)
        let opened = try checked(LayerCalls.openFolder(name, at: parent), "openat", .unpacking, path: path.printable)
        let folder = SharedFD(OwnedFD(opened))
        if let model {
            let status = try File.status(at: model.raw)
            try LayerCalls.setOwner(folder.raw, status.uid, status.gid, mode: status.mode & 0o7777, path)
            let time = ArchiveTime(seconds: status.mtime_seconds, nanoseconds: status.mtime_nanoseconds)
            try notes.setTime(time, of: path)
        } else {
            try LayerCalls.setOwner(folder.raw, 0, 0, mode: 0o755, path)
            try notes.setTime(LayerNotes.unknownTime, of: path)
        }
        return folder
    }

    /// The lower folder that this one is going to be merged with; nil when there is none, or it is hidden.
    private func modelFolder(_ path: LayerPath) throws(CFSError) -> SharedFD? {
        if lower.isEmpty || isRootHidden || isInOpaqueFolder { return nil }
        guard let (name, parent) = try lower.find(path) else { return nil }
        let opened = LayerCalls.openFolder(name, at: parent)
        return opened >= 0 ? SharedFD(OwnedFD(opened)) : nil
    }

    private static func blocked(_ path: LayerPath) -> CFSError {
        CFSError(
            .unsafeLayer, .unpacking, "the layer writes through \"\(path.printable)\", which is no folder",
            path: path.printable, hint: "do not use this image")
    }
}
