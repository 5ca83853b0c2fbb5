import CFSLinux
import CFSModel
import CLinux
import Glibc

/// A path below a root, as somebody wrote it for a copy (docker-cp(1)): a slash or `/.` at its end means the folder, and
/// `/.` what lies in it. A root that may be hostile decides where links lead, but never out of it.
public struct RootedPath {
    /// What is copied.
    public struct Source {
        public let item: SharedFD
        /// Its last part; nil for the content of a folder alone.
        public let name: ArchiveName?
        public let isFolder: Bool
    }

    /// Where it goes.
    public struct Target {
        /// Open for reading.
        public let folder: SharedFD
        /// The name there; nil for what lies in a folder, which goes into this one.
        public let name: ArchiveName?

        public init(folder: SharedFD, name: ArchiveName?) {
            self.folder = folder
            self.name = name
        }
    }

    private let root: Int32
    private let path: String
    /// For messages.
    private let label: String

    /// - Parameters:
    ///   - root: a folder, open for as long as this value is used.
    ///   - path: from the root on, with or without a slash in front.
    ///   - label: how it is called in messages.
    public init(_ path: String, below root: Int32, label: String) throws(CFSError) {
        guard !path.utf8.contains(0) else {
            throw CFSError(.invalidArgument, .parsing, "the path \(label) contains a NUL byte")
        }
        self.root = root
        self.path = path
        self.label = label
    }

    private var parts: [String] { path.pathNames }
    private var endsWithDot: Bool { parts.last == "." || parts.isEmpty }
    private var meansFolder: Bool { endsWithDot || path.endsWithSlash || parts.last == ".." }

    /// Opens what is to be copied.
    ///
    /// - Parameter followsLink: whether a link at the end stands for what it leads to; otherwise it is copied as a link.
    /// - Throws: `invalidArgument` when it is not there.
    public func source(followsLink: Bool) throws(CFSError) -> Source {
        let last = parts.last ?? ""
        let item: SharedFD
        if followsLink || meansFolder {
            let opened = File.tryOpen(path.isEmpty ? "/" : path, below: root, .path, resolve: .inRoot)
            if opened == -ErrorCode.notFound, try isLink(last) {
                throw CFSError(
                    .invalidArgument, .looking, "\(label) is a link that leads nowhere", errno: ENOENT,
                    hint: "a copy that does not follow it takes the link itself")
            }
            item = SharedFD(OwnedFD(try found(opened)))
        } else {
            let parent = SharedFD(OwnedFD(try found(openParent(path))))
            item = SharedFD(OwnedFD(try found(File.tryOpen(last, [.path, .noFollow], at: parent.raw))))
        }
        let isFolder = try File.status(at: item.raw).isDirectory
        guard isFolder || !meansFolder else { throw noFolder(label) }
        let name = Self.plainName(parts)
        return Source(item: item, name: endsWithDot ? nil : name.map { ArchiveName($0) }, isFolder: isFolder)
    }

    /// Finds where a copy goes: into a folder that is there, under the source's own name; else to the name itself, whose
    /// folder must be there.
    ///
    /// - Parameter replacesLink: whether a link at the end is replaced itself, as one within a folder is, and not followed; where
    ///   that cannot be, because it leads to a folder or a folder is copied, it is an error. A slash at the end follows it all the
    ///   same. For copies from those who must not choose where they go: an earlier copy may have brought the link.
    /// - Throws: `invalidArgument` when the folder is missing; `conflict` for a folder in the place of a file.
    public func target(for source: Source, replacesLink: Bool = false) throws(CFSError) -> Target {
        if replacesLink, !meansFolder, let target = try targetOfLink(for: source) { return target }
        var path = self.path
        for _ in 0...40 {
            let whole = File.tryOpen(path.isEmpty ? "/" : path, below: root, [.directory, .read], resolve: .inRoot)
            if whole >= 0 { return Target(folder: SharedFD(OwnedFD(whole)), name: source.name) }
            // A file, a link that leads nowhere, or nothing.
            let parent = SharedFD(OwnedFD(try parent(path)))
            let last = path.pathNames.last ?? ""
            let opened = File.tryOpen(last, [.path, .noFollow], at: parent.raw)
            guard opened >= 0 else {
                guard opened == -ErrorCode.notFound else { throw failure(opened) }
                guard source.isFolder || !meansFolder else {
                    throw CFSError(
                        .invalidArgument, .looking, "there is no folder \(label)", errno: ENOENT,
                        hint: "make it first, or leave the slash at the end away")
                }
                return Target(folder: parent, name: ArchiveName(last))
            }
            let item = SharedFD(OwnedFD(opened))
            guard try File.status(at: item.raw).isSymbolicLink else {
                let mode = try File.status(at: item.raw).mode
                if let what = SpecialFile.name(mode) {
                    let source = try File.status(at: source.item.raw).mode
                    if source & S_IFMT != mode & S_IFMT { throw SpecialFile.conflict(label, what) }
                }
                guard !meansFolder else { throw noFolder(label) }
                guard !source.isFolder else {
                    throw CFSError(
                        .conflict, .looking, "\(label) is a file: a folder cannot be copied over it",
                        hint: "remove it first, or name a folder")
                }
                return Target(folder: parent, name: ArchiveName(last))
            }
            let link = try self.link(item)
            let before = path.pathNames.dropLast().text(separator: "/")
            path = link.isAbsolutePath ? link : "\(before)/\(link)"
        }
        throw failure(-ErrorCode.loop)
    }

