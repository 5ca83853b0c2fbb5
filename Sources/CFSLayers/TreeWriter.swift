import CFSLinux
import CFSModel
import CLinux
import Glibc

/// Writes entries below a folder that is held, where a hostile container may be at work: each folder is opened in the one
/// before without following a link, so nothing is ever written elsewhere. A file appears whole or not at all.
///
/// Folders are merged with those that are there, which stay as they are; everything else is replaced by what is new, but a
/// folder never by something else nor the other way round, and neither is a device, a pipe or a socket. A file that is mounted
/// keeps its place: it is written into.
public final class TreeWriter {
    /// Whose the files become.
    public enum Owners: Sendable, Hashable {
        /// Whoever writes. Set-uid bits, capabilities and devices do not come along: they would serve another owner.
        case writer
        /// Those that the entries name, by this map.
        case kept(OwnerMap)
    }

    private let root: SharedFD
    let owners: Owners
    private let limits: ArchiveLimits
    private let buffer = RawBuffer(256 << 10)
    private var way: [(name: FileName, folder: SharedFD)] = []
    private var notes: LayerNotes
    /// What was not there before; nothing below another one of these.
    private var made: [LayerPath] = []
    private var isMade: Set<LayerPath> = []
    /// What does not come along, as the archive names it.
    public private(set) var leftOut: [ArchiveName] = []
    /// Files of all kinds but folders, and the bytes in them.
    public private(set) var files = 0
    public private(set) var bytes: UInt64 = 0

    public init(_ root: SharedFD, owners: Owners, limits: ArchiveLimits = .standard) {
        self.root = root
        self.owners = owners
        self.limits = limits
        notes = LayerNotes(limits)
    }

    /// Writes everything that a reader has. What fails takes away again what was not there before.
    public func writeAll(_ reader: any EntryReader) throws(CFSError) {
        do throws(CFSError) {
            while let entry = try reader.next() { try write(entry, reader) }
            try finish()
        } catch {
            rollBack()
            throw error
        }
    }

    private func write(_ entry: ArchiveEntry, _ reader: any EntryReader) throws(CFSError) {
        let path = try LayerPath(entry.name, limits: limits, in: .archive)
        guard let name = path.name else { return }
        guard !isLeftOut(entry) else { return leftOut.append(entry.name) }
        let parent = try folder(path.parent)
        switch entry.kind {
        case .directory: return try makeFolder(path, entry)
        case .file:
            if let mounted = try mountedFile(name, at: parent, for: entry.kind, path) {
                try overwrite(mounted, entry, reader, path)
            } else {
                try replace(name, at: parent, path) { temporary throws(CFSError) in
                    try makeFile(temporary, at: parent, entry, reader, path)
                }
            }
        case .symlink(let target):
            _ = try mountedFile(name, at: parent, for: entry.kind, path)
            try replace(name, at: parent, path) { temporary throws(CFSError) in
                let text = FileName(target.bytes)
                try checked(
                    LayerCalls.makeSymlink(temporary, at: parent, to: text), "symlinkat", .recording,
                    path: path.printable)
                try describe(temporary, at: parent, entry, path)
            }
        case .hardlink(let target):
            _ = try mountedFile(name, at: parent, for: entry.kind, path)
            try makeHardLink(name, at: parent, to: try LayerPath(target, limits: limits, in: .archive), path)
        case .fifo: try makeNode(name, at: parent, S_IFIFO, 0, entry, path)
        case .characterDevice(let major, let minor):
            try makeNode(name, at: parent, S_IFCHR, UInt64(cfs_makedev(major, minor)), entry, path)
        case .blockDevice(let major, let minor):
            try makeNode(name, at: parent, S_IFBLK, UInt64(cfs_makedev(major, minor)), entry, path)
        }
        files += 1
    }

    /// What is made in a folder changes its time, so that comes last.
    private func finish() throws(CFSError) {
        for (path, time) in notes.folders where !path.components.isEmpty {
            try LayerCalls.setTime(try folder(path).raw, time, path)
        }
    }

