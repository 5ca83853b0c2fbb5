import CFSLayers
import CFSLinux
import CFSModel
import Glibc

/// How files are copied between a container and the host.
public struct CopyOptions: Sendable, Hashable {
    /// Keeps owners, as they are numbered inside, set-uid bits and devices. Else the copy belongs to whoever copies out, or
    /// to the container's root, and has neither.
    public var keepsOwners = false
    /// Copies what a link leads to, where the source itself is a link.
    public var followsLink = false

    public init() {}
}

/// What was copied.
public struct CopyReport: Sendable, Hashable {
    /// Files of all kinds but folders.
    public var files: Int
    /// Bytes in them.
    public var bytes: UInt64
    /// Devices, which only come along with their owners.
    public var leftOut: [ArchiveName]
    /// Where files of the host are mounted in what was copied out of a container that does not run: none of them came along.
    public var unmounted: [String]

    init(_ writer: TreeWriter, unmounted: [String] = []) {
        (files, bytes, leftOut) = (writer.files, writer.bytes, writer.leftOut)
        self.unmounted = unmounted
    }
}

/// Copies by the rules of docker-cp(1): a folder goes into one that is there, under its own name, and becomes the target
/// where there is none; `/.` at its end means what lies in it. Links inside the container are followed inside it. In every
/// state; of one that runs, what is mounted in it counts too.
extension Container {
    /// Copies a file or folder out of the container.
    ///
    /// - Parameters:
    ///   - path: inside, from `/` on.
    ///   - hostPath: an absolute path of the host.
    ///   - interruption: how to end it before it is done.
    /// - Throws: `invalidArgument` for a source, or a folder for the target, that is not there; `conflict` for a folder in
    ///   the place of a file or the other way round; `noSpace`. What was not there before is taken away again then.
    @discardableResult
    public func copyOut(
        _ path: String, to hostPath: String, options: CopyOptions = CopyOptions(),
        interruption: StartInterruption? = nil
    ) throws(CFSError) -> CopyReport {
        let root = try openRoot(.mounted)
        defer { extendLifetime(root) }
        let places = try MountPlaces(root)
        let source = try source(path, root, places, options)
        try checkDevice(source, label(path), options)
        let host = SharedFD(try Directory.open("/"))
        let target = try RootedPath(hostPath, below: host.raw, label: hostPath).target(
            for: source, replacesLink: true)
        let reader = try FolderReader(source.item, as: target.name, owners: root.owners, limits: .unlimited)
        let writer = TreeWriter(
            target.folder, owners: options.keepsOwners ? .kept(.identity) : .writer, limits: .unlimited)
        try writer.writeAll(WatchedReader(InterruptibleReader.make(reader, interruption), of: self))
        note("out", path)
        return CopyReport(writer, unmounted: try places.hostMounts(in: source.item))
    }

    /// Writes a file or folder of the container to a descriptor as a tar, with the owners that are seen inside. What was
    /// written when this throws is no archive.
    ///
    /// - Parameter name: of the descriptor, for errors.
    /// - Returns: what ``CopyReport/unmounted`` says.
    @discardableResult
    public func copyOut(
        _ path: String, toDescriptor descriptor: Int32, name: String? = nil, options: CopyOptions = CopyOptions()
    ) throws(CFSError) -> [String] {
        let root = try openRoot(.mounted)
        defer { extendLifetime(root) }
        let places = try MountPlaces(root)
        let source = try source(path, root, places, options)
        let reader = try FolderReader(
            source.item, as: source.name ?? ArchiveName("./"), owners: root.owners, limits: .unlimited)
        let sink = try DescriptorSink.make(descriptor, name)
        try TarWriter(sink).writeAll(WatchedReader(reader, of: self))
        try sink.flush()
        note("out", path)
        return try places.hostMounts(in: source.item)
    }

    /// Copies a file or folder of the host into the container.
    ///
    /// - Parameters:
    ///   - hostPath: an absolute path of the host.
    ///   - path: inside, from `/` on.
    ///   - interruption: how to end it before it is done.
    /// - Throws: what ``copyOut(_:to:options:interruption:)`` throws; `notPermitted` for a container whose root is read-only;
    ///   `containerNotRunning` for what would lie in a mount that is not there.
    @discardableResult
    public func copyIn(
        from hostPath: String, to path: String, options: CopyOptions = CopyOptions(),
        interruption: StartInterruption? = nil
    ) throws(CFSError) -> CopyReport {
        let host = SharedFD(try Directory.open("/"))
        let source = try RootedPath(hostPath, below: host.raw, label: hostPath).source(
            followsLink: options.followsLink)
        try checkDevice(source, hostPath, options)
        return try copyIn(to: path, options) { place throws(CFSError) in
            let target = try place.target(for: source)
            let reader = try FolderReader(source.item, as: target.name, limits: .unlimited)
            return (target, InterruptibleReader.make(reader, interruption))
        }
    }

