import CFSLayers
import CFSLinux
import CFSModel

extension ImageStore {
    /// Imports a folder, a tar (plain, gzip, xz, zstd, bzip2), an initramfs (cpio), an ISO 9660 image with one inside,
    /// an OCI layout (folder or tar) or a `docker save` archive: what it is, its content tells.
    ///
    /// The name appears only when everything was read, verified and unpacked; an image that had it is replaced. What an
    /// import that fails has stored is removed.
    ///
    /// - Parameters:
    ///   - name: with a tag or not.
    ///   - path: on the host.
    ///   - progress: called often; bytes of the file, then of each layer.
    /// - Throws: `invalidArchive`, `unsafeLayer`, `digestMismatch`, `limitExceeded`, `noSpace`; what reading throws.
    @discardableResult
    public func importImage(
        name: String, from path: String, options: ImportOptions = ImportOptions(),
        progress: @escaping (ImportProgress) -> Void = { _ in }
    ) throws(CFSError) -> ImageRecord {
        let reference = try Self.newName(name)
        return try add(reference, from: path, source: .imported, options, progress)
    }

    /// Imports an archive that comes through a descriptor, from where it stands on: a pipe, for example.
    ///
    /// Archives are read more than once, so the bytes go to a file without a name first: nothing is left of an import that
    /// ends early, however it ends, and other imports need not wait until all has come.
    ///
    /// - Parameters:
    ///   - descriptor: stays the caller's.
    ///   - label: how errors call it.
    ///   - progress: called often; bytes as they come, then as for a file.
    /// - Throws: what importing a file throws; `limitExceeded` for more bytes than any layer may have.
    @discardableResult
    public func importImage(
        name: String, fromDescriptor descriptor: Int32, called label: String, options: ImportOptions = ImportOptions(),
        progress: @escaping (ImportProgress) -> Void = { _ in }
    ) throws(CFSError) -> ImageRecord {
        let reference = try Self.newName(name)
        let file: SharedFD
        do throws(CFSError) {
            file = try spool(descriptor, label, options.limits, progress)
        } catch {
            throw error.naming(fullStore: root)
        }
        defer { extendLifetime(file) }
        let path = "/proc/self/fd/\(file.raw)"
        do throws(CFSError) {
            return try add(reference, from: path, source: .imported, options, progress)
        } catch {
            throw error.naming(path, label)
        }
    }

    /// All that comes through a descriptor, in a file without a name.
    private func spool(
        _ descriptor: Int32, _ label: String, _ limits: ArchiveLimits, _ progress: (ImportProgress) -> Void
    ) throws(CFSError) -> SharedFD {
        try Directory.makeAll(root)
        let file = try SharedFD(UnnamedFile.make(in: root))
        var done: UInt64 = 0
        while true {
            progress(ImportProgress(.reading, done: done, total: nil))
            let bytes = try File.read(descriptor, atMost: 256 << 10, path: label)
            if bytes.isEmpty { return file }
            done += UInt64(bytes.count)
            guard done <= limits.totalBytes else {
                throw CFSError(.limitExceeded, .importing, "\(label) has more than \(limits.totalBytes) bytes")
            }
            try File.writeAll(file.raw, bytes, path: root)
        }
    }

    /// A name for an image that is made here: none that could be taken for the ID of another one.
    static func newName(_ text: String) throws(CFSError) -> ImageReference {
        let reference = try ImageReference(text)
        let isHex = reference.name.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        guard reference.name.hasPrefix("sha256:") || isHex && (12...64).contains(reference.name.utf8.count) else {
            return reference
        }
        throw CFSError(
            .invalidArgument, .parsing,
            "\"\(text.prefix(100))\" would be taken for the ID of an image, and cannot be a name",
            hint: "use a name with other letters than 0-9 and a-f")
    }

    func add(
        _ reference: ImageReference, from path: String, source: ImageRecord.Source, _ options: ImportOptions,
        _ progress: @escaping (ImportProgress) -> Void
    ) throws(CFSError) -> ImageRecord {
        guard File.exists(path) else {
            throw CFSError(.invalidArgument, .importing, "there is no file or folder \(path)", path: path)
        }
        let form = try ImportForm.detect(path, limits: options.limits)
        return try change(options.limits) { transaction throws(CFSError) in
            transaction.report = progress
            let record: ImageRecord
            switch form {
            case .layoutFolder:
                let files = try FolderLayout(path, transaction)
                record = try LayoutImport(files, transaction).run(reference.name, source, options)
            case .layoutTar:
                let files = try ArchivedLayout(path, transaction)
                record = try LayoutImport(files, transaction).run(reference.name, source, options)
            case .dockerTar:
                let files = try ArchivedLayout(path, transaction)
                record = try DockerArchiveImport(files, transaction).run(reference.name, source, options)
            case .dockerFolder:
                let files = try FolderLayout(path, transaction)
                record = try DockerArchiveImport(files, transaction).run(reference.name, source, options)
            case .folder, .tar, .cpio, .iso:
                let rootfs = RootfsImport(path, form, transaction)
                let entry = try catalogue.entry(named: reference.name)
                record = try rootfs.run(reference.name, source, options, catalogue: entry)
            }
            try names.put(record)
            return record
        }
    }
}