    /// Nil where there is no link at the end of the path.
    private func targetOfLink(for source: Source) throws(CFSError) -> Target? {
        let last = parts.last ?? ""
        guard try isLink(last) else { return nil }
        let opened = File.tryOpen(path, below: root, .path, resolve: .inRoot)
        // One of the kernel's own, such as /dev/stdout, is an error: nobody wants that replaced.
        guard opened >= 0 || opened == -ErrorCode.notFound else { throw failure(opened) }
        var (leadsToFolder, isReplaced) = (false, true)
        if opened >= 0 {
            let item = SharedFD(OwnedFD(opened))
            let status = try File.status(at: item.raw)
            (leadsToFolder, isReplaced) = (status.isDirectory, status.isRegular)
        }
        guard isReplaced, !source.isFolder else {
            throw CFSError(
                .conflict, .looking,
                "\(label) is a link\(leadsToFolder ? " to a folder" : "") that the container may have chosen: it is not followed",
                hint: leadsToFolder ? "a slash at the end follows it: \(label)/" : "remove it first, or name a folder")
        }
        return Target(folder: SharedFD(OwnedFD(try parent(path))), name: ArchiveName(last))
    }

    /// The folder that a path names.
    public func existingFolder() throws(CFSError) -> SharedFD {
        let result = File.tryOpen(path.isEmpty ? "/" : path, below: root, [.directory, .read], resolve: .inRoot)
        if result == -ErrorCode.notDirectory { throw noFolder(label) }
        return SharedFD(OwnedFD(try found(result)))
    }

    private func parent(_ path: String) throws(CFSError) -> Int {
        let opened = openParent(path)
        if opened >= 0 { return opened }
        guard opened == -ErrorCode.notFound || opened == -ErrorCode.notDirectory else { throw failure(opened) }
        throw CFSError(
            .invalidArgument, .looking, "the folder of \(label) does not exist", errno: Int32(-opened),
            hint: "make it first: a copy makes no folders above its own")
    }

    private func openParent(_ path: String) -> Int {
        let parent = path.pathNames.dropLast().text(separator: "/")
        return File.tryOpen("/" + parent, below: root, [.directory, .read], resolve: .inRoot)
    }

    /// Whether the last part of the path is a link.
    private func isLink(_ last: String) throws(CFSError) -> Bool {
        let opened = openParent(path)
        guard opened >= 0, last != "..", last != "." else { return false }
        let parent = SharedFD(OwnedFD(opened))
        let item = File.tryOpen(last, [.path, .noFollow], at: parent.raw)
        guard item >= 0 else { return false }
        let file = SharedFD(OwnedFD(item))
        return try File.status(at: file.raw).isSymbolicLink
    }

    private func found(_ result: Int) throws(CFSError) -> Int {
        if result >= 0 { return result }
        throw failure(result)
    }

    private func failure(_ result: Int) -> CFSError {
        switch result {
        case -ErrorCode.notFound:
            CFSError(.invalidArgument, .looking, "there is no \(label)", errno: ENOENT)
        case -ErrorCode.notDirectory: noFolder("something on the way of \(label)")
        case -ErrorCode.loop:
            CFSError(
                .invalidArgument, .looking, "\(label) leads through too many links, or through one of the kernel's own",
                errno: ELOOP)
        case -ErrorCode.nameTooLong:
            PathLength.error(path, label.replacing(path, with: PathLength.shortened(path)), .looking)
        default: CFSError(kernel: Int32(-result), "openat2", .looking, path: label)
        }
    }

    /// Where a link leads. The kernel's own depend on who asks: `/proc/self` of a container is nobody for a process outside.
    private func link(_ item: SharedFD) throws(CFSError) -> String {
        do throws(CFSError) {
            return try File.readLink("", at: item.raw)
        } catch {
            throw CFSError(
                .invalidArgument, .looking, "\(label) is a link of the kernel's own, and leads nowhere from here",
                errno: error.errno, hint: "write the path that it stands for inside")
        }
    }

    private func noFolder(_ what: String) -> CFSError {
        CFSError(.invalidArgument, .looking, "\(what) is not a folder", errno: ENOTDIR)
    }

    /// The last part that is no dot; nil when nothing is left.
    private static func plainName(_ parts: [String]) -> String? {
        var names: [String] = []
        for part in parts where part != "." {
            if part == ".." { _ = names.popLast() } else { names.append(part) }
        }
        return names.last
    }
}