    private func rollBack() {
        for path in made.reversed() {
            do throws(CFSError) {
                guard let name = path.name else { continue }
                let parent = try folder(path.parent)
                way.removeAll()
                try Directory.removeTree(name.cString, at: parent.raw)
            } catch {
                // The first error is the one to tell.
                continue
            }
        }
    }

    /// A device of a hostile image opens the hardware to whoever may open it; 0:0 is a mark of overlay file systems.
    private func isLeftOut(_ entry: ArchiveEntry) -> Bool {
        switch entry.kind {
        case .characterDevice(0, 0): true
        case .characterDevice, .blockDevice: owners == .writer
        default: false
        }
    }

    // MARK: Folders

    /// A folder below the root; those that an archive does not mention are made.
    private func folder(_ path: LayerPath) throws(CFSError) -> SharedFD {
        var common = 0
        while common < way.count, common < path.components.count, way[common].name == path.components[common] {
            common += 1
        }
        way.removeLast(way.count - common)
        while way.count < path.components.count {
            let current = way.last?.folder ?? root
            let name = path.components[way.count]
            let place = LayerPath(components: path.components[...way.count])
            let opened = LayerCalls.openFolder(name, at: current)
            if opened == -ErrorCode.notFound {
                try makeFolder(place, ArchiveEntry(.directory, ArchiveName(bytes: place.bytes)))
            } else {
                way.append((name, try Self.folder(opened, place)))
            }
        }
        return way.last?.folder ?? root
    }

    private static func folder(_ opened: Int, _ path: LayerPath) throws(CFSError) -> SharedFD {
        if opened == -ErrorCode.notDirectory || opened == -ErrorCode.loop {
            throw CFSError(
                .conflict, .recording, "\"\(path.printable)\" is there and is no folder", path: path.printable,
                errno: Int32(-opened), hint: "a folder replaces nothing: remove it first")
        }
        return SharedFD(OwnedFD(try checked(opened, "openat", .recording, path: path.printable)))
    }

    private func makeFolder(_ path: LayerPath, _ entry: ArchiveEntry) throws(CFSError) {
        guard let name = path.name else { return }
        let parent = try folder(path.parent)
        let result = LayerCalls.makeFolder(name, at: parent)
        if result == -ErrorCode.exists {
            way.append((name, try Self.folder(LayerCalls.openFolder(name, at: parent), path)))
            return
        }
        if result < 0 { try checkKernel(parent) }
        try checked(result, "mkdirat", .recording, path: path.printable)
        remember(path)
        let folder = try Self.folder(LayerCalls.openFolder(name, at: parent), path)
        way.append((name, folder))
        try describe(folder.raw, entry, path)
        try notes.setTime(entry.modified, of: path)
    }

    private func remember(_ path: LayerPath) {
        var above = path
        while above.name != nil {
            above = above.parent
            if isMade.contains(above) { return }
        }
        made.append(path)
        isMade.insert(path)
    }

    // MARK: What lies in them

    /// Makes something under another name, and gives it its own when it is complete.
    private func replace(
        _ name: FileName, at parent: SharedFD, _ path: LayerPath, _ make: (FileName) throws(CFSError) -> Void
    ) throws(CFSError) {
        let temporary = FileName("\(Self.prefix)\(ContainerID().short)".utf8)
        do throws(CFSError) {
            try make(temporary)
            let isNew = !LayerCalls.exists(name, at: parent)
            let renamed = renameat(parent.raw, temporary.cString, parent.raw, name.cString)
            if renamed != 0 { throw Self.failure(errno, path) }
            if isNew { remember(path) }
            // Renaming one name of a file to another of the same does nothing.
            _ = unlinkat(parent.raw, temporary.cString, 0)
        } catch {
            _ = unlinkat(parent.raw, temporary.cString, 0)
            throw error
        }
    }

    private static let prefix = ".cfs-partial-"

