import CFSLayers
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSImages

/// Names in memory, as the registry keeps them on disk.
final class MemoryNames: ImageNames {
    private var records: [String: ImageRecord] = [:]
    var failure: CFSError?

    func image(named name: String) throws(CFSError) -> ImageRecord? { records[name] }
    func images() throws(CFSError) -> [ImageRecord] { records.values.sorted { $0.name < $1.name } }
    func put(_ image: ImageRecord) throws(CFSError) {
        if let failure { throw failure }
        records[image.name] = image
    }
    func removeImage(named name: String) throws(CFSError) { records[name] = nil }
}

/// A store in a folder of its own, and a folder for what is imported.
struct ImageFixture {
    static let isRoot = geteuid() == 0
    static let needsRoot: Comment = "unpacking layers keeps owners and devices, which needs root"

    let folder = TemporaryDirectory()
    let names = MemoryNames()
    var store: ImageStore

    init(catalogue: Catalogue = .embedded) {
        store = ImageStore(root: folder("store"), names: names, catalogue: catalogue)
    }

    /// Runs a shell in the folder.
    @discardableResult
    func shell(_ script: String) -> String {
        let environment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"]
        let command = RunningCommand(["/bin/sh", "-ec", script], environment: environment, directory: folder.path)
        let result = command.finish()
        precondition(result.status == 0, "\(script): \(result.errors)")
        return result.text
    }

    /// A small root file system: an i386 program, a link to it, a file.
    func makeTree(_ name: String = "tree", motd: String = "hello\n") {
        shell("mkdir -p \(name)/bin \(name)/etc && printf '\\177ELF\\001\\001' > \(name)/bin/busybox")
        // e_machine of elf(5) lies at offset 18: 3 is EM_386.
        shell("head -c 12 /dev/zero >> \(name)/bin/busybox; printf '\\003\\000' >> \(name)/bin/busybox")
        shell(
            "head -c 80 /dev/zero >> \(name)/bin/busybox; chmod 755 \(name)/bin/busybox; ln -sf busybox \(name)/bin/sh")
        folder.write(motd, to: "\(name)/etc/motd")
        shell(
            "touch -h -d @1000000000 \(name)/bin/busybox \(name)/bin/sh \(name)/etc/motd \(name)/bin \(name)/etc \(name)"
        )
    }

    @discardableResult
    func importing(_ path: String, as name: String = "sample") throws -> ImageRecord {
        try store.importImage(name: name, from: folder(path))
    }

    /// The text of a file of an image, looked for from the topmost layer down.
    func text(_ path: String, of image: ImageRecord) -> String? {
        store.layerPaths(image).reversed().compactMap { textOfFile("\($0)/\(path)") }.first
    }

    /// What lies in the store: nothing half-imported may.
    var stored: [String] {
        namesInFolder(folder("store/blobs/sha256")).sorted() + namesInFolder(folder("store/layers")).sorted()
    }
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