    /// Unpacks a tar, compressed or not, into a folder of the container.
    ///
    /// - Parameters:
    ///   - descriptor: stays the caller's.
    ///   - interruption: how to end it before it is done.
    @discardableResult
    public func copyIn(
        tarFrom descriptor: Int32, to path: String, options: CopyOptions = CopyOptions(),
        interruption: StartInterruption? = nil
    ) throws(CFSError) -> CopyReport {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        try checked(copy == -1 ? -Int(errno) : 0, "fcntl", .looking)
        let source = InterruptibleSource(FileSource(OwnedFD(copy)), interruption)
        return try copyIn(to: path, options) { place throws(CFSError) in
            let target = RootedPath.Target(folder: try place.existingFolder(), name: nil)
            return (target, TarReader(try decompress(source, limits: .standard)))
        }
    }

    private func copyIn(
        to path: String, _ options: CopyOptions,
        _ find: (RootedPath) throws(CFSError) -> (target: RootedPath.Target, reader: any EntryReader)
    ) throws(CFSError) -> CopyReport {
        let root = try openRoot(.mounted)
        defer { extendLifetime(root) }
        let places = try MountPlaces(root)
        if !root.isRunning, root.request.spec.root.readonly {
            try places.check(below: path)
            throw Self.readOnly(label(path))
        }
        var (target, reader) = try target(path, root, places, find)
        reader = try places.guarding(reader, into: target.folder, withDevices: options.keepsOwners)
        let owners = root.owners
        let writer = TreeWriter(
            target.folder, owners: options.keepsOwners ? .kept(owners) : .writer, limits: .unlimited)
        do throws(CFSError) {
            try explainingRemoval(while: Self.copying) { () throws(CFSError) in
                // As the container's root, so that file systems of the container take the files.
                try FileIdentity.run(uid: owners.root.uid, gid: owners.root.gid) { () throws(CFSError) in
                    try writer.writeAll(reader)
                }
            }
            if let removal = try removal(while: Self.copying) { throw removal }
        } catch {
            throw error.errno == EROFS ? Self.readOnly(label(path)) : error
        }
        note("in", path, history: "cp")
        return CopyReport(writer)
    }

    private static let copying = "files were copied into it"

    /// Where something is to be copied.
    private func target(
        _ path: String, _ root: ContainerRoot, _ places: MountPlaces,
        _ find: (RootedPath) throws(CFSError) -> (target: RootedPath.Target, reader: any EntryReader)
    ) throws(CFSError) -> (target: RootedPath.Target, reader: any EntryReader) {
        let found: (target: RootedPath.Target, reader: any EntryReader)
        do throws(CFSError) {
            found = try find(try inside(path, root))
        } catch {
            // It may be there once the container runs.
            try places.check(below: path)
            throw error
        }
        try places.check(found.target.folder, name: found.target.name)
        return found
    }

    /// What is to be copied out.
    private func source(
        _ path: String, _ root: ContainerRoot, _ places: MountPlaces, _ options: CopyOptions
    ) throws(CFSError) -> RootedPath.Source {
        let source: RootedPath.Source
        do throws(CFSError) {
            source = try inside(path, root).source(followsLink: options.followsLink)
        } catch {
            // It may be there once the container runs.
            try places.check(below: path)
            throw error
        }
        try places.check(source.item)
        try checkKernel(source, path)
        return source
    }

    /// One device alone, which would be left out, and nothing copied.
    private func checkDevice(_ source: RootedPath.Source, _ label: String, _ options: CopyOptions) throws(CFSError) {
        guard !options.keepsOwners else { return }
        let status = try File.status(at: source.item.raw)
        guard status.isCharacterDevice || status.mode & S_IFMT == S_IFBLK else { return }
        throw CFSError(.invalidArgument, .looking, "\(label) is a device, and no file", hint: "-a copies devices")
    }

    /// A folder of proc or sysfs is none that has content of its own; one file of it can be copied.
    private func checkKernel(_ source: RootedPath.Source, _ path: String) throws(CFSError) {
        guard source.isFolder, KernelFile.isIn(source.item.raw) else { return }
        throw CFSError(
            .invalidArgument, .looking, "\(label(path)) is a view into the kernel, and no folder that can be copied",
            hint: "copy single files of it, or see them with cfs exec")
    }

    private func note(_ direction: String, _ path: String, history verb: String? = nil) {
        noteDone(
            "copy", [EngineEvent.Attribute("direction", direction), EngineEvent.Attribute("path", path)], history: verb)
    }

    private func inside(_ path: String, _ root: ContainerRoot) throws(CFSError) -> RootedPath {
        try RootedPath(path, below: root.root.raw, label: label(path))
    }

    private func label(_ path: String) -> String { "\(path.isAbsolutePath ? "" : "/")\(path) in the container" }

    private static func readOnly(_ what: String) -> CFSError {
        CFSError(
            .notPermitted, .recording, "\(what) is on a read-only file system", errno: EROFS,
            hint: "copy to a volume or a tmpfs of the container that can be written to")
    }
}
