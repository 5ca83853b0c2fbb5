import CFSLinux
import CFSModel
import CLinux
import Glibc

/// Reads the upper folder of a container's overlay as a layer: the kernel's whiteouts and opaque folders (overlayfs.rst)
/// become those of the image-spec. Sorted by bytes; no link is followed.
public final class UpperReader: EntryReader {
    /// What is told of one name: a change for whoever lists them, an entry for whoever packs them.
    struct Step {
        var change: LayerChange?
        var entry: ArchiveEntry?
        var body: FolderFile?
        var isReserved = false
    }

    private struct Level {
        let folder: SharedFD
        let path: LayerPath
        /// Those that are still to come, the next one last; and whether it is the image alone that has it.
        var names: [(name: FileName, isGone: Bool)]
        /// Whether the image has a folder here.
        let isInImage: Bool
        /// Whether the kernel merges it with that of the image.
        let isMerged: Bool
        /// The folder's own step, when that is only told if something in it is.
        var held: Step?
        /// Whether it is as the image has it, apart from its time.
        var isUnchanged = false
        /// Whether something was left out because the engine made it.
        var hasPassedOver = false
    }

    private let lower: LowerLayers
    private let entries: FileEntries
    private let places: Set<LayerPath>
    /// Where places lie in.
    private let ways: Set<LayerPath>
    private var levels: [Level] = []
    private var queue: [Step] = []
    private var body: FolderFile?

    init(_ upper: SharedFD, lower: LowerLayers, places: [String], entries: FileEntries) throws(CFSError) {
        self.lower = lower
        self.entries = entries
        let lookup = LayerLookup(upper: upper, lower: lower)
        var found: Set<LayerPath> = []
        for place in places { if let path = try lookup.resolve(place) { found.insert(path) } }
        self.places = found
        ways = Set(
            found.flatMap { path in path.components.indices.map { LayerPath(components: path.components[..<$0]) } })
        let root = SharedFD(try Directory.open(".", at: upper.raw))
        // The merged root has the owner and mode of the topmost layer's.
        if let step = try entries.describe(root, as: ArchiveName("./")) { queue.append(Step(entry: step.entry)) }
        try push(root, .root, isInImage: true, isMerged: true, held: nil)
    }

    public func next() throws(CFSError) -> ArchiveEntry? {
        body = nil
        while let step = try step() {
            guard let entry = step.entry else { continue }
            guard !step.isReserved else { throw FolderReader.reserved(entry.name) }
            body = step.body
            return entry
        }
        return nil
    }

    public func readBody(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
        try body?.read(into: buffer) ?? 0
    }

    func step() throws(CFSError) -> Step? {
        while queue.isEmpty {
            guard let level = levels.last else { return nil }
            guard let (name, isGone) = level.names.last else {
                leave(level)
                continue
            }
            levels[levels.count - 1].names.removeLast()
            try look(name, LayerPath(components: level.path.components + [name]), level, isGone: isGone)
        }
        return queue.removeFirst()
    }

    // MARK: One name

    private func look(_ name: FileName, _ path: LayerPath, _ level: Level, isGone: Bool) throws(CFSError) {
        // An opaque folder is packed as one: what the image has in it needs no whiteout.
        if isGone { return tell(Step(change: LayerChange(.deleted, path.absolute))) }
        let full = ArchiveName(bytes: path.bytes)
        guard let item = try entries.open(name, at: level.folder, as: full) else { return }
        let model = try level.isInImage ? lower.find(path) : nil
        if try isWhiteout(item) {
            guard model != nil, level.isMerged else { return }
            return tell(Step(change: LayerChange(.deleted, path.absolute), entry: whiteout(of: name, level.path)))
        }
        guard let found = try entries.describe(item, as: full) else { return }
        var step = Step(
            change: LayerChange(model == nil ? .added : .modified, path.absolute), entry: found.entry,
            body: found.body)
        step.isReserved = LayerStep.isReserved(name)
        guard let folder = found.folder else {
            // What a start makes for a file to be mounted on.
            if model == nil, places.contains(path), found.entry.kind == .file, found.entry.size == 0 {
                return passOver()
            }
            return tell(step)
        }
        try enter(folder, path, level, step, model)
    }