    private static func failure(_ number: Int32, _ path: LayerPath) -> CFSError {
        switch number {
        case EISDIR, ENOTEMPTY, EEXIST:
            CFSError(
                .conflict, .recording, "\"\(path.printable)\" is a folder", path: path.printable, errno: number,
                hint: "a file does not replace a folder: remove it first")
        case EBUSY:
            CFSError(
                .conflict, .recording, "\"\(path.printable)\" is mounted, and cannot be replaced",
                path: path.printable, errno: number, hint: "change what is mounted there")
        default: CFSError(kernel: number, "renameat", .recording, path: path.printable)
        }
    }

    private func makeFile(
        _ name: FileName, at parent: SharedFD, _ entry: ArchiveEntry, _ reader: any EntryReader, _ path: LayerPath
    ) throws(CFSError) {
        let made = LayerCalls.makeFile(name, at: parent)
        let file = OwnedFD(try checked(made, "openat", .recording, path: path.printable))
        try fill(file.raw, entry, reader, path)
        try describe(file.raw, entry, path)
        try LayerCalls.setTime(file.raw, entry.modified, path)
        bytes += entry.bodySize
    }

    /// Gives a mounted file new content. What fails here has taken its old one: there is no other place for the new.
    private func overwrite(
        _ item: SharedFD, _ entry: ArchiveEntry, _ reader: any EntryReader, _ path: LayerPath
    ) throws(CFSError) {
        if let file = try openMounted(item, entry, reader, path) {
            try fill(file.raw, entry, reader, path)
            try describeMounted(file.raw, entry, path)
        }
        bytes += entry.bodySize
    }

    /// The content of an empty file.
    private func fill(
        _ file: Int32, _ entry: ArchiveEntry, _ reader: any EntryReader, _ path: LayerPath
    ) throws(CFSError) {
        let size = ftruncate(file, off_t(clamping: entry.size)) == 0 ? 0 : -Int(errno)
        try checked(size, "ftruncate", .recording, path: path.printable)
        for segment in entry.sparse ?? [SparseSegment(offset: 0, length: entry.size)] {
            try copy(segment, from: reader, to: file, path)
        }
    }

    private func copy(
        _ segment: SparseSegment, from reader: any EntryReader, to file: Int32, _ path: LayerPath
    ) throws(CFSError) {
        var done: UInt64 = 0
        while done < segment.length {
            let wanted = Int(min(UInt64(buffer.count), segment.length - done))
            let count = try reader.readBody(into: buffer.slice(0..<wanted))
            guard count > 0 else {
                throw CFSError(
                    .invalidArchive, .recording, "the content of \"\(path.printable)\" ends too early",
                    path: path.printable)
            }
            var start = 0
            while start < count {
                let place = off_t(clamping: segment.offset + done) + off_t(start)
                let result = pwrite(file, buffer.start + start, count - start, place)
                if result < 0 && errno == EINTR { continue }
                start += try checked(result >= 0 ? result : -Int(errno), "pwrite", .recording, path: path.printable)
            }
            done += UInt64(count)
        }
    }

    private func makeHardLink(
        _ name: FileName, at parent: SharedFD, to target: LayerPath, _ path: LayerPath
    ) throws(CFSError) {
        guard path != target, let targetName = target.name else { return }
        let folder = try folder(target.parent)
        try replace(name, at: parent, path) { temporary throws(CFSError) in
            guard LayerCalls.isRegular(targetName, at: folder) else {
                throw CFSError(
                    .invalidArchive, .recording,
                    "\"\(path.printable)\" is a link to \"\(target.printable)\", which is no file", path: path.printable
                )
            }
            let linked = LayerCalls.link(targetName, at: folder, as: temporary, at: parent)
            try checked(linked, "linkat", .recording, path: path.printable)
        }
    }

    private func makeNode(
        _ name: FileName, at parent: SharedFD, _ type: mode_t, _ device: UInt64, _ entry: ArchiveEntry,
        _ path: LayerPath
    ) throws(CFSError) {
        _ = try mountedFile(name, at: parent, for: entry.kind, path)
        try replace(name, at: parent, path) { temporary throws(CFSError) in
            try checked(
                LayerCalls.makeNode(temporary, at: parent, type, device: device), "mknodat", .recording,
                path: path.printable)
            try describe(temporary, at: parent, entry, path)
        }
    }
}
