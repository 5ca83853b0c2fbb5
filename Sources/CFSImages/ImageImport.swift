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
