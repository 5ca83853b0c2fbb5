import CFSLayers
import CFSLinux
import CFSModel

/// The files of an image layout, wherever they lie.
protocol LayoutFiles: AnyObject {
    /// A small file: a manifest, an index, a configuration.
    func document(_ path: String) throws(CFSError) -> [UInt8]
    /// Makes sure that a file is in the blob store, and has the digest that is expected.
    func blob(_ path: String, expecting digest: Digest?) throws(CFSError) -> (digest: Digest, size: UInt64)
}

/// A layout in a folder of the host.
final class FolderLayout: LayoutFiles {
    private let root: SharedFD
    private let transaction: ImportTransaction

    init(_ path: String, _ transaction: ImportTransaction) throws(CFSError) {
        root = SharedFD(try Directory.open(path))
        self.transaction = transaction
    }

    func document(_ path: String) throws(CFSError) -> [UInt8] {
        let file = try open(path)
        return try File.readAll(file.raw, limit: ImageManifest.sizeLimit, path: path)
    }

    func blob(_ path: String, expecting digest: Digest?) throws(CFSError) -> (digest: Digest, size: UInt64) {
        let file = FileSource(try open(path), path: path)
        let size = try file.size()
        return try transaction.store(transaction.watching(file, total: size), expecting: digest)
    }

    private func open(_ path: String) throws(CFSError) -> OwnedFD {
        let result = File.tryOpen(path, below: root.raw, [.read, .nonBlocking], resolve: .beneath)
        guard result != -ErrorCode.notFound else { throw DocumentFields.invalid("the image lacks the file \(path)") }
        let file = OwnedFD(try checked(result, "openat2", .importing, path: path))
        guard try File.status(at: file.raw).isRegular else {
            throw DocumentFields.invalid("\(path) in the image is no file")
        }
        return file
    }
}

/// A layout, or what `docker save` wrote, in a tar: read once, every larger file straight into the blob store.
final class ArchivedLayout: LayoutFiles {
    private static let documentsLimit = 256
    private let transaction: ImportTransaction
    private var documents: [String: [UInt8]] = [:]
    private var stored: [String: (digest: Digest, size: UInt64)] = [:]
    private var links: [String: String] = [:]

    init(_ path: String, _ transaction: ImportTransaction) throws(CFSError) {
        self.transaction = transaction
        let file = try FileSource(path: path)
        let source = transaction.watching(file, total: try file.size())
        let reader = TarReader(try decompress(source, limits: transaction.limits), limits: transaction.limits)
        var entries: UInt64 = 0
        while let entry = try reader.next() {
            entries += 1
            guard entries <= transaction.limits.entries else {
                throw CFSError(
                    .limitExceeded, .importing, "the archive has more than \(transaction.limits.entries) entries")
            }
            try take(entry, reader)
        }
    }

    func document(_ path: String) throws(CFSError) -> [UInt8] {
        if let document = documents[path] { return document }
        return try transaction.blobs.read(try blob(path, expecting: nil).digest, limit: ImageManifest.sizeLimit)
    }

    func blob(_ path: String, expecting digest: Digest?) throws(CFSError) -> (digest: Digest, size: UInt64) {
        var path = path
        // Docker writes a layer once, and links to it where it comes again.
        for _ in 0..<8 {
            guard let target = links[path] else { break }
            path = target
        }
        if let bytes = documents[path] { return try transaction.store(BytesSource(bytes), expecting: digest) }
        guard let found = stored[path] else { throw DocumentFields.invalid("the image lacks the file \(path)") }
        if let digest, found.digest != digest {
            throw CFSError(.digestMismatch, .importing, "\(path) has the digest \(found.digest), not \(digest)")
        }
        return found
    }

    private func take(_ entry: ArchiveEntry, _ reader: TarReader) throws(CFSError) {
        let path = entry.plainPath
        switch entry.kind {
        case .file:
            if !path.contains("/") {
                guard documents.count < Self.documentsLimit || documents[path] != nil else {
                    throw CFSError(
                        .limitExceeded, .importing, "the archive has more than \(Self.documentsLimit) documents")
                }
                if entry.size <= UInt64(ImageManifest.sizeLimit) {
                    documents[path] = try reader.readBody(limit: ImageManifest.sizeLimit)
                    return
                }
            }
            stored[path] = try transaction.store(BodySource(reader), expecting: Self.digest(named: path))
        case .symlink(let target): links[path] = Self.resolve(target.string, from: path)
        case .hardlink(let target): links[path] = Self.resolve("/\(target.string)", from: path)
        default: return
        }
    }

    /// What a blob's name promises about its content.
    private static func digest(named path: String) -> Digest? {
        let prefix = "blobs/sha256/"
        return path.hasPrefix(prefix) ? Digest(hex: String(path.dropFirst(prefix.count))) : nil
    }

    /// Names in the archive only: nothing here reaches the host's files.
    private static func resolve(_ target: String, from path: String) -> String {
        var parts = target.hasPrefix("/") ? [] : path.split(separator: "/").dropLast().map(String.init)
        for part in target.split(separator: "/") {
            switch part {
            case ".": continue
            case "..": _ = parts.popLast()
            default: parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }
}
