import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSLayers

/// A store of layers in a folder of its own, and room for what a test packs.
struct LayerFixture {
    static let isRoot = geteuid() == 0
    static let needsRoot: Comment = "unpacking layers keeps owners and devices, which needs root"

    let folder: TemporaryDirectory
    let store: LayerStore

    init() {
        folder = TemporaryDirectory()
        store = LayerStore(root: folder("store"))
    }

    /// Runs a shell in the folder; its output without white space around it.
    @discardableResult
    func shell(_ script: String) -> String {
        let environment = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC",
        ]
        let command = RunningCommand(["/bin/sh", "-ec", script], environment: environment, directory: folder.path)
        let result = command.finish()
        precondition(result.status == 0, "\(script): \(result.errors)")
        return result.text
    }

    func bytes(_ name: String) throws -> [UInt8] { try FileSource(path: folder(name)).readAll(limit: 1 << 30) }

    func write(_ bytes: [UInt8], to name: String) throws {
        let file = try BlobStore(root: folder("scratch")).makeWriter()
        try file.write(bytes)
        let digest = try file.finish(expecting: nil).digest
        shell("mv scratch/blobs/sha256/\(digest.hex) \(name)")
    }

    @discardableResult
    func unpack(
        _ tar: [UInt8], expecting: Digest? = nil, over parent: Digest? = nil, limits: ArchiveLimits = .standard
    ) throws(CFSError) -> ImageRecord.Layer {
        try store.unpack(BytesSource(tar), expecting: expecting, parent: parent, limits: limits)
    }

    /// Where a layer's file lies.
    func path(_ layer: ImageRecord.Layer, _ name: String = "") -> String { "\(store.path(of: layer.chainID))/\(name)" }

    func text(_ layer: ImageRecord.Layer, _ name: String) -> String? { textOfFile(path(layer, name)) }

    /// Everything in a folder with type, mode, owner, links, time, target and the size of what is no folder, a line each.
    func listing(_ path: String, _ format: String = "/%P %y %m %U:%G %n %T@ %l|") -> [String] {
        shell("cd '\(path)'; find . -type d -printf '\(format)\\n' -o -printf '\(format)%s\\n' | sort").split(
            separator: "\n"
        )
        .map(String.init)
    }

    /// What lies in the store: nothing unfinished may.
    var stored: [String] { namesInFolder(folder("store/layers")) }
}

/// The error of what must fail.
func failure<Result>(_ body: () throws(CFSError) -> Result) -> CFSError? {
    do throws(CFSError) {
        _ = try body()
        return nil
    } catch {
        return error
    }
}

/// The entries of an archive with their bodies.
func contents(_ reader: any EntryReader) throws(CFSError) -> [(entry: ArchiveEntry, body: [UInt8])] {
    var found: [(entry: ArchiveEntry, body: [UInt8])] = []
    while let entry = try reader.next() { found.append((entry, try reader.readBody(limit: 64 << 20))) }
    return found
}

/// Hands out a few bytes at a time, as a pipe may.
final class TricklingSource: ByteSource {
    private let source: BytesSource
    private let step: Int

    init(_ bytes: [UInt8], step: Int = 1) {
        source = BytesSource(bytes)
        self.step = step
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
        try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(step)))
    }
}
