import CFSLayers
import CFSModel

/// Imports what holds a root file system and says nothing about running it.
struct RootfsImport {
    private let path: String
    private let form: ImportForm
    private let transaction: ImportTransaction

    init(_ path: String, _ form: ImportForm, _ transaction: ImportTransaction) {
        self.path = path
        self.form = form
        self.transaction = transaction
    }

    func run(
        _ name: String, _ source: ImageRecord.Source, _ options: ImportOptions, catalogue entry: CatalogueEntry?
    ) throws(CFSError) -> ImageRecord {
        let added = try layers()
        let paths = added.map { transaction.layers.path(of: $0.layer.chainID) }
        var configuration = entry?.configuration ?? ImageRecord.Configuration()
        if entry == nil {
            configuration.environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
            if try ImageArchitecture.hasFile("bin/sh", in: paths) { configuration.command = ["/bin/sh"] }
        }
        if let command = options.command { configuration.command = command }
        let document = ImageDocument(
            architecture: try ImageArchitecture.detect(in: paths), configuration: configuration,
            diffIDs: added.map(\.layer.diffID))
        return try transaction.finish(document, layers: added, name: name, source: source)
    }

    /// From the lowest to the topmost.
    private func layers() throws(CFSError) -> [ImportTransaction.AddedLayer] {
        switch form {
        case .folder: return [try transaction.add(try FolderReader(path: path), over: nil)]
        case .tar: return [try transaction.add(tar: try file(), over: nil)]
        case .cpio: return [try transaction.add(CpioReader(try file(), limits: transaction.limits), over: nil)]
        default: return try layersOfISO()
        }
    }

    private func file() throws(CFSError) -> any ByteSource {
        let source = try FileSource(path: path)
        return transaction.watching(source, total: try source.size())
    }

    private func layersOfISO() throws(CFSError) -> [ImportTransaction.AddedLayer] {
        let image = ISOReader(path: path, limits: transaction.limits)
        let items = try image.listing()
        let chosen = try InitramfsChoice.choose(items) { name throws(CFSError) in try isInitramfs(image.open(name)) }
        guard !chosen.isEmpty else {
            throw CFSError(
                .invalidArchive, .importing, "\(path) holds no initramfs that can be imported", path: path,
                hint: "unpack its root file system by hand, and import the folder")
        }
        var added: [ImportTransaction.AddedLayer] = []
        for name in chosen {
            let source = transaction.watching(try image.open(name), total: items.first { $0.path == name }?.size)
            added.append(try transaction.add(CpioReader(source, limits: transaction.limits), over: added.last))
        }
        return added
    }

    private func isInitramfs(_ source: any ByteSource) throws(CFSError) -> Bool {
        do throws(CFSError) {
            let content = try decompress(source, limits: transaction.limits, endsAtOtherBytes: true)
            return ImportForm.isCpio(try PeekingSource(content).peek(6))
        } catch  where error.code == .invalidArchive {
            // A kernel, a picture, or anything else that only begins like compressed data.
            return false
        }
    }
}
