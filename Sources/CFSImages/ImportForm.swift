import CFSLayers
import CFSLinux
import CFSModel
import Glibc

/// What a file or folder to import is, told by its content and never by its name.
enum ImportForm: Hashable, Sendable {
    /// A tree that becomes the root file system.
    case folder
    /// A folder in the form of the image-spec's image-layout.md.
    case layoutFolder
    /// A tar that becomes the root file system.
    case tar
    /// An image layout, in a tar.
    case layoutTar
    /// What `docker save` writes.
    case dockerTar
    /// Likewise, unpacked.
    case dockerFolder
    /// An initramfs.
    case cpio
    /// An ISO 9660 image.
    case iso

    static func detect(_ path: String, limits: ArchiveLimits) throws(CFSError) -> ImportForm {
        let status = try File.status(path, followLinks: true)
        if status.isDirectory {
            let folder = try Directory.open(path)
            guard !KernelFile.isIn(folder.raw) else {
                throw CFSError(
                    .invalidArgument, .importing,
                    "\(path) is a view into the kernel, and no folder that can be imported", path: path,
                    hint: "import a folder with the files of a system")
            }
            if File.exists("\(path)/oci-layout") && File.exists("\(path)/index.json") { return .layoutFolder }
            let isSystem = TarShape.rootNames.contains { File.exists("\(path)/\($0)") }
            if isSystem { return .folder }
            return try isDockerFolder(folder.raw) ? .dockerFolder : .folder
        }
        guard status.isRegular else {
            throw CFSError(.invalidArgument, .importing, "\(path) is neither a file nor a folder", path: path)
        }
        guard status.size > 0 else {
            throw CFSError(.invalidArchive, .importing, "\(path) is empty", path: path, hint: "fetch or write it again")
        }
        if try isISO(path) { return .iso }
        let file = try FileSource(path: path)
        let content = PeekingSource(try decompress(file, limits: limits, endsAtOtherBytes: true))
        let head = try content.peek(512)
        if isCpio(head) { return .cpio }
        if isTar(head) { return try TarShape.detect(TarReader(content, limits: limits)) }
        throw CFSError(
            .invalidArchive, .importing, "\(path) is no archive that can be imported", path: path,
            hint: "importable are a folder, tar, initramfs (cpio), ISO 9660 image, OCI layout and docker save archive")
    }

    private static func isDockerFolder(_ folder: Int32) throws(CFSError) -> Bool {
        let result = File.tryOpen("manifest.json", below: folder, [.read, .nonBlocking], resolve: .beneath)
        guard result >= 0 else { return false }
        let file = OwnedFD(result)
        let status = try File.status(at: file.raw)
        guard status.isRegular, status.size <= ImageManifest.sizeLimit else { return false }
        return DockerArchiveImport.isManifest(
            try File.readAll(file.raw, limit: ImageManifest.sizeLimit, path: "manifest.json"))
    }

    static func isCpio(_ head: [UInt8]) -> Bool {
        head.starts(with: Array("070701".utf8)) || head.starts(with: Array("070702".utf8))
    }

    /// Whether this is the first block of a tar: its checksum tells (tar(5)).
    private static func isTar(_ head: [UInt8]) -> Bool {
        guard head.count == 512 else { return false }
        let field = head[148..<156].drop { $0 == 0x20 }.prefix { (0x30...0x37).contains($0) }
        let sum = head.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 0x20 : UInt64($1.element)) }
        // Two zero blocks are a tar without entries.
        return head.allSatisfy { $0 == 0 } || field.reduce(0) { $0 << 3 | UInt64($1 - 0x30) } == sum
    }

    /// Whether the first volume descriptor says so (ECMA-119, 8.1.2).
    private static func isISO(_ path: String) throws(CFSError) -> Bool {
        let file = try File.open(path, .read, phase: .importing)
        let sector = 2048
        var magic = [UInt8](repeating: 0, count: 5)
        let count = magic.withUnsafeMutableBytes { pread(file.raw, $0.baseAddress, $0.count, off_t(16 * sector + 1)) }
        return count == 5 && magic == Array("CD001".utf8)
    }
}

/// Tells archives of images from archives of a root file system by the names in them, and where those of the layers are
/// somebody's own, as the makers of such archives like, by `manifest.json`.
private enum TarShape {
    /// What lies in every root of a system (hier(7)), and in no archive of an image: whoever has such is not read to its end.
    static let rootNames: Set = [
        "bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "media", "mnt", "opt", "proc", "root", "run",
        "sbin", "srv", "sys", "tmp", "usr", "var",
    ]

    static func detect(_ reader: TarReader) throws(CFSError) -> ImportForm {
        var found: Set<String> = []
        var (hasOtherNames, hasBlobs, isManifest) = (false, false, false)
        while let entry = try reader.next() {
            let path = entry.plainPath
            if marks.contains(path) { found.insert(path) }
            if path.hasPrefix("blobs/") { hasBlobs = true }
            if path == "manifest.json", entry.kind == .file, entry.size <= UInt64(ImageManifest.sizeLimit) {
                isManifest = DockerArchiveImport.isManifest(try reader.readBody(limit: ImageManifest.sizeLimit))
            }
            guard !isPartOfImageArchive(path) else { continue }
            guard !rootNames.contains(String(decoding: path.utf8.prefix { $0 != 0x2f }, as: UTF8.self)) else {
                return .tar
            }
            hasOtherNames = true
        }
        if found.contains("oci-layout") && found.contains("index.json") && (!hasOtherNames || hasBlobs) {
            return .layoutTar
        }
        return isManifest || (found.contains("manifest.json") && !hasOtherNames) ? .dockerTar : .tar
    }

    private static let marks: Set = ["", "oci-layout", "index.json", "manifest.json", "repositories", "blobs"]

    private static func isPartOfImageArchive(_ path: String) -> Bool {
        if marks.contains(path) || path.hasPrefix("blobs/") { return true }
        // `docker save` before version 25, and others: folders and files that begin with 64 hexadecimal digits.
        let name = path.utf8.prefix { $0 != 0x2f && $0 != 0x2e }
        return name.count == 64 && name.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