    private func enter(
        _ folder: SharedFD, _ path: LayerPath, _ level: Level, _ step: Step,
        _ model: (name: FileName, folder: SharedFD)?
    ) throws(CFSError) {
        let like = model.map { LayerCalls.openFolder($0.name, at: $0.folder) } ?? -1
        let image = like >= 0 ? SharedFD(OwnedFD(like)) : nil
        let isOpaque = LayerCalls.isOpaque(folder)
        let isMerged = level.isMerged && image != nil && !isOpaque
        let mark = level.isMerged && image != nil && isOpaque
        let mayBeOurs = ways.contains(path) || places.contains(path)
        if !mayBeOurs {
            tell(step)
            if mark { tell(Step(entry: opaqueMark(path))) }
        }
        try push(folder, path, isInImage: image != nil, isMerged: isMerged, held: mayBeOurs ? step : nil)
        let top = levels.count - 1
        if let image, let entry = step.entry, !isOpaque { levels[top].isUnchanged = try isSame(entry, image) }
        // A folder that a start has made for a mount is empty.
        if model == nil, places.contains(path), levels[top].names.isEmpty { levels[top].hasPassedOver = true }
        if mayBeOurs && mark {
            tell(Step(entry: opaqueMark(path)))
        }
    }

    private func leave(_ level: Level) {
        levels.removeLast()
        guard let held = level.held else { return }
        // Made for a mount, or touched only when something for a mount was made in it.
        if level.hasPassedOver, !level.isInImage || level.isUnchanged { return passOver() }
        tell(held)
    }

    private func passOver() { if !levels.isEmpty { levels[levels.count - 1].hasPassedOver = true } }

    /// Tells a step, after the folders that it lies in.
    private func tell(_ step: Step) {
        for index in levels.indices {
            if let held = levels[index].held { queue.append(held) }
            levels[index].held = nil
        }
        queue.append(step)
    }

    private func push(
        _ folder: SharedFD, _ path: LayerPath, isInImage: Bool, isMerged: Bool, held: Step?
    ) throws(CFSError) {
        guard levels.count <= entries.limits.depth else {
            throw CFSError(
                .limitExceeded, .looking, "there are more than \(entries.limits.depth) folders in each other",
                path: path.printable)
        }
        let own = try entries.names(in: folder, ArchiveName(bytes: path.bytes))
        var names = own.map { (name: $0, isGone: false) }
        if isInImage && !isMerged {
            let known = Set(own)
            names += try lower.names(in: path).filter { !known.contains($0) }.map { (name: $0, isGone: true) }
        }
        names.sort { $1.name.bytes.lexicographicallyPrecedes($0.name.bytes) }
        levels.append(
            Level(folder: folder, path: path, names: names, isInImage: isInImage, isMerged: isMerged, held: held))
    }

    // MARK: The kernel's marks

    /// A character device 0:0, or, from Linux 6.7 on, an empty file with the mark of one. Only the kernel's own `trusted`
    /// marks count: a container can set those of `user` itself.
    private func isWhiteout(_ item: SharedFD) throws(CFSError) -> Bool {
        let status = try File.status(at: item.raw)
        if status.isCharacterDevice { return status.rdev == 0 }
        guard status.isRegular, status.size == 0 else { return false }
        let file = SharedFD(
            try File.open("/proc/self/fd/\(item.raw)", [.read, .nonBlocking, .noControllingTerminal], phase: .looking))
        let result = ExtraSystemCalls.getAttribute(file.raw, "trusted.overlay.whiteout", into: RawBuffer(8).all)
        return result >= 0
    }

    private func whiteout(of name: FileName, _ folder: LayerPath) -> ArchiveEntry {
        mark(LayerPath(components: folder.components + [FileName(Array(".wh.".utf8) + name.bytes)]))
    }

    private func opaqueMark(_ folder: LayerPath) -> ArchiveEntry {
        mark(LayerPath(components: folder.components + [FileName(".wh..wh..opq".utf8)]))
    }

    private func mark(_ path: LayerPath) -> ArchiveEntry {
        ArchiveEntry(.file, ArchiveName(bytes: path.bytes), mode: 0o600)
    }

    /// Whether a folder is as the image has it: then it was only touched.
    private func isSame(_ entry: ArchiveEntry, _ image: SharedFD) throws(CFSError) -> Bool {
        let status = try File.status(at: image.raw)
        // A layer has the ids that are seen inside.
        return status.mode & 0o7777 == entry.mode && status.uid == entry.uid && status.gid == entry.gid
    }
}

extension LayerPath {
    /// From `/` on.
    var absolute: ArchiveName { ArchiveName(bytes: [0x2f] + bytes) }
}
