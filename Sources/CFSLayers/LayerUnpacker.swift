import CFSLinux
import CFSModel
import CLinux
import Glibc

/// Writes the entries of one layer to disk (image-spec, layer.md), within limits; each is hostile until it is checked.
struct LayerUnpacker {
    private let reader: any EntryReader
    private let tree: LayerTree
    private let limits: ArchiveLimits
    private let buffer = RawBuffer(256 << 10)
    private var entries: UInt64 = 0
    private var written: UInt64 = 0
    /// Bytes of all files, holes included; only right as long as the tree has replaced nothing.
    private(set) var size: UInt64 = 0

    init(_ reader: any EntryReader, to tree: LayerTree, limits: ArchiveLimits) {
        self.reader = reader
        self.tree = tree
        self.limits = limits
    }

    /// Unpacks everything.
    ///
    /// - Throws: `unsafeLayer`, `limitExceeded`, `invalidArchive`; `noSpace` and whatever else the file system says.
    mutating func run() throws(CFSError) {
        while let entry = try reader.next() {
            entries += 1
            guard entries <= limits.entries else {
                throw CFSError(.limitExceeded, .unpacking, "the layer has more than \(limits.entries) entries")
            }
            let path = try LayerPath(entry.name, limits: limits)
            switch try LayerStep(path) {
            case .make(let path): try make(path, entry)
            case .hide(let path): try tree.hide(path)
            case .hideContent(let path): try tree.hideContent(path)
            case .ignore: continue
            }
        }
        try tree.finish()
    }

    private mutating func make(_ path: LayerPath, _ entry: ArchiveEntry) throws(CFSError) {
        switch entry.kind {
        case .file: try makeFile(path, entry)
        case .directory: try tree.makeFolder(path, entry)
        case .symlink(let target):
            guard !target.isEmpty, !target.bytes.contains(0) else {
                throw CFSError(
                    .unsafeLayer, .unpacking, "the symbolic link \"\(path.printable)\" has no valid target",
                    path: path.printable)
            }
            guard target.bytes.count <= limits.nameLength else {
                throw CFSError(
                    .limitExceeded, .unpacking,
                    "the symbolic link \"\(path.printable)\" has a target of more than \(limits.nameLength) bytes",
                    path: path.printable)
            }
            try tree.makeSymlink(path, to: target, entry)
        case .hardlink(let target): try tree.makeHardLink(path, to: try LayerPath(target, limits: limits))
        case .characterDevice(0, 0):
            // To overlayfs it would be a whiteout.
            throw CFSError(
                .unsafeLayer, .unpacking, "\"\(path.printable)\" is the character device 0:0, which hides files",
                path: path.printable, hint: "do not use this image")
        case .characterDevice(let major, let minor):
            try tree.makeNode(path, S_IFCHR, device: Self.device(major, minor), entry)
        case .blockDevice(let major, let minor):
            try tree.makeNode(path, S_IFBLK, device: Self.device(major, minor), entry)
        case .fifo: try tree.makeNode(path, S_IFIFO, entry)
        }
    }

    private static func device(_ major: UInt32, _ minor: UInt32) -> UInt64 { UInt64(cfs_makedev(major, minor)) }

    private mutating func makeFile(_ path: LayerPath, _ entry: ArchiveEntry) throws(CFSError) {
        let (total, overflow) = written.addingReportingOverflow(entry.bodySize)
        guard !overflow, total <= limits.totalBytes, entry.size <= limits.totalBytes else {
            throw CFSError(.limitExceeded, .unpacking, "the layer has more than \(limits.totalBytes) bytes of content")
        }
        written = total
        size += entry.size
        let file = try tree.makeFile(path)
        if let segments = entry.sparse {
            // What is never written stays a hole.
            let length = ftruncate(file.raw, off_t(entry.size)) == 0 ? 0 : -Int(errno)
            try checked(length, "ftruncate", .unpacking, path: path.printable)
            for segment in segments { try copy(segment.length, to: file.raw, at: segment.offset, path) }
        } else {
            try copy(entry.size, to: file.raw, at: 0, path)
        }
        try tree.finishFile(file.raw, path, entry)
    }

    private func copy(_ count: UInt64, to file: Int32, at offset: UInt64, _ path: LayerPath) throws(CFSError) {
        var done: UInt64 = 0
        while done < count {
            let wanted = Int(min(UInt64(buffer.count), count - done))
            let got = try reader.readBody(into: buffer.slice(0..<wanted))
            guard got > 0 else {
                throw CFSError(
                    .invalidArchive, .unpacking, "the content of \"\(path.printable)\" ends too early",
                    path: path.printable)
            }
            var start = 0
            while start < got {
                let result = pwrite(file, buffer.start + start, got - start, off_t(offset + done) + off_t(start))
                if result < 0 && errno == EINTR { continue }
                start += try checked(result >= 0 ? result : -Int(errno), "pwrite", .unpacking, path: path.printable)
            }
            done += UInt64(got)
        }
    }
}
