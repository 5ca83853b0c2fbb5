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
    /// Whether there are lower layers, which this one may hide things of.
    private let isOverOthers: Bool
    private var way: [(name: FileName, folder: SharedFD)] = []
    private var times: FolderTimes
    /// Whether something was replaced: then what was counted is no longer what is there.
    private(set) var hasReplaced = false

    /// - Parameter root: an empty folder.
    init(_ root: consuming OwnedFD, isOverOthers: Bool, limits: ArchiveLimits) throws(CFSError) {
        self.root = SharedFD(root)
        self.isOverOthers = isOverOthers
        times = FolderTimes(limit: limits.folderNames)
        try LayerCalls.setOwner(self.root.raw, 0, 0, mode: 0o755, .root)
        try times.set(.root, FolderTimes.unknown)
    }

    /// A folder. Those that are missing on the way to it are made: 0755, of root.
    ///
    /// - Parameter replacing: whether something else at the last place is removed; on the way it never is.
    /// - Throws: `unsafeLayer` when a link, or anything but a folder, is in the way.
    @discardableResult
    func folder(_ path: LayerPath, replacing: Bool = false) throws(CFSError) -> SharedFD {
        var current = goBack(towards: path)
        while way.count < path.components.count {
            let name = path.components[way.count]
            let place = LayerPath(components: path.components[...way.count])
            var opened = LayerCalls.openFolder(name, at: current)
            switch opened {
            case -ErrorCode.notFound:
                opened = try addFolder(name, at: current, place, hiding: false)
            case -ErrorCode.notDirectory, -ErrorCode.loop:
                guard replacing && place == path || LayerCalls.isWhiteout(name, at: current) else {
                    throw Self.blocked(place)
                }
                // What is replaced has hidden the lower folder of this name, which must not come back.
                try remove(name, at: current, place)
                opened = try addFolder(name, at: current, place, hiding: true)
            default: break
            }
            current = SharedFD(OwnedFD(try checked(opened, "openat", .unpacking, path: place.printable)))
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
        let folder = try folder(path, replacing: true)
        try LayerCalls.setOwner(folder.raw, entry.uid, entry.gid, mode: entry.mode, path)
        try LayerCalls.setAttributes(folder.raw, attributes, path)
        try times.set(path, entry.modified)
    }

    /// Sets the times of all folders, at the end: whatever is made in one changes its time.
    func finish() throws(CFSError) {
        for (name, time) in times.sorted {
            let path = LayerPath(components: name.split(separator: 0x2f).map { FileName($0) })
            if let folder = try existingFolder(path) { try LayerCalls.setTime(folder.raw, time, path) }
        }
    }

    // MARK: Whiteouts

    /// Hides what lower layers have here (the kernel's overlayfs.rst, "whiteouts and opaque directories"). What this
    /// layer itself has of that name stays, wherever in the archive it stands.
    func hide(_ path: LayerPath) throws(CFSError) {
        guard isOverOthers, let name = path.name else { return }
        let parent = try folder(path.parent)
        let result = LayerCalls.makeNode(name, at: parent, S_IFCHR, device: 0)
        guard result == -ErrorCode.exists else {
            try checked(result, "mknodat", .unpacking, path: path.printable)
            return
        }
        // A folder of this layer would be merged with the lower one.
        if let folder = try existingFolder(path) { try setOpaque(folder.raw, path) }
    }

    /// Hides everything that lower layers have in a folder.
    func hideContent(_ path: LayerPath) throws(CFSError) {
        if isOverOthers { try setOpaque(try folder(path).raw, path) }
    }

    private func setOpaque(_ folder: Int32, _ path: LayerPath) throws(CFSError) {
        let mark = ExtendedAttribute(name: "trusted.overlay.opaque", value: [0x79])
        try checked(ExtraSystemCalls.setAttribute(folder, mark), "fsetxattr", .unpacking, path: path.printable)
    }

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
        _ name: FileName, at parent: SharedFD, _ path: LayerPath, hiding: Bool
    ) throws(CFSError) -> Int {
        try checked(LayerCalls.makeFolder(name, at: parent), "mkdirat", .unpacking, path: path.printable)
        let opened = try checked(LayerCalls.openFolder(name, at: parent), "openat", .unpacking, path: path.printable)
        let folder = OwnedFD(opened)
        try LayerCalls.setOwner(folder.raw, 0, 0, mode: 0o755, path)
        if hiding && isOverOthers { try setOpaque(folder.raw, path) }
        try times.set(path, FolderTimes.unknown)
        return Int(folder.release())
    }

    private static func blocked(_ path: LayerPath) -> CFSError {
        CFSError(
            .unsafeLayer, .unpacking, "the layer writes through \"\(path.printable)\", which is no folder",
            path: path.printable, hint: "do not use this image")
    }
}
