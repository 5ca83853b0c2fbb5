import CFSLinux
import CFSModel
import CLinux
import Glibc

/// What stands already where something is to be written.
extension TreeWriter {
    /// Looks at what stands under a name, by a descriptor of it, and throws for what must not be replaced.
    ///
    /// What is mounted there is found by the number of its mount: a rename over a mount point of another mount namespace is
    /// no error of rename(2), but takes the mount away there.
    ///
    /// - Returns: a file that is mounted, to be written in its place; nil when there is none.
    /// - Throws: `conflict` for a device, a pipe or a socket where something else is to be, and for what is mounted where no
    ///   file is; `notPermitted` for a folder of the kernel's.
    func mountedFile(
        _ name: FileName, at parent: SharedFD, for kind: ArchiveEntry.Kind, _ path: LayerPath
    ) throws(CFSError) -> SharedFD? {
        try checkKernel(parent)
        let result = openat(parent.raw, name.cString, Int32(CFS_O_PATH) | CFS_O_NOFOLLOW | CFS_O_CLOEXEC)
        let opened = result >= 0 ? Int(result) : -Int(errno)
        if opened == -ErrorCode.notFound { return nil }
        let item = SharedFD(OwnedFD(try checked(opened, "openat", .recording, path: path.printable)))
        let mode = try File.status(at: item.raw).mode
        if let what = SpecialFile.name(mode), mode & S_IFMT != kind.fileType {
            throw SpecialFile.conflict("\"\(path.printable)\"", what, path: path.printable)
        }
        // That a folder is there, the rename says.
        guard mode & S_IFMT != S_IFDIR, try Self.mount(of: item) != Self.mount(of: parent) else { return nil }
        if mode & S_IFMT == S_IFREG, case .file = kind { return item }
        throw CFSError(
            .conflict, .recording, "\"\(try Self.place(of: item))\" is mounted, and cannot be replaced",
            path: path.printable, hint: "change what is mounted there")
    }

    /// Opens a mounted file for new content.
    ///
    /// - Returns: nil for one that is itself the source of the copy.
    func openMounted(
        _ item: SharedFD, _ entry: ArchiveEntry, _ reader: any EntryReader, _ path: LayerPath
    ) throws(CFSError) -> OwnedFD? {
        let status = try File.status(at: item.raw)
        if let source = reader.bodyDescriptor {
            if try File.status(at: source).isSameFile(as: status) { return nil }
        }
        try checkOwner(entry, path)
        // By our own descriptor of what was just seen to be a regular file.
        let opened = File.tryOpen("/proc/self/fd/\(item.raw)", [.write, .truncate, .nonBlocking])
        if opened == -ErrorCode.readOnly {
            throw CFSError(
                .notPermitted, .recording, "\"\(try Self.place(of: item))\" is mounted read-only",
                path: path.printable, hint: "change what is mounted there, where it comes from")
        }
        return OwnedFD(try checked(opened, "open", .recording, path: path.printable))
    }

    /// Says of a mounted file what can be said of it: its file system, or whose it is, may allow less.
    func describeMounted(_ file: Int32, _ entry: ArchiveEntry, _ path: LayerPath) throws(CFSError) {
        do throws(CFSError) {
            try describe(file, entry, path)
            try LayerCalls.setTime(file, entry.modified, path)
        } catch {
            guard [EPERM, EACCES, EROFS, EINVAL, EOPNOTSUPP, EOVERFLOW].contains(error.errno) else { throw error }
        }
    }

    /// Nothing is made in a folder of proc, sysfs and the like.
    func checkKernel(_ folder: SharedFD) throws(CFSError) {
        guard KernelFile.isIn(folder.raw) else { return }
        throw CFSError(
            .notPermitted, .recording,
            "\(try Self.place(of: folder)) is a view into the kernel, in which no files can be made",
            hint: "a value of the kernel is set by the option --sysctl of cfs run, or by writing it with cfs exec")
    }

    /// The number of the mount that something lies in (proc_pid_fdinfo(5)).
    private static func mount(of item: SharedFD) throws(CFSError) -> Substring? {
        let text = String(decoding: try File.readAll(at: "/proc/self/fdinfo/\(item.raw)"), as: UTF8.self)
        return text.split(separator: "\n").first { $0.hasPrefix("mnt_id:") }
    }

    /// Its path as the kernel writes it: of a container that runs, from the container's root on.
    private static func place(of item: SharedFD) throws(CFSError) -> String {
        ArchiveName(try File.readLink("/proc/self/fd/\(item.raw)")).printable
    }
}
