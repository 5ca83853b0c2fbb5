import CFSLinux
import CFSModel
import Glibc

extension LayerTree {
    /// Makes a regular file, empty and open for writing. ``finishFile(_:_:_:)`` follows.
    func makeFile(_ path: LayerPath) throws(CFSError) -> OwnedFD {
        OwnedFD(try make(path, "openat") { LayerCalls.makeFile($0, at: $1) })
    }

    /// Gives a file whose content is complete what its entry says: the owner before the rest, since a change of it clears
    /// set-uid bits and capabilities (chown(2)).
    func finishFile(_ file: Int32, _ path: LayerPath, _ entry: ArchiveEntry) throws(CFSError) {
        let attributes = try AttributePolicy.kept(of: entry)
        try LayerCalls.setOwner(file, entry.uid, entry.gid, mode: entry.mode, path)
        try LayerCalls.setAttributes(file, attributes, path)
        try LayerCalls.setTime(file, entry.modified, path)
    }

    /// Makes a symbolic link. Its target is text: nothing here follows it.
    func makeSymlink(_ path: LayerPath, to target: ArchiveName, _ entry: ArchiveEntry) throws(CFSError) {
        let text = FileName(target.bytes)
        try make(path, "symlinkat") { LayerCalls.makeSymlink($0, at: $1, to: text) }
        try finishNode(path, entry, mode: nil)
    }

    /// Makes a device or a pipe.
    func makeNode(_ path: LayerPath, _ type: mode_t, device: UInt64 = 0, _ entry: ArchiveEntry) throws(CFSError) {
        try make(path, "mknodat") { LayerCalls.makeNode($0, at: $1, type, device: device) }
        try finishNode(path, entry, mode: entry.mode)
    }

    /// Gives a regular file of this layer another name.
    ///
    /// - Throws: `unsafeLayer` when there is no such file in this layer; no link is followed to one.
    func makeHardLink(_ path: LayerPath, to target: LayerPath) throws(CFSError) {
        guard let targetName = target.name, let folder = try existingFolder(target.parent),
            LayerCalls.isRegular(targetName, at: folder)
        else { throw Self.noTarget(path, target) }
        if path == target { return }
        let result = try tryMake(path) { LayerCalls.link(targetName, at: folder, as: $0, at: $1) }
        // The file lay below what the link replaces.
        guard result != -ErrorCode.notFound else { throw Self.noTarget(path, target) }
        try checked(result, "linkat", .unpacking, path: path.printable)
    }

    private func finishNode(_ path: LayerPath, _ entry: ArchiveEntry, mode: UInt32?) throws(CFSError) {
        _ = try AttributePolicy.kept(of: entry)
        let (name, parent) = try place(path)
        try LayerCalls.setOwner(name, at: parent, entry.uid, entry.gid, mode: mode, path)
        try LayerCalls.setTime(name, at: parent, entry.modified, path)
    }

    @discardableResult
    private func make(
        _ path: LayerPath, _ systemCall: StaticString, _ body: (FileName, SharedFD) -> Int
    ) throws(CFSError) -> Int {
        try checked(try tryMake(path, body), systemCall, .unpacking, path: path.printable)
    }

    /// Makes a name; what had it before is removed first.
    private func tryMake(_ path: LayerPath, _ body: (FileName, SharedFD) -> Int) throws(CFSError) -> Int {
        let (name, parent) = try place(path)
        let result = body(name, parent)
        guard result == -ErrorCode.exists else { return result }
        try remove(name, at: parent, path)
        return body(name, parent)
    }

    private func place(_ path: LayerPath) throws(CFSError) -> (FileName, SharedFD) {
        guard let name = path.name else {
            throw CFSError(
                .unsafeLayer, .unpacking, "the layer has something else than a folder as its root", path: "/",
                hint: "do not use this image")
        }
        return (name, try folder(path.parent))
    }

    private static func noTarget(_ path: LayerPath, _ target: LayerPath) -> CFSError {
        CFSError(
            .unsafeLayer, .unpacking,
            "the hard link \"\(path.printable)\" leads to \"\(target.printable)\", which is no file of this layer",
            path: path.printable, hint: "do not use this image")
    }
}
