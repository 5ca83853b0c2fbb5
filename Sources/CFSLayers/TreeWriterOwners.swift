import CFSLinux
import CFSModel
import CLinux
import Glibc

/// What files say of themselves.
extension TreeWriter {
    private func mode(_ entry: ArchiveEntry) -> UInt32 { owners == .writer ? entry.mode & 0o1777 : entry.mode }

    /// Throws for an owner that the container has no number for.
    func checkOwner(_ entry: ArchiveEntry, _ path: LayerPath) throws(CFSError) {
        if case .kept(let map) = owners { _ = try ids(entry, map, path) }
    }

    /// Of a file or folder that is open.
    func describe(_ file: Int32, _ entry: ArchiveEntry, _ path: LayerPath) throws(CFSError) {
        var attributes = entry.attributes.filter { AttributePolicy.verdict($0.name, of: entry.kind) == .keep }
        switch owners {
        case .writer:
            attributes.removeAll { $0.name == CapabilityAttribute.name }
            try checked(fchmod(file, mode(entry)) == 0 ? 0 : -Int(errno), "fchmod", .recording, path: path.printable)
        case .kept(let map):
            let (uid, gid) = try ids(entry, map, path)
            // The owner first: a change of it clears set-uid bits and capabilities (chown(2)).
            try LayerCalls.setOwner(file, uid, gid, mode: mode(entry), path)
            for index in attributes.indices where attributes[index].name == CapabilityAttribute.name {
                attributes[index].value = CapabilityAttribute.outside(attributes[index].value, map)
            }
        }
        try LayerCalls.setAttributes(file, attributes, path)
    }

    /// Of what cannot be opened, by its name. Somebody may have put a link in its place: none is followed.
    func describe(
        _ name: FileName, at parent: SharedFD, _ entry: ArchiveEntry, _ path: LayerPath
    ) throws(CFSError) {
        if case .kept(let map) = owners {
            let (uid, gid) = try ids(entry, map, path)
            try LayerCalls.setOwner(name, at: parent, uid, gid, mode: nil, path)
        }
        if case .symlink = entry.kind {} else { try setMode(name, at: parent, mode(entry), path) }
        try LayerCalls.setTime(name, at: parent, entry.modified, path)
    }

    /// fchmodat(2) follows links: so by a descriptor of what is no link.
    private func setMode(_ name: FileName, at parent: SharedFD, _ mode: UInt32, _ path: LayerPath) throws(CFSError) {
        let result = openat(parent.raw, name.cString, Int32(CFS_O_PATH) | CFS_O_NOFOLLOW | CFS_O_CLOEXEC)
        let opened = result >= 0 ? Int(result) : -Int(errno)
        let item = SharedFD(OwnedFD(try checked(opened, "openat", .recording, path: path.printable)))
        // Of a link this is an error of chmod(2), which does not follow one behind a descriptor.
        let changed = chmod("/proc/self/fd/\(item.raw)", mode) == 0 ? 0 : -Int(errno)
        try checked(changed, "chmod", .recording, path: path.printable)
    }

    private func ids(
        _ entry: ArchiveEntry, _ map: OwnerMap, _ path: LayerPath
    ) throws(CFSError) -> (uid: UInt32, gid: UInt32) {
        guard let uid = map.outside(uid: entry.uid), let gid = map.outside(gid: entry.gid) else {
            throw CFSError(
                .invalidArgument, .recording,
                "the owner \(entry.uid):\(entry.gid) of \"\(path.printable)\" is none of the container's ids",
                path: path.printable, hint: "leave -a away: then it belongs to the container's root")
        }
        return (uid, gid)
    }
}
